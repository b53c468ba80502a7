// SPDX-License-Identifier: GPL-2.0
/*
 * A process has a number in its own PID namespace and in each ancestor, and the
 * status files list them outermost first, beginning with the namespace of the
 * procfs.
 */
#include <pthread.h>

#include "pidns_util.h"

#define INNER 3			/* namespaces below the test's */
#define ALL (INNER + 1)

/* A process's numbers, in the test's namespace first, then further in. */
static const pid_t leaf_nrs[ALL] = { 73, 62, 51, 5 };

/* The numbers of the inits, in the order of clone3. */
static const pid_t init_nrs[INNER][ALL] = { { 1, 70 }, { 1, 60, 71 }, { 1, 50, 61, 72 } };

/* A procfs of each level, and the test's numbers in /proc. */
static int procs[ALL];
static int above;

/* The caller has one of @nrs at each level from the test's inwards, as @field shows. */
static void expect_numbers(struct __test_metadata *_metadata, const char *task,
			   const char *field, const pid_t *nrs)
{
	pid_t seen[MAX_PID_NS_LEVEL + 1];
	int from, i, nr;

	for (from = 0; from < ALL; from++) {
		nr = status_numbers(procs[from], task, field, seen);
		EXPECT_EQ(ALL - from, nr) {
			TH_LOG("%s from level %d", field, from);
		}
		for (i = 0; i < nr; i++) {
			EXPECT_EQ(nrs[from + i], seen[i]) {
				TH_LOG("%s from level %d: the number at %d", field, from, i);
			}
		}
	}
	/* Where the test was started, the outer levels are shown as well. */
	nr = status_numbers(outer_proc, task, field, seen);
	EXPECT_EQ(above + INNER, nr) {
		TH_LOG("%s from above", field);
	}
	for (i = 0; i < ALL && nr == above + INNER; i++)
		EXPECT_EQ(nrs[i], seen[above - 1 + i]);
}

/* The number in the name that a procfs has for the caller. */
static pid_t proc_self(int proc)
{
	char buf[32] = {};

	return readlinkat(proc, "self", buf, sizeof(buf) - 1) > 0 ? atoi(buf) : 0;
}

static void in_leaf(struct __test_metadata *_metadata)
{
	pid_t seen[MAX_PID_NS_LEVEL + 1];
	int i;

	expect_numbers(_metadata, "self", "NSpid", leaf_nrs);
	expect_numbers(_metadata, "self", "NStgid", leaf_nrs);
	for (i = 0; i < ALL; i++)
		EXPECT_EQ(leaf_nrs[i], proc_self(procs[i]));
	EXPECT_EQ(leaf_nrs[INNER], getpid());
	/* The outermost number is its name there. */
	EXPECT_LT(0, status_numbers(outer_proc, "self", "NSpid", seen));
	EXPECT_EQ(proc_self(outer_proc), seen[0]);
	EXPECT_LT(0, seen[0]);
}

static void *in_thread(void *arg)
{
	struct __test_metadata *_metadata = arg;
	pid_t tgid, nrs[ALL];
	char path[64];
	int i, nr;

	for (i = 0; i < ALL; i++) {
		memset(path, 0, sizeof(path));
		EXPECT_LT(0, readlinkat(procs[i], "thread-self", path, sizeof(path) - 1));
		nr = sscanf(path, "%d/task/%d", &tgid, &nrs[i]);
		EXPECT_EQ(2, nr);
		EXPECT_EQ(leaf_nrs[i], tgid);
	}
	EXPECT_EQ(gettid(), nrs[INNER]);
	EXPECT_NE(leaf_nrs[INNER], nrs[INNER]);
	expect_numbers(_metadata, "thread-self", "NSpid", nrs);
	expect_numbers(_metadata, "thread-self", "NStgid", leaf_nrs);
	return NULL;
}

static void in_leaf_thread(struct __test_metadata *_metadata)
{
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, in_thread, _metadata));
	ASSERT_EQ(0, pthread_join(thread, NULL));
}

static void in_leaf_groups(struct __test_metadata *_metadata)
{
	/* The first inner init leads the session, as seen from there and outwards. */
	static const pid_t inherited[ALL] = { 70, 1, 0, 0 };
	static const pid_t child_nrs[ALL] = { 74, 63, 52, 6 };
	pid_t pid;

	expect_numbers(_metadata, "self", "NSsid", inherited);
	expect_numbers(_metadata, "self", "NSpgid", inherited);
	EXPECT_EQ(0, getpgrp());
	EXPECT_EQ(0, getsid(0));

	ASSERT_EQ(0, setpgid(0, 0));
	expect_numbers(_metadata, "self", "NSpgid", leaf_nrs);
	expect_numbers(_metadata, "self", "NSsid", inherited);

	pid = fork_as(0, 6, 52, 63, 74);
	ASSERT_LE(0, pid);
	if (!pid) {
		expect_numbers(_metadata, "self", "NSpgid", leaf_nrs);
		EXPECT_EQ(6, setsid());
		expect_numbers(_metadata, "self", "NSpid", child_nrs);
		expect_numbers(_metadata, "self", "NSpgid", child_nrs);
		expect_numbers(_metadata, "self", "NSsid", child_nrs);
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
}

/* Create the three namespaces and run @fn in the innermost, not as an init. */
static void at_bottom(struct __test_metadata *_metadata,
		      void (*fn)(struct __test_metadata *_metadata))
{
	pid_t seen[MAX_PID_NS_LEVEL + 1], pid;
	int level;

	above = status_numbers(outer_proc, "self", "NSpid", seen);
	ASSERT_LT(1, above);
	procs[0] = procfs_open();
	ASSERT_LE(0, procs[0]);
	for (level = 1; level < ALL; level++) {
		pid = fork_tids(CLONE_NEWPID, init_nrs[level - 1], level + 1);
		ASSERT_LE(0, pid);
		if (pid) {
			ASSERT_EQ(0, wait_for_pid(pid));
			if (level > 1)
				_exit(EXIT_SUCCESS);
			return;
		}
		if (level == 1)
			EXPECT_EQ(1, setsid());
		procs[level] = procfs_open();
		ASSERT_LE(0, procs[level]);
	}
	pid = fork_as(0, 5, 51, 62, 73);
	ASSERT_LE(0, pid);
	if (!pid) {
		fn(_metadata);
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(5, pid);
	_exit(wait_for_pid(pid));
}

TEST_F_TIMEOUT(pidns, process_has_number_at_each_level, NS_TIMEOUT)
{
	at_bottom(_metadata, in_leaf);
}

TEST_F_TIMEOUT(pidns, thread_has_own_numbers, NS_TIMEOUT)
{
	at_bottom(_metadata, in_leaf_thread);
}

TEST_F_TIMEOUT(pidns, groups_and_sessions_at_each_level, NS_TIMEOUT)
{
	at_bottom(_metadata, in_leaf_groups);
}

/* In the initial namespace a process at depth 3 has four numbers. */
TEST_F_TIMEOUT(pidns, depth_3_has_4_numbers, NS_TIMEOUT)
{
	pid_t seen[MAX_PID_NS_LEVEL + 1];
	pid_t pid;

	if (!outer_proc_is_root())
		SKIP(return, "needs the /proc of the initial PID namespace");
	pid = fork_tids(0, NULL, 0);
	ASSERT_LE(0, pid);
	if (!pid) {
		ASSERT_EQ(0, pidns_descend(3 - 1));
		EXPECT_EQ(4, status_numbers(outer_proc, "self", "NSpid", seen));
		EXPECT_EQ(1, seen[3]);
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
}

TEST_HARNESS_MAIN
