// SPDX-License-Identifier: GPL-2.0
/*
 * Permission for set_tid: at each level, CAP_SYS_ADMIN or
 * CAP_CHECKPOINT_RESTORE over the user namespace that owns it.
 */
#include "pidns_util.h"

enum { FREE = 50 };

/* Drop all capabilities but these two, -1 for none. */
static void keep_caps(struct __test_metadata *_metadata, int one, int other)
{
	int cap;

	for (cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (cap != one && cap != other)
			ASSERT_EQ(0, cap_drop(cap));
}

/* In a child with these capabilities only. */
static void expect_with(struct __test_metadata *_metadata, int one, int other,
			int err_here, int err_above)
{
	pid_t pid = fork_tids(0, NULL, 0);

	ASSERT_LE(0, pid);
	if (!pid) {
		keep_caps(_metadata, one, other);
		EXPECT_EQ(err_here ?: FREE, try_as(FREE));
		EXPECT_EQ(err_here ?: err_above ?: FREE, try_as(FREE, FREE));
		/* Without set_tid no capability is needed. */
		EXPECT_LT(0, try_fork());
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
}

/* The effect of each capability, here and in the outer namespace. */
static void expect_caps(struct __test_metadata *_metadata, int err_here, int err_above)
{
	int cap;

	expect_with(_metadata, CAP_CHECKPOINT_RESTORE, -1, err_here, err_above);
	expect_with(_metadata, CAP_SYS_ADMIN, -1, err_here, err_above);
	expect_with(_metadata, CAP_SYS_ADMIN, CAP_CHECKPOINT_RESTORE, err_here, err_above);
	expect_with(_metadata, -1, -1, -EPERM, -EPERM);
	/* No other capability counts. */
	for (cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (cap != CAP_SYS_ADMIN && cap != CAP_CHECKPOINT_RESTORE)
			expect_with(_metadata, cap, -1, -EPERM, -EPERM);
}

/* In the init of a new namespace. */
static void below(struct __test_metadata *_metadata, unsigned int flags, int err_here,
		  int err_above)
{
	pid_t pid = fork_tids(CLONE_NEWPID | flags, NULL, 0);

	ASSERT_LE(0, pid);
	if (!pid) {
		expect_caps(_metadata, err_here, err_above);
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
}

TEST_F_TIMEOUT(pidns, either_capability_suffices, NS_TIMEOUT)
{
	below(_metadata, 0, 0, 0);
}

/* Created with its user namespace, which does not own the outer one. */
TEST_F_TIMEOUT(pidns, owner_of_inner_level, NS_TIMEOUT)
{
	below(_metadata, CLONE_NEWUSER, 0, -EPERM);
}

/* Both are owned by the user namespace in which the caller is root. */
TEST_F_TIMEOUT(pidns, owner_of_both_levels, NS_TIMEOUT)
{
	pid_t pid = fork_tids(CLONE_NEWPID | CLONE_NEWUSER, NULL, 0);

	ASSERT_LE(0, pid);
	if (!pid) {
		below(_metadata, 0, 0, 0);
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
}

/* Root of a user namespace below the owner has no permission. */
TEST_F_TIMEOUT(pidns, root_of_other_user_ns_is_eperm, NS_TIMEOUT)
{
	ASSERT_EQ(0, userns_enter());
	expect_caps(_metadata, -EPERM, -EPERM);
}

/* The owner's parent has, as over all descendants. */
TEST_F_TIMEOUT(pidns, parent_of_owner_may, NS_TIMEOUT)
{
	struct kid kid;
	int ns;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID | CLONE_NEWUSER));
	ns = ns_open(kid.pid, L_PID);
	ASSERT_LE(0, ns);
	ASSERT_EQ(0, setns(ns, CLONE_NEWPID));
	EXPECT_EQ(FREE, try_as(FREE, FREE));
	kid_stop(&kid);
}

TEST_F_TIMEOUT(pidns, unprivileged_user_is_eperm, NS_TIMEOUT)
{
	int before;

	ASSERT_EQ(0, nobody_become());
	before = last_pid();
	EXPECT_EQ(-EPERM, try_as(FREE));
	EXPECT_EQ(-EPERM, fork_done(fork_as(CLONE_NEWUSER, FREE)));
	EXPECT_EQ(before, last_pid());
	/* In a container of its own it is root, inside. */
	if (fork_done(fork_flags(CLONE_NEWUSER, NULL)) == -EPERM)
		SKIP(return, "unprivileged user namespaces are disabled");
	EXPECT_LT(0, fork_done(fork_as(CLONE_NEWUSER | CLONE_NEWPID, 1)));
	EXPECT_EQ(-EINVAL, fork_done(fork_as(CLONE_NEWUSER | CLONE_NEWPID, 2)));
	EXPECT_EQ(-EPERM, fork_done(fork_as(CLONE_NEWUSER | CLONE_NEWPID, 1, FREE)));
}

TEST_HARNESS_MAIN
