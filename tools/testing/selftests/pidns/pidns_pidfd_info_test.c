// SPDX-License-Identifier: GPL-2.0
/*
 * PIDFD_GET_INFO in the reader's numbers, and PIDFD_GET_*_NAMESPACE.
 */

#include "pidns_reap_util.h"

/* The first size of the structure, up to the exit code. */
#define INFO_SIZE_VER0 64

static int info_read(int pidfd, __u64 mask, struct pidfd_info *info)
{
	memset(info, 0, sizeof(*info));
	info->mask = mask;
	return ioctl(pidfd, PIDFD_GET_INFO, info) ? -errno : 0;
}

static struct shared {
	pid_t tid;
} *shared;

static void *thread_rest(void *arg)
{
	WRITE_ONCE(shared->tid, thread_id());
	rest_forever();
}

TEST_F_TIMEOUT(pidns, info_in_readers_numbers, NS_TIMEOUT)
{
	__u64 always = PIDFD_INFO_PID | PIDFD_INFO_CREDS;
	struct pidfd_info info;
	int thread;
	struct kid kid;
	pid_t tid;

	shared = shared_alloc(sizeof(*shared));
	ASSERT_NE(0, !!shared);
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		int own = sys_pidfd_open(1, 0);
		pthread_t second;

		ASSERT_EQ(0, setresgid(5, 6, 7));
		ASSERT_EQ(0, pthread_create(&second, NULL, thread_rest, NULL));
		/* From inside: number 1, with no parent. */
		EXPECT_EQ(0, info_read(own, 0, &info));
		EXPECT_EQ(1, info.pid);
		EXPECT_EQ(1, info.tgid);
		EXPECT_EQ(0, info.ppid);
		kid_rest(&kid);
	}
	EXPECT_EQ(0, kid_hear(&kid));
	EXPECT_EQ(0, info_read(kid.pidfd, 0, &info));
	EXPECT_EQ(always, info.mask & always);
	EXPECT_EQ(0, info.mask & (PIDFD_INFO_EXIT | PIDFD_INFO_SUPPORTED_MASK));
	EXPECT_EQ(kid.pid, info.pid);
	EXPECT_EQ(kid.pid, info.tgid);
	EXPECT_EQ(getpid(), info.ppid);
	EXPECT_EQ(getuid(), info.ruid);
	EXPECT_EQ(5, info.rgid);
	EXPECT_EQ(6, info.egid);
	EXPECT_EQ(7, info.sgid);
	EXPECT_EQ(6, info.fsgid);
	EXPECT_EQ(0, info_read(kid.pidfd, PIDFD_INFO_SUPPORTED_MASK, &info));
	EXPECT_EQ(PIDFD_INFO_SUPPORTED_MASK, info.mask & PIDFD_INFO_SUPPORTED_MASK);
	EXPECT_EQ(always | PIDFD_INFO_EXIT, info.supported_mask & (always | PIDFD_INFO_EXIT));

	/* A thread has a number of its own, and that of its process. */
	ASSERT_TRUE(eventually(READ_ONCE(shared->tid)));
	tid = pid_from(kid.pid, shared->tid);
	thread = sys_pidfd_open(tid, PIDFD_THREAD);
	EXPECT_EQ(0, info_read(thread, 0, &info));
	EXPECT_EQ(tid, info.pid);
	EXPECT_EQ(kid.pid, info.tgid);
	close(thread);
	kid_stop(&kid);
}

/* A reaped task has an exit code if that is asked for, and nothing else. */
TEST_F_TIMEOUT(pidns, info_after_reaping, NS_TIMEOUT)
{
	struct pidfd_info info;
	struct kid kid;
	siginfo_t si;

	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid)
		_exit(23);
	ASSERT_EQ(0, sys_waitid(P_PIDFD, kid.pidfd, &si, WEXITED | WNOWAIT));
	EXPECT_EQ(kid.pid, si.si_pid);
	EXPECT_EQ(0, info_read(kid.pidfd, PIDFD_INFO_EXIT, &info));
	EXPECT_EQ(0, info.mask & PIDFD_INFO_EXIT);
	EXPECT_EQ(kid.pid, info.pid);
	EXPECT_EQ(23 << 8, wait_status(kid.pid));
	EXPECT_EQ(0, info_read(kid.pidfd, PIDFD_INFO_EXIT, &info));
	EXPECT_EQ(PIDFD_INFO_EXIT, info.mask & (PIDFD_INFO_EXIT | PIDFD_INFO_PID));
	EXPECT_EQ(23 << 8, info.exit_code);
	EXPECT_EQ(0, info.pid);
	EXPECT_EQ(-ESRCH, info_read(kid.pidfd, 0, &info));
	EXPECT_EQ(-ESRCH, info_read(kid.pidfd, PIDFD_INFO_PID, &info));
	kid_stop(&kid);
}

TEST_F_TIMEOUT(pidns, info_errors, NS_TIMEOUT)
{
	int own = sys_pidfd_open(getpid(), 0);
	struct kid kid, sibling;
	struct pidfd_info info;

	EXPECT_EQ(-1, ioctl(own, PIDFD_GET_INFO, NULL));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, ioctl(own, PIDFD_GET_INFO, 8));
	EXPECT_EQ(EFAULT, errno);
	/* A structure smaller than the first one is refused. */
	memset(&info, 0, sizeof(info));
	EXPECT_EQ(-1, ioctl(own, _IOC(_IOC_READ | _IOC_WRITE, PIDFS_IOCTL_MAGIC, 11,
				      INFO_SIZE_VER0 - 8), &info));
	EXPECT_TRUE(errno == EINVAL || errno == ENOTTY);
	EXPECT_EQ(0, ioctl(own, _IOC(_IOC_READ | _IOC_WRITE, PIDFS_IOCTL_MAGIC, 11,
				     INFO_SIZE_VER0), &info));
	EXPECT_EQ(getpid(), info.pid);
	/* Nothing about a task that is invisible to the caller, alive or dead. */
	ASSERT_EQ(0, kid_hold(&sibling, CLONE_NEWPID));
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		EXPECT_EQ(-EREMOTE, info_read(own, 0, &info));
		EXPECT_EQ(-EREMOTE, info_read(sibling.pidfd, 0, &info));
		kid_tell(&kid, 0);
		kid_hear(&kid);
		EXPECT_EQ(-EREMOTE, info_read(sibling.pidfd, PIDFD_INFO_EXIT, &info));
		kid_rest(&kid);
	}
	EXPECT_EQ(0, kid_hear(&kid));
	kill(sibling.pid, SIGKILL);
	wait_status(sibling.pid);
	kid_tell(&kid, 0);
	EXPECT_EQ(0, kid_hear(&kid));
	kid_stop(&kid);
	kid_stop(&sibling);
	close(own);
}

static const struct {
	unsigned int cmd;
	int link;
} gets[] = {
	{ PIDFD_GET_CGROUP_NAMESPACE,		L_CGROUP },
	{ PIDFD_GET_IPC_NAMESPACE,		L_IPC },
	{ PIDFD_GET_MNT_NAMESPACE,		L_MNT },
	{ PIDFD_GET_NET_NAMESPACE,		L_NET },
	{ PIDFD_GET_PID_NAMESPACE,		L_PID },
	{ PIDFD_GET_PID_FOR_CHILDREN_NAMESPACE,	L_PID_CHILDREN },
	{ PIDFD_GET_TIME_NAMESPACE,		L_TIME },
	{ PIDFD_GET_TIME_FOR_CHILDREN_NAMESPACE, L_TIME_CHILDREN },
	{ PIDFD_GET_USER_NAMESPACE,		L_USER },
	{ PIDFD_GET_UTS_NAMESPACE,		L_UTS },
};

/* The id of what one of the ioctls opens, or a negative errno. */
static __s64 get_id(int pidfd, unsigned int cmd, unsigned long arg)
{
	int fd = ioctl(pidfd, cmd, arg);
	__s64 id = fd < 0 ? -errno : ns_fd_id(fd);

	if (fd >= 0)
		close(fd);
	return id;
}

TEST_F_TIMEOUT(pidns, get_namespaces, NS_TIMEOUT)
{
	struct nsids ids;
	struct kid kid;
	pid_t pid;
	int i;

	ASSERT_LE(0, kid_start(&kid, ALL_NS | CLONE_NEWUSER));
	if (!kid.pid) {
		/* Make the active and the pending ones differ. */
		if (unshare(CLONE_NEWPID | CLONE_NEWTIME))
			_exit(EXIT_FAILURE);
		kid_rest(&kid);
	}
	ASSERT_EQ(0, kid_hear(&kid));
	ASSERT_TRUE(ns_read(kid.pid, &ids));
	EXPECT_NE(ids.id[L_PID], ids.id[L_PID_CHILDREN]);
	EXPECT_NE(ids.id[L_TIME], ids.id[L_TIME_CHILDREN]);
	for (i = 0; i < ARRAY_SIZE(gets); i++) {
		EXPECT_EQ(ids.id[gets[i].link], get_id(kid.pidfd, gets[i].cmd, 0)) {
			TH_LOG("%s", nslinks[gets[i].link].name);
		}
		EXPECT_EQ(-EINVAL, get_id(kid.pidfd, gets[i].cmd, 1));
	}
	/* They need ptrace permission. */
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		ASSERT_EQ(0, nobody_become());
		for (i = 0; i < ARRAY_SIZE(gets); i++)
			EXPECT_EQ(-EACCES, get_id(kid.pidfd, gets[i].cmd, 0));
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_status(pid));
	kill(kid.pid, SIGKILL);
	ASSERT_TRUE(pidfd_ended(kid.pidfd));
	for (i = 0; i < ARRAY_SIZE(gets); i++)
		EXPECT_EQ(-ESRCH, get_id(kid.pidfd, gets[i].cmd, 0));
	wait_status(kid.pid);
	for (i = 0; i < ARRAY_SIZE(gets); i++)
		EXPECT_EQ(-ESRCH, get_id(kid.pidfd, gets[i].cmd, 0));
	kid_stop(&kid);
}

TEST_HARNESS_MAIN
