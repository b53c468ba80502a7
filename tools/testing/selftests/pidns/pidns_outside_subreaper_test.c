// SPDX-License-Identifier: GPL-2.0
/*
 * A subreaper outside once adopted the tasks of a namespace into which a
 * process had forked a child after setns, and kept the dying namespace from its
 * end.
 */
#include "pidns_chain_util.h"

/* Start a chain whose link @into is in the box, below a subreaper. */
static struct chain *chain_into(struct kid *arena, int into, int length)
{
	struct chain *chain = shared_alloc(sizeof(*chain));

	if (!chain)
		return NULL;
	chain->length = length;
	chain->subreaper = BIT(1);
	chain->into = BIT(into);
	return chain_start(arena, chain) ? chain : NULL;
}

/* Such a parent dies: its child stays inside. */
TEST_F_TIMEOUT(pidns, adopts_no_task_of_live_namespace, NS_TIMEOUT)
{
	struct chain *chain;
	struct kid arena;
	pid_t box, sub;

	chain = chain_into(&arena, 2, 4);
	ASSERT_NE(0, !!chain);
	box = pid_from(arena.pid, chain->box);
	sub = chain_pid(&arena, chain, 1);
	ASSERT_TRUE(chain_cut(&arena, chain, 2));
	EXPECT_TRUE(eventually(READ_ONCE(chain->ppid) == 1));
	EXPECT_EQ(box, task_ppid(pid_from(box, chain->pid[3])));
	EXPECT_TRUE(task_rests(sub));
	kid_stop(&arena);
}

/*
 * The namespace dies: its subreaper outside has the one zombie that is its
 * child, and never that one's child.
 */
TEST_F_TIMEOUT(pidns, adopts_no_task_of_dead_namespace, NS_TIMEOUT)
{
	pid_t box, orphan, parent, sub;
	struct chain *chain;
	struct kid arena;
	int fd;

	chain = chain_into(&arena, 2, 4);
	ASSERT_NE(0, !!chain);
	box = pid_from(arena.pid, chain->box);
	fd = ns_open(box, L_PID);
	sub = chain_pid(&arena, chain, 1);
	parent = chain_pid(&arena, chain, 2);
	orphan = pid_from(box, chain->pid[3]);
	ASSERT_LT(0, orphan);
	ASSERT_EQ(0, kill(box, SIGKILL));
	/* The parent is a zombie of the subreaper, which does not reap it. */
	EXPECT_TRUE(eventually(task_state(parent) == 'Z'));
	EXPECT_EQ(sub, task_ppid(parent));
	/* The orphan went to the dying init, which reaped it at once. */
	EXPECT_TRUE(eventually(task_gone(orphan)));
	EXPECT_TRUE(eventually(in_last_wait(box)));
	EXPECT_TRUE(task_sleeps(box));
	EXPECT_EQ(-1, ioctl(fd, NS_GET_PID_FROM_PIDNS, chain->pid[3]));
	/* With the subreaper its zombie goes to the arena's init, which ignores it. */
	ASSERT_EQ(0, kill(sub, SIGKILL));
	EXPECT_TRUE(eventually(task_ppid(parent) == arena.pid));
	kill(arena.pid, SIGKILL);
	EXPECT_EQ(SIGKILL, wait_status(arena.pid));
	EXPECT_TRUE(task_gone(box));
	close(fd);
	kid_stop(&arena);
}

TEST_HARNESS_MAIN
