// SPDX-License-Identifier: GPL-2.0
/*
 * The death of an init: its namespace accepts no more processes, and all in it
 * or in its descendants are killed, whatever they do against it.
 */
#include "pidns_reap_util.h"

#define FORKS 50

/* Kill init from outside, or tell it to exit. */
static void end_init(struct kid *kid, bool by_itself)
{
	if (by_itself)
		kid_tell(kid, 0);
	else
		kill(kid->pid, SIGKILL);
}

FIXTURE(death) {
};

FIXTURE_VARIANT(death)
{
	bool by_itself;
	int status;
};

FIXTURE_VARIANT_ADD(death, killed)
{
	.status = SIGKILL,
};

FIXTURE_VARIANT_ADD(death, exits)
{
	.by_itself = true,
	.status = 7 << 8,
};

FIXTURE_SETUP(death)
{
	if (geteuid())
		SKIP(return, "needs root");
}

FIXTURE_TEARDOWN(death)
{
}

/* An init that exits with 7 when told to. */
static int init_hold(struct kid *kid)
{
	pid_t pid = kid_start(kid, CLONE_NEWPID);

	if (!pid) {
		kid_tell(kid, 0);
		kid_hear(kid);
		_exit(7);
	}
	return pid < 0 ? pid : kid_hear(kid);
}

/* While the init is a zombie, and after it has been reaped; always the same error. */
TEST_F_TIMEOUT(death, fork_into_dead_namespace_is_enomem, NS_TIMEOUT)
{
	siginfo_t info;
	struct kid kid;
	int fd, i;

	ASSERT_EQ(0, init_hold(&kid));
	fd = ns_open(kid.pid, L_PID);
	ASSERT_LE(0, fd);
	end_init(&kid, variant->by_itself);
	ASSERT_EQ(0, sys_waitid(P_PID, kid.pid, &info, WEXITED | WNOWAIT));
	for (i = 0; i < FORKS; i++)
		ASSERT_EQ(-ENOMEM, fork_into(fd));
	EXPECT_EQ(variant->status, wait_status(kid.pid));
	for (i = 0; i < FORKS; i++)
		ASSERT_EQ(-ENOMEM, fork_into(fd));
	/* For each kind of child. */
	ASSERT_EQ(0, setns(fd, CLONE_NEWPID));
	EXPECT_EQ(-ENOMEM, fork_flags(0, NULL));
	EXPECT_EQ(-ENOMEM, fork_flags(CLONE_NEWUTS | CLONE_NEWIPC, NULL));
	EXPECT_EQ(-EINVAL, fork_flags(CLONE_NEWPID, NULL));
	close(fd);
	kid_stop(&kid);
}

/* The same for the task that created the namespace by unshare. */
TEST_F_TIMEOUT(pidns, second_fork_after_unshare_is_enomem, NS_TIMEOUT)
{
	pid_t pid;
	int i;

	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(getpid() == 1 ? EXIT_SUCCESS : EXIT_FAILURE);
	EXPECT_EQ(0, wait_for_pid(pid));
	for (i = 0; i < FORKS; i++)
		ASSERT_EQ(-ENOMEM, fork_flags(0, NULL));
}

/* A namespace below a dead one is dead, too. */
TEST_F_TIMEOUT(pidns, fork_below_dead_namespace_is_enomem, NS_TIMEOUT)
{
	struct kid kid;
	int fd;

	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		/* The inner one never had a task, and cannot get one. */
		if (unshare(CLONE_NEWPID))
			_exit(EXIT_FAILURE);
		kid_rest(&kid);
	}
	ASSERT_EQ(0, kid_hear(&kid));
	fd = ns_open(kid.pid, L_PID_CHILDREN);
	ASSERT_LE(0, fd);
	kid_stop(&kid);
	EXPECT_EQ(-ENOMEM, fork_into(fd));
	EXPECT_EQ(-ENOMEM, fork_into(fd));
	close(fd);
}

/* Processes that are hard to kill. */
enum hard {
	BLOCKS, IGNORES, STOPPED, OTHER_SESSION, THREADS, LEADER_ENDED, VFORKING,
	INNER_INIT, INNER_CHILD, INNERMOST_INIT, NR_HARD
};

static void *rest_thread(void *arg)
{
	rest_forever();
}

/* Writes its kind to the pipe when it is ready. */
static void hard_ready(int pipe, int kind)
{
	char c = kind;

	if (write(pipe, &c, 1) != 1)
		_exit(EXIT_FAILURE);
}

static void hard_child(int pipe, int kind, __u64 flags)
{
	if (fork_flags(flags, NULL))
		return;
	hard_ready(pipe, kind);
	rest_forever();
}

static void hard_be(int pipe, enum hard kind)
{
	pthread_t thread;
	sigset_t all;
	int sig;

	switch (kind) {
	case BLOCKS:
		sigfillset(&all);
		sigprocmask(SIG_BLOCK, &all, NULL);
		break;
	case IGNORES:
		for (sig = 1; sig < NSIG; sig++)
			signal(sig, SIG_IGN);
		break;
	case STOPPED:
		hard_ready(pipe, kind);
		raise(SIGSTOP);
		break;
	case OTHER_SESSION:
		setsid();
		break;
	case THREADS:
	case LEADER_ENDED:
		if (pthread_create(&thread, NULL, rest_thread, NULL))
			_exit(EXIT_FAILURE);
		hard_ready(pipe, kind);
		if (kind == LEADER_ENDED)
			thread_exit(0);
		break;
	case VFORKING:
		hard_ready(pipe, kind);
		/* It sleeps until the child has exited, and the child stays. */
		if (syscall(__NR_clone, CLONE_VFORK | SIGCHLD, NULL, NULL, NULL, NULL) < 0)
			_exit(EXIT_FAILURE);
		break;
	case INNER_INIT:
		hard_child(pipe, INNER_CHILD, 0);
		hard_child(pipe, INNERMOST_INIT, CLONE_NEWPID);
		break;
	default:
		break;
	}
	if (kind != STOPPED && kind != THREADS && kind != VFORKING)
		hard_ready(pipe, kind);
	rest_forever();
}

/* All processes of a namespace and its descendants but its init. Returns how many. */
static int processes_inside(int nsfd, pid_t *pids, int max)
{
	int nr, count = 0;
	pid_t pid;

	for (nr = 2; nr < 50 && count < max; nr++) {
		pid = ioctl(nsfd, NS_GET_PID_FROM_PIDNS, nr);
		if (pid > 0 && ioctl(nsfd, NS_GET_TGID_FROM_PIDNS, nr) == pid)
			pids[count++] = pid;
	}
	return count;
}

static int zombies(const pid_t *pids, int nr)
{
	int count = 0;

	while (nr--)
		count += task_state(pids[nr]) == 'Z';
	return count;
}

TEST_F_TIMEOUT(death, all_descendants_get_sigkill, NS_TIMEOUT)
{
	int ready[2], pidfd[NR_HARD + 2], fd, i, injected;
	pid_t pids[NR_HARD + 3];
	unsigned int seen = 0;
	struct kid kid, outside;
	char c;

	ASSERT_EQ(0, pipe2(ready, O_CLOEXEC));
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		for (i = 0; i <= INNER_INIT; i++)
			if (!fork_flags(i == INNER_INIT ? CLONE_NEWPID : 0, NULL))
				hard_be(ready[1], i);
		kid_tell(&kid, 0);
		kid_hear(&kid);
		_exit(7);
	}
	ASSERT_EQ(0, kid_hear(&kid));
	fd = ns_open(kid.pid, L_PID);
	ASSERT_LE(0, fd);
	/* One with its parent outside. */
	injected = fork_into(fd);
	ASSERT_LE(0, injected);
	if (!injected)
		rest_forever();
	while (seen != BIT(NR_HARD) - 1) {
		ASSERT_EQ(1, read_nointr(ready[0], &c, 1));
		seen |= BIT(c);
	}
	/* And an unrelated one outside. */
	ASSERT_EQ(0, kid_hold(&outside, 0));
	/* All kinds, the child of vfork, and the one with its parent outside. */
	ASSERT_TRUE(eventually(processes_inside(fd, pids, ARRAY_SIZE(pids)) == NR_HARD + 2));
	/* A leader that is still on its way out keeps its own status. */
	ASSERT_TRUE(eventually(zombies(pids, NR_HARD + 2) == 1));
	for (i = 0; i < NR_HARD + 2; i++)
		pidfd[i] = sys_pidfd_open(pids[i], 0);
	end_init(&kid, variant->by_itself);
	EXPECT_EQ(SIGKILL, wait_status(injected));
	EXPECT_EQ(variant->status, wait_status(kid.pid));
	for (i = 0; i < NR_HARD + 2; i++) {
		EXPECT_EQ(SIGKILL, pidfd_status(pidfd[i])) {
			TH_LOG("process %d has status %d", i, pidfd_status(pidfd[i]));
		}
		close(pidfd[i]);
	}
	EXPECT_TRUE(task_rests(outside.pid));
	kid_stop(&outside);
	close(fd);
	kid_stop(&kid);
}

TEST_HARNESS_MAIN
