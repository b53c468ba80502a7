// SPDX-License-Identifier: GPL-2.0
/*
 * Very many nested namespaces are created and destroyed: afterwards all counts
 * of the kernel are what they were.
 */
#define PIDNS_OF_THE_MACHINE
#include "pidns_reap_util.h"

#define CYCLES 10000

/* Nested namespaces of a cycle. */
#define DEPTH 3

/* About a slab: counts are a little inexact, and other tasks use the caches as well. */
#define SLACK 32

/* Seconds; depends on the machine. */
#define STRESS_TIMEOUT 540

/* One cache of each type, and of each level that a cycle reaches. */
static const char * const caches[] = {
	"pid", "pid_2", "pid_3", "pid_4", "pid_namespace", "nsproxy",
};

#define NR_CACHES ARRAY_SIZE(caches)

/* The result of a cycle. */
enum { DONE, FAILED, FULL };

static int cycle(long depth);

static int cycle_init(void *arg)
{
	return getpid() == 1 ? cycle((long)arg - 1) : FAILED;
}

/* A namespace, and in it the next: all share the memory, and each waits for the next. */
static int cycle(long depth)
{
	static long double stacks[DEPTH + 1][1024];
	int status;
	pid_t pid;

	if (!depth)
		return DONE;
	pid = clone(cycle_init, stacks[depth] + ARRAY_SIZE(stacks[depth]),
		    CLONE_VM | CLONE_VFORK | CLONE_NEWPID | SIGCHLD, (void *)depth);
	if (pid < 0)
		return errno == ENOSPC ? FULL : FAILED;
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : FAILED;
}

/*
 * How many namespaces are allowed depends on the machine's memory, and dead
 * ones are freed later: if there are too few, wait for that.
 */
static int cycle_when_there_is_room(void)
{
	int ret = FULL;

	return eventually((ret = cycle(DEPTH)) != FULL) ? ret : FULL;
}

/* Shrink the caches, then count. */
static void caches_count(long *active)
{
	int i;

	file_write("/proc/sys/vm/drop_caches", "2");
	for (i = 0; i < NR_CACHES; i++)
		active[i] = slab_active(caches[i]);
}

/* Whether a cache has grown. */
static bool caches_grown(const long *before, long *now)
{
	int i;

	caches_count(now);
	for (i = 0; i < NR_CACHES; i++)
		if (now[i] - before[i] > SLACK)
			return true;
	return false;
}

TEST_F_TIMEOUT(pidns, many_cycles_leave_nothing, STRESS_TIMEOUT)
{
	int cycles = count_for_kernel(_metadata, CYCLES), i;
	long before[NR_CACHES], now[NR_CACHES];
	struct kid kid;

	/* Here nobody else's namespaces are charged. */
	ASSERT_EQ(0, userns_enter());
	/* A level's cache is created with its first use. */
	ASSERT_EQ(DONE, cycle(DEPTH));
	caches_count(before);
	for (i = 0; i < NR_CACHES; i++)
		if (before[i] < 0)
			SKIP(return, "no %s line in /proc/slabinfo (boot with slab_nomerge)",
			     caches[i]);
	for (i = 1; i <= cycles; i++) {
		ASSERT_EQ(DONE, cycle_when_there_is_room()) {
			TH_LOG("cycle %d", i);
		}
		if (i % (cycles / 10) == 0)
			TH_LOG("%d of %d", i, cycles);
	}
	EXPECT_TRUE(eventually(!caches_grown(before, now)));
	for (i = 0; i < NR_CACHES; i++)
		TH_LOG("%s: %ld before, %ld after", caches[i], before[i], now[i]);
	/* None of the user's namespaces is left. */
	ASSERT_EQ(0, ns_limit("pid", 1));
	ASSERT_TRUE(eventually(!kid_hold(&kid, CLONE_NEWPID)));
	EXPECT_EQ(-ENOSPC, fork_flags(CLONE_NEWPID, NULL));
	kid_stop(&kid);
}

TEST_HARNESS_MAIN
