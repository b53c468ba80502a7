// SPDX-License-Identifier: GPL-2.0
/*
 * Who may create namespaces, and the order of errors: first the missing
 * capability, then the conflict of a new IPC namespace with a shared undo list.
 */
#include "nsproxy_util.h"

#define CLASH (CLONE_NEWIPC | CLONE_SYSVSEM)

static int idle(void *arg)
{
	return 0;
}

/* clone(2); the child exits at once. */
static int legacy_clone(unsigned int flags)
{
	pid_t pid = clone_legacy(idle, flags);

	return pid < 0 ? pid : wait_for_pid(pid);
}

static int new_clone(unsigned int flags)
{
	pid_t pid = fork_flags(flags, NULL);

	if (!pid)
		_exit(EXIT_SUCCESS);
	return pid < 0 ? pid : wait_for_pid(pid);
}

/* unshare(2) in a new process. */
static int new_unshare(unsigned int flags)
{
	pid_t pid = fork();

	if (!pid)
		_exit(unshare(flags) ? errno : 0);
	return -wait_for_pid(pid);
}

TEST_F_TIMEOUT(nsproxy, no_cap_sys_admin_is_eperm, NS_TIMEOUT)
{
	struct nsids before;
	int i;

	ASSERT_EQ(0, cap_drop(CAP_SYS_ADMIN));
	ASSERT_TRUE(ns_read(0, &before));
	for (i = 0; i < NR_TYPES; i++) {
		EXPECT_EQ(-EPERM, new_clone(nstypes[i].flag));
		EXPECT_EQ(-EPERM, new_unshare(nstypes[i].flag));
		if (nstypes[i].flag != CLONE_NEWTIME)
			EXPECT_EQ(-EPERM, legacy_clone(nstypes[i].flag));
	}
	EXPECT_EQ(-EPERM, new_clone(ALL_NS));
	EXPECT_EQ(-1, unshare(ALL_NS));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(0, ns_moved(&before));

	/* Without flags it is always allowed. */
	EXPECT_EQ(0, new_clone(0));
	EXPECT_EQ(0, new_clone(CLONE_SYSVSEM));
	EXPECT_EQ(0, new_unshare(0));
	EXPECT_EQ(0, new_unshare(CLONE_FS | CLONE_FILES | CLONE_SYSVSEM));
}

/* CAP_SYS_ADMIN suffices without any other capability. */
TEST_F_TIMEOUT(nsproxy, cap_sys_admin_alone_suffices, NS_TIMEOUT)
{
	int cap;

	for (cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (cap != CAP_SYS_ADMIN)
			cap_drop(cap);
	EXPECT_EQ(0, new_clone(ALL_NS));
	EXPECT_EQ(0, new_unshare(ALL_NS));
}

TEST_F_TIMEOUT(nsproxy, eperm_before_einval, NS_TIMEOUT)
{
	ASSERT_EQ(0, cap_drop(CAP_SYS_ADMIN));
	EXPECT_EQ(-EPERM, new_clone(CLASH));
	EXPECT_EQ(-EPERM, legacy_clone(CLASH));
	EXPECT_EQ(-EPERM, new_unshare(CLASH));
}

TEST_F_TIMEOUT(nsproxy, newipc_with_sysvsem_is_einval, NS_TIMEOUT)
{
	EXPECT_EQ(-EINVAL, new_clone(CLASH));
	EXPECT_EQ(-EINVAL, new_clone(CLASH | CLONE_NEWUTS | CLONE_NEWPID));
	EXPECT_EQ(-EINVAL, new_clone(CLASH | CLONE_NEWUSER));
	EXPECT_EQ(-EINVAL, legacy_clone(CLASH));

	/* unshare leaves the undo list anyway, so it accepts both. */
	EXPECT_EQ(0, new_unshare(CLASH));

	/* Either alone, and CLONE_SYSVSEM with another namespace. */
	EXPECT_EQ(0, new_clone(CLONE_NEWIPC));
	EXPECT_EQ(0, new_clone(CLONE_SYSVSEM));
	EXPECT_EQ(0, new_clone(CLONE_SYSVSEM | CLONE_NEWUTS));
	EXPECT_EQ(0, legacy_clone(CLONE_NEWIPC));
	EXPECT_EQ(0, legacy_clone(CLONE_SYSVSEM | CLONE_NEWUTS));
}

/* The conflict is found before anything is created that might hit a limit. */
TEST_F_TIMEOUT(nsproxy, einval_before_enospc, NS_TIMEOUT)
{
	ASSERT_EQ(0, userns_enter());
	ASSERT_EQ(0, ns_limit_all(0));
	EXPECT_EQ(-EINVAL, new_clone(CLASH | CLONE_NEWNS));
	EXPECT_EQ(-ENOSPC, new_clone(CLONE_NEWIPC | CLONE_NEWNS));
	/* And the capability is checked before the limit. */
	ASSERT_EQ(0, cap_drop(CAP_SYS_ADMIN));
	EXPECT_EQ(-EPERM, new_clone(CLONE_NEWNS));
	EXPECT_EQ(-EPERM, new_unshare(CLONE_NEWNS));
}

TEST_F_TIMEOUT(nsproxy, newuser_needs_no_cap, NS_TIMEOUT)
{
	int cap;

	for (cap = 0; cap <= CAP_LAST_CAP; cap++)
		cap_drop(cap);
	if (userns_forbidden())
		SKIP(return, "unprivileged user namespaces are disabled");

	EXPECT_EQ(0, new_clone(CLONE_NEWUSER));
	EXPECT_EQ(0, legacy_clone(CLONE_NEWUSER));
	EXPECT_EQ(0, new_unshare(CLONE_NEWUSER));

	/* The new user namespace grants the capability for the others. */
	EXPECT_EQ(0, new_clone(CLONE_NEWUSER | ALL_NS));
	EXPECT_EQ(0, new_unshare(CLONE_NEWUSER | ALL_NS));
	EXPECT_EQ(0, legacy_clone(CLONE_NEWUSER | (ALL_NS & ~CLONE_NEWTIME)));

	/* Without it, still EPERM. */
	EXPECT_EQ(-EPERM, new_clone(CLONE_NEWUTS));
}

/* The same for an unprivileged user. */
TEST_F_TIMEOUT(nsproxy, unprivileged_user_is_eperm, NS_TIMEOUT)
{
	ASSERT_EQ(0, nobody_become());
	EXPECT_EQ(-EPERM, new_clone(CLONE_NEWUTS));
	EXPECT_EQ(-EPERM, new_clone(CLASH));
	EXPECT_EQ(-EPERM, new_unshare(CLONE_NEWPID));
}

TEST_F_TIMEOUT(nsproxy, unprivileged_user_with_newuser, NS_TIMEOUT)
{
	ASSERT_EQ(0, nobody_become());
	if (userns_forbidden())
		SKIP(return, "unprivileged user namespaces are disabled");
	EXPECT_EQ(0, new_clone(CLONE_NEWUSER | CHEAP_NS));
	EXPECT_EQ(0, new_unshare(CLONE_NEWUSER | CHEAP_NS));
}

TEST_HARNESS_MAIN
