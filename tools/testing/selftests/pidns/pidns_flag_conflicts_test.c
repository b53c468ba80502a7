// SPDX-License-Identifier: GPL-2.0
/*
 * With a namespace pending for its children, a task creates neither another
 * namespace nor threads; and CLONE_PARENT by an init is refused. All of that is
 * EINVAL.
 */
#include <pthread.h>

#include "pidns_util.h"

#define THREAD (CLONE_THREAD | CLONE_SIGHAND | CLONE_VM)

static int nothing(void *arg)
{
	return 0;
}

/*
 * A thread that exits at once. Its stack is free again when the kernel has
 * cleared its tid.
 */
static int try_thread(unsigned int flags)
{
	static long double stack[4096];
	static pid_t lives;
	pid_t tid;

	__atomic_store_n(&lives, 1, __ATOMIC_RELEASE);
	tid = clone(nothing, stack + ARRAY_SIZE(stack), THREAD | CLONE_CHILD_CLEARTID | flags,
		    NULL, NULL, NULL, &lives);
	if (tid < 0)
		return -errno;
	return eventually(!__atomic_load_n(&lives, __ATOMIC_ACQUIRE)) ? 0 : -ETIMEDOUT;
}

/* A child that exits at once. */
static int try_legacy(unsigned int flags)
{
	pid_t pid = clone_legacy(nothing, flags);

	return pid < 0 ? pid : -wait_for_pid(pid);
}

static int try_clone3(unsigned int flags)
{
	pid_t pid = fork_done(fork_flags(flags, NULL));

	return pid < 0 ? pid : 0;
}

static int try_pthread(void)
{
	pthread_t thread;
	int err = pthread_create(&thread, NULL, (void *(*)(void *))(void *)nothing, NULL);

	return err ? -err : -pthread_join(thread, NULL);
}

/* What a task with a pending namespace may not do, and may. */
static void expect_pending(struct __test_metadata *_metadata)
{
	struct nsids before;

	ASSERT_TRUE(ns_read(0, &before));
	EXPECT_EQ(-EINVAL, try_clone3(CLONE_NEWPID));
	EXPECT_EQ(-EINVAL, try_clone3(CLONE_NEWPID | CLONE_NEWUSER));
	EXPECT_EQ(-EINVAL, try_clone3(CHEAP_NS));
	EXPECT_EQ(-EINVAL, try_legacy(CLONE_NEWPID));
	EXPECT_EQ(-EINVAL, try_legacy(CLONE_NEWPID | CLONE_VM | CLONE_VFORK));
	EXPECT_EQ(-1, unshare(CLONE_NEWPID));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, unshare(CHEAP_NS));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-EINVAL, try_thread(0));
	EXPECT_EQ(-EINVAL, try_pthread());
	EXPECT_EQ(0, ns_moved(&before));
}

TEST_F_TIMEOUT(pidns, pending_after_unshare, NS_TIMEOUT)
{
	struct kid init;
	int fd = ns_open(0, L_PID);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, try_thread(0));
	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	expect_pending(_metadata);
	ASSERT_EQ(0, kid_hold(&init, 0));
	expect_pending(_metadata);
	/* Children that are no threads may be created. */
	EXPECT_EQ(0, try_clone3(0));
	EXPECT_EQ(0, try_legacy(CLONE_VM | CLONE_VFORK));
	EXPECT_EQ(0, try_clone3(CHEAP_NS & ~CLONE_NEWPID));
	kid_stop(&init);
	/* With its init gone it is still pending. */
	expect_pending(_metadata);

	/* After joining the active one again, all is as before. */
	ASSERT_EQ(0, setns(fd, CLONE_NEWPID));
	EXPECT_EQ(0, try_clone3(CLONE_NEWPID));
	EXPECT_EQ(0, try_thread(0));
	EXPECT_EQ(0, try_pthread());
	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	expect_pending(_metadata);
}

TEST_F_TIMEOUT(pidns, pending_after_setns, NS_TIMEOUT)
{
	struct kid kid;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	ASSERT_EQ(0, setns(kid.pidfd, CLONE_NEWPID));
	expect_pending(_metadata);
	EXPECT_EQ(0, try_clone3(0));
	kid_stop(&kid);
}

/* In the namespace itself nothing is pending. */
TEST_F_TIMEOUT(pidns, children_have_none_pending, NS_TIMEOUT)
{
	pid_t pid;

	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	pid = fork_tids(0, NULL, 0);
	ASSERT_LE(0, pid);
	if (!pid) {
		EXPECT_EQ(0, try_thread(0));
		EXPECT_EQ(0, try_clone3(CLONE_NEWPID));
		EXPECT_EQ(0, unshare(CLONE_NEWPID));
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
}

TEST_F_TIMEOUT(pidns, thread_with_new_namespace_is_einval, NS_TIMEOUT)
{
	struct nsids before;

	ASSERT_TRUE(ns_read(0, &before));
	EXPECT_EQ(0, try_thread(0));
	EXPECT_EQ(-EINVAL, try_thread(CLONE_NEWPID));
	EXPECT_EQ(-EINVAL, try_thread(CLONE_NEWUSER));
	EXPECT_EQ(-EINVAL, try_thread(CLONE_NEWPID | CLONE_NEWUSER));
	EXPECT_EQ(0, ns_moved(&before));
	/* This is checked before the capability. */
	ASSERT_EQ(0, cap_drop(CAP_SYS_ADMIN));
	EXPECT_EQ(-EINVAL, try_thread(CLONE_NEWPID));
	EXPECT_EQ(-EPERM, try_clone3(CLONE_NEWPID));
}

/* The number of a sibling, which exits at once; the parent reaps it. */
static pid_t try_sibling(bool legacy)
{
	struct __clone_args args = { .flags = CLONE_PARENT };
	pid_t pid;

	if (legacy)
		return clone_legacy(nothing, CLONE_PARENT);
	pid = sys_clone3(&args, sizeof(args));
	if (!pid)
		_exit(EXIT_SUCCESS);
	return pid < 0 ? -errno : pid;
}

static void *sibling_of_thread(void *arg)
{
	return (void *)(long)try_sibling(true);
}

TEST_F_TIMEOUT(pidns, clone_parent_by_init_is_einval, NS_TIMEOUT)
{
	pthread_t thread;
	void *ret;

	EXPECT_EQ(-EINVAL, try_sibling(false));
	EXPECT_EQ(-EINVAL, try_sibling(true));
	/* Nor by its threads. */
	ASSERT_EQ(0, pthread_create(&thread, NULL, sibling_of_thread, NULL));
	ASSERT_EQ(0, pthread_join(thread, &ret));
	EXPECT_EQ(-EINVAL, (long)ret);
	/* Nor with a new namespace. */
	EXPECT_EQ(-EINVAL, try_legacy(CLONE_PARENT | CLONE_NEWPID));
	/* No namespace has changed: the next child is in the init's. */
	EXPECT_EQ(3, try_fork());
}

TEST_F_TIMEOUT(pidns, clone_parent_by_others_succeeds, NS_TIMEOUT)
{
	pid_t pid, sibling;
	int legacy;

	for (legacy = 0; legacy < 2; legacy++) {
		pid = fork_tids(0, NULL, 0);
		ASSERT_LE(0, pid);
		if (!pid) {
			sibling = try_sibling(legacy);
			EXPECT_LT(0, sibling);
			_exit(sibling > 0 ? sibling : 0);
		}
		sibling = wait_for_pid(pid);
		EXPECT_EQ(pid + 1, sibling);
		/* This process reaps them. */
		EXPECT_EQ(sibling, waitpid(sibling, NULL, __WALL));
	}
}

/* The same for an init after unshare. */
TEST_F_TIMEOUT(pidns, clone_parent_by_unshared_init_is_einval, NS_TIMEOUT)
{
	pid_t pid = fork_tids(0, NULL, 0);

	ASSERT_LE(0, pid);
	if (!pid) {
		ASSERT_EQ(0, unshare(CLONE_NEWPID));
		pid = fork_flags(0, NULL);
		if (!pid) {
			/* As an init it may not. */
			EXPECT_EQ(-EINVAL, try_sibling(true));
			_exit(EXIT_SUCCESS);
		}
		_exit(wait_for_pid(pid));
	}
	EXPECT_EQ(0, wait_for_pid(pid));
}

TEST_HARNESS_MAIN
