// SPDX-License-Identifier: GPL-2.0
/*
 * Who becomes the father of an orphan: a subreaper at the level of the dead
 * father, or else the init of the dead father's namespace, which need not be
 * the orphan's own.
 */
#include "pidns_chain_util.h"

/* The father whom the last of the line sees. */
static void expect_father(struct __test_metadata *_metadata, struct chain *chain, pid_t father)
{
	EXPECT_TRUE(eventually(READ_ONCE(chain->ppid) == father)) {
		TH_LOG("it went to %d, not to %d", chain->ppid, father);
	}
}

/* The father whom /proc tells of, in the numbers of the test. */
static void expect_father_of(struct __test_metadata *_metadata, pid_t pid, pid_t father)
{
	EXPECT_TRUE(eventually(task_ppid(pid) == father)) {
		TH_LOG("it went to %d, not to %d", task_ppid(pid), father);
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
	expect_father(_metadata, chain, 1);
	/* Not the grandfather, who lives. */
	EXPECT_TRUE(task_rests(chain_pid(&arena, chain, 1)));
	kid_stop(&arena);
}

/* The nearest that is one and lives, then the next above, at last the init. */
TEST_F_TIMEOUT(pidns, to_nearest_subreaper, NS_TIMEOUT)
{
	struct chain *chain = chain_new(6);
	struct kid arena;

	ASSERT_NE(0, !!chain);
	chain->subreaper = BIT(1) | BIT(3);
	ASSERT_TRUE(chain_start(&arena, chain));
	ASSERT_TRUE(chain_cut(&arena, chain, 4));
	expect_father(_metadata, chain, chain->pid[3]);
	ASSERT_TRUE(chain_cut(&arena, chain, 3));
	expect_father(_metadata, chain, chain->pid[1]);
	ASSERT_TRUE(chain_cut(&arena, chain, 1));
	expect_father(_metadata, chain, 1);
	kid_stop(&arena);
}

/* Those who were there before it became one belong to it as well. */
TEST_F_TIMEOUT(pidns, to_late_subreaper, NS_TIMEOUT)
{
	struct chain *chain = chain_new(5);
	struct kid arena;

	ASSERT_NE(0, !!chain);
	chain->late = BIT(1);
	ASSERT_TRUE(chain_start(&arena, chain));
	ASSERT_TRUE(chain_cut(&arena, chain, 3));
	expect_father(_metadata, chain, chain->pid[1]);
	kid_stop(&arena);
}

/* A subreaper outside is none for those whose father was inside. */
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
	expect_father(_metadata, chain, 1);
	EXPECT_EQ(init, task_ppid(orphan));
	kid_stop(&arena);
}

/*
 * The last of four is in another namespace than its father, who dies: it goes to
 * the subreaper, if there is one, or to the init around.
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
	expect_father_of(_metadata, orphan,
			 chain->subreaper ? chain_pid(&arena, chain, 1) : arena.pid);
	EXPECT_EQ(0, READ_ONCE(chain->ppid));
	kid_stop(&arena);
}

/* The init of a namespace goes outside, as any child of its father does. */
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

/* Whom nsenter has put inside goes outside, where its father was. */
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

/* But its own child goes to the init inside, past a subreaper outside. */
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
	expect_father(_metadata, chain, 1);
	EXPECT_EQ(pid_from(arena.pid, chain->box), task_ppid(orphan));
	kid_stop(&arena);
}

TEST_HARNESS_MAIN
