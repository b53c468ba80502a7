// SPDX-License-Identifier: GPL-2.0
/*
 * setns to a user namespace: the caller has the new credentials afterwards, and
 * they count for the other namespaces of the set already.
 */
#include "nsproxy_util.h"

/* Root's uid outside, as seen inside. */
#define INNER_UID 5
#define INNER_GID 7

/* A child in a user namespace, and others, where root has another uid. */
static int kid_mapped(struct kid *kid, unsigned int flags)
{
	char path[64];
	int err;

	err = kid_hold(kid, CLONE_NEWUSER | flags);
	if (err)
		return err;
	snprintf(path, sizeof(path), "/proc/%d/uid_map", kid->pid);
	err = file_write(path, "%d 0 1", INNER_UID);
	if (err)
		return err;
	snprintf(path, sizeof(path), "/proc/%d/gid_map", kid->pid);
	return file_write(path, "%d 0 1", INNER_GID);
}

/* Whether the caller has all capabilities in its user namespace. */
static bool caps_full(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	return !syscall(__NR_capget, &head, data) && data[0].effective == ~0U &&
	       data[0].permitted == ~0U;
}

/* By pidfd alone, by file, and with others: the same credentials. */
TEST_F_TIMEOUT(nsproxy, credentials_are_committed, NS_TIMEOUT)
{
	static const unsigned int sets[] = {
		0, CLONE_NEWUSER, CLONE_NEWUSER | CLONE_NEWNS, CLONE_NEWUSER | CLONE_NEWPID,
		CLONE_NEWUSER | ALL_NS,
	};
	struct nsids before, its;
	unsigned int joined;
	struct kid kid;
	int i, fd, user;
	pid_t pid;

	ASSERT_EQ(0, kid_mapped(&kid, ALL_NS));
	ASSERT_TRUE(ns_read(0, &before));
	ASSERT_TRUE(ns_read(kid.pid, &its));
	user = ns_open(kid.pid, L_USER);
	ASSERT_LE(0, user);
	for (i = 0; i < ARRAY_SIZE(sets); i++) {
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			/* The empty set stands for the file. */
			fd = sets[i] ? kid.pidfd : user;
			joined = sets[i] ? sets[i] : CLONE_NEWUSER;
			/* Dropped capabilities are regained inside. */
			ASSERT_EQ(0, cap_drop(CAP_SYS_BOOT));
			ASSERT_EQ(0, setns(fd, sets[i])) {
				TH_LOG("flags %#x: %s", sets[i], strerror(errno));
			}
			EXPECT_EQ(INNER_UID, getuid());
			EXPECT_EQ(INNER_UID, geteuid());
			EXPECT_EQ(INNER_GID, getgid());
			EXPECT_EQ(INNER_GID, getegid());
			EXPECT_TRUE(caps_full());
			EXPECT_EQ(ns_setns_links(joined), ns_moved(&before));
			EXPECT_EQ(0, ns_moved(&its) & ns_setns_links(joined));
			/* All inside, and none outside. */
			if (joined & CLONE_NEWUTS) {
				EXPECT_EQ(0, sethostname("inside", 6));
			} else {
				EXPECT_EQ(-1, sethostname("outside", 7));
				EXPECT_EQ(EPERM, errno);
			}
			_exit(EXIT_SUCCESS);
		}
		EXPECT_EQ(0, wait_for_pid(pid)) {
			TH_LOG("flags %#x", sets[i]);
		}
	}
	close(user);
	kid_stop(&kid);
}

/* What is created afterwards belongs to the user namespace and is charged there. */
TEST_F_TIMEOUT(nsproxy, new_namespaces_are_charged_to_joined_user_ns, NS_TIMEOUT)
{
	struct kid kid;
	int fd, owner;
	__u64 user;

	ASSERT_EQ(0, kid_mapped(&kid, CLONE_NEWUTS));
	user = ns_id(kid.pid, L_USER);
	ASSERT_EQ(0, setns(kid.pidfd, CLONE_NEWUSER | CLONE_NEWUTS));
	/* The target has the only one that is allowed. */
	ASSERT_EQ(0, ns_limit("uts", 1));
	EXPECT_EQ(-1, unshare(CLONE_NEWUTS));
	EXPECT_EQ(ENOSPC, errno);
	ASSERT_EQ(0, ns_limit("uts", 2));
	EXPECT_EQ(0, unshare(CLONE_NEWUTS));
	fd = ns_open(0, L_UTS);
	ASSERT_LE(0, fd);
	owner = ioctl(fd, NS_GET_USERNS);
	EXPECT_LE(0, owner);
	EXPECT_EQ(user, ns_fd_id(owner));
	close(owner);
	close(fd);
	kid_stop(&kid);
}

/*
 * An unprivileged user joins its own container, which works only because the
 * user namespace is joined first.
 */
TEST_F_TIMEOUT(nsproxy, rootless_joins_own_container, NS_TIMEOUT)
{
	struct nsids before, its;
	struct kid kid;
	int i;

	ASSERT_EQ(0, nobody_become());
	/* Changing the uid has cleared the flag, without which its children are inaccessible. */
	ASSERT_EQ(0, prctl(PR_SET_DUMPABLE, 1));
	if (userns_forbidden())
		SKIP(return, "unprivileged user namespaces are disabled");

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWUSER | ALL_NS));
	ASSERT_TRUE(ns_read(0, &before));
	ASSERT_TRUE(ns_read(kid.pid, &its));
	for (i = 0; i < NR_TYPES; i++) {
		EXPECT_EQ(-1, setns(kid.pidfd, nstypes[i].flag));
		EXPECT_EQ(EPERM, errno);
	}
	EXPECT_EQ(-1, setns(kid.pidfd, ALL_NS));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(0, ns_moved(&before));

	EXPECT_EQ(0, setns(kid.pidfd, CLONE_NEWUSER | ALL_NS));
	EXPECT_EQ(BIT(L_PID), ns_moved(&its));
	EXPECT_EQ(0, sethostname("mine", 4));
	kid_stop(&kid);
}

/* The user namespace with each of the others, in pairs. */
TEST_F_TIMEOUT(nsproxy, rootless_joins_user_ns_and_one_other, NS_TIMEOUT)
{
	struct nsids before;
	struct kid kid;
	pid_t pid;
	int i;

	ASSERT_EQ(0, nobody_become());
	ASSERT_EQ(0, prctl(PR_SET_DUMPABLE, 1));
	if (userns_forbidden())
		SKIP(return, "unprivileged user namespaces are disabled");

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWUSER | ALL_NS));
	ASSERT_TRUE(ns_read(0, &before));
	for (i = 0; i < NR_TYPES; i++) {
		unsigned int pair = CLONE_NEWUSER | nstypes[i].flag;

		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			EXPECT_EQ(0, setns(kid.pidfd, pair)) {
				TH_LOG("%s: %s", nstypes[i].name, strerror(errno));
			}
			EXPECT_EQ(ns_setns_links(pair), ns_moved(&before));
			_exit(EXIT_SUCCESS);
		}
		EXPECT_EQ(0, wait_for_pid(pid));
	}
	kid_stop(&kid);
}

TEST_HARNESS_MAIN
