// SPDX-License-Identifier: GPL-2.0
/*
 * Which number comes next: upwards from the cursor; from the limit back to 300
 * once the cursor was above that, to 1 before.
 */
#include <pthread.h>

#include "pidns_util.h"

/* A namespace so small that all of it can be taken. Returns its limit. */
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

	/* What has just become free is not given again. */
	for (i = 2; i < 100; i++)
		ASSERT_EQ(i, try_fork());
	/* What is taken is left out. */
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
	/* The cursor beyond the limit, as when that is lowered. */
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
	/* The next ones around: 300, 301 and so on, and max - 1 is still taken. */
	EXPECT_EQ(300, try_fork());
	EXPECT_EQ(301, try_fork());
	EXPECT_EQ(302, try_fork());
}

TEST_F_TIMEOUT(pidns, eagain_with_2_to_299_free, NS_TIMEOUT)
{
	int max = small_limit(_metadata), i;

	ASSERT_EQ(0, hold_range(300, max - 1));
	/* From wherever above 300 it is tried. */
	for (i = 300; i <= max; i++) {
		ASSERT_EQ(0, last_pid_set(i));
		EXPECT_EQ(-EAGAIN, try_fork()) {
			TH_LOG("from %d", i + 1);
		}
		EXPECT_EQ(i, last_pid());
	}
	/* Who asks for one of these can have it. */
	EXPECT_EQ(2, try_as(2));
	EXPECT_EQ(299, try_as(299));
	/* One that becomes free is found, over and over. */
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
	/* The cursor at 300: nothing is left above, but below. */
	ASSERT_EQ(0, last_pid_set(299));
	EXPECT_EQ(2, try_fork());
	EXPECT_EQ(3, try_fork());
	/* One below that it has itself first. */
	ASSERT_EQ(0, last_pid_set(298));
	EXPECT_EQ(299, try_fork());
	EXPECT_EQ(2, try_fork());
	/* And the one above is the first that does not go below. */
	ASSERT_EQ(0, last_pid_set(300));
	EXPECT_EQ(-EAGAIN, try_fork());

	/* From the very beginning 1 is taken, by the init. */
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

/* All are taken: then there is none from anywhere. */
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
	/* A single one in the lower part is for those who come from there. */
	hold_end(150);
	ASSERT_EQ(0, last_pid_set(max - 1));
	EXPECT_EQ(-EAGAIN, try_fork());
	ASSERT_EQ(0, last_pid_set(200));
	EXPECT_EQ(150, try_fork());
	ASSERT_EQ(0, last_pid_set(100));
	EXPECT_EQ(150, try_fork());
	/* Also before a lower one, if the search begins among its neighbours. */
	hold_end(20);
	ASSERT_EQ(0, last_pid_set(139));
	EXPECT_EQ(150, try_fork());
}

/* Each namespace on the way up has a cursor of its own. */
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

/* A thread takes a number as a process does. */
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
	/* The thread gives its number back itself, a little after all is told to be over. */
	EXPECT_TRUE(eventually(try_as(3) == 3));
}

TEST_HARNESS_MAIN
