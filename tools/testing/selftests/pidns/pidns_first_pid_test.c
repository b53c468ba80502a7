// SPDX-License-Identifier: GPL-2.0
/*
 * The first PID of a namespace must be 1, and until the task that has it is
 * visible there is no second. If the first fork fails, the next one gets 1.
 */
#include "pidns_util.h"
#include "pidns_window.h"

/* A child that checks its own number, and exits at once. */
static int child_number(pid_t pid)
{
	if (!pid)
		_exit(getpid() & 0xff);
	return pid < 0 ? pid : wait_for_pid(pid);
}

/* Another process that has the same namespace for its children. */
static int fork_elsewhere(int nsfd, const pid_t *tids, size_t nr)
{
	pid_t pid = fork_tids(0, NULL, 0);

	if (!pid) {
		if (setns(nsfd, CLONE_NEWPID))
			_exit(255);
		pid = fork_done(fork_tids(0, tids, nr));
		_exit(pid < 0 ? -pid : 0);
	}
	return pid < 0 ? pid : -wait_for_pid(pid);
}

TEST_F_TIMEOUT(pidns, first_must_be_1, NS_TIMEOUT)
{
	static const pid_t wrong[] = { 2, 3, 299, 300, 301, PID_MAX_LIMIT - 1 };
	int i;

	/* In a new namespace, */
	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		EXPECT_EQ(-EINVAL, fork_done(fork_as(CLONE_NEWPID, wrong[i])));
	EXPECT_EQ(1, child_number(fork_as(CLONE_NEWPID, 1)));
	/* and in one that is pending. */
	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(-EINVAL, try_as(wrong[i])) {
			TH_LOG("number %d", wrong[i]);
		}
	}
	EXPECT_EQ(1, child_number(fork_as(0, 1)));
}

TEST_F_TIMEOUT(pidns, first_is_1_after_wrong_set_tid, NS_TIMEOUT)
{
	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	EXPECT_EQ(-EINVAL, try_as(2));
	EXPECT_EQ(-EINVAL, try_as(4000, 4000));
	EXPECT_EQ(1, child_number(fork_tids(0, NULL, 0)));
}

TEST_F_TIMEOUT(pidns, first_is_1_after_failed_forks, NS_TIMEOUT)
{
	struct kid init;
	int i;

	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	for (i = 0; i < 5; i++)
		ASSERT_EQ(-EFAULT, fork_fault(0));
	ASSERT_LE(0, kid_start(&init, 0));
	if (!init.pid) {
		EXPECT_EQ(1, getpid());
		/* And the numbers continue from there. */
		EXPECT_EQ(1, last_pid());
		EXPECT_EQ(2, try_fork());
		EXPECT_EQ(3, try_fork());
		kid_rest(&init);
	}
	ASSERT_EQ(0, kid_hear(&init));
	EXPECT_EQ(4, child_number(fork_tids(0, NULL, 0)));
	kid_stop(&init);
}

TEST_F_TIMEOUT(pidns, second_is_einval_without_reaper, NS_TIMEOUT)
{
	const pid_t two = 2, one = 1;
	struct window w;
	int fd, i;

	ASSERT_EQ(0, window_open(&w, -1));
	fd = ns_open(w.kid.pid, L_PID_CHILDREN);
	ASSERT_LE(0, fd);
	/* Number 1 is allocated, but there is no child reaper yet. */
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(-EINVAL, fork_elsewhere(fd, NULL, 0));
		EXPECT_EQ(-EINVAL, fork_elsewhere(fd, &two, 1));
		EXPECT_EQ(-EEXIST, fork_elsewhere(fd, &one, 1));
	}
	ASSERT_LT(0, window_pass(&w));
	/* Three numbers were tried: the cursor has moved, and none is in use. */
	ASSERT_EQ(0, setns(fd, CLONE_NEWPID));
	EXPECT_EQ(5, child_number(fork_tids(0, NULL, 0)));
	EXPECT_EQ(2, child_number(fork_as(0, 2)));
	window_close(&w);
}

/* The first one fails while others try: the next fork is the first. */
TEST_F_TIMEOUT(pidns, next_is_1_when_first_fails, NS_TIMEOUT)
{
	struct window w;
	int fd;

	ASSERT_EQ(0, window_open(&w, -1));
	fd = ns_open(w.kid.pid, L_PID_CHILDREN);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EINVAL, fork_elsewhere(fd, NULL, 0));
	EXPECT_EQ(-EFAULT, window_fail(&w));
	ASSERT_EQ(0, setns(fd, CLONE_NEWPID));
	EXPECT_EQ(1, child_number(fork_tids(0, NULL, 0)));
	window_close(&w);
}

/* The same if it is killed before it is visible. */
TEST_F_TIMEOUT(pidns, next_is_1_when_first_is_killed, NS_TIMEOUT)
{
	struct window w;
	int fd;

	ASSERT_EQ(0, window_open(&w, -1));
	fd = ns_open(w.kid.pid, L_PID_CHILDREN);
	ASSERT_LE(0, fd);
	window_close(&w);
	ASSERT_EQ(0, setns(fd, CLONE_NEWPID));
	EXPECT_EQ(1, child_number(fork_tids(0, NULL, 0)));
}

/* A retry does not move the cursors of ancestors back. */
TEST_F_TIMEOUT(pidns, failed_first_moves_ancestor_cursor, NS_TIMEOUT)
{
	int before;

	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	before = last_pid();
	EXPECT_EQ(-EFAULT, fork_fault(0));
	EXPECT_EQ(-EFAULT, fork_fault(0));
	EXPECT_EQ(before + 2, last_pid());
	EXPECT_EQ(1, child_number(fork_tids(0, NULL, 0)));
	EXPECT_EQ(before + 3, last_pid());
}

TEST_HARNESS_MAIN
