// SPDX-License-Identifier: GPL-2.0
/*
 * The init of a namespace is reaped last: not before all others are gone,
 * including zombies held by a parent or tracer outside.
 */
#include "pidns_reap_util.h"

/* First its own zombies, with their exit status. */
TEST_F_TIMEOUT(pidns, init_reaps_its_own_zombies, NS_TIMEOUT)
{
	int pidfd[8], fd, i;
	struct kid kid;
	pid_t pid;

	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		for (i = 0; i < ARRAY_SIZE(pidfd); i++)
			if (!fork())
				_exit(10 + i);
		kid_rest(&kid);
	}
	ASSERT_EQ(0, kid_hear(&kid));
	fd = ns_open(kid.pid, L_PID);
	for (i = 0; i < ARRAY_SIZE(pidfd); i++) {
		pid = ioctl(fd, NS_GET_PID_FROM_PIDNS, 2 + i);
		ASSERT_LT(0, pid);
		pidfd[i] = sys_pidfd_open(pid, 0);
		ASSERT_TRUE(pidfd_ended(pidfd[i]));
		EXPECT_EQ(-EAGAIN, pidfd_status(pidfd[i]));
	}
	kill(kid.pid, SIGKILL);
	EXPECT_EQ(SIGKILL, wait_status(kid.pid));
	/* All of them were reaped before the init. */
	for (i = 0; i < ARRAY_SIZE(pidfd); i++) {
		EXPECT_EQ((10 + i) << 8, pidfd_status(pidfd[i]));
		EXPECT_EQ(POLLIN | POLLHUP, pidfd_events(pidfd[i]));
		EXPECT_EQ(-1, ioctl(fd, NS_GET_PID_FROM_PIDNS, 2 + i));
		close(pidfd[i]);
	}
	close(fd);
	kid_stop(&kid);
}

/* A zombie with its parent outside: the init waits, asleep, until it is reaped. */
TEST_F_TIMEOUT(pidns, zombie_of_outside_parent_holds_init, NS_TIMEOUT)
{
	struct kid kid;
	pid_t pid;
	int fd;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	fd = ns_open(kid.pid, L_PID);
	pid = fork_into(fd);
	ASSERT_LE(0, pid);
	if (!pid)
		rest_forever();
	kill(kid.pid, SIGKILL);
	EXPECT_TRUE(eventually(task_state(pid) == 'Z'));
	EXPECT_TRUE(init_waits(&kid));
	/* It has no children, so this is the idle sleep, which counts as no load. */
	EXPECT_TRUE(in_last_wait(kid.pid));
	EXPECT_EQ(-ENOMEM, fork_into(fd));
	EXPECT_EQ(SIGKILL, wait_status(pid));
	EXPECT_EQ(SIGKILL, wait_status(kid.pid));
	close(fd);
	kid_stop(&kid);
}

/* Several, of two parents, and one in a descendant namespace: the last one decides. */
TEST_F_TIMEOUT(pidns, last_outside_zombie_releases_init, NS_TIMEOUT)
{
	struct kid kid, parent;
	pid_t pid[3], orphan;
	int fd, i;

	/* The test adopts orphaned zombies, whatever the machine's init does. */
	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		int inner = -1;

		fork_resting(CLONE_NEWPID, &inner);
		kid_tell(&kid, ioctl(inner, PIDFD_GET_PID_NAMESPACE, 0));
		rest_forever();
	}
	fd = sys_pidfd_getfd(kid.pidfd, kid_hear(&kid), 0);
	ASSERT_LE(0, fd);
	for (i = 0; i < ARRAY_SIZE(pid); i++) {
		pid[i] = fork_into(fd);
		ASSERT_LE(0, pid[i]);
		if (!pid[i])
			rest_forever();
	}
	ASSERT_LE(0, kid_start(&parent, 0));
	if (!parent.pid) {
		pid_t child = fork_into(fd);

		if (!child)
			rest_forever();
		kid_tell(&parent, child);
		kid_hear(&parent);
		_exit(child > 0 ? EXIT_SUCCESS : EXIT_FAILURE);
	}
	orphan = kid_hear(&parent);
	ASSERT_LT(0, orphan);
	kill(kid.pid, SIGKILL);
	EXPECT_TRUE(eventually(task_state(orphan) == 'Z'));
	for (i = 0; i < ARRAY_SIZE(pid); i++) {
		EXPECT_TRUE(init_waits(&kid));
		EXPECT_EQ(SIGKILL, wait_status(pid[i]));
	}
	EXPECT_TRUE(init_waits(&kid));
	kid_tell(&parent, 0);
	EXPECT_EQ(0, wait_status(parent.pid));
	EXPECT_TRUE(init_waits(&kid));
	EXPECT_EQ(SIGKILL, wait_status(orphan));
	EXPECT_EQ(SIGKILL, wait_status(kid.pid));
	close(fd);
	kid_stop(&parent);
	kid_stop(&kid);
}

FIXTURE(tracer) {
};

FIXTURE_VARIANT(tracer)
{
	bool leaves;	/* the tracer exits instead of reaping */
};

FIXTURE_VARIANT_ADD(tracer, reaps)
{
};

FIXTURE_VARIANT_ADD(tracer, leaves)
{
	.leaves = true,
};

FIXTURE_SETUP(tracer)
{
	if (geteuid())
		SKIP(return, "needs root");
}

FIXTURE_TEARDOWN(tracer)
{
}

/* A zombie held by a tracer outside, though its parent is the init. */
TEST_F_TIMEOUT(tracer, zombie_of_outside_tracer_holds_init, NS_TIMEOUT)
{
	struct kid kid, tracer;
	pid_t pid;
	int fd;

	pid = init_with_child(&kid, &fd);
	ASSERT_LT(0, pid);
	ASSERT_LE(0, tracer_start(&tracer, pid));
	if (!tracer.pid)
		_exit(variant->leaves || wait_status(pid) == SIGKILL ? EXIT_SUCCESS :
								       EXIT_FAILURE);
	kill(kid.pid, SIGKILL);
	EXPECT_TRUE(eventually(task_state(pid) == 'Z'));
	EXPECT_TRUE(init_waits(&kid));
	EXPECT_EQ(-ENOMEM, fork_into(fd));
	kid_tell(&tracer, 0);
	EXPECT_EQ(0, wait_status(tracer.pid));
	EXPECT_EQ(SIGKILL, wait_status(kid.pid));
	EXPECT_TRUE(task_gone(pid));
	close(fd);
	kid_stop(&tracer);
	kid_stop(&kid);
}

TEST_HARNESS_MAIN
