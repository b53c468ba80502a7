// SPDX-License-Identifier: GPL-2.0
/*
 * The first fork into a namespace fails after its number is allocated: the next
 * one once got 2, so the namespace had no init. It must get 1, however often
 * that happens.
 */
#include "pidns_util.h"

#define FAILURES 20

TEST_F_TIMEOUT(pidns, next_is_1_after_late_failures, NS_TIMEOUT)
{
	struct kid kid;
	pid_t pid;
	int fd, i, status;

	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	for (i = 0; i < FAILURES; i++)
		ASSERT_EQ(-EFAULT, fork_fault(0));
	/* The first one stays, so that a second is possible. */
	ASSERT_EQ(0, kid_hold(&kid, 0));
	fd = ns_open(kid.pid, L_PID);
	EXPECT_EQ(kid.pid, ioctl(fd, NS_GET_PID_FROM_PIDNS, 1));
	pid = hold_fork();
	ASSERT_LT(0, pid);
	EXPECT_EQ(2, ioctl(fd, NS_GET_PID_IN_PIDNS, pid));
	kill(kid.pid, SIGKILL);
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(SIGKILL, status);
	kid_stop(&kid);
	EXPECT_EQ(-ENOMEM, fork_fault(0));
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
		ASSERT_TRUE(eventually(fork_fault(CLONE_NEWPID) == -EFAULT)) {
			TH_LOG("after %d", i);
		}
	}
	ASSERT_TRUE(eventually(!kid_hold(&kid, CLONE_NEWPID)));
	EXPECT_EQ(-ENOSPC, fork_fault(CLONE_NEWPID));
	kid_stop(&kid);
}

TEST_HARNESS_MAIN
