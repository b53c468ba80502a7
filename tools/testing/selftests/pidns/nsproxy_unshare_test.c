// SPDX-License-Identifier: GPL-2.0
/*
 * unshare with the flags of clone: the caller leaves all namespaces but the PID
 * and the time namespace, which only its children enter; and empty mount
 * namespaces, by unshare and by clone3.
 */
#include <assert.h>
#include <pthread.h>

#include "nsproxy_util.h"

TEST_F_TIMEOUT(nsproxy, any_subset_of_flags, NS_TIMEOUT)
{
	unsigned int set, flags;
	struct nsids before;
	pid_t pid, inner;

	ASSERT_TRUE(ns_read(0, &before));
	for (set = 0; set < NR_SUBSETS; set++) {
		flags = ns_subset(set);
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			ASSERT_EQ(0, unshare(flags)) {
				TH_LOG("flags %#x", flags);
			}
			EXPECT_EQ(ns_unshare_links(flags), ns_moved(&before)) {
				TH_LOG("flags %#x", flags);
			}
			inner = fork();
			ASSERT_LE(0, inner);
			if (!inner) {
				EXPECT_EQ(ns_links(flags), ns_moved(&before)) {
					TH_LOG("child, flags %#x", flags);
				}
				_exit(EXIT_SUCCESS);
			}
			_exit(wait_for_pid(inner));
		}
		ASSERT_EQ(0, wait_for_pid(pid));
	}
	EXPECT_EQ(0, ns_moved(&before));
}

/* The new user namespace is created first, and owns the others. */
TEST_F_TIMEOUT(nsproxy, new_user_ns_owns_the_others, NS_TIMEOUT)
{
	struct nsids before;
	__u64 user;
	int i, fd, owner;

	ASSERT_TRUE(ns_read(0, &before));
	ASSERT_EQ(0, unshare(CLONE_NEWUSER | ALL_NS));
	EXPECT_EQ(ns_unshare_links(CLONE_NEWUSER | ALL_NS), ns_moved(&before));
	user = ns_id(0, L_USER);
	for (i = 0; i < NR_LINKS; i++) {
		if (i == L_USER || i == L_PID || i == L_TIME)
			continue;
		fd = ns_open(0, i);
		ASSERT_LE(0, fd);
		owner = ioctl(fd, NS_GET_USERNS);
		ASSERT_LE(0, owner);
		EXPECT_EQ(user, ns_fd_id(owner)) {
			TH_LOG("%s", nslinks[i].name);
		}
		close(owner);
		close(fd);
	}
}

/* With a pending PID namespace a second one is refused, and so the whole set. */
TEST_F_TIMEOUT(nsproxy, newpid_while_pending_refuses_all, NS_TIMEOUT)
{
	struct nsids before;

	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	ASSERT_TRUE(ns_read(0, &before));
	EXPECT_EQ(-1, unshare(CLONE_NEWPID));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, unshare(ALL_NS));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-EINVAL, fork_flags(ALL_NS, NULL));
	EXPECT_EQ(0, ns_moved(&before));
	EXPECT_EQ(0, unshare(ALL_NS & ~CLONE_NEWPID));
	EXPECT_EQ(ns_unshare_links(ALL_NS & ~CLONE_NEWPID), ns_moved(&before));
}

static void *thread_unshare(void *arg)
{
	struct nsids *ids = arg;

	if (unshare(CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET) || !ns_read(0, ids))
		return "";
	return NULL;
}

/* A thread gets an nsproxy of its own when it unshares. */
TEST_F_TIMEOUT(nsproxy, affects_calling_thread_only, NS_TIMEOUT)
{
	struct nsids before, its;
	pthread_t thread;
	void *err;

	ASSERT_TRUE(ns_read(0, &before));
	ASSERT_EQ(0, pthread_create(&thread, NULL, thread_unshare, &its));
	ASSERT_EQ(0, pthread_join(thread, &err));
	ASSERT_EQ(NULL, err);
	EXPECT_EQ(ns_links(CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET), ns_diff(&before, &its));
	EXPECT_EQ(0, ns_moved(&before));
}

/* The mounts in a child's mount namespace besides its root, -1 on error. */
static int nr_mounts(pid_t pid)
{
	struct mnt_ns_info info = { .size = sizeof(info) };
	int fd, ret = -1;

	fd = ns_open(pid, L_MNT);
	if (fd < 0)
		return -1;
	if (!ioctl(fd, NS_MNT_GET_INFO, &info))
		ret = info.nr_mounts;
	close(fd);
	return ret;
}

/* A child that unshares; its namespaces are seen from outside. */
static int kid_unshare(struct kid *kid, __u64 flags)
{
	pid_t pid = kid_start(kid, 0);

	if (!pid) {
		kid_tell(kid, unshare(flags) ? -errno : 0);
		kid_hear(kid);
		_exit(EXIT_SUCCESS);
	}
	return pid < 0 ? pid : kid_hear(kid);
}

/* A child in an empty mount namespace, by @start with @bit, alone or with others. */
static void expect_empty(struct __test_metadata *_metadata,
			 int (*start)(struct kid *kid, __u64 flags),
			 unsigned int (*links)(unsigned int flags), __u64 bit)
{
	static const unsigned int more[] = {
		0, CLONE_NEWNS, CLONE_NEWUTS | CLONE_NEWIPC, ALL_NS, ALL_NS | CLONE_NEWUSER,
	};
	struct nsids mine, its;
	struct kid kid;
	int i;

	ASSERT_TRUE(ns_read(0, &mine));
	for (i = 0; i < ARRAY_SIZE(more); i++) {
		ASSERT_EQ(0, start(&kid, bit | more[i]));
		ASSERT_TRUE(ns_read(kid.pid, &its));
		EXPECT_EQ(links(CLONE_NEWNS | more[i]), ns_diff(&mine, &its));
		EXPECT_EQ(0, nr_mounts(kid.pid));
		kid_stop(&kid);
	}
	/* CLONE_NEWNS instead copies all mounts. */
	ASSERT_EQ(0, start(&kid, CLONE_NEWNS));
	EXPECT_LT(0, nr_mounts(kid.pid));
	kid_stop(&kid);
}

TEST_F_TIMEOUT(nsproxy, unshare_empty_mntns, NS_TIMEOUT)
{
	expect_empty(_metadata, kid_unshare, ns_unshare_links, UNSHARE_EMPTY_MNTNS);
}

TEST_F_TIMEOUT(nsproxy, clone3_empty_mntns, NS_TIMEOUT)
{
	expect_empty(_metadata, kid_hold, ns_links, CLONE_EMPTY_MNTNS);
	EXPECT_EQ(-EINVAL, fork_flags(CLONE_EMPTY_MNTNS | CLONE_FS, NULL));
}

static_assert(UNSHARE_EMPTY_MNTNS == CLONE_PARENT_SETTID, "not the same bit");

/* unshare's bit is CLONE_PARENT_SETTID for clone, and empties nothing. */
TEST_F_TIMEOUT(nsproxy, clone_ignores_unshare_empty_mntns, NS_TIMEOUT)
{
	struct nsids mine, its;
	struct kid kid;

	ASSERT_TRUE(ns_read(0, &mine));
	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWNS | CLONE_PARENT_SETTID));
	EXPECT_LT(0, nr_mounts(kid.pid));
	kid_stop(&kid);
	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWUTS | CLONE_PARENT_SETTID));
	ASSERT_TRUE(ns_read(kid.pid, &its));
	EXPECT_EQ(BIT(L_UTS), ns_diff(&mine, &its));
	kid_stop(&kid);
}

TEST_F_TIMEOUT(nsproxy, empty_mntns_needs_cap_sys_admin, NS_TIMEOUT)
{
	struct nsids before;

	ASSERT_EQ(0, cap_drop(CAP_SYS_ADMIN));
	ASSERT_TRUE(ns_read(0, &before));
	EXPECT_EQ(-EPERM, fork_flags(CLONE_EMPTY_MNTNS, NULL));
	EXPECT_EQ(-1, unshare(UNSHARE_EMPTY_MNTNS));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(0, ns_moved(&before));
}

TEST_HARNESS_MAIN
