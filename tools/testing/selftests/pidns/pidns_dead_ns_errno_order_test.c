// SPDX-License-Identifier: GPL-2.0
/*
 * A dead PID namespace, at any level, is ENOMEM, but all other errors come
 * first.
 */
#include "pidns_util.h"

enum {
	FREE = 50,
	TAKEN = 60,		/* in the dead namespace, as a group */
	TAKEN_ABOVE = 70,	/* in the test's */
	GROUP_ABOVE = 80,	/* the number of TAKEN in the test's */
};

struct dead {
	struct kid init;
	struct kid member;	/* of the test's namespace, in a group of the dead one */
	int ns;
	int below;		/* a namespace below it that has no init */
};

/*
 * A namespace whose init has been killed; one of its numbers is still used
 * outside, so the zap waits. Its init sets it up.
 */
static void make_dead(struct __test_metadata *_metadata, struct dead *dead)
{
	int below;

	ASSERT_EQ(TAKEN_ABOVE, hold_as(TAKEN_ABOVE));
	ASSERT_LE(0, kid_start(&dead->init, CLONE_NEWPID));
	if (!dead->init.pid) {
		ASSERT_EQ(TAKEN, hold_as(TAKEN, GROUP_ABOVE));
		ASSERT_EQ(0, setpgid(TAKEN, TAKEN));
		ASSERT_EQ(0, unshare(CLONE_NEWPID));
		below = ns_open(0, L_PID_CHILDREN);
		ASSERT_LE(0, below);
		kid_tell(&dead->init, below);
		for (;;)
			pause();
	}
	below = kid_hear(&dead->init);
	ASSERT_LE(0, below);
	dead->below = sys_pidfd_getfd(dead->init.pidfd, below, 0);
	dead->ns = ns_open(dead->init.pid, L_PID);
	ASSERT_LE(0, dead->below);
	ASSERT_LE(0, dead->ns);

	ASSERT_LE(0, kid_start(&dead->member, 0));
	if (!dead->member.pid) {
		ASSERT_EQ(0, setpgid(0, GROUP_ABOVE));
		kid_rest(&dead->member);
	}
	ASSERT_EQ(0, kid_hear(&dead->member));
	ASSERT_EQ(0, kill(dead->init.pid, SIGKILL));
	ASSERT_TRUE(eventually(kill(GROUP_ABOVE, 0)));
	ASSERT_EQ(0, kill(-GROUP_ABOVE, 0));
}

/* Release it: the zap ends if nothing else holds a number of it. */
static void release_dead(struct __test_metadata *_metadata, struct dead *dead)
{
	siginfo_t info = {};

	EXPECT_EQ(0, sys_waitid(P_PID, dead->init.pid, &info, WEXITED | WNOHANG | WNOWAIT));
	EXPECT_EQ(0, info.si_pid);
	kid_stop(&dead->member);
	kid_stop(&dead->init);
}

/* In a child whose own children go to @ns. */
static void in_child(struct __test_metadata *_metadata, int ns,
		     void (*fn)(struct __test_metadata *_metadata))
{
	pid_t pid = fork_tids(0, NULL, 0);

	ASSERT_LE(0, pid);
	if (!pid) {
		ASSERT_EQ(0, setns(ns, CLONE_NEWPID));
		fn(_metadata);
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
}

static void into_dead(struct __test_metadata *_metadata)
{
	int before = last_pid(), i;

	for (i = 1; i <= 3; i++) {
		EXPECT_EQ(-ENOMEM, try_fork());
		/* It had a number here, which is free again. */
		EXPECT_EQ(before + i, last_pid());
		EXPECT_EQ(-ENOMEM, try_as(FREE, before + i));
	}
	EXPECT_EQ(-ENOMEM, try_as(FREE));
	EXPECT_EQ(-ENOMEM, try_as(FREE, FREE));
	EXPECT_EQ(-ENOMEM, try_as(2));
	before = last_pid();
	EXPECT_EQ(-EEXIST, try_as(TAKEN));
	EXPECT_EQ(-EEXIST, try_as(1));
	EXPECT_EQ(-EEXIST, try_as(FREE, TAKEN_ABOVE));
	EXPECT_EQ(-EEXIST, try_as(FREE, GROUP_ABOVE));
	EXPECT_EQ(-EINVAL, try_as(0));
	EXPECT_EQ(-EINVAL, try_as(FREE, 0));
	EXPECT_EQ(-EINVAL, try_as(PID_MAX_LIMIT));
	EXPECT_EQ(before, last_pid());
	ASSERT_EQ(0, set_tid_caps_drop());
	EXPECT_EQ(-EPERM, try_as(FREE));
	EXPECT_EQ(-EPERM, try_as(FREE, 0));
	EXPECT_EQ(-EINVAL, try_as(0));
	EXPECT_EQ(-ENOMEM, try_fork());
}

TEST_F_TIMEOUT(pidns, dead_ns_enomem_comes_last, NS_TIMEOUT)
{
	struct dead dead;

	make_dead(_metadata, &dead);
	in_child(_metadata, dead.ns, into_dead);
	EXPECT_EQ(FREE, try_as(FREE));
	release_dead(_metadata, &dead);
}

/* Only the parent is dead; the innermost has had no init yet. */
static void into_below(struct __test_metadata *_metadata)
{
	int before = last_pid(), i;

	for (i = 1; i <= 3; i++) {
		EXPECT_EQ(-ENOMEM, try_fork());
		EXPECT_EQ(before + i, last_pid());
		EXPECT_EQ(-ENOMEM, try_as(1, FREE, before + i));
	}
	EXPECT_EQ(-ENOMEM, try_as(1));
	EXPECT_EQ(-ENOMEM, try_as(1, FREE));
	EXPECT_EQ(-ENOMEM, try_as(1, FREE, FREE));
	/* No number is left at any level, or these would be EEXIST. */
	EXPECT_EQ(-ENOMEM, try_as(1, FREE, FREE));
	before = last_pid();
	EXPECT_EQ(-EINVAL, try_as(2));
	EXPECT_EQ(-EINVAL, try_as(2, TAKEN));
	EXPECT_EQ(-EEXIST, try_as(1, TAKEN));
	EXPECT_EQ(-EEXIST, try_as(1, TAKEN, TAKEN_ABOVE));
	EXPECT_EQ(-EEXIST, try_as(1, FREE, TAKEN_ABOVE));
	EXPECT_EQ(-EINVAL, try_as(1, FREE, 0));
	EXPECT_EQ(before, last_pid());
	ASSERT_EQ(0, set_tid_caps_drop());
	EXPECT_EQ(-EPERM, try_as(1));
	EXPECT_EQ(-EPERM, try_as(2));
	EXPECT_EQ(-ENOMEM, try_fork());
}

TEST_F_TIMEOUT(pidns, dead_ancestor_enomem_comes_last, NS_TIMEOUT)
{
	struct dead dead;

	make_dead(_metadata, &dead);
	in_child(_metadata, dead.below, into_below);
	EXPECT_EQ(FREE, try_as(FREE));
	release_dead(_metadata, &dead);
	/* After the zap it is the same. */
	ASSERT_EQ(0, setns(dead.below, CLONE_NEWPID));
	EXPECT_EQ(-ENOMEM, try_fork());
	EXPECT_EQ(-ENOMEM, try_as(1));
	EXPECT_EQ(-EINVAL, try_as(2));
}

static void into_dead_with_none_left(struct __test_metadata *_metadata)
{
	EXPECT_EQ(-EAGAIN, try_fork());
	EXPECT_EQ(-EAGAIN, try_as(FREE));
	EXPECT_EQ(-EEXIST, try_as(TAKEN));
	EXPECT_EQ(-ENOMEM, try_as(FREE, FREE));
}

static void into_below_with_none_left(struct __test_metadata *_metadata)
{
	EXPECT_EQ(-EAGAIN, try_fork());
	EXPECT_EQ(-EAGAIN, try_as(1));
	EXPECT_EQ(-EAGAIN, try_as(1, FREE));
	EXPECT_EQ(-EINVAL, try_as(2));
	EXPECT_EQ(-EEXIST, try_as(1, TAKEN));
	EXPECT_EQ(-ENOMEM, try_as(1, FREE, FREE));
}

TEST_F_TIMEOUT(pidns, eagain_before_dead_ns_enomem, NS_TIMEOUT)
{
	struct dead dead;

	make_dead(_metadata, &dead);
	ASSERT_EQ(0, pid_limit_fill());
	ASSERT_EQ(0, setns(dead.ns, CLONE_NEWPID));
	into_dead_with_none_left(_metadata);
	ASSERT_EQ(0, setns(dead.below, CLONE_NEWPID));
	into_below_with_none_left(_metadata);
	release_dead(_metadata, &dead);
}

TEST_HARNESS_MAIN
