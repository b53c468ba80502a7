// SPDX-License-Identifier: GPL-2.0
/*
 * A PID namespace may be created by the user namespace that owns the parent PID
 * namespace, or by a descendant of that; for all others it is EINVAL.
 */
#include "pidns_util.h"

static int nothing(void *arg)
{
	return 0;
}

static int try_clone(unsigned int flags)
{
	pid_t pid = fork_done(fork_flags(flags, NULL));

	return pid < 0 ? pid : 0;
}

static int try_legacy(unsigned int flags)
{
	pid_t pid = clone_legacy(nothing, flags);

	return pid < 0 ? pid : -wait_for_pid(pid);
}

static int try_unshare(unsigned int flags)
{
	pid_t pid = fork();

	if (!pid)
		_exit(unshare(flags) ? errno : 0);
	return -wait_for_pid(pid);
}

/* The same error for all ways to create one. */
static void expect_new(struct __test_metadata *_metadata, int err, unsigned int more)
{
	EXPECT_EQ(err, try_clone(CLONE_NEWPID | more));
	EXPECT_EQ(err, try_legacy(CLONE_NEWPID | more));
	EXPECT_EQ(err, try_unshare(CLONE_NEWPID | more));
}

/* The number of a pidfd's process for the caller. */
static pid_t pidfd_number(int pidfd)
{
	struct pidfd_info info = { .mask = PIDFD_INFO_PID };

	return ioctl(pidfd, PIDFD_GET_INFO, &info) ? -errno : (pid_t)info.pid;
}

/* Run @fn in a child inside the PID namespace of @pid, in an outside user namespace. */
static void inside(struct __test_metadata *_metadata, pid_t pid,
		   void (*fn)(struct __test_metadata *_metadata, int user), int user)
{
	int fd = ns_open(pid, L_PID);
	pid_t helper, child;

	ASSERT_LE(0, fd);
	helper = fork_tids(0, NULL, 0);
	ASSERT_LE(0, helper);
	if (!helper) {
		ASSERT_EQ(0, setns(fd, CLONE_NEWPID));
		child = fork_tids(0, NULL, 0);
		ASSERT_LE(0, child);
		if (!child) {
			fn(_metadata, user);
			_exit(EXIT_SUCCESS);
		}
		_exit(wait_for_pid(child));
	}
	EXPECT_EQ(0, wait_for_pid(helper));
	close(fd);
}

/* An owner counts as a descendant of itself. */
TEST_F_TIMEOUT(pidns, owner_may_create, NS_TIMEOUT)
{
	pid_t pid;

	expect_new(_metadata, 0, 0);
	pid = fork_tids(CLONE_NEWUSER | CLONE_NEWPID, NULL, 0);
	ASSERT_LE(0, pid);
	if (!pid) {
		expect_new(_metadata, 0, 0);
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
}

/* The rootless container: a user namespace, and in it a PID namespace. */
static void rootless(struct __test_metadata *_metadata, int deeper)
{
	pid_t pid;

	EXPECT_EQ(0, userns_enter());
	expect_new(_metadata, 0, 0);
	/* By a grandchild of the parent's owner. */
	expect_new(_metadata, 0, CLONE_NEWUSER);
	if (!deeper)
		return;
	pid = fork_tids(CLONE_NEWPID, NULL, 0);
	ASSERT_LE(0, pid);
	if (!pid) {
		rootless(_metadata, deeper - 1);
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
}

TEST_F_TIMEOUT(pidns, descendant_may_create, NS_TIMEOUT)
{
	expect_new(_metadata, 0, CLONE_NEWUSER);
	rootless(_metadata, 3);
}

static void from_above(struct __test_metadata *_metadata, int user)
{
	struct nsids before;

	ASSERT_TRUE(ns_read(0, &before));
	expect_new(_metadata, -EINVAL, 0);
	/* A new user namespace would be a sibling of the owner. */
	expect_new(_metadata, -EINVAL, CLONE_NEWUSER);
	expect_new(_metadata, -EINVAL, CHEAP_NS);
	EXPECT_EQ(0, ns_moved(&before));

	/* As the owner it may. */
	ASSERT_EQ(0, setns(user, CLONE_NEWUSER));
	expect_new(_metadata, 0, 0);
	expect_new(_metadata, 0, CLONE_NEWUSER);
}

TEST_F_TIMEOUT(pidns, ancestor_is_einval, NS_TIMEOUT)
{
	struct kid owner;
	char path[32];
	int user;

	ASSERT_EQ(0, kid_hold(&owner, CLONE_NEWUSER | CLONE_NEWPID));
	snprintf(path, sizeof(path), "/proc/%d/uid_map", owner.pid);
	ASSERT_EQ(0, file_write(path, "0 0 1"));
	snprintf(path, sizeof(path), "/proc/%d/gid_map", owner.pid);
	ASSERT_EQ(0, file_write(path, "0 0 1"));
	user = ns_open(owner.pid, L_USER);
	ASSERT_LE(0, user);
	inside(_metadata, owner.pid, from_above, user);
	kid_stop(&owner);
}

static void from_beside(struct __test_metadata *_metadata, int user)
{
	ASSERT_EQ(0, userns_enter());
	expect_new(_metadata, -EINVAL, 0);
	expect_new(_metadata, -EINVAL, CLONE_NEWUSER);
	/* This is checked before the limit. */
	ASSERT_EQ(0, ns_limit("pid", 0));
	expect_new(_metadata, -EINVAL, 0);
	/* And the capability before this. */
	ASSERT_EQ(0, cap_drop(CAP_SYS_ADMIN));
	expect_new(_metadata, -EPERM, 0);
}

TEST_F_TIMEOUT(pidns, sibling_is_einval, NS_TIMEOUT)
{
	struct kid owner;

	ASSERT_EQ(0, kid_hold(&owner, CLONE_NEWUSER | CLONE_NEWPID));
	inside(_metadata, owner.pid, from_beside, -1);
	kid_stop(&owner);
}

static void often(struct __test_metadata *_metadata, int user)
{
	int i;

	for (i = 0; i < 10; i++)
		EXPECT_EQ(-EINVAL, try_clone(CLONE_NEWPID));
}

/* Refused namespaces are not charged. */
TEST_F_TIMEOUT(pidns, refused_namespace_is_not_charged, NS_TIMEOUT)
{
	struct kid owner;

	/* Those of descendant user namespaces are charged here, too. */
	ASSERT_EQ(0, userns_enter());
	ASSERT_EQ(0, ns_limit("pid", 2));
	ASSERT_EQ(0, kid_hold(&owner, CLONE_NEWUSER | CLONE_NEWPID));
	inside(_metadata, owner.pid, often, -1);
	EXPECT_EQ(0, try_clone(CLONE_NEWPID));
	kid_stop(&owner);
}

static void at_the_bottom(struct __test_metadata *_metadata, int user)
{
	expect_new(_metadata, -EINVAL, 0);
	ASSERT_EQ(0, setns(user, CLONE_NEWUSER));
	expect_new(_metadata, -ENOSPC, 0);
}

/* At the greatest depth it is still EINVAL, not ENOSPC. */
TEST_F_TIMEOUT(pidns, einval_before_depth_enospc, NS_TIMEOUT)
{
	pid_t pid = 0;
	struct kid owner;
	int bottom;

	ASSERT_LE(0, kid_start(&owner, CLONE_NEWUSER));
	if (!owner.pid) {
		while (!pid)
			pid = fork_tids(CLONE_NEWPID | CLONE_FILES, NULL, 0);
		if (pid > 0)
			_exit(wait_for_pid(pid));
		EXPECT_EQ(-ENOSPC, pid);
		/* All nested processes share one file table. */
		kid_tell(&owner, sys_pidfd_open(getpid(), 0));
		kid_hear(&owner);
		_exit(EXIT_SUCCESS);
	}
	bottom = sys_pidfd_getfd(owner.pidfd, kid_hear(&owner), 0);
	ASSERT_LE(0, bottom);
	inside(_metadata, pidfd_number(bottom), at_the_bottom, ns_open(owner.pid, L_USER));
	kid_stop(&owner);
}

TEST_HARNESS_MAIN
