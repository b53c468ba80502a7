// SPDX-License-Identifier: GPL-2.0
/*
 * The order of errors: first an invalid number or a missing permission, level
 * by level from the innermost; then a number that cannot be allocated, in the
 * same order; last the dead namespace. "Here" is the namespace of the caller or
 * of its children, "above" the test's.
 */
#include "pidns_util.h"

enum {
	FREE = 50,		/* free, here and above */
	TAKEN = 60,		/* in use here */
	TAKEN_ABOVE = 70,
};

/*
 * Run @fn in the init of a new namespace, which has a process TAKEN; the test's
 * has TAKEN_ABOVE, and if @full no free number.
 */
static void run_below(struct __test_metadata *_metadata, unsigned int flags, bool full,
		      void (*fn)(struct __test_metadata *_metadata))
{
	struct kid kid;

	ASSERT_EQ(TAKEN_ABOVE, hold_as(TAKEN_ABOVE));
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID | flags));
	if (!kid.pid) {
		ASSERT_EQ(TAKEN, hold_as(TAKEN));
		kid_tell(&kid, 0);
		kid_hear(&kid);
		fn(_metadata);
		_exit(EXIT_SUCCESS);
	}
	ASSERT_EQ(0, kid_hear(&kid));
	if (full)
		ASSERT_EQ(0, pid_limit_fill());
	kid_tell(&kid, 0);
	EXPECT_EQ(0, wait_for_pid(kid.pid));
}

static void without_caps(struct __test_metadata *_metadata)
{
	int before = last_pid();

	ASSERT_EQ(0, set_tid_caps_drop());
	EXPECT_EQ(-EPERM, try_as(FREE));
	EXPECT_EQ(-EPERM, try_as(FREE, FREE));
	/* Out of range comes first at the same level, */
	EXPECT_EQ(-EINVAL, try_as(0));
	EXPECT_EQ(-EINVAL, try_as(-1));
	EXPECT_EQ(-EINVAL, try_as(PID_MAX_LIMIT));
	EXPECT_EQ(-EINVAL, try_as(0, FREE));
	EXPECT_EQ(-EINVAL, try_as(0, 0));
	/* but not from an outer level. */
	EXPECT_EQ(-EPERM, try_as(FREE, 0));
	EXPECT_EQ(-EPERM, try_as(FREE, PID_MAX_LIMIT));
	/* Both come before a number in use. */
	EXPECT_EQ(-EPERM, try_as(TAKEN));
	EXPECT_EQ(-EPERM, try_as(TAKEN, TAKEN_ABOVE));
	EXPECT_EQ(-EINVAL, try_as(0, TAKEN_ABOVE));
	EXPECT_EQ(before, last_pid());
	EXPECT_EQ(before + 1, try_fork());
}

TEST_F_TIMEOUT(pidns, set_tid_einval_before_eperm, NS_TIMEOUT)
{
	int before;

	run_below(_metadata, 0, false, without_caps);
	/* The refused forks allocated no number here either: the kid's, and its two. */
	before = last_pid();
	EXPECT_EQ(4, before);
	EXPECT_EQ(FREE, try_as(FREE));
}

static void with_caps_here(struct __test_metadata *_metadata)
{
	EXPECT_EQ(FREE, try_as(FREE));
	EXPECT_EQ(-EPERM, try_as(FREE, FREE));
	EXPECT_EQ(-EINVAL, try_as(FREE, 0));
	EXPECT_EQ(-EINVAL, try_as(0, FREE));
	/* Level by level: what is wrong two levels out is not reached. */
	EXPECT_EQ(-EPERM, try_as(FREE, FREE, 0));
	EXPECT_EQ(-EINVAL, try_as(FREE, 0, FREE));
	/* All levels are checked before any number is allocated. */
	EXPECT_EQ(-EPERM, try_as(TAKEN, FREE));
	EXPECT_EQ(-EINVAL, try_as(TAKEN, 0));
	EXPECT_EQ(-EEXIST, try_as(TAKEN));
	EXPECT_EQ(FREE, try_as(FREE));
}

/* Root of a user namespace: set_tid is permitted inside, but not in the test's. */
TEST_F_TIMEOUT(pidns, inner_level_before_outer, NS_TIMEOUT)
{
	run_below(_metadata, CLONE_NEWUSER, false, with_caps_here);
}

static void nothing_left_above(struct __test_metadata *_metadata)
{
	int before = last_pid();

	/* Both levels have an error: the inner one is returned. */
	EXPECT_EQ(-EEXIST, try_as(TAKEN));
	EXPECT_EQ(-EEXIST, try_as(TAKEN, TAKEN_ABOVE));
	EXPECT_EQ(-EAGAIN, try_as(FREE));
	EXPECT_EQ(-EEXIST, try_as(FREE, TAKEN_ABOVE));
	EXPECT_EQ(-EINVAL, try_as(TAKEN, 0));
	EXPECT_EQ(-EINVAL, try_as(0));
	EXPECT_EQ(before, last_pid());

	/* The number allocated here is freed, though the cursor is not put back. */
	EXPECT_EQ(-EAGAIN, try_fork());
	EXPECT_EQ(-EAGAIN, try_fork());
	EXPECT_EQ(before + 2, last_pid());
	EXPECT_EQ(before + 1, try_as(before + 1, FREE));
	EXPECT_EQ(before + 2, try_as(before + 2, FREE));
	EXPECT_EQ(FREE, try_as(FREE, FREE));

	ASSERT_EQ(0, set_tid_caps_drop());
	EXPECT_EQ(-EPERM, try_as(FREE));
	EXPECT_EQ(-EAGAIN, try_fork());
}

TEST_F_TIMEOUT(pidns, inner_eexist_before_outer_eagain, NS_TIMEOUT)
{
	int max;

	run_below(_metadata, 0, true, nothing_left_above);
	/* Nothing was searched above, so nothing has moved. */
	max = pid_limit();
	EXPECT_EQ(max - 1, last_pid());
}

static void nothing_left_here(struct __test_metadata *_metadata)
{
	ASSERT_EQ(0, pid_limit_fill());
	EXPECT_EQ(-EAGAIN, try_fork());
	EXPECT_EQ(-EAGAIN, try_fork());
	/* set_tid needs no cursor; the outer level comes after it. */
	EXPECT_EQ(-EEXIST, try_as(FREE, TAKEN_ABOVE));
	EXPECT_EQ(-EEXIST, try_as(TAKEN));
}

TEST_F_TIMEOUT(pidns, inner_eagain_leaves_outer_untouched, NS_TIMEOUT)
{
	int held;

	run_below(_metadata, 0, false, nothing_left_here);
	/* The kid, TAKEN, and what filled its namespace. */
	held = pid_limit_small() - RESERVED_PIDS;
	EXPECT_EQ(1 + 2 + held, last_pid());
}

/* A namespace without its first process, which must be 1. */
TEST_F_TIMEOUT(pidns, first_not_1_before_outer_eexist, NS_TIMEOUT)
{
	int before;

	ASSERT_EQ(TAKEN_ABOVE, hold_as(TAKEN_ABOVE));
	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	before = last_pid();
	EXPECT_EQ(-EINVAL, try_as(2, TAKEN_ABOVE));
	EXPECT_EQ(-EEXIST, try_as(1, TAKEN_ABOVE));
	EXPECT_EQ(-EINVAL, try_as(2));
	EXPECT_EQ(-EINVAL, try_as(2, FREE));
	/* It is found before the search above: nothing has moved. */
	EXPECT_EQ(before, last_pid());
	EXPECT_EQ(FREE, try_as(1, FREE));
}

TEST_F_TIMEOUT(pidns, first_not_1_before_outer_eagain, NS_TIMEOUT)
{
	int before;

	ASSERT_EQ(0, pid_limit_fill());
	before = last_pid();
	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	EXPECT_EQ(-EINVAL, try_as(2));
	EXPECT_EQ(-EAGAIN, try_as(1));
	EXPECT_EQ(-EAGAIN, try_fork());
	EXPECT_EQ(before, last_pid());
	ASSERT_EQ(0, set_tid_caps_drop());
	EXPECT_EQ(-EPERM, try_as(2));
	EXPECT_EQ(-EPERM, try_as(1));
}

/* More numbers than levels: nothing else is checked. */
TEST_F_TIMEOUT(pidns, too_many_numbers_before_all, NS_TIMEOUT)
{
	pid_t nrs[MAX_PID_NS_LEVEL], seen[MAX_PID_NS_LEVEL + 1];
	int levels = status_numbers(outer_proc, "self", "NSpid", seen), i;

	if (levels + 1 > MAX_PID_NS_LEVEL)
		SKIP(return, "the test runs nested too deep");
	for (i = 0; i < MAX_PID_NS_LEVEL; i++)
		nrs[i] = TAKEN_ABOVE;
	ASSERT_EQ(TAKEN_ABOVE, hold_as(TAKEN_ABOVE));
	EXPECT_EQ(-EEXIST, fork_done(fork_tids(0, nrs, 1)));
	EXPECT_EQ(-EINVAL, fork_done(fork_tids(0, nrs, MAX_PID_NS_LEVEL)));
	ASSERT_EQ(0, set_tid_caps_drop());
	EXPECT_EQ(-EPERM, fork_done(fork_tids(0, nrs, 1)));
	EXPECT_EQ(-EPERM, fork_done(fork_tids(0, nrs, levels)));
	EXPECT_EQ(-EINVAL, fork_done(fork_tids(0, nrs, MAX_PID_NS_LEVEL)));
}

TEST_HARNESS_MAIN
