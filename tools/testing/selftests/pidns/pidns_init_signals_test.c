// SPDX-License-Identifier: GPL-2.0
/*
 * Which signals reach the init of a namespace: from inside those that it
 * handles, from an ancestor SIGKILL and SIGSTOP as well.
 */
#include <pthread.h>
#include <sys/mman.h>

#include "pidns_util.h"

static int caught;

static void note(int sig)
{
	__atomic_store_n(&caught, sig, __ATOMIC_RELAXED);
}

static void fault(void)
{
	char *page = mmap(NULL, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	WRITE_ONCE(*page, 0);
}

/* Requests to an init. */
enum { ANSWER, HANDLE, BLOCK, UNBLOCK, CAUGHT, PENDING, FAULT };

static int obey(int what)
{
	struct sigaction act = { .sa_handler = note };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	switch (what) {
	case HANDLE:
		return sigaction(SIGTERM, &act, NULL);
	case BLOCK:
		return sigprocmask(SIG_BLOCK, &set, NULL);
	case UNBLOCK:
		return sigprocmask(SIG_UNBLOCK, &set, NULL);
	case CAUGHT:
		return __atomic_exchange_n(&caught, 0, __ATOMIC_RELAXED);
	case PENDING:
		return sigpending(&set) ?: sigismember(&set, SIGTERM);
	case FAULT:
		fault();
	}
	return ANSWER;
}

static void init_loop(const struct kid *kid)
{
	int what;

	while ((what = kid_hear(kid)) >= 0)
		kid_tell(kid, obey(what));
	_exit(EXIT_SUCCESS);
}

/* An init that does as requested; ANSWER shows that it is alive. */
static void start_init(struct __test_metadata *_metadata, struct kid *kid)
{
	ASSERT_LE(0, kid_start(kid, CLONE_NEWPID));
	if (!kid->pid)
		init_loop(kid);
}

static int ask(const struct kid *kid, int what)
{
	kid_tell(kid, what);
	return kid_hear(kid);
}

static bool fatal_alone(int sig)
{
	return sig == SIGKILL || sig == SIGSTOP;
}

/* By each system call that sends signals. */
static void send_all_ways(struct __test_metadata *_metadata, pid_t pid, int pidfd, int sig)
{
	union sigval val = {};

	EXPECT_EQ(0, kill(pid, sig));
	EXPECT_EQ(0, syscall(__NR_tkill, pid, sig));
	EXPECT_EQ(0, syscall(__NR_tgkill, pid, pid, sig));
	EXPECT_EQ(0, sys_pidfd_send_signal(pidfd, sig, NULL, 0));
	EXPECT_EQ(0, sigqueue(pid, sig, val));
}

/* The test is an init: unhandled signals of its children are ignored. */
TEST_F_TIMEOUT(pidns, from_inside_unhandled_is_ignored, NS_TIMEOUT)
{
	pid_t pid = fork_tids(0, NULL, 0);
	int pidfd, sig;

	ASSERT_LE(0, pid);
	if (!pid) {
		pidfd = sys_pidfd_open(1, 0);
		ASSERT_LE(0, pidfd);
		for (sig = 1; sig <= SIGRTMAX; sig++)
			send_all_ways(_metadata, 1, pidfd, sig);
		EXPECT_TRUE(eventually(status_state(1) == 'S'));
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
	/* Its own are ignored as well. */
	for (sig = 1; sig <= SIGRTMAX; sig++)
		EXPECT_EQ(0, kill(getpid(), sig));
	EXPECT_EQ(0, raise(SIGKILL));
}

static void *wait_for_end(void *arg)
{
	kid_tell(arg, gettid());
	kid_hear(arg);
	return "well";
}

TEST_F_TIMEOUT(pidns, from_inside_threads_of_init_are_protected, NS_TIMEOUT)
{
	struct kid here, there;
	pthread_t thread;
	int sk[2], sig;
	pid_t pid, tid;
	void *end;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sk));
	here = (struct kid){ .pid = 1, .sk = sk[0] };
	there = (struct kid){ .pid = 1, .sk = sk[1] };
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_end, &there));
	tid = kid_hear(&here);
	ASSERT_LT(1, tid);
	pid = fork_tids(0, NULL, 0);
	ASSERT_LE(0, pid);
	if (!pid) {
		for (sig = 1; sig <= SIGRTMAX; sig++)
			EXPECT_EQ(0, syscall(__NR_tgkill, 1, tid, sig));
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
	kid_tell(&here, 0);
	ASSERT_EQ(0, pthread_join(thread, &end));
	EXPECT_STREQ("well", (char *)end);
}

TEST_F_TIMEOUT(pidns, from_inside_handler_runs, NS_TIMEOUT)
{
	struct sigaction act = { .sa_handler = note };
	pid_t pid;

	ASSERT_EQ(0, sigaction(SIGTERM, &act, NULL));
	pid = fork_tids(0, NULL, 0);
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(kill(1, SIGTERM) ? EXIT_FAILURE : EXIT_SUCCESS);
	EXPECT_EQ(0, wait_for_pid(pid));
	EXPECT_EQ(SIGTERM, obey(CAUGHT));
}

/* A blocked one stays pending, since it may be handled later. */
TEST_F_TIMEOUT(pidns, from_inside_blocked_stays_pending, NS_TIMEOUT)
{
	int sig;

	EXPECT_EQ(0, obey(BLOCK));
	EXPECT_EQ(0, kill(1, SIGTERM));
	EXPECT_EQ(1, obey(PENDING));
	EXPECT_EQ(0, obey(HANDLE));
	EXPECT_EQ(0, obey(UNBLOCK));
	EXPECT_EQ(SIGTERM, obey(CAUGHT));

	/* If it is not handled by then, it is discarded. */
	EXPECT_EQ(0, obey(BLOCK));
	EXPECT_EQ(0, kill(1, SIGTERM));
	EXPECT_EQ(1, obey(PENDING));
	signal(SIGTERM, SIG_DFL);
	EXPECT_EQ(0, obey(UNBLOCK));
	EXPECT_EQ(0, obey(PENDING));
	/* An unblocked and unhandled one never becomes pending. */
	for (sig = 1; sig <= SIGRTMAX; sig++)
		EXPECT_EQ(0, kill(1, sig));
	EXPECT_EQ(0, obey(PENDING));
}

/* Other processes have no such protection. */
TEST_F_TIMEOUT(pidns, from_inside_others_are_killed, NS_TIMEOUT)
{
	static const int sigs[] = { SIGTERM, SIGINT, SIGHUP, SIGKILL, SIGUSR1 };
	int i, status;
	pid_t pid;

	for (i = 0; i < ARRAY_SIZE(sigs); i++) {
		pid = hold_fork();
		ASSERT_LT(0, pid);
		EXPECT_EQ(0, kill(pid, sigs[i]));
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status));
		EXPECT_EQ(sigs[i], WTERMSIG(status));
	}
}

TEST_F_TIMEOUT(pidns, from_ancestor_only_kill_and_stop_act, NS_TIMEOUT)
{
	struct kid kid;
	siginfo_t info;
	int sig;

	start_init(_metadata, &kid);
	for (sig = 1; sig <= SIGRTMAX; sig++) {
		if (fatal_alone(sig))
			continue;
		send_all_ways(_metadata, kid.pid, kid.pidfd, sig);
		ASSERT_EQ(ANSWER, ask(&kid, ANSWER)) {
			TH_LOG("signal %d", sig);
		}
	}
	/* SIGSTOP stops it, and SIGCONT continues it. */
	EXPECT_EQ(0, kill(kid.pid, SIGSTOP));
	ASSERT_EQ(0, sys_waitid(P_PID, kid.pid, &info, WSTOPPED | WEXITED | WNOWAIT));
	EXPECT_EQ(CLD_STOPPED, info.si_code);
	EXPECT_EQ(SIGSTOP, info.si_status);
	EXPECT_EQ('T', status_state(kid.pid));
	EXPECT_EQ(0, kill(kid.pid, SIGCONT));
	ASSERT_EQ(0, sys_waitid(P_PID, kid.pid, &info, WCONTINUED | WEXITED));
	EXPECT_EQ(CLD_CONTINUED, info.si_code);
	EXPECT_EQ(ANSWER, ask(&kid, ANSWER));
	/* SIGKILL kills it. */
	EXPECT_EQ(0, kill(kid.pid, SIGKILL));
	ASSERT_EQ(0, sys_waitid(P_PID, kid.pid, &info, WEXITED | WNOWAIT));
	EXPECT_EQ(CLD_KILLED, info.si_code);
	EXPECT_EQ(SIGKILL, info.si_status);
	kid_stop(&kid);
}

/* A stopped one as well. */
TEST_F_TIMEOUT(pidns, from_ancestor_sigkill_ends_stopped_init, NS_TIMEOUT)
{
	struct kid kid;
	int status;

	start_init(_metadata, &kid);
	EXPECT_EQ(0, kill(kid.pid, SIGSTOP));
	ASSERT_EQ(kid.pid, waitpid(kid.pid, &status, WUNTRACED));
	EXPECT_TRUE(WIFSTOPPED(status));
	EXPECT_EQ(0, kill(kid.pid, SIGTERM));
	EXPECT_EQ('T', status_state(kid.pid));
	EXPECT_EQ(0, kill(kid.pid, SIGKILL));
	ASSERT_EQ(kid.pid, waitpid(kid.pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGKILL, WTERMSIG(status));
}

TEST_F_TIMEOUT(pidns, from_ancestor_handler_runs, NS_TIMEOUT)
{
	struct kid kid;

	start_init(_metadata, &kid);
	/* An unhandled one is ignored, for good. */
	EXPECT_EQ(0, kill(kid.pid, SIGTERM));
	EXPECT_EQ(0, ask(&kid, HANDLE));
	EXPECT_EQ(0, ask(&kid, CAUGHT));
	EXPECT_EQ(0, kill(kid.pid, SIGTERM));
	EXPECT_EQ(SIGTERM, ask(&kid, CAUGHT));
	/* A blocked one stays pending. */
	EXPECT_EQ(0, ask(&kid, BLOCK));
	EXPECT_EQ(0, kill(kid.pid, SIGTERM));
	EXPECT_EQ(0, ask(&kid, CAUGHT));
	EXPECT_EQ(1, ask(&kid, PENDING));
	EXPECT_EQ(0, ask(&kid, UNBLOCK));
	EXPECT_EQ(SIGTERM, ask(&kid, CAUGHT));
	kid_stop(&kid);
}

/* A blocked and unhandled one stays pending, and is discarded when it is unblocked. */
TEST_F_TIMEOUT(pidns, from_ancestor_unblocked_unhandled_is_ignored, NS_TIMEOUT)
{
	struct kid kid;

	start_init(_metadata, &kid);
	EXPECT_EQ(0, ask(&kid, BLOCK));
	EXPECT_EQ(0, kill(kid.pid, SIGTERM));
	EXPECT_EQ(1, ask(&kid, PENDING));
	EXPECT_EQ(0, ask(&kid, UNBLOCK));
	EXPECT_EQ(0, ask(&kid, PENDING));
	EXPECT_EQ(ANSWER, ask(&kid, ANSWER));
	kid_stop(&kid);
}

/* An init between two others is killed from above, not from its own namespace. */
TEST_F_TIMEOUT(pidns, every_ancestor_may_kill, NS_TIMEOUT)
{
	struct kid middle, inner;
	int status, from_test;

	for (from_test = 0; from_test < 2; from_test++) {
		ASSERT_LE(0, kid_start(&middle, CLONE_NEWPID));
		if (!middle.pid) {
			inner.pid = fork_as(CLONE_NEWPID, 1, 40, 4000);
			ASSERT_LE(0, inner.pid);
			if (!inner.pid) {
				EXPECT_EQ(0, kill(1, SIGKILL));
				kid_tell(&middle, 0);
				for (;;)
					pause();
			}
			if (!from_test) {
				kid_hear(&middle);
				EXPECT_EQ(0, kill(inner.pid, SIGTERM));
				EXPECT_EQ(0, kill(inner.pid, SIGKILL));
			}
			ASSERT_EQ(40, waitpid(40, &status, 0));
			EXPECT_TRUE(WIFSIGNALED(status));
			EXPECT_EQ(SIGKILL, WTERMSIG(status));
			EXPECT_EQ(0, kill(1, SIGKILL));
			_exit(EXIT_SUCCESS);
		}
		ASSERT_EQ(0, kid_hear(&middle));
		if (from_test) {
			EXPECT_EQ(0, kill(4000, SIGTERM));
			EXPECT_TRUE(eventually(status_state(4000) == 'S'));
			EXPECT_EQ(0, kill(4000, SIGKILL));
		}
		kid_tell(&middle, 0);
		EXPECT_EQ(0, wait_for_pid(middle.pid));
	}
}

/* A fault of its own is not sent by anybody. */
TEST_F_TIMEOUT(pidns, fault_kills_init, NS_TIMEOUT)
{
	struct kid kid;
	int status;

	start_init(_metadata, &kid);
	EXPECT_EQ(0, kill(kid.pid, SIGILL));
	EXPECT_EQ(0, kill(kid.pid, SIGSEGV));
	EXPECT_EQ(ANSWER, ask(&kid, ANSWER));
	kid_tell(&kid, FAULT);
	ASSERT_EQ(kid.pid, waitpid(kid.pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGSEGV, WTERMSIG(status));
}

TEST_HARNESS_MAIN
