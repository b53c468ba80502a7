// SPDX-License-Identifier: GPL-2.0
/*
 * pidfd_open for processes and threads that the caller sees, and the fdinfo of
 * such a file.
 */
#include <limits.h>

#include "pidns_reap_util.h"

#ifndef PIDFD_AUTOKILL
#define PIDFD_AUTOKILL O_TRUNC	/* of clone3 only */
#endif

static int open_errno(pid_t pid, unsigned int flags)
{
	return fd_errno(sys_pidfd_open(pid, flags));
}

TEST_F_TIMEOUT(pidns, open_argument_errors, NS_TIMEOUT)
{
	static const unsigned int good[] = {
		0, PIDFD_NONBLOCK, PIDFD_THREAD, PIDFD_NONBLOCK | PIDFD_THREAD,
	};
	static const pid_t bad[] = { 0, -1, -2, INT_MIN };
	struct kid kid;
	int i, fd;

	ASSERT_EQ(0, kid_hold(&kid, 0));
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		fd = sys_pidfd_open(kid.pid, good[i]);
		ASSERT_LE(0, fd);
		EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
		EXPECT_EQ(good[i] & PIDFD_NONBLOCK, fcntl(fd, F_GETFL) & O_NONBLOCK);
		EXPECT_EQ(0, sys_pidfd_send_signal(fd, 0, NULL, 0));
		close(fd);
	}
	/* Each other bit alone, for an existing process and for none. */
	for (i = 0; i < 32; i++) {
		if (BIT(i) & (PIDFD_NONBLOCK | PIDFD_THREAD))
			continue;
		EXPECT_EQ(-EINVAL, open_errno(kid.pid, BIT(i))) {
			TH_LOG("flag %#x", BIT(i));
		}
		EXPECT_EQ(-EINVAL, open_errno(PID_MAX_LIMIT, BIT(i)));
	}
	EXPECT_EQ(-EINVAL, open_errno(kid.pid, PIDFD_AUTOKILL));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, open_errno(bad[i], 0));
		EXPECT_EQ(-EINVAL, open_errno(bad[i], PIDFD_THREAD));
	}
	EXPECT_EQ(-ESRCH, open_errno(PID_MAX_LIMIT, 0));
	EXPECT_EQ(-ESRCH, open_errno(INT_MAX, PIDFD_THREAD));
	EXPECT_EQ(-EINVAL, open_errno(PIDFD_SELF_THREAD, 0));
	EXPECT_EQ(-EINVAL, open_errno(PIDFD_SELF_THREAD_GROUP, 0));
	/* A zombie can be opened, a reaped process not. */
	kill(kid.pid, SIGKILL);
	ASSERT_TRUE(pidfd_ended(kid.pidfd));
	EXPECT_EQ(0, open_errno(kid.pid, 0));
	EXPECT_EQ(0, open_errno(kid.pid, PIDFD_THREAD));
	wait_status(kid.pid);
	EXPECT_EQ(-ESRCH, open_errno(kid.pid, 0));
	EXPECT_EQ(-ESRCH, open_errno(kid.pid, PIDFD_THREAD));
	kid_stop(&kid);
}

static struct shared {
	pid_t tid;
	int go;
} *shared;

static void *thread_wait(void *arg)
{
	WRITE_ONCE(shared->tid, thread_id());
	while (!READ_ONCE(shared->go))
		usleep(1000);
	thread_exit(0);
}

/* A thread's number is no process's, unless PIDFD_THREAD is given. */
TEST_F_TIMEOUT(pidns, thread_needs_pidfd_thread, NS_TIMEOUT)
{
	struct kid kid;
	pid_t tid;

	shared = shared_alloc(sizeof(*shared));
	ASSERT_NE(0, !!shared);
	ASSERT_LE(0, kid_start(&kid, 0));
	if (!kid.pid) {
		pthread_t thread;

		ASSERT_EQ(0, pthread_create(&thread, NULL, thread_wait, NULL));
		kid_rest(&kid);
	}
	ASSERT_EQ(0, kid_hear(&kid));
	ASSERT_TRUE(eventually(READ_ONCE(shared->tid)));
	tid = shared->tid;
	EXPECT_NE(kid.pid, tid);
	EXPECT_EQ(-ENOENT, open_errno(tid, 0));
	EXPECT_EQ(-ENOENT, open_errno(tid, PIDFD_NONBLOCK));
	EXPECT_EQ(0, open_errno(tid, PIDFD_THREAD));
	EXPECT_EQ(0, open_errno(kid.pid, PIDFD_THREAD));
	EXPECT_EQ(0, open_errno(kid.pid, 0));
	/* With the thread its number is gone. */
	WRITE_ONCE(shared->go, 1);
	EXPECT_TRUE(eventually(open_errno(tid, PIDFD_THREAD) == -ESRCH));
	EXPECT_EQ(-ESRCH, open_errno(tid, 0));
	kid_stop(&kid);
}

/*
 * The number is one of the caller's namespace: 1 inside is another process than
 * outside.
 */
TEST_F_TIMEOUT(pidns, numbers_are_those_of_caller, NS_TIMEOUT)
{
	const pid_t outside = 3000;
	struct stat own, its;
	struct kid kid;
	pid_t pid;
	int fd;

	pid = fork_set_tid(0, NULL, &outside, 1);
	if (!pid)
		rest_forever();
	EXPECT_EQ(0, open_errno(outside, 0));
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		EXPECT_EQ(-ESRCH, open_errno(outside, 0));
		EXPECT_EQ(-ESRCH, open_errno(2, 0));
		fd = sys_pidfd_open(1, 0);
		EXPECT_LE(0, fd);
		kid_tell(&kid, fd);
		kid_rest(&kid);
	}
	fd = sys_pidfd_getfd(kid.pidfd, kid_hear(&kid), 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, kid_hear(&kid));
	/* One process, one inode. */
	ASSERT_EQ(0, fstat(fd, &its));
	ASSERT_EQ(0, fstat(kid.pidfd, &own));
	EXPECT_EQ(own.st_ino, its.st_ino);
	close(fd);
	kid_stop(&kid);
}

/*
 * In the numbers of the procfs that is read: -1 for a dead process, 0 for an
 * invisible one.
 */
TEST_F_TIMEOUT(pidns, fdinfo_in_numbers_of_procfs, NS_TIMEOUT)
{
	int nr[MAX_LEVELS], status[MAX_LEVELS], own = sys_pidfd_open(getpid(), 0);
	struct kid kid, reader;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	EXPECT_EQ(1, fdinfo_numbers(kid.pidfd, "Pid:", nr));
	EXPECT_EQ(kid.pid, nr[0]);
	EXPECT_EQ(task_numbers(kid.pid, "NSpid:", status), fdinfo_numbers(kid.pidfd, "NSpid:", nr));
	EXPECT_EQ(0, memcmp(status, nr, 2 * sizeof(int)));
	EXPECT_EQ(1, nr[fdinfo_numbers(kid.pidfd, "NSpid:", nr) - 1]);

	ASSERT_LE(0, kid_with_proc(&reader));
	if (!reader.pid) {
		/* Neither an ancestor nor a sibling. */
		EXPECT_EQ(1, fdinfo_numbers(own, "Pid:", nr));
		EXPECT_EQ(0, nr[0]);
		EXPECT_EQ(1, fdinfo_numbers(own, "NSpid:", nr));
		EXPECT_EQ(0, nr[0]);
		EXPECT_EQ(1, fdinfo_numbers(kid.pidfd, "NSpid:", nr));
		EXPECT_EQ(0, nr[0]);
		EXPECT_EQ(1, fdinfo_numbers(sys_pidfd_open(1, 0), "NSpid:", nr));
		EXPECT_EQ(1, nr[0]);
		kid_rest(&reader);
	}
	EXPECT_EQ(0, kid_hear(&reader));
	kid_stop(&reader);
	kill(kid.pid, SIGKILL);
	wait_status(kid.pid);
	EXPECT_EQ(1, fdinfo_numbers(kid.pidfd, "Pid:", nr));
	EXPECT_EQ(-1, nr[0]);
	EXPECT_EQ(1, fdinfo_numbers(kid.pidfd, "NSpid:", nr));
	EXPECT_EQ(-1, nr[0]);
	close(own);
	kid_stop(&kid);
}

TEST_HARNESS_MAIN
