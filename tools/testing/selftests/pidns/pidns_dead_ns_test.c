// SPDX-License-Identifier: GPL-2.0
/*
 * A fork into a namespace whose init is dead has always been ENOMEM, and once
 * became another error by mistake. It is ENOMEM for every caller, system call,
 * and stage of that death.
 */
#include "pidns_util.h"
#include "pidns_window.h"

static int nothing(void *arg)
{
	return 0;
}

/* In a task with a dead namespace for its children: all calls, repeatedly. */
static void expect_dead(struct __test_metadata *_metadata)
{
	struct __clone_args pidfd = {
		.flags = CLONE_PIDFD,
		.exit_signal = SIGCHLD,
	};
	int fd = -1, i;

	pidfd.pidfd = ptr_to_u64(&fd);
	for (i = 0; i < 10; i++) {
		EXPECT_EQ(-ENOMEM, try_fork());
		EXPECT_EQ(-ENOMEM, try_as(100 + i));
		EXPECT_EQ(-ENOMEM, clone_legacy(nothing, 0));
		EXPECT_EQ(-ENOMEM, clone_legacy(nothing, CLONE_VM | CLONE_VFORK));
		EXPECT_EQ(-ENOMEM, clone_legacy(nothing, CLONE_PARENT_SETTID | CLONE_FILES));
		EXPECT_EQ(-ENOMEM, fork_done(fork_flags(CLONE_NEWUTS | CLONE_NEWIPC, NULL)));
		EXPECT_EQ(-ENOMEM, fork_done(fork_flags(CLONE_NEWUSER, NULL)));
		EXPECT_EQ(-1, sys_clone3(&pidfd, sizeof(pidfd)));
		EXPECT_EQ(ENOMEM, errno);
		EXPECT_EQ(-1, fd);
		/* ENOMEM comes before the EFAULT of a bad pidfd pointer. */
		EXPECT_EQ(-ENOMEM, fork_fault(0));
	}
	EXPECT_EQ(-1, waitpid(-1, NULL, __WALL | WNOHANG));
	EXPECT_EQ(ECHILD, errno);
}

/* The children of a process whose first child has come and gone. */
TEST_F_TIMEOUT(pidns, enomem_after_unshare, NS_TIMEOUT)
{
	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	EXPECT_LT(0, try_fork());
	expect_dead(_metadata);
}

/* Others were in it, and were killed with it. */
TEST_F_TIMEOUT(pidns, enomem_while_zombies_remain, NS_TIMEOUT)
{
	struct kid init, other;

	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	ASSERT_EQ(0, kid_hold(&init, 0));
	ASSERT_EQ(0, kid_hold(&other, 0));
	kid_stop(&other);
	EXPECT_LT(0, try_fork());
	ASSERT_EQ(0, kid_hold(&other, 0));
	EXPECT_EQ(0, kill(init.pid, SIGKILL));
	/* The zap waits for their zombies; the namespace accepts nobody any more. */
	EXPECT_TRUE(eventually(status_state(other.pid) == 'Z'));
	EXPECT_EQ(-ENOMEM, try_fork());
	kid_stop(&other);
	kid_stop(&init);
	expect_dead(_metadata);
}

/* Joined by a file that was opened while it lived. */
TEST_F_TIMEOUT(pidns, enomem_after_setns, NS_TIMEOUT)
{
	struct kid init;
	int fd;

	ASSERT_EQ(0, kid_hold(&init, CLONE_NEWPID));
	fd = ns_open(init.pid, L_PID);
	ASSERT_LE(0, fd);
	kid_stop(&init);
	ASSERT_EQ(0, setns(fd, CLONE_NEWPID));
	expect_dead(_metadata);
}

/* The parent is dead; the child namespace has had no init. */
TEST_F_TIMEOUT(pidns, enomem_below_dead_namespace, NS_TIMEOUT)
{
	struct kid init;
	int fd;

	ASSERT_LE(0, kid_start(&init, CLONE_NEWPID));
	if (!init.pid) {
		ASSERT_EQ(0, unshare(CLONE_NEWPID));
		kid_tell(&init, ns_open(0, L_PID_CHILDREN));
		kid_hear(&init);
		_exit(EXIT_SUCCESS);
	}
	fd = sys_pidfd_getfd(init.pidfd, kid_hear(&init), 0);
	ASSERT_LE(0, fd);
	kid_stop(&init);
	ASSERT_EQ(0, setns(fd, CLONE_NEWPID));
	EXPECT_EQ(-ENOMEM, try_fork());
	EXPECT_EQ(-ENOMEM, try_as(1));
	EXPECT_EQ(-ENOMEM, clone_legacy(nothing, CLONE_VM | CLONE_VFORK));
	EXPECT_EQ(-ENOMEM, fork_fault(0));
	EXPECT_EQ(-ENOMEM, try_fork());
}

/* Its init dies when the new process has its number, but is not visible yet. */
TEST_F_TIMEOUT(pidns, init_dies_during_clone, NS_TIMEOUT)
{
	siginfo_t info = {};
	struct window w;
	struct kid init;
	int fd;

	ASSERT_EQ(0, kid_hold(&init, CLONE_NEWPID));
	fd = ns_open(init.pid, L_PID);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, window_open(&w, fd));
	EXPECT_EQ(0, kill(init.pid, SIGKILL));
	/* Its number makes the zap wait. */
	EXPECT_TRUE(eventually(in_last_wait(init.pid)));
	EXPECT_EQ(0, sys_waitid(P_PID, init.pid, &info, WEXITED | WNOHANG | WNOWAIT));
	EXPECT_EQ(0, info.si_pid);
	/* SIGKILL could not reach it, so it is refused. */
	EXPECT_EQ(-ENOMEM, window_pass(&w));
	EXPECT_EQ(init.pid, waitpid(init.pid, NULL, 0));
	window_close(&w);
	ASSERT_EQ(0, setns(fd, CLONE_NEWPID));
	expect_dead(_metadata);
}

/* The same when the clone fails by itself. */
TEST_F_TIMEOUT(pidns, init_dies_before_clone_fails, NS_TIMEOUT)
{
	struct window w;
	struct kid init;
	int fd;

	ASSERT_EQ(0, kid_hold(&init, CLONE_NEWPID));
	fd = ns_open(init.pid, L_PID);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, window_open(&w, fd));
	EXPECT_EQ(0, kill(init.pid, SIGKILL));
	EXPECT_TRUE(eventually(in_last_wait(init.pid)));
	EXPECT_EQ(-EFAULT, window_fail(&w));
	EXPECT_EQ(init.pid, waitpid(init.pid, NULL, 0));
	window_close(&w);
}

TEST_HARNESS_MAIN
