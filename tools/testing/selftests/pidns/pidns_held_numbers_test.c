// SPDX-License-Identifier: GPL-2.0
/*
 * A number stays allocated as long as it is used as a PID, TGID, PGID or SID;
 * and as long it counts in its namespace's pid_allocated.
 */
#include <pthread.h>

#include "pidns_util.h"

enum { LEADER = 100, MEMBER = 200, INNER = 300 };

/* Requests to a held child. */
enum { OWN_GROUP, OWN_SESSION, END };

/* A child with this number that does as requested. */
static void start(struct __test_metadata *_metadata, struct kid *kid, pid_t nr)
{
	int sk[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sk));
	kid->pid = fork_as(0, nr);
	ASSERT_LE(0, kid->pid);
	kid->sk = sk[!kid->pid];
	close(sk[!!kid->pid]);
	while (!kid->pid) {
		switch (kid_hear(kid)) {
		case OWN_GROUP:
			kid_tell(kid, setpgid(0, 0) ? -errno : 0);
			break;
		case OWN_SESSION:
			kid_tell(kid, setsid() < 0 ? -errno : 0);
			break;
		default:
			_exit(EXIT_SUCCESS);
		}
	}
}

static int ask(struct kid *kid, int what)
{
	kid_tell(kid, what);
	return kid_hear(kid);
}

static void finish(struct __test_metadata *_metadata, struct kid *kid)
{
	kid_tell(kid, END);
	EXPECT_EQ(0, wait_for_pid(kid->pid));
	close(kid->sk);
}

static void expect_taken(struct __test_metadata *_metadata, pid_t nr)
{
	EXPECT_EQ(-EEXIST, try_as(nr));
	/* The search skips it. */
	EXPECT_EQ(0, last_pid_set(nr - 1));
	EXPECT_EQ(nr + 1, try_fork());
}

static void expect_free(struct __test_metadata *_metadata, pid_t nr)
{
	EXPECT_EQ(nr, try_as(nr));
	EXPECT_EQ(0, last_pid_set(nr - 1));
	EXPECT_EQ(nr, try_fork());
}

TEST_F_TIMEOUT(pidns, held_as_pid, NS_TIMEOUT)
{
	siginfo_t info;
	int pidfd;

	EXPECT_EQ(LEADER, hold_as(LEADER));
	expect_taken(_metadata, LEADER);
	pidfd = sys_pidfd_open(LEADER, 0);
	ASSERT_LE(0, pidfd);
	/* A zombie still has it; reaping frees it. */
	EXPECT_EQ(0, kill(LEADER, SIGKILL));
	ASSERT_EQ(0, sys_waitid(P_PID, LEADER, &info, WEXITED | WNOWAIT));
	expect_taken(_metadata, LEADER);
	EXPECT_EQ(0, kill(LEADER, 0));
	ASSERT_EQ(LEADER, waitpid(LEADER, NULL, 0));
	/* A pidfd does not keep the number, nor does it follow it to another process. */
	expect_free(_metadata, LEADER);
	EXPECT_EQ(LEADER, hold_as(LEADER));
	EXPECT_EQ(-1, sys_pidfd_send_signal(pidfd, SIGKILL, NULL, 0));
	EXPECT_EQ(ESRCH, errno);
	EXPECT_EQ(0, kill(LEADER, 0));
}

TEST_F_TIMEOUT(pidns, held_as_pgid, NS_TIMEOUT)
{
	struct kid leader, member;

	start(_metadata, &leader, LEADER);
	ASSERT_EQ(0, ask(&leader, OWN_GROUP));
	start(_metadata, &member, MEMBER);
	ASSERT_EQ(0, setpgid(MEMBER, LEADER));
	finish(_metadata, &leader);

	/* A group without its leader: no process has the number, but the group. */
	expect_taken(_metadata, LEADER);
	EXPECT_EQ(-1, kill(LEADER, 0));
	EXPECT_EQ(ESRCH, errno);
	EXPECT_EQ(0, kill(-LEADER, 0));
	EXPECT_EQ(LEADER, getpgid(MEMBER));
	EXPECT_EQ(-1, getpgid(LEADER));

	ASSERT_EQ(0, ask(&member, OWN_GROUP));
	expect_free(_metadata, LEADER);
	EXPECT_EQ(-1, kill(-LEADER, 0));
	EXPECT_EQ(ESRCH, errno);
	finish(_metadata, &member);
}

TEST_F_TIMEOUT(pidns, held_as_pgid_by_zombie, NS_TIMEOUT)
{
	struct kid leader, member;
	siginfo_t info;

	start(_metadata, &leader, LEADER);
	ASSERT_EQ(0, ask(&leader, OWN_GROUP));
	start(_metadata, &member, MEMBER);
	ASSERT_EQ(0, setpgid(MEMBER, LEADER));
	finish(_metadata, &leader);
	kid_tell(&member, END);
	ASSERT_EQ(0, sys_waitid(P_PID, MEMBER, &info, WEXITED | WNOWAIT));
	expect_taken(_metadata, LEADER);
	expect_taken(_metadata, MEMBER);
	/* Two numbers become free with one process. */
	EXPECT_EQ(0, wait_for_pid(MEMBER));
	expect_free(_metadata, LEADER);
	expect_free(_metadata, MEMBER);
}

TEST_F_TIMEOUT(pidns, held_as_sid, NS_TIMEOUT)
{
	struct kid member;
	pid_t leader;
	int sk[2];

	/* The leader's child, left in its session, in a group of its own. */
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sk));
	leader = fork_as(0, LEADER);
	ASSERT_LE(0, leader);
	if (!leader) {
		EXPECT_EQ(LEADER, setsid());
		/* The leader stays until the child has reset its parent-death signal. */
		if (fork_as(0, MEMBER))
			for (;;)
				pause();
		prctl(PR_SET_PDEATHSIG, 0);
		EXPECT_EQ(0, setpgid(0, 0));
		member = (struct kid){ .sk = sk[0] };
		kid_tell(&member, 0);
		kid_hear(&member);
		EXPECT_EQ(MEMBER, setsid() < 0 ? getpid() : 0);
		_exit(EXIT_SUCCESS);
	}
	close(sk[0]);
	member = (struct kid){ .pid = MEMBER, .sk = sk[1] };
	ASSERT_EQ(0, kid_hear(&member));
	hold_end(leader);

	expect_taken(_metadata, LEADER);
	EXPECT_EQ(-1, kill(-LEADER, 0));
	EXPECT_EQ(ESRCH, errno);
	EXPECT_EQ(LEADER, getsid(MEMBER));
	EXPECT_EQ(MEMBER, getpgid(MEMBER));
	EXPECT_EQ(-1, getsid(LEADER));

	kid_tell(&member, 0);
	EXPECT_EQ(0, wait_for_pid(MEMBER));
	expect_free(_metadata, LEADER);
}

static void *end_when_told(void *arg)
{
	kid_tell(arg, gettid());
	kid_hear(arg);
	return NULL;
}

/*
 * The leader of a thread group exits first: the number remains the process's
 * until the last thread exits.
 */
TEST_F_TIMEOUT(pidns, held_as_tgid, NS_TIMEOUT)
{
	pthread_t thread;
	struct kid kid;
	pid_t tid;
	int sk[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sk));
	ASSERT_EQ(0, last_pid_set(MEMBER - 1));
	kid.pid = fork_as(0, LEADER);
	ASSERT_LE(0, kid.pid);
	kid.sk = sk[!kid.pid];
	close(sk[!!kid.pid]);
	if (!kid.pid) {
		if (pthread_create(&thread, NULL, end_when_told, &kid))
			_exit(EXIT_FAILURE);
		syscall(__NR_exit, 0);
	}
	tid = kid_hear(&kid);
	EXPECT_EQ(MEMBER, tid);
	EXPECT_TRUE(eventually(status_state(LEADER) == 'Z'));
	EXPECT_EQ(0, waitpid(LEADER, NULL, WNOHANG));
	expect_taken(_metadata, LEADER);
	expect_taken(_metadata, MEMBER);
	EXPECT_EQ(0, kill(LEADER, 0));
	kid_tell(&kid, 0);
	EXPECT_EQ(0, wait_for_pid(LEADER));
	expect_free(_metadata, LEADER);
	/* The thread frees its own number a little after its exit is reported. */
	EXPECT_TRUE(eventually(try_as(MEMBER) == MEMBER));
	expect_free(_metadata, MEMBER);
}

/* A thread's number is free when it exits, without reaping. */
TEST_F_TIMEOUT(pidns, exiting_thread_frees_its_number, NS_TIMEOUT)
{
	struct kid thread_end, kid;
	pthread_t thread;
	int sk[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sk));
	thread_end = (struct kid){ .sk = sk[0] };
	kid = (struct kid){ .pid = 1, .sk = sk[1] };
	ASSERT_EQ(0, last_pid_set(MEMBER - 1));
	ASSERT_EQ(0, pthread_create(&thread, NULL, end_when_told, &thread_end));
	EXPECT_EQ(MEMBER, kid_hear(&kid));
	expect_taken(_metadata, MEMBER);
	kid_tell(&kid, 0);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_TRUE(eventually(try_as(MEMBER) == MEMBER));
	expect_free(_metadata, MEMBER);
}

/*
 * A process group of a namespace @levels deep, led by the process that the test
 * knows as LEADER, with a member in the test's own namespace.
 */
static void join_below(struct __test_metadata *_metadata, struct kid *init,
		       struct kid *outsider, int levels)
{
	const pid_t nrs[] = { LEADER, LEADER, LEADER };
	pid_t pid = 0;

	ASSERT_LE(0, kid_start(init, CLONE_NEWPID));
	if (!init->pid) {
		if (levels > 1)
			pid = fork_as(CLONE_NEWPID, 1, INNER, INNER);
		if (!pid) {
			pid = fork_held(fork_tids(0, nrs, levels + 1));
			EXPECT_EQ(0, setpgid(pid, pid));
			kid_tell(init, 0);
		}
		for (;;)
			pause();
	}
	ASSERT_EQ(0, kid_hear(init));
	start(_metadata, outsider, MEMBER);
	ASSERT_EQ(0, setpgid(MEMBER, LEADER));
	EXPECT_EQ(LEADER, getpgid(MEMBER));
}

/*
 * The init @waiting cannot exit before all numbers of its namespace are free;
 * nor can @init, our child, which is the same or an ancestor of it.
 */
static void expect_waiting(struct __test_metadata *_metadata, pid_t waiting,
			   const struct kid *init)
{
	siginfo_t info = {};

	/* The last wait is an idle one. */
	EXPECT_TRUE(eventually(in_last_wait(waiting)));
	EXPECT_EQ(0, sys_waitid(P_PID, init->pid, &info, WEXITED | WNOHANG | WNOWAIT));
	EXPECT_EQ(0, info.si_pid);
	/* The init ignores SIGCHLD: its children are reaped by themselves. */
	EXPECT_TRUE(eventually(kill(LEADER, 0) && errno == ESRCH));
	EXPECT_EQ(0, kill(-LEADER, 0));
	EXPECT_EQ(-EEXIST, try_as(LEADER));
	EXPECT_TRUE(in_last_wait(waiting));
}

TEST_F_TIMEOUT(pidns, outside_task_holds_zap, NS_TIMEOUT)
{
	struct kid init, outsider;

	join_below(_metadata, &init, &outsider, 1);
	EXPECT_EQ(0, kill(init.pid, SIGKILL));
	expect_waiting(_metadata, init.pid, &init);
	/* The outside process itself is spared; when it leaves, the zap ends. */
	EXPECT_EQ(0, ask(&outsider, OWN_GROUP));
	EXPECT_EQ(init.pid, waitpid(init.pid, NULL, 0));
	expect_free(_metadata, LEADER);
	finish(_metadata, &outsider);
}

TEST_F_TIMEOUT(pidns, outside_zombie_holds_zap, NS_TIMEOUT)
{
	struct kid init, outsider;
	siginfo_t info;

	join_below(_metadata, &init, &outsider, 1);
	kid_tell(&outsider, END);
	ASSERT_EQ(0, sys_waitid(P_PID, MEMBER, &info, WEXITED | WNOWAIT));
	EXPECT_EQ(0, kill(init.pid, SIGKILL));
	expect_waiting(_metadata, init.pid, &init);
	EXPECT_EQ(0, wait_for_pid(MEMBER));
	EXPECT_EQ(init.pid, waitpid(init.pid, NULL, 0));
}

/* It has a number in both namespaces, and holds both. */
TEST_F_TIMEOUT(pidns, outside_task_holds_nested_zaps, NS_TIMEOUT)
{
	struct kid init, outsider;

	join_below(_metadata, &init, &outsider, 2);
	EXPECT_EQ(0, kill(init.pid, SIGKILL));
	expect_waiting(_metadata, INNER, &init);
	EXPECT_EQ(0, ask(&outsider, OWN_GROUP));
	EXPECT_EQ(init.pid, waitpid(init.pid, NULL, 0));
	finish(_metadata, &outsider);
}

TEST_HARNESS_MAIN
