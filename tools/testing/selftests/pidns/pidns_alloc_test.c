// SPDX-License-Identifier: GPL-2.0
/*
 * Which number is next: up from the cursor; after the wrap from 300 if the
 * cursor was above that, else from 1.
 */
#include <pthread.h>

#include "pidns_util.h"

/* Limit a namespace so that all its numbers can be allocated. Returns the limit. */
static int small_limit(struct __test_metadata *_metadata)
{
	int max = pid_limit_small();

	EXPECT_EQ(0, pid_limit_set(max));
	EXPECT_EQ(max, pid_limit());
	return max;
}

TEST_F_TIMEOUT(pidns, numbers_go_up, NS_TIMEOUT)
{
	pid_t held;
	int i;

	/* A number just freed is not reused. */
	for (i = 2; i < 100; i++)
		ASSERT_EQ(i, try_fork());
	/* A number in use is skipped. */
	EXPECT_EQ(101, hold_as(101));
	EXPECT_EQ(102, hold_as(102));
	EXPECT_EQ(100, try_fork());
	held = hold_fork();
	EXPECT_EQ(103, held);
	hold_end(held);
	EXPECT_EQ(104, try_fork());
	EXPECT_EQ(-EEXIST, try_as(101));
}

TEST_F_TIMEOUT(pidns, wraps_to_300, NS_TIMEOUT)
{
	int max = small_limit(_metadata), round;

	for (round = 0; round < 2; round++) {
		EXPECT_EQ(0, last_pid_set(max - 3));
		EXPECT_EQ(max - 2, try_fork());
		EXPECT_EQ(max - 1, try_fork());
		/* 2 to 299 are all free. */
		EXPECT_EQ(300, try_fork());
		EXPECT_EQ(301, try_fork());
	}
	/* The cursor is beyond the limit, as after that was lowered. */
	EXPECT_EQ(0, pid_limit_set(PID_MAX_LIMIT));
	EXPECT_EQ(0, last_pid_set(100000));
	EXPECT_EQ(100001, try_fork());
	EXPECT_EQ(0, pid_limit_set(max));
	EXPECT_EQ(300, try_fork());
}

TEST_F_TIMEOUT(pidns, reuses_numbers_after_wrap, NS_TIMEOUT)
{
	int max = small_limit(_metadata);

	ASSERT_EQ(0, last_pid_set(max - 2));
	EXPECT_EQ(300, hold_as(300));
	EXPECT_EQ(302, hold_as(302));
	EXPECT_EQ(max - 1, hold_fork());
	EXPECT_EQ(301, try_fork());
	EXPECT_EQ(303, try_fork());
	hold_end(300);
	hold_end(302);
	EXPECT_EQ(304, try_fork());
	ASSERT_EQ(0, last_pid_set(max - 2));
	/* The next ones: 300, 301 and so on, while max - 1 is in use. */
	EXPECT_EQ(300, try_fork());
	EXPECT_EQ(301, try_fork());
	EXPECT_EQ(302, try_fork());
}

TEST_F_TIMEOUT(pidns, eagain_with_2_to_299_free, NS_TIMEOUT)
{
	int max = small_limit(_metadata), i;

	ASSERT_EQ(0, hold_range(300, max - 1));
	/* From anywhere above 300. */
	for (i = 300; i <= max; i++) {
		ASSERT_EQ(0, last_pid_set(i));
		EXPECT_EQ(-EAGAIN, try_fork()) {
			TH_LOG("from %d", i + 1);
		}
		EXPECT_EQ(i, last_pid());
	}
	/* set_tid can have one of these. */
	EXPECT_EQ(2, try_as(2));
	EXPECT_EQ(299, try_as(299));
	/* One that is freed is found, each time. */
	hold_end(305);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(305, try_fork());
	EXPECT_EQ(305, hold_fork());
	EXPECT_EQ(-EAGAIN, try_fork());
}

TEST_F_TIMEOUT(pidns, cursor_up_to_300_wraps_to_1, NS_TIMEOUT)
{
	int max = small_limit(_metadata), i;

	ASSERT_EQ(0, hold_range(300, max - 1));
	/* Cursor at 300: nothing is left above, but below. */
	ASSERT_EQ(0, last_pid_set(299));
	EXPECT_EQ(2, try_fork());
	EXPECT_EQ(3, try_fork());
	/* One below: 299 is free itself. */
	ASSERT_EQ(0, last_pid_set(298));
	EXPECT_EQ(299, try_fork());
	EXPECT_EQ(2, try_fork());
	/* And one above: the first that does not wrap below. */
	ASSERT_EQ(0, last_pid_set(300));
	EXPECT_EQ(-EAGAIN, try_fork());

	/* From the very beginning 1 is in use, by the init. */
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, last_pid_set(i));
		EXPECT_EQ(2, try_fork());
	}
	EXPECT_EQ(2, hold_as(2));
	ASSERT_EQ(0, last_pid_set(299));
	EXPECT_EQ(3, try_fork());
}

TEST_F_TIMEOUT(pidns, low_cursor_goes_up_first, NS_TIMEOUT)
{
	ASSERT_EQ(0, last_pid_set(298));
	EXPECT_EQ(299, try_fork());
	EXPECT_EQ(300, try_fork());
	EXPECT_EQ(301, try_fork());
}

/* All are in use: a fork fails from anywhere. */
TEST_F_TIMEOUT(pidns, eagain_when_all_are_taken, NS_TIMEOUT)
{
	int max, i;

	ASSERT_EQ(0, pid_limit_set(pid_limit_min()));
	max = pid_limit();
	ASSERT_EQ(0, hold_range(2, max - 1));
	for (i = 0; i <= max; i++) {
		ASSERT_EQ(0, last_pid_set(i));
		ASSERT_EQ(-EAGAIN, try_fork()) {
			TH_LOG("from %d", i + 1);
		}
		ASSERT_EQ(i, last_pid());
	}
	/* A single free number in the lower part is found from below only. */
	hold_end(150);
	ASSERT_EQ(0, last_pid_set(max - 1));
	EXPECT_EQ(-EAGAIN, try_fork());
	ASSERT_EQ(0, last_pid_set(200));
	EXPECT_EQ(150, try_fork());
	ASSERT_EQ(0, last_pid_set(100));
	EXPECT_EQ(150, try_fork());
	/* Even before a lower one, if the search starts next to it. */
	hold_end(20);
	ASSERT_EQ(0, last_pid_set(139));
	EXPECT_EQ(150, try_fork());
}

/* Each ancestor has a cursor of its own. */
TEST_F_TIMEOUT(pidns, each_level_has_its_own_cursor, NS_TIMEOUT)
{
	struct kid kid;
	int i, before;

	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		ASSERT_EQ(0, last_pid_set(1000));
		for (i = 1; i <= 5; i++)
			EXPECT_EQ(1000 + i, try_fork());
		kid_rest(&kid);
	}
	EXPECT_EQ(2, kid.pid);
	before = kid.pid;
	ASSERT_EQ(0, kid_hear(&kid));
	EXPECT_EQ(before + 5, last_pid());
	EXPECT_EQ(before + 6, try_fork());
	kid_stop(&kid);
}

static void *wait_forever(void *arg)
{
	for (;;)
		pause();
	return NULL;
}

/* A thread allocates a number like a process. */
TEST_F_TIMEOUT(pidns, threads_take_numbers, NS_TIMEOUT)
{
	pid_t pid = fork_tids(0, NULL, 0);
	pthread_t thread;

	ASSERT_LE(0, pid);
	if (!pid) {
		ASSERT_EQ(2, gettid());
		ASSERT_EQ(0, pthread_create(&thread, NULL, wait_forever, NULL));
		EXPECT_EQ(4, try_fork());
		EXPECT_EQ(-EEXIST, try_as(3));
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
	/* The thread frees its number a little after its exit is reported. */
	EXPECT_TRUE(eventually(try_as(3) == 3));
}

TEST_HARNESS_MAIN
