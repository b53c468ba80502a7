// SPDX-License-Identifier: GPL-2.0
/*
 * A process of a nested namespace has several numbers. If memory for one of
 * them is lacking, none is allocated at any level.
 */
#include "pidns_util.h"
#include "fault_util.h"

/* The innermost of so many namespaces forks with all of their numbers. */
#define INNER 4			/* namespaces below the test's */
#define ALL (INNER + 1)
#define DEEPEST MAX_PID_NS_LEVEL

static int all = ALL;

/* So far apart that each needs IDR nodes of its own. */
#define FAR(i) (1000000 + 5000 * (i))

/* A multiple of the numbers in a leaf of an IDR; another leaf for each @i. */
#define LEAF(i) (64 * (1000 + 100 * (i)))

/* A CPU's preload has some twenty nodes, of which a fork uses one or two. */
#define TRIES 10000

static int op_fork(void *arg)
{
	pid_t pid = fork_done(fork_tids(0, arg, all));

	return pid < 0 ? pid : 0;
}

/* Fail each allocation alone. */
static void one_by_one(struct __test_metadata *_metadata)
{
	pid_t nrs[DEEPEST];
	struct shot shot;
	int nth, i, failed = 0, last;

	for (nth = 1; ; nth++) {
		for (i = 0; i < all; i++)
			nrs[i] = FAR(nth + 10 * i);
		last = last_pid();
		ASSERT_TRUE(fault_shot(op_fork, nrs, nth, &shot));
		/* Only the forking child has moved it. */
		EXPECT_EQ(last + 1, last_pid());
		if (shot.left)
			break;
		if (shot.err) {
			failed++;
			EXPECT_EQ(-ENOMEM, shot.err);
		}
		EXPECT_EQ(0, op_fork(nrs)) {
			TH_LOG("allocation %d leaked numbers", nth);
		}
	}
	EXPECT_EQ(0, shot.err);
	EXPECT_LT(0, failed);
	TH_LOG("%d allocations, %d fatal", nth - 1, failed);
}

/*
 * Fail all allocations where @level needs a node. Each CPU has preloaded nodes,
 * which every fork refills if it can, also those of other tasks: so fork
 * without memory until they are used up.
 */
static void at_level(struct __test_metadata *_metadata, int level)
{
	struct kid kid;
	pid_t nrs[DEEPEST];
	int i, err = 0;

	for (i = 0; i < all; i++)
		nrs[i] = 40 + i;
	ASSERT_LE(0, kid_start(&kid, 0));
	if (!kid.pid) {
		err = fault_always(true);
		for (i = 0; i < TRIES && !err; i++) {
			nrs[level] = FAR(i % 100);
			err = op_fork(nrs);
		}
		fault_always(false);
		kid_tell(&kid, err);
		kid_tell(&kid, nrs[level]);
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(-ENOMEM, kid_hear(&kid)) {
		TH_LOG("level %d", level);
	}
	nrs[level] = kid_hear(&kid);
	kid_stop(&kid);
	/* Nothing is left of it at any level. */
	EXPECT_EQ(0, op_fork(nrs)) {
		TH_LOG("level %d leaked numbers", level);
	}
}

static void level_by_level(struct __test_metadata *_metadata)
{
	int level;

	fault_numbers_only(false);
	ASSERT_TRUE(fault_trees_only(true));
	for (level = 0; level < all; level++)
		at_level(_metadata, level);
}

/*
 * Run @fn as the init of the innermost namespace. All of them must exit
 * afterwards: a zap would wait for a number that is counted but lost.
 */
static void at_bottom(struct __test_metadata *_metadata,
		      void (*fn)(struct __test_metadata *_metadata))
{
	const char *lacking = fault_setup();
	char cache[16];
	struct kid kid;
	long before;
	pid_t pid;

	if (lacking)
		SKIP(return, "%s", lacking);
	/* Nodes preloaded on one CPU are of no use on another: stay on this one. */
	ASSERT_EQ(0, cpu_stay());

	pid = fork_tids(0, NULL, 0);
	if (!pid)
		_exit(pidns_descend(all - 1) ? EXIT_FAILURE : EXIT_SUCCESS);
	ASSERT_EQ(0, wait_for_pid(pid));
	if (!fault_numbers_only(true))
		FAULT_SKIP(return, "slab caches are merged (boot with slab_nomerge)");
	snprintf(cache, sizeof(cache), "pid_%d", all + 1);
	before = slab_active(cache);
	if (before < 0)
		FAULT_SKIP(return, "no %s line in /proc/slabinfo (boot with slab_nomerge)", cache);
	ASSERT_LE(0, kid_start(&kid, 0));
	if (!kid.pid) {
		ASSERT_EQ(0, pidns_descend(all - 1));
		fn(_metadata);
		kid_tell(&kid, 0);
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, kid_hear(&kid));
	EXPECT_TRUE(eventually(waitpid(kid.pid, NULL, WNOHANG) == kid.pid));
	fault_teardown();
	EXPECT_TRUE(eventually(slab_active(cache) - before < 10)) {
		TH_LOG("%s: from %ld to %ld objects", cache, before, slab_active(cache));
	}
}

TEST_F_TIMEOUT(pidns, each_allocation_fails_in_turn, NS_TIMEOUT)
{
	at_bottom(_metadata, one_by_one);
}

TEST_F_TIMEOUT(pidns, each_allocation_fails_in_turn_at_depth_32, NS_TIMEOUT)
{
	if (!outer_proc_is_root())
		SKIP(return, "needs to start in the initial PID namespace");
	all = DEEPEST;
	at_bottom(_metadata, one_by_one);
}

TEST_F_TIMEOUT(pidns, no_node_at_each_level, NS_TIMEOUT)
{
	at_bottom(_metadata, level_by_level);
}

/* Use up the preloaded nodes of this CPU, which would hide a missing one. */
static void store_drain(void)
{
	int i, err = fault_always(true);

	for (i = 0; i < TRIES && err >= 0; i++)
		err = try_as(FAR(i % 100));
	fault_always(false);
}

static int op_any(void *arg)
{
	pid_t pid = try_fork();

	return pid < 0 ? pid : 0;
}

/* Fork with failing allocations as the parent says, and report what was left. */
static void shoot(struct __test_metadata *_metadata, const struct kid *kid)
{
	struct shot shot;
	int nth, before;

	while ((nth = kid_hear(kid)) > 0) {
		store_drain();
		kid_tell(kid, 0);
		kid_hear(kid);
		before = last_pid();
		ASSERT_TRUE(fault_shot(op_any, NULL, nth, &shot));
		EXPECT_EQ(0, shot.err);
		/* The forking child had the first. */
		EXPECT_EQ(before + 2, last_pid()) {
			TH_LOG("allocation %d", nth);
		}
		kid_tell(kid, shot.left);
	}
}

/* A failed node in an ancestor, where a leaf is full, skips no number here. */
TEST_F_TIMEOUT(pidns, failed_node_allocation_skips_no_number, NS_TIMEOUT)
{
	const char *lacking = fault_setup();
	int nth = 0, left;
	struct kid kid;

	if (lacking)
		SKIP(return, "%s", lacking);
	/* Nodes preloaded on one CPU are of no use on another: stay on this one. */
	ASSERT_EQ(0, cpu_stay());
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		shoot(_metadata, &kid);
		_exit(EXIT_SUCCESS);
	}
	if (!fault_trees_only(true))
		FAULT_SKIP(return, "slab caches are merged (boot with slab_nomerge)");
	do {
		kid_tell(&kid, ++nth);
		kid_hear(&kid);
		/* One for the forking child, and then the next leaf. */
		ASSERT_EQ(0, last_pid_set(LEAF(nth) - 2));
		kid_tell(&kid, 0);
		left = kid_hear(&kid);
	} while (!left);
	EXPECT_LT(1, nth);
	EXPECT_LT(0, left);
	kid_tell(&kid, 0);
	EXPECT_EQ(0, wait_for_pid(kid.pid));
	fault_teardown();
}

TEST_HARNESS_MAIN
