// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/slabinfo shows a cache for the pids of each level that was used, one
 * for PID namespaces, and one for nsproxies.
 */
#include "pidns_util.h"

#define CROWD 200

/* The objects in the cache for pids with @numbers numbers. */
static long pids_allocated(int numbers)
{
	char cache[16] = "pid";

	if (numbers > 1)
		snprintf(cache, sizeof(cache), "pid_%d", numbers);
	return slab_active(cache);
}

/*
 * The same, once it no longer shrinks: pids of exited processes are freed with
 * a delay.
 */
static long pids_settled(int numbers)
{
	long last, now = pids_allocated(numbers);

	do {
		last = now;
		usleep(200000);
		now = pids_allocated(numbers);
	} while (now < last);
	return now;
}

TEST_F_TIMEOUT(pidns, one_cache_per_level, NS_TIMEOUT)
{
	pid_t nrs[MAX_PID_NS_LEVEL + 1];
	int numbers, have, i;
	pid_t pid;

	if (slab_active("pid") < 0)
		SKIP(return, "slab caches are merged (boot with slab_nomerge)");
	if (!outer_proc_is_root())
		SKIP(return, "needs the /proc of the initial PID namespace");
	have = status_numbers(outer_proc, "self", "NSpid", nrs);
	ASSERT_LE(1, have);
	pid = fork_tids(0, NULL, 0);
	ASSERT_LE(0, pid);
	if (!pid) {
		ASSERT_EQ(0, pidns_descend(MAX_PID_NS_LEVEL + 1 - have));
		for (numbers = 1; numbers <= MAX_PID_NS_LEVEL + 1; numbers++) {
			/* Of the outer levels a process waits here. */
			EXPECT_LE(numbers < have ? 0 : 1, pids_allocated(numbers)) {
				TH_LOG("pids with %d numbers", numbers);
			}
		}
		EXPECT_EQ(-1, pids_allocated(MAX_PID_NS_LEVEL + 2));
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));

	/* The objects are pids: as many more pids, as many more objects. */
	EXPECT_TRUE(eventually(({
		long before = pids_settled(have), more;

		for (i = 0; i < CROWD; i++)
			ASSERT_LE(0, hold_fork());
		more = pids_allocated(have) - before;
		EXPECT_EQ(0, kill(-1, SIGKILL));
		while (wait(NULL) > 0)
			;
		more >= CROWD;
	})));
}

TEST_F_TIMEOUT(pidns, caches_of_namespaces_and_nsproxies, NS_TIMEOUT)
{
	if (slab_active("pid") < 0)
		SKIP(return, "slab caches are merged (boot with slab_nomerge)");
	EXPECT_LE(1, slab_active("pid_namespace"));
	EXPECT_LE(1, slab_active("nsproxy"));
}

TEST_HARNESS_MAIN
