// SPDX-License-Identifier: GPL-2.0
/*
 * pid_max and ns_last_pid are written while processes are created: each gets a
 * number that no other has, and that one of the limits allowed.
 */
#define PIDNS_OWN_FIXTURE
#include "pidns_reap_util.h"
#include "pidns_util.h"

#define FORKERS 2
#define FORKS 4000

/* Children of each forker at a time. */
#define HELD 20

/* The two limits, above the lowest possible one. */
#define LOW 100
#define HIGH 200

static struct shared {
	bool done;
	int end;
	unsigned long writes, forks[FORKERS];
	int error[FORKERS];
	pid_t wrong[FORKERS];
	char taken[PID_MAX_LIMIT];
} *shared;

/* Write both, now and then beyond the lower limit. */
static void __noreturn write_limits(int low, int high)
{
	unsigned long i;

	for (i = 0; !READ_ONCE(shared->done); i++) {
		if (pid_limit_set(i & 1 ? low : high))
			_exit(EXIT_FAILURE);
		/* With the low limit, a number above it is refused. */
		if (last_pid_set(RESERVED_PIDS + i * 37 % (high - RESERVED_PIDS)) && !(i & 1))
			_exit(EXIT_FAILURE);
		WRITE_ONCE(shared->writes, i);
	}
	_exit(EXIT_SUCCESS);
}

static void release(pid_t *held)
{
	if (!*held)
		return;
	kill(*held, SIGKILL);
	/* Nobody gets the number before the child is reaped. */
	WRITE_ONCE(shared->taken[*held], 0);
	wait_status(*held);
	*held = 0;
}

static void __noreturn fork_again(int nr, int forks)
{
	pid_t held[HELD] = {}, pid;
	int i;

	for (i = 0; i < forks; i++) {
		release(&held[i % HELD]);
		pid = hold_fork();
		if (pid < 0) {
			shared->error[nr] = -pid;
			break;
		}
		if (pid < RESERVED_PIDS || pid >= shared->end ||
		    __atomic_exchange_n(&shared->taken[pid], 1, __ATOMIC_ACQ_REL)) {
			shared->wrong[nr] = pid;
			break;
		}
		held[i % HELD] = pid;
		WRITE_ONCE(shared->forks[nr], i);
	}
	for (i = 0; i < HELD; i++)
		release(&held[i]);
	_exit(EXIT_SUCCESS);
}

TEST_F_TIMEOUT(pidns, forks_while_limits_are_written, NS_TIMEOUT)
{
	int forks = count_for_kernel(_metadata, FORKS), i;
	pid_t writer, forker[FORKERS];

	shared = shared_alloc(sizeof(*shared));
	ASSERT_NE(NULL, shared);
	shared->end = pid_limit_min() + HIGH;
	writer = fork();
	ASSERT_LE(0, writer);
	if (!writer)
		write_limits(pid_limit_min() + LOW, pid_limit_min() + HIGH);
	ASSERT_TRUE(eventually(READ_ONCE(shared->writes)));
	for (i = 0; i < FORKERS; i++) {
		forker[i] = fork();
		ASSERT_LE(0, forker[i]);
		if (!forker[i])
			fork_again(i, forks);
	}
	for (i = 0; i < FORKERS; i++) {
		EXPECT_EQ(0, wait_status(forker[i]));
		EXPECT_EQ(0, shared->error[i]);
		EXPECT_EQ(0, shared->wrong[i]);
		EXPECT_EQ(forks - 1, shared->forks[i]);
	}
	WRITE_ONCE(shared->done, true);
	EXPECT_EQ(0, wait_status(writer));
	TH_LOG("%lu limits written", shared->writes);
}

TEST_HARNESS_MAIN
