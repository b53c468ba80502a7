// SPDX-License-Identifier: GPL-2.0
/*
 * pidfd_send_signal: to a process, a thread or a group, as the pidfd or the
 * flags say; and which processes namespaces keep out of reach.
 */

#include "pidns_reap_util.h"

#ifndef PIDFD_SIGNAL_THREAD
#define PIDFD_SIGNAL_THREAD		BIT(0)
#define PIDFD_SIGNAL_THREAD_GROUP	BIT(1)
#define PIDFD_SIGNAL_PROCESS_GROUP	BIT(2)
#endif

static int signal_errno(int pidfd, int sig, siginfo_t *info, unsigned int flags)
{
	return sys_pidfd_send_signal(pidfd, sig, info, flags) ? -errno : 0;
}

static struct shared {
	pid_t tid[2];
	/* The last signal of each thread, its sender, and its code. */
	int sig[2], code[2], value[2];
	pid_t from[2];
	int go;
} *shared;

/* Take signals and report them: those of the process go to any thread. */
static void take_signals(int who)
{
	sigset_t set;
	siginfo_t info;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	WRITE_ONCE(shared->tid[who], thread_id());
	while (!READ_ONCE(shared->go))
		usleep(1000);
	for (;;) {
		/* Not by the library, which reports SI_TKILL as SI_USER. */
		if (syscall(__NR_rt_sigtimedwait, &set, &info, NULL, 8) < 0)
			continue;
		shared->code[who] = info.si_code;
		shared->from[who] = info.si_pid;
		shared->value[who] = info.si_value.sival_int;
		WRITE_ONCE(shared->sig[who], info.si_signo);
	}
}

static void *thread_take(void *arg)
{
	take_signals(1);
	return NULL;
}

/* Whether thread @who alone got a signal; forget it. */
static bool took(int who, int sig, int code)
{
	bool ok = eventually(READ_ONCE(shared->sig[who]) == sig) && shared->code[who] == code &&
		  !READ_ONCE(shared->sig[!who]);

	memset(shared->sig, 0, sizeof(shared->sig));
	return ok;
}

/* Whether a signal is sent to the whole process, so that either thread takes it. */
static bool process_takes(int pidfd, unsigned int flags)
{
	bool ok = !signal_errno(pidfd, SIGUSR1, NULL, flags) &&
		  eventually(READ_ONCE(shared->sig[0]) || READ_ONCE(shared->sig[1])) &&
		  shared->code[!!shared->sig[1]] == SI_USER;

	memset(shared->sig, 0, sizeof(shared->sig));
	return ok;
}

/* A kid with two threads that take signals, in a new namespace. */
static bool taker_start(struct kid *kid, __u64 flags)
{
	sigset_t set;

	shared = shared_alloc(sizeof(*shared));
	if (!shared || kid_start(kid, flags) < 0)
		return false;
	if (!kid->pid) {
		pthread_t thread;

		sigemptyset(&set);
		sigaddset(&set, SIGUSR1);
		sigaddset(&set, SIGUSR2);
		sigprocmask(SIG_BLOCK, &set, NULL);
		if (pthread_create(&thread, NULL, thread_take, NULL))
			_exit(EXIT_FAILURE);
		take_signals(0);
	}
	return eventually(READ_ONCE(shared->tid[0]) && READ_ONCE(shared->tid[1]));
}

/* The thread that a pidfd, or a flag, selects. */
TEST_F_TIMEOUT(pidns, signal_scope, NS_TIMEOUT)
{
	int fd, leader, thread;
	struct kid kid;
	siginfo_t info = {
		.si_signo = SIGUSR2,
		.si_code = SI_QUEUE,
	};

	ASSERT_TRUE(taker_start(&kid, CLONE_NEWPID));
	fd = ns_open(kid.pid, L_PID);
	thread = sys_pidfd_open(ioctl(fd, NS_GET_PID_FROM_PIDNS, shared->tid[1]), PIDFD_THREAD);
	ASSERT_LE(0, thread);
	leader = sys_pidfd_open(kid.pid, 0);
	ASSERT_LE(0, leader);
	WRITE_ONCE(shared->go, 1);
	EXPECT_EQ(0, signal_errno(thread, SIGUSR1, NULL, 0));
	EXPECT_TRUE(took(1, SIGUSR1, SI_TKILL));
	EXPECT_EQ(0, signal_errno(kid.pidfd, SIGUSR2, NULL, PIDFD_SIGNAL_THREAD));
	EXPECT_TRUE(took(0, SIGUSR2, SI_TKILL));
	/* The sender is in an ancestor, so it has no number inside. */
	EXPECT_EQ(0, shared->from[0]);
	EXPECT_EQ(0, shared->from[1]);
	EXPECT_TRUE(process_takes(leader, 0));
	EXPECT_TRUE(process_takes(kid.pidfd, 0));
	EXPECT_TRUE(process_takes(thread, PIDFD_SIGNAL_THREAD_GROUP));
	EXPECT_EQ(0, signal_errno(thread, SIGUSR1, NULL, 0));
	EXPECT_TRUE(took(1, SIGUSR1, SI_TKILL));
	/* With a siginfo of the caller's, if its code is allowed. */
	info.si_value.sival_int = 4711;
	EXPECT_EQ(0, signal_errno(thread, SIGUSR2, &info, 0));
	EXPECT_TRUE(took(1, SIGUSR2, SI_QUEUE));
	EXPECT_EQ(4711, shared->value[1]);
	EXPECT_EQ(-EINVAL, signal_errno(thread, SIGUSR1, &info, 0));
	info.si_code = SI_USER;
	EXPECT_EQ(-EPERM, signal_errno(thread, SIGUSR2, &info, 0));
	info.si_code = SI_TKILL;
	EXPECT_EQ(-EPERM, signal_errno(kid.pidfd, SIGUSR2, &info, 0));
	close(leader);
	close(thread);
	close(fd);
	kid_stop(&kid);
}

TEST_F_TIMEOUT(pidns, signal_group, NS_TIMEOUT)
{
	struct kid leader, member, other;
	int second;

	ASSERT_LE(0, kid_start(&leader, CLONE_NEWPID));
	if (!leader.pid) {
		setsid();
		kid_rest(&leader);
	}
	ASSERT_EQ(0, kid_hear(&leader));
	ASSERT_EQ(0, kid_hold(&other, 0));
	/* A group cannot span sessions, so use the test's own session. */
	ASSERT_LE(0, kid_start(&member, 0));
	if (!member.pid) {
		setpgid(0, 0);
		signal(SIGTERM, SIG_IGN);
		kid_tell(&member, fork_resting(0, NULL));
		signal(SIGTERM, SIG_DFL);
		kid_rest(&member);
	}
	second = sys_pidfd_open(kid_hear(&member), 0);
	ASSERT_LE(0, second);
	ASSERT_EQ(0, kid_hear(&member));
	EXPECT_EQ(0, signal_errno(member.pidfd, SIGTERM, NULL, PIDFD_SIGNAL_PROCESS_GROUP));
	EXPECT_EQ(SIGTERM, wait_status(member.pid));
	EXPECT_TRUE(task_rests(other.pid));
	/* The group outlives its leader, and the pidfd still selects it. */
	EXPECT_EQ(-ESRCH, signal_errno(member.pidfd, 0, NULL, 0));
	EXPECT_EQ(0, signal_errno(member.pidfd, SIGKILL, NULL, PIDFD_SIGNAL_PROCESS_GROUP));
	EXPECT_TRUE(pidfd_ended(second));
	EXPECT_EQ(0, signal_errno(leader.pidfd, SIGKILL, NULL, PIDFD_SIGNAL_PROCESS_GROUP));
	EXPECT_EQ(SIGKILL, wait_status(leader.pid));
	/* A process that leads no group selects none. */
	EXPECT_EQ(-ESRCH, signal_errno(other.pidfd, 0, NULL, PIDFD_SIGNAL_PROCESS_GROUP));
	EXPECT_TRUE(task_rests(other.pid));
	close(second);
	kid_stop(&member);
	kid_stop(&other);
	kid_stop(&leader);
}

TEST_F_TIMEOUT(pidns, signal_errors, NS_TIMEOUT)
{
	int file = sys_memfd_create("file", MFD_NOEXEC_SEAL), i;
	struct kid kid;
	pid_t pid;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	for (i = 3; i < 32; i++)
		EXPECT_EQ(-EINVAL, signal_errno(kid.pidfd, 0, NULL, BIT(i)));
	/* One scope at a time. */
	for (i = 3; i < 8; i++) {
		if (i != 4) {
			EXPECT_EQ(-EINVAL, signal_errno(kid.pidfd, 0, NULL, i)) {
				TH_LOG("flags %#x", i);
			}
		}
	}
	EXPECT_EQ(-EINVAL, signal_errno(kid.pidfd, 65, NULL, 0));
	EXPECT_EQ(-EINVAL, signal_errno(kid.pidfd, -1, NULL, 0));
	EXPECT_EQ(-EBADF, signal_errno(-1, 0, NULL, 0));
	EXPECT_EQ(-EBADF, signal_errno(file, 0, NULL, 0));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		ASSERT_EQ(0, nobody_become());
		EXPECT_EQ(-EPERM, signal_errno(kid.pidfd, 0, NULL, 0));
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_status(pid));
	kill(kid.pid, SIGKILL);
	ASSERT_TRUE(pidfd_ended(kid.pidfd));
	EXPECT_EQ(0, signal_errno(kid.pidfd, SIGTERM, NULL, 0));
	wait_status(kid.pid);
	EXPECT_EQ(-ESRCH, signal_errno(kid.pidfd, SIGTERM, NULL, 0));
	close(file);
	kid_stop(&kid);
}

/* A pidfd from elsewhere: only the own namespace and descendants can be signalled. */
TEST_F_TIMEOUT(pidns, signal_reaches_own_and_descendants, NS_TIMEOUT)
{
	int above = sys_pidfd_open(getpid(), 0), inner;
	struct kid kid, sibling;

	ASSERT_EQ(0, kid_hold(&sibling, CLONE_NEWPID));
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		struct kid below;

		EXPECT_EQ(-EINVAL, signal_errno(above, 0, NULL, 0));
		EXPECT_EQ(-EINVAL, signal_errno(above, SIGKILL, NULL, 0));
		EXPECT_EQ(-EINVAL, signal_errno(sibling.pidfd, SIGKILL, NULL, 0));
		EXPECT_EQ(-EINVAL, signal_errno(sibling.pidfd, SIGKILL, NULL,
						PIDFD_SIGNAL_PROCESS_GROUP));
		EXPECT_EQ(0, signal_errno(PIDFD_SELF_THREAD_GROUP, 0, NULL, 0));
		ASSERT_EQ(0, kid_hold(&below, CLONE_NEWPID));
		EXPECT_EQ(0, signal_errno(below.pidfd, 0, NULL, 0));
		kid_tell(&kid, below.pidfd);
		kid_hear(&kid);
		/* An init ignores signals from inside, as this is. */
		EXPECT_EQ(0, signal_errno(PIDFD_SELF_THREAD_GROUP, SIGKILL, NULL, 0));
		EXPECT_EQ(0, signal_errno(below.pidfd, SIGKILL, NULL, 0));
		EXPECT_EQ(SIGKILL, wait_status(below.pid));
		kid_rest(&kid);
	}
	inner = sys_pidfd_getfd(kid.pidfd, kid_hear(&kid), 0);
	EXPECT_EQ(0, signal_errno(inner, 0, NULL, 0));
	kid_tell(&kid, 0);
	EXPECT_EQ(0, kid_hear(&kid));
	EXPECT_EQ(-ESRCH, signal_errno(inner, 0, NULL, 0));
	EXPECT_TRUE(task_rests(sibling.pid));
	close(inner);
	close(above);
	kid_stop(&kid);
	kid_stop(&sibling);
}

TEST_HARNESS_MAIN
