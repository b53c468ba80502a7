// SPDX-License-Identifier: GPL-2.0
/*
 * A user may have as many PID namespaces as user.max_pid_namespaces says, and
 * is uncharged when they are freed: by a work item, then after a grace period.
 */
#include <linux/securebits.h>

#include "pidns_util.h"

#define LIMIT 4

static int nothing(void *arg)
{
	return 0;
}

/*
 * Become root of a user namespace with two users, and ucounts of its own. Only
 * a process outside may map more than one.
 */
static int enter_with_limit(int limit)
{
	char path[32];
	struct kid kid;
	int err;

	err = kid_start(&kid, 0);
	if (err < 0)
		return err;
	if (!err) {
		kid_hear(&kid);
		snprintf(path, sizeof(path), "/proc/%d/uid_map", getppid());
		err = file_write(path, "0 0 2");
		snprintf(path, sizeof(path), "/proc/%d/gid_map", getppid());
		kid_tell(&kid, err ?: file_write(path, "0 0 2"));
		_exit(EXIT_SUCCESS);
	}
	err = unshare(CLONE_NEWUSER) ? -errno : 0;
	kid_tell(&kid, 0);
	err = err ?: kid_hear(&kid);
	kid_stop(&kid);
	return err ?: ns_limit("pid", limit);
}

/* None can be created, in any way. */
static void expect_none(struct __test_metadata *_metadata)
{
	EXPECT_EQ(-ENOSPC, fork_done(fork_flags(CLONE_NEWPID, NULL)));
	EXPECT_EQ(-ENOSPC, clone_legacy(nothing, CLONE_NEWPID));
	EXPECT_EQ(-1, unshare(CLONE_NEWPID));
	EXPECT_EQ(ENOSPC, errno);
}

/* Exactly @nr can be created, when the earlier ones have been freed. */
static void expect_exactly(struct __test_metadata *_metadata, int nr)
{
	struct kid kids[LIMIT];
	int i;

	for (i = 0; i < nr; i++) {
		ASSERT_TRUE(eventually(!kid_hold(&kids[i], CLONE_NEWPID))) {
			TH_LOG("%d of %d", i, nr);
		}
	}
	expect_none(_metadata);
	while (i--)
		kid_stop(&kids[i]);
}

/* unshare is charged to a process that never forks, as long as it lives. */
static int hold_unshared(struct kid *kid)
{
	pid_t pid = kid_start(kid, 0);

	if (!pid) {
		kid_tell(kid, unshare(CLONE_NEWPID) ? -errno : 0);
		kid_hear(kid);
		_exit(EXIT_SUCCESS);
	}
	return pid < 0 ? pid : kid_hear(kid);
}

TEST_F_TIMEOUT(pidns, exhausted_is_enospc, NS_TIMEOUT)
{
	int i;

	ASSERT_EQ(0, enter_with_limit(0));
	expect_none(_metadata);
	for (i = 1; i <= LIMIT; i++) {
		ASSERT_EQ(0, ns_limit("pid", i));
		expect_exactly(_metadata, i);
	}
}

TEST_F_TIMEOUT(pidns, namespace_without_init_is_charged, NS_TIMEOUT)
{
	struct kid kid;
	int i;

	ASSERT_EQ(0, enter_with_limit(1));
	for (i = 0; i < 3; i++) {
		ASSERT_TRUE(eventually(!hold_unshared(&kid)));
		expect_none(_metadata);
		kid_stop(&kid);
	}
	expect_exactly(_metadata, 1);
}

TEST_F_TIMEOUT(pidns, nested_namespaces_are_uncharged, NS_TIMEOUT)
{
	int i;
	pid_t pid;

	ASSERT_EQ(0, enter_with_limit(LIMIT));
	for (i = 0; i < 3; i++) {
		/* One level too many is refused, and uncharges nothing. */
		ASSERT_TRUE(eventually(({
			pid = fork_tids(0, NULL, 0);
			if (!pid)
				_exit(pidns_descend(LIMIT) ||
				      fork_done(fork_flags(CLONE_NEWPID, NULL)) != -ENOSPC);
			!wait_for_pid(pid);
		})));
	}
	expect_exactly(_metadata, LIMIT);
}

/* A refused fork leaves nothing behind that keeps the namespace. */
TEST_F_TIMEOUT(pidns, refused_forks_keep_no_charge, NS_TIMEOUT)
{
	pid_t pid;

	ASSERT_EQ(0, enter_with_limit(1));
	pid = fork_tids(CLONE_NEWPID, NULL, 0);
	ASSERT_LE(0, pid);
	if (!pid) {
		EXPECT_EQ(-EINVAL, try_as(0));
		EXPECT_EQ(-EEXIST, try_as(1));
		EXPECT_EQ(-EFAULT, fork_fault(0));
		ASSERT_EQ(0, set_tid_caps_drop());
		EXPECT_EQ(-EPERM, try_as(50));
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
	expect_exactly(_metadata, 1);

	/* Before it has an init, and after. */
	pid = fork_tids(0, NULL, 0);
	ASSERT_LE(0, pid);
	if (!pid) {
		ASSERT_TRUE(eventually(!unshare(CLONE_NEWPID)));
		EXPECT_EQ(-EINVAL, try_as(0));
		EXPECT_EQ(-EFAULT, fork_fault(0));
		EXPECT_LT(0, try_fork());
		EXPECT_EQ(-ENOMEM, try_fork());
		EXPECT_EQ(-EINVAL, try_as(0));
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
	expect_exactly(_metadata, 1);
}

static int keep_file(pid_t pid)
{
	return ns_open(pid, L_PID);
}

static int keep_pidfd(pid_t pid)
{
	return sys_pidfd_open(pid, 0);
}

/* @fd keeps all charges but one, which can be had again and again. */
static void expect_kept(struct __test_metadata *_metadata, int fd)
{
	struct kid other;
	int i;

	ASSERT_LE(0, fd);
	for (i = 0; i < 5; i++) {
		ASSERT_TRUE(eventually(!kid_hold(&other, CLONE_NEWPID)));
		expect_none(_metadata);
		kid_stop(&other);
	}
	close(fd);
}

static void kept_by(struct __test_metadata *_metadata, int (*keep)(pid_t pid))
{
	struct kid kid;
	int fd;

	ASSERT_EQ(0, enter_with_limit(2));
	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	fd = keep(kid.pid);
	kid_stop(&kid);
	expect_kept(_metadata, fd);
	expect_exactly(_metadata, 2);
}

TEST_F_TIMEOUT(pidns, ns_file_keeps_charge, NS_TIMEOUT)
{
	kept_by(_metadata, keep_file);
}

TEST_F_TIMEOUT(pidns, pidfd_keeps_charge, NS_TIMEOUT)
{
	kept_by(_metadata, keep_pidfd);
}

/* By its child namespace; it is freed after that. */
TEST_F_TIMEOUT(pidns, child_namespace_keeps_charge, NS_TIMEOUT)
{
	struct kid kid;
	int fd;

	ASSERT_EQ(0, enter_with_limit(3));
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		ASSERT_EQ(0, unshare(CLONE_NEWPID));
		kid_tell(&kid, ns_open(0, L_PID_CHILDREN));
		kid_hear(&kid);
		_exit(EXIT_SUCCESS);
	}
	fd = sys_pidfd_getfd(kid.pidfd, kid_hear(&kid), 0);
	ASSERT_LE(0, fd);
	kid_stop(&kid);
	expect_kept(_metadata, fd);
	expect_exactly(_metadata, 3);
}

/*
 * Each user is charged, by the effective uid; the ancestor user namespaces
 * limit it as well.
 */
TEST_F_TIMEOUT(pidns, each_user_is_charged, NS_TIMEOUT)
{
	struct kid kid;

	ASSERT_EQ(0, enter_with_limit(1));
	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	expect_none(_metadata);
	ASSERT_EQ(0, prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP));
	ASSERT_EQ(0, setresuid(-1, 1, -1));
	expect_exactly(_metadata, 1);
	ASSERT_EQ(0, setresuid(-1, 0, -1));
	expect_none(_metadata);
	kid_stop(&kid);
	expect_exactly(_metadata, 1);
}

TEST_F_TIMEOUT(pidns, ancestor_user_ns_is_charged, NS_TIMEOUT)
{
	pid_t pid;

	ASSERT_EQ(0, enter_with_limit(2));
	pid = fork_tids(0, NULL, 0);
	ASSERT_LE(0, pid);
	if (!pid) {
		/* A nested user namespace that would allow more. */
		ASSERT_EQ(0, userns_enter());
		ASSERT_EQ(0, ns_limit("pid", 1000));
		expect_exactly(_metadata, 2);
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
	expect_exactly(_metadata, 2);
}

TEST_HARNESS_MAIN
