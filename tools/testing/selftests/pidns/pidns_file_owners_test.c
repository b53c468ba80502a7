// SPDX-License-Identifier: GPL-2.0
/*
 * F_SETOWN, F_GETOWN_EX and /proc/locks: owners of files and of locks, in the
 * numbers of the caller, or of the procfs.
 */
#include "pidns_reap_util.h"

/* The C library makes one call out of the other. */
static int own_set(int fd, int who)
{
	return syscall(__NR_fcntl, fd, F_SETOWN, who) ? -errno : 0;
}

static int own_set_ex(int fd, int type, pid_t pid)
{
	struct f_owner_ex owner = { .type = type, .pid = pid };

	return fcntl(fd, F_SETOWN_EX, &owner) ? -errno : 0;
}

/* A group as a negative number, which looks like an error. */
static int own_get(int fd)
{
	int who = syscall(__NR_fcntl, fd, F_GETOWN);

	return who == -1 ? -errno : who;
}

/* Both calls report the same. */
static void expect_own(struct __test_metadata *_metadata, int fd, int type, pid_t pid)
{
	struct f_owner_ex owner = { .type = -1, .pid = -1 };

	EXPECT_EQ(0, fcntl(fd, F_GETOWN_EX, &owner));
	EXPECT_EQ(type, owner.type);
	EXPECT_EQ(pid, owner.pid);
	EXPECT_EQ(type == F_OWNER_PGRP ? -pid : pid, own_get(fd));
}

TEST_F_TIMEOUT(pidns, file_owners, NS_TIMEOUT)
{
	struct kid kid, sibling;
	int sk[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sk));
	EXPECT_EQ(0, own_set(sk[0], getpid()));
	expect_own(_metadata, sk[0], F_OWNER_PID, getpid());
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		/* The owner has no number here; one that does not exist is refused. */
		expect_own(_metadata, sk[0], F_OWNER_PID, 0);
		EXPECT_EQ(-ESRCH, own_set(sk[0], 77));
		EXPECT_EQ(-ESRCH, own_set(sk[0], -77));
		EXPECT_EQ(-ESRCH, own_set_ex(sk[0], F_OWNER_PID, 77));
		kid_tell(&kid, 0);
		kid_hear(&kid);
		EXPECT_EQ(0, own_set(sk[0], 1));
		expect_own(_metadata, sk[0], F_OWNER_PID, 1);
		kid_tell(&kid, 0);
		kid_hear(&kid);
		EXPECT_EQ(0, own_set_ex(sk[0], F_OWNER_TID, 1));
		expect_own(_metadata, sk[0], F_OWNER_TID, 1);
		kid_tell(&kid, 0);
		kid_hear(&kid);
		ASSERT_EQ(0, setpgid(0, 0));
		EXPECT_EQ(0, own_set(sk[0], -1));
		expect_own(_metadata, sk[0], F_OWNER_PGRP, 1);
		kid_rest(&kid);
	}
	EXPECT_EQ(0, kid_hear(&kid));
	expect_own(_metadata, sk[0], F_OWNER_PID, getpid());
	kid_tell(&kid, 0);
	EXPECT_EQ(0, kid_hear(&kid));
	expect_own(_metadata, sk[0], F_OWNER_PID, kid.pid);
	kid_tell(&kid, 0);
	EXPECT_EQ(0, kid_hear(&kid));
	expect_own(_metadata, sk[0], F_OWNER_TID, kid.pid);
	kid_tell(&kid, 0);
	EXPECT_EQ(0, kid_hear(&kid));
	expect_own(_metadata, sk[0], F_OWNER_PGRP, kid.pid);
	/* Nor does it have one in a sibling of its namespace. */
	ASSERT_LE(0, kid_start(&sibling, CLONE_NEWPID));
	if (!sibling.pid) {
		expect_own(_metadata, sk[0], F_OWNER_PGRP, 0);
		kid_rest(&sibling);
	}
	EXPECT_EQ(0, kid_hear(&sibling));
	kid_stop(&sibling);
	/* An owner that is gone is no longer reported. */
	kid_stop(&kid);
	expect_own(_metadata, sk[0], F_OWNER_PGRP, 0);
}

/* The signal goes to the setter's process, not to the one with that number elsewhere. */
TEST_F_TIMEOUT(pidns, owner_gets_the_signal, NS_TIMEOUT)
{
	struct timespec none = {}, timeout = { .tv_sec = NS_TIMEOUT };
	struct kid kid, child;
	siginfo_t info;
	sigset_t set;
	int sk[2];

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sk));
	ASSERT_EQ(0, fcntl(sk[0], F_SETFL, O_ASYNC));
	ASSERT_EQ(0, fcntl(sk[0], F_SETSIG, SIGUSR1));
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		ASSERT_LE(0, kid_start(&child, 0));
		if (!child.pid) {
			kid_tell(&child, 0);
			EXPECT_EQ(SIGUSR1, syscall(__NR_rt_sigtimedwait, &set, &info, &timeout, 8));
			EXPECT_EQ(POLL_IN, info.si_code);
			EXPECT_EQ(sk[0], info.si_fd);
			kid_rest(&child);
		}
		EXPECT_EQ(0, kid_hear(&child));
		EXPECT_EQ(0, own_set(sk[0], child.pid));
		kid_tell(&kid, 0);
		EXPECT_EQ(0, kid_hear(&child));
		EXPECT_EQ(-1, syscall(__NR_rt_sigtimedwait, &set, NULL, &none, 8));
		kid_stop(&child);
		kid_rest(&kid);
	}
	EXPECT_EQ(0, kid_hear(&kid));
	EXPECT_EQ(1, write(sk[1], "x", 1));
	EXPECT_EQ(0, kid_hear(&kid));
	EXPECT_EQ(-1, syscall(__NR_rt_sigtimedwait, &set, NULL, &none, 8));
	kid_stop(&kid);
}

/* What /proc/locks of @proc shows of the lock at @byte of @fd; -ENOENT if nothing. */
static pid_t locks_owner(int proc, int fd, int byte, bool waiter)
{
	unsigned long inode, start;
	pid_t pid, found = -ENOENT;
	char line[256], *at;
	struct stat st;
	FILE *f;

	f = fdopen(openat(proc, "locks", O_RDONLY | O_CLOEXEC), "r");
	if (!f || fstat(fd, &st))
		return -EIO;
	while (found == -ENOENT && fgets(line, sizeof(line), f)) {
		at = strstr(line, "POSIX");
		if (at && !strstr(line, "->") == !waiter &&
		    sscanf(at, "POSIX ADVISORY WRITE %d %*x:%*x:%lu %lu", &pid, &inode,
			   &start) == 3 && inode == st.st_ino && start == byte)
			found = pid;
	}
	fclose(f);
	return found;
}

static int lock_take(int fd, off_t byte, int cmd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_start = byte, .l_len = 1 };

	return fcntl(fd, cmd, &lock) ? -errno : 0;
}

TEST_F_TIMEOUT(pidns, proc_locks, NS_TIMEOUT)
{
	int fd = sys_memfd_create("locks", MFD_NOEXEC_SEAL), proc;
	struct kid kid, child, waiter;
	pid_t pid;

	proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, proc);
	ASSERT_EQ(0, lock_take(fd, 0, F_SETLK));
	ASSERT_LE(0, kid_with_proc(&kid));
	if (!kid.pid) {
		int inner = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		ASSERT_EQ(0, lock_take(fd, 1, F_SETLK));
		ASSERT_LE(0, kid_start(&child, 0));
		if (!child.pid) {
			EXPECT_EQ(0, lock_take(fd, 2, F_SETLK));
			kid_rest(&child);
		}
		EXPECT_EQ(0, kid_hear(&child));
		/* Its owner has no number here: not listed. */
		EXPECT_EQ(-ENOENT, locks_owner(inner, fd, 0, false));
		EXPECT_EQ(1, locks_owner(inner, fd, 1, false));
		EXPECT_EQ(child.pid, locks_owner(inner, fd, 2, false));
		/* The procfs counts, not who reads it. */
		EXPECT_LT(1, locks_owner(proc, fd, 1, false));
		EXPECT_NE(-ENOENT, locks_owner(proc, fd, 0, false));
		kid_tell(&kid, 0);
		kid_hear(&kid);
		/* A waiter without a number here is listed, as 0. */
		EXPECT_TRUE(eventually(locks_owner(inner, fd, 1, true) != -ENOENT));
		EXPECT_EQ(0, locks_owner(inner, fd, 1, true));
		kid_rest(&kid);
	}
	EXPECT_EQ(0, kid_hear(&kid));
	EXPECT_EQ(getpid(), locks_owner(proc, fd, 0, false));
	EXPECT_EQ(kid.pid, locks_owner(proc, fd, 1, false));
	pid = locks_owner(proc, fd, 2, false);
	EXPECT_EQ(kid.pid, task_ppid(pid));
	ASSERT_LE(0, kid_start(&waiter, 0));
	if (!waiter.pid) {
		lock_take(fd, 1, F_SETLKW);
		kid_rest(&waiter);
	}
	kid_tell(&kid, 0);
	EXPECT_EQ(0, kid_hear(&kid));
	EXPECT_EQ(waiter.pid, locks_owner(proc, fd, 1, true));
	kid_stop(&waiter);
	kid_stop(&kid);
}

TEST_HARNESS_MAIN
