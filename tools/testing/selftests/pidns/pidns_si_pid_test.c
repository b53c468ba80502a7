// SPDX-License-Identifier: GPL-2.0
/*
 * si_pid: the sender of a signal, or the child that changed, in the receiver's
 * numbers; 0 if it has none there.
 */
#include "pidns_reap_util.h"

/* Block the awaited signals, for children as well. */
static void signals_block(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGUSR1);
	sigaddset(set, SIGCHLD);
	sigprocmask(SIG_BLOCK, set, NULL);
}

/* The sender of the next signal, if it is @sig with @code; else -1. */
static pid_t sender(const sigset_t *set, int sig, int code)
{
	struct timespec timeout = { .tv_sec = NS_TIMEOUT };
	siginfo_t info;

	if (syscall(__NR_rt_sigtimedwait, set, &info, &timeout, 8) != sig ||
	    info.si_code != code)
		return -1;
	return info.si_pid;
}

TEST_F_TIMEOUT(pidns, si_pid_of_kill, NS_TIMEOUT)
{
	union sigval value = { .sival_int = 1 };
	pid_t mine = getpid();
	struct kid kid;
	sigset_t set;

	signals_block(&set);
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		struct kid child;

		kid_tell(&kid, 0);
		/* From an ancestor, in three ways. */
		EXPECT_EQ(0, sender(&set, SIGUSR1, SI_USER));
		kid_tell(&kid, 0);
		EXPECT_EQ(0, sender(&set, SIGUSR1, SI_TKILL));
		kid_tell(&kid, 0);
		EXPECT_EQ(0, sender(&set, SIGUSR1, SI_QUEUE));
		/* From this namespace, by itself and by another process. */
		EXPECT_EQ(0, raise(SIGUSR1));
		EXPECT_EQ(1, sender(&set, SIGUSR1, SI_TKILL));
		ASSERT_LE(0, kid_start(&child, 0));
		if (!child.pid) {
			EXPECT_EQ(0, kill(1, SIGUSR1));
			kid_rest(&child);
		}
		EXPECT_EQ(child.pid, sender(&set, SIGUSR1, SI_USER));
		kid_stop(&child);
		EXPECT_EQ(child.pid, sender(&set, SIGCHLD, CLD_KILLED));
		kid_rest(&kid);
	}
	kid_hear(&kid);
	EXPECT_EQ(0, kill(kid.pid, SIGUSR1));
	kid_hear(&kid);
	EXPECT_EQ(0, syscall(__NR_tgkill, kid.pid, kid.pid, SIGUSR1));
	kid_hear(&kid);
	EXPECT_EQ(0, sigqueue(kid.pid, SIGUSR1, value));
	EXPECT_EQ(0, kid_hear(&kid));
	EXPECT_EQ(0, kill(mine, SIGUSR1));
	EXPECT_EQ(mine, sender(&set, SIGUSR1, SI_USER));
	kid_stop(&kid);
}

/*
 * A group may include a process in an ancestor, where the sender has a number,
 * and one in a sibling, where it has none.
 */
TEST_F_TIMEOUT(pidns, si_pid_from_descendant, NS_TIMEOUT)
{
	struct kid group, kid, sibling;
	sigset_t set;

	signals_block(&set);
	ASSERT_LE(0, kid_start(&group, 0));
	if (!group.pid) {
		setpgid(0, 0);
		ASSERT_LE(0, kid_start(&sibling, CLONE_NEWPID));
		if (!sibling.pid) {
			kid_tell(&sibling, 0);
			EXPECT_EQ(0, sender(&set, SIGUSR1, SI_USER));
			kid_rest(&sibling);
		}
		EXPECT_EQ(0, kid_hear(&sibling));
		ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
		if (!kid.pid) {
			kill(0, SIGUSR1);
			/* It gets its own signal, too, and is 1 for itself. */
			EXPECT_EQ(1, sender(&set, SIGUSR1, SI_USER));
			kid_rest(&kid);
		}
		/* Before 7.3 a signal for several told all of them the sender's own number. */
		EXPECT_EQ(kernel_since(7, 3) ? kid.pid : 1, sender(&set, SIGUSR1, SI_USER));
		EXPECT_EQ(0, kid_hear(&kid));
		EXPECT_EQ(0, kid_hear(&sibling));
		kid_stop(&kid);
		kid_stop(&sibling);
		kid_rest(&group);
	}
	EXPECT_EQ(0, kid_hear(&group));
	kid_stop(&group);
}

/* SIGCHLD and wait report the child in the parent's numbers. */
TEST_F_TIMEOUT(pidns, si_pid_of_sigchld, NS_TIMEOUT)
{
	struct kid kid, child;
	siginfo_t info;
	sigset_t set;
	int fd;

	signals_block(&set);
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		ASSERT_LE(0, kid_start(&child, 0));
		if (!child.pid)
			_exit(3);
		EXPECT_EQ(2, sender(&set, SIGCHLD, CLD_EXITED));
		EXPECT_EQ(0, sys_waitid(P_ALL, 0, &info, WEXITED));
		EXPECT_EQ(2, info.si_pid);
		kid_rest(&kid);
	}
	EXPECT_EQ(0, kid_hear(&kid));
	/* One inside, with its parent outside. */
	fd = ns_open(kid.pid, L_PID);
	child.pid = fork_into(fd);
	ASSERT_LE(0, child.pid);
	if (!child.pid)
		_exit(getppid());
	EXPECT_EQ(child.pid, sender(&set, SIGCHLD, CLD_EXITED));
	EXPECT_EQ(0, sys_waitid(P_PID, child.pid, &info, WEXITED));
	EXPECT_EQ(child.pid, info.si_pid);
	EXPECT_EQ(0, info.si_status);
	kill(kid.pid, SIGKILL);
	EXPECT_EQ(kid.pid, sender(&set, SIGCHLD, CLD_KILLED));
	close(fd);
	kid_stop(&kid);
}

TEST_HARNESS_MAIN
