// SPDX-License-Identifier: GPL-2.0
/*
 * Who enters a new PID namespace: the child of clone; after unshare the
 * children alone, and only the first of them becomes PID 1.
 */
#include <pthread.h>

#include "pidns_util.h"

/* For clone(2): whether the child is the init of a namespace. */
static int not_init(void *arg)
{
	return !(getpid() == 1 && gettid() == 1 && getppid() == 0);
}

static const unsigned int legacy_flags[] = {
	CLONE_NEWPID,
	CLONE_NEWPID | CLONE_FILES | CLONE_FS,
	CLONE_NEWPID | CLONE_VM | CLONE_VFORK,
};

TEST_F_TIMEOUT(pidns, clone_child_is_init, NS_TIMEOUT)
{
	pid_t pid;
	int i;

	for (i = 0; i < ARRAY_SIZE(legacy_flags); i++) {
		pid = clone_legacy(not_init, legacy_flags[i]);
		EXPECT_EQ(2 + i, pid);
		EXPECT_EQ(0, wait_for_pid(pid)) {
			TH_LOG("flags %#x", legacy_flags[i]);
		}
	}
}

TEST_F_TIMEOUT(pidns, clone3_child_is_init, NS_TIMEOUT)
{
	struct nsids mine, its;
	struct kid kid;

	ASSERT_TRUE(ns_read(0, &mine));
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		EXPECT_EQ(0, not_init(NULL));
		kid_rest(&kid);
	}
	EXPECT_EQ(2, kid.pid);
	ASSERT_EQ(0, kid_hear(&kid));
	/* The child is in it, with its own children; the caller has not moved. */
	ASSERT_TRUE(ns_read(kid.pid, &its));
	EXPECT_EQ(BIT(L_PID) | BIT(L_PID_CHILDREN), ns_diff(&mine, &its));
	EXPECT_EQ(its.id[L_PID], its.id[L_PID_CHILDREN]);
	EXPECT_EQ(0, ns_moved(&mine));
	kid_stop(&kid);
}

/* What a process that unshared sees of itself and of its children. */
static void unshare_and_fork(struct __test_metadata *_metadata, pid_t self)
{
	struct nsids before, after;
	struct kid first;
	pid_t pid;

	ASSERT_TRUE(ns_read(0, &before));
	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	ASSERT_TRUE(ns_read(0, &after));
	EXPECT_EQ(BIT(L_PID_CHILDREN), ns_diff(&before, &after));
	EXPECT_EQ(self, getpid());
	EXPECT_EQ(self, gettid());

	ASSERT_LE(0, kid_start(&first, 0));
	if (!first.pid) {
		EXPECT_EQ(0, not_init(NULL));
		EXPECT_EQ(after.id[L_PID_CHILDREN], ns_id(0, L_PID));
		EXPECT_EQ(after.id[L_PID_CHILDREN], ns_id(0, L_PID_CHILDREN));
		kid_rest(&first);
	}
	ASSERT_EQ(0, kid_hear(&first));

	/* The second is one among others, its parent is invisible. */
	pid = fork_tids(0, NULL, 0);
	ASSERT_LE(0, pid);
	if (!pid) {
		EXPECT_EQ(2, getpid());
		EXPECT_EQ(0, getppid());
		EXPECT_EQ(after.id[L_PID_CHILDREN], ns_id(0, L_PID));
		pid = fork_tids(0, NULL, 0);
		if (!pid) {
			EXPECT_EQ(3, getpid());
			EXPECT_EQ(2, getppid());
			_exit(EXIT_SUCCESS);
		}
		_exit(pid == 3 ? wait_for_pid(pid) : EXIT_FAILURE);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
	EXPECT_EQ(self, getpid());
	kid_stop(&first);
}

TEST_F_TIMEOUT(pidns, unshare_affects_children_only, NS_TIMEOUT)
{
	pid_t pid = fork_as(0, 77);

	ASSERT_LE(0, pid);
	if (!pid) {
		unshare_and_fork(_metadata, 77);
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
}

/* The init of a namespace unshares another one in it. */
TEST_F_TIMEOUT(pidns, unshare_nests, NS_TIMEOUT)
{
	pid_t pid;

	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	pid = fork_tids(0, NULL, 0);
	ASSERT_LE(0, pid);
	if (!pid) {
		EXPECT_EQ(0, not_init(NULL));
		unshare_and_fork(_metadata, 1);
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
}

/* A namespace made by unshare can be joined before it has a process. */
TEST_F_TIMEOUT(pidns, first_child_of_joined_task_is_init, NS_TIMEOUT)
{
	struct kid maker;
	pid_t pid;
	int fd;

	ASSERT_LE(0, kid_start(&maker, 0));
	if (!maker.pid) {
		ASSERT_EQ(0, unshare(CLONE_NEWPID));
		kid_rest(&maker);
	}
	ASSERT_EQ(0, kid_hear(&maker));
	fd = ns_open(maker.pid, L_PID_CHILDREN);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, setns(fd, CLONE_NEWPID));
	pid = fork_tids(0, NULL, 0);
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(not_init(NULL));
	EXPECT_EQ(0, wait_for_pid(pid));
	kid_stop(&maker);
}

static void *unshare_in_thread(void *arg)
{
	pid_t pid;

	if (unshare(CLONE_NEWPID))
		return "unshare failed";
	pid = fork_tids(0, NULL, 0);
	if (!pid)
		_exit(not_init(NULL));
	return pid < 0 || wait_for_pid(pid) ? "the thread's child is not PID 1" : NULL;
}

/* unshare affects the calling thread, not its process. */
TEST_F_TIMEOUT(pidns, unshare_affects_calling_thread_only, NS_TIMEOUT)
{
	struct nsids before;
	pthread_t thread;
	void *trouble;
	pid_t pid;

	ASSERT_TRUE(ns_read(0, &before));
	ASSERT_EQ(0, pthread_create(&thread, NULL, unshare_in_thread, NULL));
	ASSERT_EQ(0, pthread_join(thread, &trouble));
	EXPECT_EQ(NULL, trouble) {
		TH_LOG("%s", (char *)trouble);
	}
	EXPECT_EQ(0, ns_moved(&before));
	/* 2 was the thread, 3 its child. */
	pid = fork_tids(0, NULL, 0);
	if (!pid) {
		EXPECT_EQ(4, getpid());
		EXPECT_EQ(1, getppid());
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(4, pid);
	EXPECT_EQ(0, wait_for_pid(pid));
}

TEST_HARNESS_MAIN
