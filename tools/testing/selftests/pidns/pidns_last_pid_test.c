// SPDX-License-Identifier: GPL-2.0
/*
 * kernel.ns_last_pid and the last field of /proc/loadavg show the cursor of the
 * caller's namespace; the sysctl sets it.
 */
#include <limits.h>

#include "pidns_util.h"

/* The last field of /proc/loadavg; no valid number on error. */
static int loadavg_last(void)
{
	FILE *f = fopen("/proc/loadavg", "re");
	int last = INT_MIN;

	if (f) {
		if (fscanf(f, "%*s %*s %*s %*s %d", &last) != 1)
			last = INT_MIN;
		fclose(f);
	}
	return last;
}

#define EXPECT_LAST(nr)				\
do {						\
	int __nr = (nr);			\
						\
	EXPECT_EQ(__nr, last_pid());		\
	EXPECT_EQ(__nr, loadavg_last());		\
} while (0)

TEST_F_TIMEOUT(pidns, reads_last_number, NS_TIMEOUT)
{
	int i;

	EXPECT_LAST(1);
	for (i = 2; i < 10; i++) {
		EXPECT_EQ(i, try_fork());
		EXPECT_LAST(i);
	}
	EXPECT_EQ(10, hold_fork());
	EXPECT_LAST(10);
}

TEST_F_TIMEOUT(pidns, sets_next_number, NS_TIMEOUT)
{
	static const int nrs[] = { 1000, 50, 300, 299, 4000000, 301 };
	int i;

	for (i = 0; i < ARRAY_SIZE(nrs); i++) {
		EXPECT_EQ(0, last_pid_set(nrs[i]));
		EXPECT_LAST(nrs[i]);
		EXPECT_EQ(nrs[i] + 1, try_fork());
		EXPECT_LAST(nrs[i] + 1);
	}
	/* Numbers in use are skipped. */
	EXPECT_EQ(500, hold_as(500));
	EXPECT_EQ(0, last_pid_set(499));
	EXPECT_EQ(501, try_fork());
}

TEST_F_TIMEOUT(pidns, accepts_0_to_pid_max, NS_TIMEOUT)
{
	int max = pid_limit_min() + 10;

	EXPECT_EQ(0, last_pid_set(0));
	EXPECT_LAST(0);
	EXPECT_EQ(2, try_fork());
	EXPECT_EQ(-EINVAL, last_pid_set(-1));
	EXPECT_LAST(2);

	/* pid_max is no number, but the cursor may be behind it. */
	EXPECT_EQ(0, last_pid_set(PID_MAX_LIMIT));
	EXPECT_LAST(PID_MAX_LIMIT);
	EXPECT_EQ(RESERVED_PIDS, try_fork());
	EXPECT_EQ(-EINVAL, last_pid_set(PID_MAX_LIMIT + 1));

	/* That limit is the namespace's own. */
	ASSERT_EQ(0, pid_limit_set(max));
	EXPECT_EQ(0, last_pid_set(max - 1));
	EXPECT_EQ(RESERVED_PIDS, try_fork());
	EXPECT_EQ(0, last_pid_set(max));
	EXPECT_LAST(max);
	EXPECT_EQ(RESERVED_PIDS, try_fork());
	EXPECT_EQ(-EINVAL, last_pid_set(max + 1));
	EXPECT_LAST(RESERVED_PIDS);
}

TEST_F_TIMEOUT(pidns, refuses_other_input, NS_TIMEOUT)
{
	static const char path[] = "/proc/sys/kernel/ns_last_pid";

	EXPECT_EQ(0, last_pid_set(700));
	EXPECT_EQ(-EINVAL, file_write(path, "seven"));
	EXPECT_EQ(-EINVAL, file_write(path, "99999999999"));
	EXPECT_LAST(700);
}

/* At an offset, nothing is read or written by default. */
TEST_F_TIMEOUT(pidns, strict_about_offsets, NS_TIMEOUT)
{
	int fd = open("/proc/sys/kernel/ns_last_pid", O_RDWR | O_CLOEXEC);
	char buf[8];

	if (file_read_int("/proc/sys/kernel/sysctl_writes_strict") != 1)
		SKIP(return, "kernel.sysctl_writes_strict is not 1");
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, last_pid_set(700));
	/* Ignored, although it succeeds; even a number that is refused at the start. */
	EXPECT_EQ(3, pwrite(fd, "800", 3, 1));
	EXPECT_EQ(2, pwrite(fd, "-1", 2, 3));
	EXPECT_LAST(700);
	EXPECT_EQ(3, write(fd, "900", 3));
	EXPECT_LAST(900);
	/* The file's position has moved on. */
	EXPECT_EQ(3, write(fd, "950", 3));
	EXPECT_LAST(900);
	EXPECT_EQ(4, pread(fd, buf, sizeof(buf), 0));
	EXPECT_EQ(0, pread(fd, buf, sizeof(buf), 1));
	close(fd);
}

/* That of the inner namespace, whichever procfs it is read through. */
TEST_F_TIMEOUT(pidns, belongs_to_callers_namespace, NS_TIMEOUT)
{
	struct kid kid;

	ASSERT_EQ(0, last_pid_set(1000));
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		EXPECT_LAST(1);
		EXPECT_EQ(0, last_pid_set(7000));
		EXPECT_LAST(7000);
		kid_tell(&kid, 0);
		/* The test has set its own meanwhile. */
		kid_hear(&kid);
		EXPECT_LAST(7000);
		EXPECT_EQ(7001, try_fork());
		kid_rest(&kid);
	}
	ASSERT_EQ(0, kid_hear(&kid));
	EXPECT_LAST(1001);
	EXPECT_EQ(0, last_pid_set(2000));
	kid_tell(&kid, 0);
	ASSERT_EQ(0, kid_hear(&kid));
	/* Its child had a number here as well. */
	EXPECT_LAST(2001);
	kid_stop(&kid);
}

/* Not that of the namespace that is pending for its children. */
TEST_F_TIMEOUT(pidns, belongs_to_active_namespace, NS_TIMEOUT)
{
	ASSERT_EQ(0, last_pid_set(1000));
	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	EXPECT_LAST(1000);
	EXPECT_EQ(1001, try_fork());
	EXPECT_LAST(1001);
}

TEST_F_TIMEOUT(pidns, set_tid_does_not_move_it, NS_TIMEOUT)
{
	EXPECT_EQ(2, try_fork());
	EXPECT_EQ(500, try_as(500));
	EXPECT_LAST(2);
	EXPECT_EQ(600, hold_as(600));
	EXPECT_EQ(-EEXIST, try_as(600));
	EXPECT_LAST(2);
	/* Not even with the number that would have been next. */
	EXPECT_EQ(3, try_as(3));
	EXPECT_LAST(2);
	EXPECT_EQ(3, try_fork());
	EXPECT_LAST(3);
}

TEST_F_TIMEOUT(pidns, failed_fork_does_not_put_it_back, NS_TIMEOUT)
{
	int i;

	ASSERT_EQ(0, last_pid_set(100));
	for (i = 1; i <= 3; i++) {
		EXPECT_EQ(-EFAULT, fork_fault(0));
		EXPECT_LAST(100 + i);
	}
	EXPECT_EQ(104, try_fork());
	/* The numbers themselves are free. */
	EXPECT_EQ(101, try_as(101));
	EXPECT_EQ(103, try_as(103));
}

/* A failed first fork leaves no trace: the next one starts again. */
TEST_F_TIMEOUT(pidns, retried_first_fork_resets_it, NS_TIMEOUT)
{
	pid_t pid;
	int i;

	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(-EFAULT, fork_fault(0));
	pid = fork_tids(0, NULL, 0);
	ASSERT_LE(0, pid);
	if (!pid) {
		EXPECT_LAST(1);
		EXPECT_EQ(2, try_fork());
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
}

/* set_tid for the first process does not move it either. */
TEST_F_TIMEOUT(pidns, first_by_set_tid_does_not_move_it, NS_TIMEOUT)
{
	pid_t pid = fork_as(CLONE_NEWPID, 1);

	ASSERT_LE(0, pid);
	if (!pid) {
		EXPECT_LAST(-1);
		EXPECT_EQ(2, try_fork());
		EXPECT_LAST(2);
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
}

/* In a child with one capability, or none. */
static void expect_set(struct __test_metadata *_metadata, int keep, int err)
{
	pid_t pid = fork_tids(0, NULL, 0);
	int cap, before = last_pid();

	ASSERT_LE(0, pid);
	if (!pid) {
		for (cap = 0; cap <= CAP_LAST_CAP; cap++)
			if (cap != keep)
				ASSERT_EQ(0, cap_drop(cap));
		EXPECT_EQ(err, last_pid_set(before + 10)) {
			TH_LOG("capability %d", keep);
		}
		EXPECT_LAST(err ? before : before + 10);
		/* EPERM comes before EINVAL. */
		EXPECT_EQ(err ?: -EINVAL, last_pid_set(-1));
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
}

TEST_F_TIMEOUT(pidns, either_capability_suffices, NS_TIMEOUT)
{
	int cap;

	for (cap = -1; cap <= CAP_LAST_CAP; cap++)
		expect_set(_metadata, cap,
			   cap == CAP_SYS_ADMIN || cap == CAP_CHECKPOINT_RESTORE ? 0 : -EPERM);
	ASSERT_EQ(0, setresuid(NOBODY, NOBODY, NOBODY));
	EXPECT_LT(0, last_pid());
	EXPECT_EQ(-EPERM, last_pid_set(100));
}

TEST_F_TIMEOUT(pidns, capability_counts_over_owner, NS_TIMEOUT)
{
	pid_t pid = fork_tids(CLONE_NEWUSER | CLONE_NEWPID, NULL, 0);

	ASSERT_LE(0, pid);
	if (!pid) {
		expect_set(_metadata, CAP_SYS_ADMIN, 0);
		expect_set(_metadata, CAP_CHECKPOINT_RESTORE, 0);
		expect_set(_metadata, -1, -EPERM);
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
	/* Root of another user namespace has no permission here. */
	ASSERT_EQ(0, userns_enter());
	expect_set(_metadata, CAP_SYS_ADMIN, -EPERM);
	expect_set(_metadata, CAP_CHECKPOINT_RESTORE, -EPERM);
}

TEST_HARNESS_MAIN
