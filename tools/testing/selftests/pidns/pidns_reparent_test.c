// SPDX-License-Identifier: GPL-2.0
/*
 * The new parent of an orphan: a subreaper at the dead parent's level, or else
 * the init of the dead parent's namespace, which need not be that of the
 * orphan.
 */
#include "pidns_chain_util.h"

/* The parent that the last link of the chain sees. */
static void expect_parent(struct __test_metadata *_metadata, struct chain *chain, pid_t parent)
{
	EXPECT_TRUE(eventually(READ_ONCE(chain->ppid) == parent)) {
		TH_LOG("reparented to %d, not to %d", chain->ppid, parent);
	}
}

/* The parent that /proc shows, in the test's numbers. */
static void expect_parent_of(struct __test_metadata *_metadata, pid_t pid, pid_t parent)
{
	EXPECT_TRUE(eventually(task_ppid(pid) == parent)) {
		TH_LOG("reparented to %d, not to %d", task_ppid(pid), parent);
	}
}

static struct chain *chain_new(int length)
{
	struct chain *chain = shared_alloc(sizeof(*chain));

	if (chain)
		chain->length = length;
	return chain;
}

TEST_F_TIMEOUT(pidns, to_init_of_the_namespace, NS_TIMEOUT)
{
	struct chain *chain = chain_new(4);
	struct kid arena;

	ASSERT_NE(0, !!chain);
	ASSERT_TRUE(chain_start(&arena, chain));
	EXPECT_EQ(chain->pid[2], READ_ONCE(chain->ppid));
	ASSERT_TRUE(chain_cut(&arena, chain, 2));
	expect_parent(_metadata, chain, 1);
	/* Not the grandparent, which lives. */
	EXPECT_TRUE(task_rests(chain_pid(&arena, chain, 1)));
	kid_stop(&arena);
}

/* The nearest live subreaper, then the next one above, at last the init. */
TEST_F_TIMEOUT(pidns, to_nearest_subreaper, NS_TIMEOUT)
{
	struct chain *chain = chain_new(6);
	struct kid arena;

	ASSERT_NE(0, !!chain);
	chain->subreaper = BIT(1) | BIT(3);
	ASSERT_TRUE(chain_start(&arena, chain));
	ASSERT_TRUE(chain_cut(&arena, chain, 4));
	expect_parent(_metadata, chain, chain->pid[3]);
	ASSERT_TRUE(chain_cut(&arena, chain, 3));
	expect_parent(_metadata, chain, chain->pid[1]);
	ASSERT_TRUE(chain_cut(&arena, chain, 1));
	expect_parent(_metadata, chain, 1);
	kid_stop(&arena);
}

/* Descendants from before it became a subreaper are adopted as well. */
TEST_F_TIMEOUT(pidns, to_late_subreaper, NS_TIMEOUT)
{
	struct chain *chain = chain_new(5);
	struct kid arena;

	ASSERT_NE(0, !!chain);
	chain->late = BIT(1);
	ASSERT_TRUE(chain_start(&arena, chain));
	ASSERT_TRUE(chain_cut(&arena, chain, 3));
	expect_parent(_metadata, chain, chain->pid[1]);
	kid_stop(&arena);
}

/* A subreaper outside does not adopt those whose parent was inside. */
TEST_F_TIMEOUT(pidns, not_to_subreaper_outside, NS_TIMEOUT)
{
	struct chain *chain = chain_new(5);
	pid_t init, orphan;
	struct kid arena;

	ASSERT_NE(0, !!chain);
	chain->subreaper = BIT(1);
	chain->newpid = BIT(2);
	ASSERT_TRUE(chain_start(&arena, chain));
	init = chain_pid(&arena, chain, 2);
	orphan = pid_from(init, chain->pid[4]);
	EXPECT_EQ(chain->pid[3], READ_ONCE(chain->ppid));
	ASSERT_EQ(0, kill(pid_from(init, chain->pid[3]), SIGKILL));
	expect_parent(_metadata, chain, 1);
	EXPECT_EQ(init, task_ppid(orphan));
	kid_stop(&arena);
}

/*
 * The last of four is in another namespace than its parent, which dies: the
 * subreaper adopts it, if there is one, else the init of the outer namespace.
 */
static void expect_to_go_outside(struct __test_metadata *_metadata, struct chain what)
{
	struct chain *chain = chain_new(0);
	struct kid arena;
	pid_t orphan;

	ASSERT_NE(0, !!chain);
	*chain = what;
	ASSERT_TRUE(chain_start(&arena, chain));
	orphan = chain_pid(&arena, chain, 3);
	EXPECT_NE(ns_id(arena.pid, L_PID), ns_id(orphan, L_PID));
	if (chain->into)
		EXPECT_EQ(ns_id(pid_from(arena.pid, chain->box), L_PID), ns_id(orphan, L_PID));
	EXPECT_EQ(chain_pid(&arena, chain, 2), task_ppid(orphan));
	ASSERT_TRUE(chain_cut(&arena, chain, 2));
	expect_parent_of(_metadata, orphan,
			 chain->subreaper ? chain_pid(&arena, chain, 1) : arena.pid);
	EXPECT_EQ(0, READ_ONCE(chain->ppid));
	kid_stop(&arena);
}

/* The init of a namespace goes outside, like any child of its parent. */
TEST_F_TIMEOUT(pidns, init_goes_outside, NS_TIMEOUT)
{
	expect_to_go_outside(_metadata, (struct chain){ .length = 4, .newpid = BIT(3) });
}

TEST_F_TIMEOUT(pidns, init_goes_to_subreaper, NS_TIMEOUT)
{
	expect_to_go_outside(_metadata, (struct chain){
		.length = 4, .newpid = BIT(3), .subreaper = BIT(1),
	});
}

/* A task that setns has put inside goes outside, where its parent was. */
TEST_F_TIMEOUT(pidns, joined_task_goes_outside, NS_TIMEOUT)
{
	expect_to_go_outside(_metadata, (struct chain){ .length = 4, .into = BIT(3) });
}

TEST_F_TIMEOUT(pidns, joined_task_goes_to_subreaper, NS_TIMEOUT)
{
	expect_to_go_outside(_metadata, (struct chain){
		.length = 4, .into = BIT(3), .subreaper = BIT(1),
	});
}

/* But its own child goes to the init inside, not to a subreaper outside. */
TEST_F_TIMEOUT(pidns, child_of_joined_task_stays_inside, NS_TIMEOUT)
{
	struct chain *chain = chain_new(4);
	struct kid arena;
	pid_t orphan;

	ASSERT_NE(0, !!chain);
	chain->subreaper = BIT(1);
	chain->into = BIT(2);
	ASSERT_TRUE(chain_start(&arena, chain));
	orphan = pid_from(pid_from(arena.pid, chain->box), chain->pid[3]);
	EXPECT_EQ(2, READ_ONCE(chain->ppid));
	ASSERT_TRUE(chain_cut(&arena, chain, 2));
	expect_parent(_metadata, chain, 1);
	EXPECT_EQ(pid_from(arena.pid, chain->box), task_ppid(orphan));
	kid_stop(&arena);
}

TEST_HARNESS_MAIN
