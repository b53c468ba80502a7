// SPDX-License-Identifier: GPL-2.0
/*
 * pidfd_getfd: a file of another process, with ptrace permission; and the
 * pidfds that need no opening, PIDFD_SELF_THREAD and PIDFD_SELF_THREAD_GROUP.
 */
#include <sys/uio.h>

#include "pidns_reap_util.h"

#define MARK 123

static int getfd_errno(int pidfd, int fd, unsigned int flags)
{
	return fd_errno(sys_pidfd_getfd(pidfd, fd, flags));
}

/* A kid in a new namespace that holds a memfd, and reports its number. */
static int kid_with_file(struct kid *kid, __u64 flags)
{
	pid_t pid = kid_start(kid, flags);
	int fd;

	if (!pid) {
		fd = sys_memfd_create("file", MFD_NOEXEC_SEAL);
		if (lseek(fd, MARK, SEEK_SET) != MARK)
			_exit(EXIT_FAILURE);
		kid_tell(kid, fd);
		kid_hear(kid);
		/* What the other process wrote is seen here: it is one open file. */
		kid_tell(kid, lseek(fd, 0, SEEK_CUR));
		kid_rest(kid);
	}
	return pid < 0 ? pid : kid_hear(kid);
}

TEST_F_TIMEOUT(pidns, getfd_shares_open_file, NS_TIMEOUT)
{
	struct kid kid;
	int its, fd;

	its = kid_with_file(&kid, CLONE_NEWPID);
	ASSERT_LE(0, its);
	fd = sys_pidfd_getfd(kid.pidfd, its, 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	EXPECT_EQ(MARK, lseek(fd, 0, SEEK_CUR));
	EXPECT_EQ(MARK + 1, lseek(fd, 1, SEEK_CUR));
	kid_tell(&kid, 0);
	EXPECT_EQ(MARK + 1, kid_hear(&kid));
	close(fd);
	kid_stop(&kid);
}

TEST_F_TIMEOUT(pidns, getfd_argument_errors, NS_TIMEOUT)
{
	int its, closed = dup(0), file = sys_memfd_create("file", MFD_NOEXEC_SEAL);
	struct kid kid;

	close(closed);
	its = kid_with_file(&kid, CLONE_NEWPID);
	ASSERT_LE(0, its);
	EXPECT_EQ(0, getfd_errno(kid.pidfd, its, 0));
	/* Flags are checked first, then the pidfd, then the number. */
	EXPECT_EQ(-EINVAL, getfd_errno(kid.pidfd, its, 1));
	EXPECT_EQ(-EINVAL, getfd_errno(kid.pidfd, its, O_CLOEXEC));
	EXPECT_EQ(-EINVAL, getfd_errno(-1, -1, 0x80000000));
	EXPECT_EQ(-EBADF, getfd_errno(-1, its, 0));
	EXPECT_EQ(-EBADF, getfd_errno(closed, its, 0));
	EXPECT_EQ(-EBADF, getfd_errno(file, its, 0));
	EXPECT_EQ(-EBADF, getfd_errno(kid.pidfd, -1, 0));
	EXPECT_EQ(-EBADF, getfd_errno(kid.pidfd, 1023, 0));
	/* Only files can be fetched. */
	EXPECT_EQ(-EBADF, getfd_errno(PIDFD_SELF_THREAD, 0, 0));
	EXPECT_EQ(-EBADF, getfd_errno(PIDFD_SELF_THREAD_GROUP, 0, 0));
	/* A zombie has no files, a reaped process is gone. */
	kill(kid.pid, SIGKILL);
	ASSERT_TRUE(pidfd_ended(kid.pidfd));
	EXPECT_EQ(-ESRCH, getfd_errno(kid.pidfd, its, 0));
	wait_status(kid.pid);
	EXPECT_EQ(-ESRCH, getfd_errno(kid.pidfd, its, 0));
	EXPECT_EQ(-EINVAL, getfd_errno(kid.pidfd, its, 1));
	close(file);
	kid_stop(&kid);
}

/* It needs ptrace permission, whatever the number. */
TEST_F_TIMEOUT(pidns, getfd_needs_ptrace_permission, NS_TIMEOUT)
{
	struct kid kid;
	pid_t pid;
	int its;

	its = kid_with_file(&kid, CLONE_NEWPID);
	ASSERT_LE(0, its);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		ASSERT_EQ(0, nobody_become());
		EXPECT_EQ(-EPERM, getfd_errno(kid.pidfd, its, 0));
		EXPECT_EQ(-EPERM, getfd_errno(kid.pidfd, -1, 0));
		EXPECT_EQ(-EINVAL, getfd_errno(kid.pidfd, its, 1));
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_status(pid));
	kid_stop(&kid);
	/* Root inside, with no capability over other processes. */
	its = kid_with_file(&kid, 0);
	ASSERT_LE(0, its);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		ASSERT_EQ(0, userns_enter());
		EXPECT_EQ(-EPERM, getfd_errno(kid.pidfd, its, 0));
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_status(pid));
	kid_stop(&kid);
}

static struct shared {
	pid_t tid;
	int fd, ret[4];
	int step;
} *shared;

/* A thread with a file table of its own. */
static void *thread_with_file(void *arg)
{
	if (unshare(CLONE_FILES))
		return NULL;
	shared->fd = fcntl(0, F_DUPFD, 500);
	WRITE_ONCE(shared->tid, thread_id());
	rest_forever();
}

TEST_F_TIMEOUT(pidns, getfd_of_thread, NS_TIMEOUT)
{
	struct kid kid;
	int pidfd;

	shared = shared_alloc(sizeof(*shared));
	ASSERT_NE(0, !!shared);
	ASSERT_LE(0, kid_start(&kid, 0));
	if (!kid.pid) {
		pthread_t thread;

		ASSERT_EQ(0, pthread_create(&thread, NULL, thread_with_file, NULL));
		kid_rest(&kid);
	}
	ASSERT_TRUE(eventually(READ_ONCE(shared->tid)));
	pidfd = sys_pidfd_open(shared->tid, PIDFD_THREAD);
	ASSERT_LE(0, pidfd);
	EXPECT_EQ(0, getfd_errno(pidfd, shared->fd, 0));
	EXPECT_EQ(-EBADF, getfd_errno(kid.pidfd, shared->fd, 0));
	close(pidfd);
	kid_stop(&kid);
}

/* The system calls that take a task's pidfd, and work on the caller's own memory. */
static int madvise_errno(int pidfd)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec vec = { page, 4096 };
	ssize_t ret = syscall(__NR_process_madvise, pidfd, &vec, 1, MADV_COLD, 0);
	int err = ret < 0 ? -errno : ret == 4096 ? 0 : -EIO;

	munmap(page, 4096);
	return err;
}

static void *thread_self(void *arg)
{
	shared->ret[0] = madvise_errno(PIDFD_SELF_THREAD);
	shared->ret[1] = madvise_errno(PIDFD_SELF_THREAD_GROUP);
	shared->ret[2] = sys_pidfd_send_signal(PIDFD_SELF_THREAD, 0, NULL, 0);
	shared->ret[3] = sys_pidfd_send_signal(PIDFD_SELF_THREAD_GROUP, 0, NULL, 0);
	return NULL;
}

TEST_F_TIMEOUT(pidns, pidfd_self, NS_TIMEOUT)
{
	int file = sys_memfd_create("file", MFD_NOEXEC_SEAL), pidfd, i;
	pthread_t thread;
	struct kid kid;

	shared = shared_alloc(sizeof(*shared));
	ASSERT_NE(0, !!shared);
	EXPECT_EQ(0, madvise_errno(PIDFD_SELF_THREAD));
	EXPECT_EQ(0, madvise_errno(PIDFD_SELF_THREAD_GROUP));
	pidfd = sys_pidfd_open(getpid(), 0);
	EXPECT_EQ(0, madvise_errno(pidfd));
	close(pidfd);
	/* From a thread that is not the leader, and from an init. */
	memset(shared->ret, 0xff, sizeof(shared->ret));
	ASSERT_EQ(0, pthread_create(&thread, NULL, thread_self, NULL));
	pthread_join(thread, NULL);
	for (i = 0; i < ARRAY_SIZE(shared->ret); i++)
		EXPECT_EQ(0, shared->ret[i]);
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		EXPECT_EQ(0, madvise_errno(PIDFD_SELF_THREAD));
		EXPECT_EQ(0, madvise_errno(PIDFD_SELF_THREAD_GROUP));
		kid_rest(&kid);
	}
	EXPECT_EQ(0, kid_hear(&kid));
	/* Other negative numbers, and files of other types, are no pidfds. */
	EXPECT_EQ(-EBADF, madvise_errno(-1));
	EXPECT_EQ(-EBADF, madvise_errno(PIDFD_SELF_THREAD + 1));
	EXPECT_EQ(-EBADF, madvise_errno(file));
	EXPECT_EQ(-1, sys_pidfd_send_signal(PIDFD_SELF_THREAD + 1, 0, NULL, 0));
	EXPECT_EQ(EBADF, errno);
	/* The process is gone. */
	kill(kid.pid, SIGKILL);
	wait_status(kid.pid);
	EXPECT_EQ(-ESRCH, madvise_errno(kid.pidfd));
	kid_stop(&kid);
	close(file);
}

TEST_HARNESS_MAIN
