// SPDX-License-Identifier: GPL-2.0
/*
 * PID namespaces nest 32 deep, and no deeper.
 */
#include "pidns_util.h"

static int nothing(void *arg)
{
	return 0;
}

/* The depth of the caller's namespace, 0 in the initial one; -1 if unknown. */
static int depth(void)
{
	pid_t nrs[MAX_PID_NS_LEVEL + 1];

	return outer_proc_is_root() ? status_numbers(outer_proc, "self", "NSpid", nrs) - 1 : -1;
}

/* Run @fn in a child that is the init of the deepest namespace. */
static void at_bottom(struct __test_metadata *_metadata,
		      void (*fn)(struct __test_metadata *_metadata))
{
	int have = depth();
	pid_t pid;

	if (have < 0)
		SKIP(return, "needs the /proc of the initial PID namespace");
	pid = fork_tids(0, NULL, 0);
	ASSERT_LE(0, pid);
	if (!pid) {
		ASSERT_EQ(0, pidns_descend(MAX_PID_NS_LEVEL - have));
		ASSERT_EQ(MAX_PID_NS_LEVEL, depth());
		fn(_metadata);
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
}

static void no_deeper(struct __test_metadata *_metadata)
{
	struct nsids before;
	pid_t pid;
	int i;

	ASSERT_TRUE(ns_read(0, &before));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(-ENOSPC, fork_done(fork_flags(CLONE_NEWPID, NULL)));
		EXPECT_EQ(-ENOSPC,
			  fork_done(fork_flags(CLONE_NEWPID | CLONE_NEWUSER, NULL)));
		EXPECT_EQ(-ENOSPC, clone_legacy(nothing, CLONE_NEWPID));
		EXPECT_EQ(-1, unshare(CLONE_NEWPID));
		EXPECT_EQ(ENOSPC, errno);
	}
	EXPECT_EQ(0, ns_moved(&before));

	/* It is a namespace like any other. */
	EXPECT_EQ(1, getpid());
	for (i = 0; i < 3; i++) {
		pid = fork_tids(0, NULL, 0);
		if (!pid)
			_exit(getpid() == 2 + i && getppid() == 1 ? EXIT_SUCCESS : EXIT_FAILURE);
		EXPECT_EQ(2 + i, pid);
		EXPECT_EQ(0, wait_for_pid(pid));
	}
	pid = hold_fork();
	EXPECT_EQ(5, pid);
	EXPECT_EQ(0, kill(pid, SIGTERM));
	EXPECT_EQ(pid, waitpid(pid, NULL, 0));
}

TEST_F_TIMEOUT(pidns, depth_33_is_enospc, NS_TIMEOUT)
{
	at_bottom(_metadata, no_deeper);
}

static void one_number_a_level(struct __test_metadata *_metadata)
{
	pid_t nrs[MAX_PID_NS_LEVEL + 1];

	EXPECT_EQ(MAX_PID_NS_LEVEL + 1, status_numbers(outer_proc, "self", "NSpid", nrs));
	EXPECT_EQ(1, nrs[MAX_PID_NS_LEVEL]);
	EXPECT_EQ(2, nrs[MAX_PID_NS_LEVEL - 1]);
	EXPECT_LT(1, nrs[0]);
}

TEST_F_TIMEOUT(pidns, depth_32_has_33_numbers, NS_TIMEOUT)
{
	at_bottom(_metadata, one_number_a_level);
}

/* The same by unshare, and again when all of them are gone. */
TEST_F_TIMEOUT(pidns, unshare_reaches_depth_32, NS_TIMEOUT)
{
	int have = depth(), round, err;
	pid_t pid;

	if (have < 0)
		SKIP(return, "needs the /proc of the initial PID namespace");
	for (round = 0; round < 2; round++) {
		pid = fork_tids(0, NULL, 0);
		ASSERT_LE(0, pid);
		while (!pid) {
			have = depth();
			err = unshare(CLONE_NEWPID) ? errno : 0;
			EXPECT_EQ(have < MAX_PID_NS_LEVEL ? 0 : ENOSPC, err) {
				TH_LOG("depth %d", have + 1);
			}
			if (err || have >= MAX_PID_NS_LEVEL)
				_exit(have == MAX_PID_NS_LEVEL ? EXIT_SUCCESS : EXIT_FAILURE);
			pid = fork_tids(0, NULL, 0);
			ASSERT_LE(0, pid);
			if (pid)
				_exit(wait_for_pid(pid));
		}
		EXPECT_EQ(0, wait_for_pid(pid));
	}
}

/* A refused namespace is not charged: as many as before can be created again. */
TEST_F_TIMEOUT(pidns, refused_namespace_is_not_charged, NS_TIMEOUT)
{
	int have = depth(), levels = MAX_PID_NS_LEVEL - have, i;
	pid_t pid;

	if (have < 0)
		SKIP(return, "needs the /proc of the initial PID namespace");
	ASSERT_EQ(0, userns_enter());
	ASSERT_EQ(0, ns_limit("pid", 2 * levels));
	pid = fork_tids(0, NULL, 0);
	ASSERT_LE(0, pid);
	if (!pid) {
		ASSERT_EQ(0, pidns_descend(levels));
		for (i = 0; i < 2 * levels; i++)
			ASSERT_EQ(-ENOSPC, fork_done(fork_flags(CLONE_NEWPID, NULL)));
		_exit(EXIT_SUCCESS);
	}
	ASSERT_EQ(0, wait_for_pid(pid));
	ASSERT_EQ(0, ns_limit("pid", levels));
	/* The earlier ones are freed with a delay. */
	EXPECT_TRUE(eventually(({
		pid = fork_tids(0, NULL, 0);
		if (!pid)
			_exit(-pidns_descend(levels));
		!wait_for_pid(pid);
	})));
}

TEST_HARNESS_MAIN
