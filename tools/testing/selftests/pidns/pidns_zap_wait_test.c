// SPDX-License-Identifier: GPL-2.0
/*
 * Zombies that once escaped the wait of a dying init: traced from outside,
 * children of a process outside, and those that are reparented meanwhile.
 */
#include "pidns_reap_util.h"

#define ROUNDS 150

/*
 * The parent outside dies while the init waits: the zombie is reparented
 * outside, and the wait continues until it is reaped.
 */
TEST_F_TIMEOUT(pidns, zombie_is_reparented_outside, NS_TIMEOUT)
{
	struct kid kid, parent;
	pid_t zombie;
	int fd;

	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	fd = ns_open(kid.pid, L_PID);
	ASSERT_LE(0, kid_start(&parent, 0));
	if (!parent.pid) {
		zombie = fork_into(fd);
		if (!zombie)
			rest_forever();
		kid_tell(&parent, zombie);
		rest_forever();
	}
	zombie = kid_hear(&parent);
	ASSERT_LT(0, zombie);
	kill(kid.pid, SIGKILL);
	EXPECT_TRUE(eventually(task_state(zombie) == 'Z'));
	EXPECT_TRUE(eventually(in_last_wait(kid.pid)));
	EXPECT_TRUE(init_waits(&kid));
	kid_stop(&parent);
	EXPECT_TRUE(eventually(task_ppid(zombie) == getpid()));
	EXPECT_TRUE(init_waits(&kid));
	EXPECT_EQ(SIGKILL, wait_status(zombie));
	EXPECT_EQ(SIGKILL, wait_status(kid.pid));
	EXPECT_TRUE(task_gone(zombie));
	close(fd);
	kid_stop(&kid);
}

/* Traced, with its parent outside: both must release it. */
TEST_F_TIMEOUT(pidns, traced_child_of_outside_parent, NS_TIMEOUT)
{
	struct kid kid, tracer;
	pid_t zombie;
	int fd;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	fd = ns_open(kid.pid, L_PID);
	zombie = fork_into(fd);
	ASSERT_LE(0, zombie);
	if (!zombie)
		rest_forever();
	ASSERT_LE(0, tracer_start(&tracer, zombie));
	if (!tracer.pid) {
		kid_tell(&tracer, wait_status(zombie));
		rest_forever();
	}
	kill(kid.pid, SIGKILL);
	EXPECT_TRUE(eventually(task_state(zombie) == 'Z'));
	EXPECT_TRUE(eventually(in_last_wait(kid.pid)));
	/* The tracer comes first: until then its parent sees no exit. */
	EXPECT_EQ(0, waitpid(zombie, NULL, WNOHANG));
	EXPECT_TRUE(init_waits(&kid));
	kid_tell(&tracer, 0);
	EXPECT_EQ(SIGKILL, kid_hear(&tracer));
	EXPECT_TRUE(init_waits(&kid));
	EXPECT_EQ(SIGKILL, wait_status(zombie));
	EXPECT_EQ(SIGKILL, wait_status(kid.pid));
	kid_stop(&tracer);
	close(fd);
	kid_stop(&kid);
}

/* A nested init, killed with the rest, of which a tracer outside holds all tasks. */
TEST_F_TIMEOUT(pidns, traced_inner_init, NS_TIMEOUT)
{
	struct kid kid;
	pid_t inner;
	int fd;

	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		kid_tell(&kid, fork_resting(CLONE_NEWPID, NULL));
		rest_forever();
	}
	fd = ns_open(kid.pid, L_PID);
	inner = ioctl(fd, NS_GET_PID_FROM_PIDNS, kid_hear(&kid));
	ASSERT_LT(0, inner);
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, inner, NULL, NULL));
	kill(kid.pid, SIGKILL);
	EXPECT_TRUE(eventually(task_state(inner) == 'Z'));
	EXPECT_TRUE(eventually(task_state(kid.pid) == 'S'));
	EXPECT_TRUE(init_waits(&kid));
	EXPECT_EQ(SIGKILL, wait_status(inner));
	EXPECT_EQ(SIGKILL, wait_status(kid.pid));
	close(fd);
	kid_stop(&kid);
}

/*
 * A dying init adopts a child after it has waited for all of its children: the
 * process that brought the child in from outside exits late.
 */
TEST_F_TIMEOUT(pidns, dying_init_inherits_child, NS_TIMEOUT)
{
	int fd, ready[2];
	struct kid kid;
	pid_t entered;
	char c = 0;

	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	fd = ns_open(kid.pid, L_PID);
	entered = fork_into(fd);
	ASSERT_LE(0, entered);
	if (!entered) {
		if (fork_resting(0, NULL) < 0 || write(ready[1], &c, 1) != 1)
			_exit(EXIT_FAILURE);
		rest_forever();
	}
	ASSERT_EQ(1, read(ready[0], &c, 1));
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, entered, NULL, PTRACE_O_TRACEEXIT));
	kill(kid.pid, SIGKILL);
	EXPECT_EQ(SIGTRAP | PTRACE_EVENT_EXIT << 8, wait_status(entered) >> 8);
	EXPECT_TRUE(eventually(in_last_wait(kid.pid)));
	EXPECT_TRUE(init_waits(&kid));
	ASSERT_EQ(0, ptrace(PTRACE_CONT, entered, NULL, NULL));
	EXPECT_EQ(SIGKILL, wait_status(entered));
	/* Nobody waits for the child that it leaves. */
	EXPECT_TRUE(pidfd_ended(kid.pidfd));
	close(ready[0]);
	close(ready[1]);
	close(fd);
	kid_stop(&kid);
}

/* The last zombie is reaped while the init is about to sleep: it is woken up. */
TEST_F_TIMEOUT(pidns, last_wakeup_is_not_lost, NS_TIMEOUT)
{
	int rounds = count_for_kernel(_metadata, ROUNDS), round, fd;
	struct kid kid;
	pid_t zombie;

	for (round = 0; round < rounds; round++) {
		ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
		fd = ns_open(kid.pid, L_PID);
		zombie = fork_into(fd);
		ASSERT_LE(0, zombie);
		if (!zombie)
			rest_forever();
		kill(kid.pid, SIGKILL);
		EXPECT_EQ(SIGKILL, wait_status(zombie));
		EXPECT_TRUE(pidfd_ended(kid.pidfd)) {
			TH_LOG("round %d", round);
		}
		kid_stop(&kid);
		close(fd);
	}
}

TEST_HARNESS_MAIN
