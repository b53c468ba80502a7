// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting with a pidfd: poll reports exit and reaping, of processes and of
 * threads, and waitid takes a child's pidfd.
 */
#include <sys/epoll.h>

#include "pidns_reap_util.h"

TEST_F_TIMEOUT(pidns, poll_process, NS_TIMEOUT)
{
	struct epoll_event event = { .events = EPOLLIN }, got = {};
	int epoll = epoll_create1(EPOLL_CLOEXEC), thread;
	struct kid kid;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	thread = sys_pidfd_open(kid.pid, PIDFD_THREAD);
	EXPECT_EQ(0, pidfd_events(kid.pidfd));
	EXPECT_EQ(0, pidfd_events(thread));
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, kid.pidfd, &event));
	EXPECT_EQ(0, epoll_wait(epoll, &got, 1, 0));
	kill(kid.pid, SIGKILL);
	/* A sleeper is woken up. */
	EXPECT_EQ(1, epoll_wait(epoll, &got, 1, NS_TIMEOUT * 1000));
	EXPECT_EQ(EPOLLIN, got.events);
	EXPECT_EQ(POLLIN, pidfd_events(kid.pidfd));
	EXPECT_EQ(POLLIN, pidfd_events(thread));
	wait_status(kid.pid);
	EXPECT_EQ(POLLIN | POLLHUP, pidfd_events(kid.pidfd));
	EXPECT_EQ(POLLIN | POLLHUP, pidfd_events(thread));
	EXPECT_EQ(1, epoll_wait(epoll, &got, 1, 0));
	EXPECT_EQ(EPOLLIN | EPOLLHUP, got.events);
	close(epoll);
	close(thread);
	kid_stop(&kid);
}

static struct shared {
	pid_t tid;
	int go, hung;
} *shared;

static void shared_wait(int step)
{
	while (READ_ONCE(shared->go) < step)
		usleep(1000);
}

/* Sleeps until the leader's hangup: nothing else wakes it up. */
static void *thread_poll(void *arg)
{
	struct pollfd p = { .fd = *(int *)arg };

	WRITE_ONCE(shared->tid, thread_id());
	if (poll(&p, 1, NS_TIMEOUT * 1000) == 1 && p.revents == POLLHUP)
		WRITE_ONCE(shared->hung, 1);
	return NULL;
}

/* Reaping is reported to a sleeper that asked for no events. */
TEST_F_TIMEOUT(pidns, poll_hangup_after_reaping, NS_TIMEOUT)
{
	pthread_t thread;
	struct kid kid;

	shared = shared_alloc(sizeof(*shared));
	ASSERT_NE(0, !!shared);
	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	ASSERT_EQ(0, pthread_create(&thread, NULL, thread_poll, &kid.pidfd));
	ASSERT_TRUE(eventually(READ_ONCE(shared->tid)));
	ASSERT_TRUE(task_rests(shared->tid));
	kill(kid.pid, SIGKILL);
	ASSERT_TRUE(pidfd_ended(kid.pidfd));
	EXPECT_EQ(0, READ_ONCE(shared->hung));
	wait_status(kid.pid);
	pthread_join(thread, NULL);
	EXPECT_EQ(1, shared->hung);
	kid_stop(&kid);
}

static void *thread_end(void *arg)
{
	WRITE_ONCE(shared->tid, thread_id());
	shared_wait(1);
	thread_exit(0);
}

/* An exited thread is gone at once, its process is not. */
TEST_F_TIMEOUT(pidns, poll_thread, NS_TIMEOUT)
{
	struct kid kid;
	int thread;

	shared = shared_alloc(sizeof(*shared));
	ASSERT_NE(0, !!shared);
	ASSERT_LE(0, kid_start(&kid, 0));
	if (!kid.pid) {
		pthread_t second;

		ASSERT_EQ(0, pthread_create(&second, NULL, thread_end, NULL));
		kid_rest(&kid);
	}
	ASSERT_TRUE(eventually(READ_ONCE(shared->tid)));
	thread = sys_pidfd_open(shared->tid, PIDFD_THREAD);
	ASSERT_LE(0, thread);
	EXPECT_EQ(0, pidfd_events(thread));
	WRITE_ONCE(shared->go, 1);
	EXPECT_TRUE(pidfd_ended(thread));
	EXPECT_TRUE(eventually(pidfd_events(thread) == (POLLIN | POLLHUP)));
	EXPECT_EQ(0, pidfd_events(kid.pidfd));
	EXPECT_EQ(-1, sys_pidfd_send_signal(thread, 0, NULL, 0));
	EXPECT_EQ(ESRCH, errno);
	close(thread);
	kid_stop(&kid);
}

static void *thread_last(void *arg)
{
	shared_wait(1);
	thread_exit(0);
}

/* A leader that exits before its threads is not reported as exited. */
TEST_F_TIMEOUT(pidns, poll_when_leader_exits_first, NS_TIMEOUT)
{
	struct kid kid;
	int thread;

	shared = shared_alloc(sizeof(*shared));
	ASSERT_NE(0, !!shared);
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		pthread_t second;

		ASSERT_EQ(0, pthread_create(&second, NULL, thread_last, NULL));
		thread_exit(0);
	}
	thread = sys_pidfd_open(kid.pid, PIDFD_THREAD);
	ASSERT_TRUE(eventually(task_state(kid.pid) == 'Z'));
	EXPECT_EQ(0, pidfd_events(kid.pidfd));
	EXPECT_EQ(0, pidfd_events(thread));
	WRITE_ONCE(shared->go, 1);
	EXPECT_TRUE(pidfd_ended(kid.pidfd));
	EXPECT_TRUE(pidfd_ended(thread));
	EXPECT_EQ(0, wait_status(kid.pid));
	EXPECT_EQ(POLLIN | POLLHUP, pidfd_events(kid.pidfd));
	close(thread);
	kid_stop(&kid);
}

TEST_F_TIMEOUT(pidns, waitid, NS_TIMEOUT)
{
	int file = sys_memfd_create("file", MFD_NOEXEC_SEAL), nonblock;
	siginfo_t info = {};
	struct kid kid;
	pid_t pid;

	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		kid_tell(&kid, 0);
		kid_hear(&kid);
		_exit(31);
	}
	ASSERT_EQ(0, kid_hear(&kid));
	nonblock = sys_pidfd_open(kid.pid, PIDFD_NONBLOCK);
	/* Without waiting: by the call's option, or by the file's flag. */
	EXPECT_EQ(0, sys_waitid(P_PIDFD, kid.pidfd, &info, WEXITED | WNOHANG));
	EXPECT_EQ(0, info.si_pid);
	EXPECT_EQ(-1, sys_waitid(P_PIDFD, nonblock, &info, WEXITED));
	EXPECT_EQ(EAGAIN, errno);
	/* Not the caller's child, not a pidfd. */
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		EXPECT_EQ(-1, sys_waitid(P_PIDFD, kid.pidfd, &info, WEXITED));
		EXPECT_EQ(ECHILD, errno);
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_status(pid));
	EXPECT_EQ(-1, sys_waitid(P_PIDFD, file, &info, WEXITED));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(-1, sys_waitid(P_PIDFD, -1, &info, WEXITED));
	EXPECT_EQ(EINVAL, errno);
	kid_tell(&kid, 0);
	ASSERT_EQ(0, sys_waitid(P_PIDFD, kid.pidfd, &info, WEXITED));
	EXPECT_EQ(kid.pid, info.si_pid);
	EXPECT_EQ(CLD_EXITED, info.si_code);
	EXPECT_EQ(31, info.si_status);
	EXPECT_EQ(-1, sys_waitid(P_PIDFD, nonblock, &info, WEXITED));
	EXPECT_EQ(ECHILD, errno);
	close(nonblock);
	close(file);
	kid_stop(&kid);
}

TEST_HARNESS_MAIN
