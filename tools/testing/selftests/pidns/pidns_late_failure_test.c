// SPDX-License-Identifier: GPL-2.0
/*
 * The first fork into a namespace fails after its number is allocated: the next
 * one once got 2, so the namespace had no init. It must get 1, however often
 * that happens.
 */
#include "pidns_reap_util.h"

#define FAILURES 20

/* Fails late: the number is allocated, but its pidfd cannot be written. */
static int fork_that_fails(__u64 flags)
{
	struct __clone_args args = {
		.flags = flags | CLONE_PIDFD,
		.exit_signal = SIGCHLD,
		.pidfd = 8,
	};
	pid_t pid = sys_clone3(&args, sizeof(args));

	if (!pid)
		_exit(EXIT_FAILURE);
	return pid < 0 ? -errno : pid;
}

TEST_F_TIMEOUT(pidns, next_is_1_after_late_failures, NS_TIMEOUT)
{
	struct kid kid;
	pid_t pid;
	int fd, i;

	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	for (i = 0; i < FAILURES; i++)
		ASSERT_EQ(-EFAULT, fork_that_fails(0));
	/* The first one stays, so that a second is possible. */
	ASSERT_EQ(0, kid_hold(&kid, 0));
	fd = ns_open(kid.pid, L_PID);
	EXPECT_EQ(kid.pid, ioctl(fd, NS_GET_PID_FROM_PIDNS, 1));
	pid = fork_resting(0, NULL);
	ASSERT_LE(0, pid);
	EXPECT_EQ(2, ioctl(fd, NS_GET_PID_IN_PIDNS, pid));
	kill(kid.pid, SIGKILL);
	EXPECT_EQ(SIGKILL, wait_status(pid));
	kid_stop(&kid);
	EXPECT_EQ(-ENOMEM, fork_that_fails(0));
	close(fd);
}

/* The namespace that a failed clone created is freed. */
TEST_F_TIMEOUT(pidns, failed_clone_frees_namespace, NS_TIMEOUT)
{
	struct kid kid;
	int i;

	ASSERT_EQ(0, userns_enter());
	ASSERT_EQ(0, ns_limit("pid", 1));
	for (i = 0; i < FAILURES; i++) {
		ASSERT_TRUE(eventually(fork_that_fails(CLONE_NEWPID) == -EFAULT)) {
			TH_LOG("after %d", i);
		}
	}
	ASSERT_TRUE(eventually(!kid_hold(&kid, CLONE_NEWPID)));
	EXPECT_EQ(-ENOSPC, fork_that_fails(CLONE_NEWPID));
	kid_stop(&kid);
}

TEST_HARNESS_MAIN
