// SPDX-License-Identifier: GPL-2.0
/*
 * clone3's set_tid: one number for each level from the innermost outwards, at
 * most one per level, each free and in the range of its namespace.
 */
#include <limits.h>

#include "pidns_util.h"

#define REFUSALS 5000
#define UNUSED 50		/* a free number */

/* What a child may share, so that a refused clone is cheap. */
#define SHARED (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND)

/* Any set_tid and set_tid_size. */
static int raw_set_tid(const pid_t *tids, __u64 nr)
{
	return fork_done(fork_set_tid(0, NULL, tids, nr));
}

TEST_F_TIMEOUT(pidns, pointer_and_size_must_agree, NS_TIMEOUT)
{
	pid_t nrs[MAX_PID_NS_LEVEL + 2];
	int before = last_pid(), i;

	for (i = 0; i < ARRAY_SIZE(nrs); i++)
		nrs[i] = 1;
	/* Both or neither, */
	EXPECT_EQ(-EINVAL, raw_set_tid(NULL, 1));
	EXPECT_EQ(-EINVAL, raw_set_tid(nrs, 0));
	/* and at most what clone3 accepts: 1 is in use, but not looked at. */
	EXPECT_EQ(-EINVAL, raw_set_tid(nrs, MAX_PID_NS_LEVEL + 1));
	EXPECT_EQ(-EINVAL, raw_set_tid(nrs, MAX_PID_NS_LEVEL + 2));
	EXPECT_EQ(-EINVAL, raw_set_tid(nrs, -1ULL));
	EXPECT_EQ(-EFAULT, raw_set_tid((void *)8, 1));
	EXPECT_EQ(-EEXIST, raw_set_tid(nrs, 1));
	EXPECT_EQ(before, last_pid());
	EXPECT_EQ(before + 1, raw_set_tid(NULL, 0));
}

TEST_F_TIMEOUT(pidns, out_of_range_is_einval, NS_TIMEOUT)
{
	static const pid_t wrong[] = { 0, -1, INT_MIN, INT_MAX, PID_MAX_LIMIT, PID_MAX_LIMIT + 1 };
	int max = pid_limit_min() + 10, before = last_pid(), i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(-EINVAL, try_as(wrong[i])) {
			TH_LOG("number %d", wrong[i]);
		}
	}
	EXPECT_EQ(PID_MAX_LIMIT - 1, try_as(PID_MAX_LIMIT - 1));
	EXPECT_EQ(2, try_as(2));
	/* No number is reserved. */
	EXPECT_EQ(299, try_as(299));
	EXPECT_EQ(300, try_as(300));

	ASSERT_EQ(0, pid_limit_set(max));
	EXPECT_EQ(max - 1, try_as(max - 1));
	EXPECT_EQ(-EINVAL, try_as(max));
	EXPECT_EQ(-EINVAL, try_as(max + 1));
	EXPECT_EQ(before, last_pid());
}

static void limits_of_two_levels(struct __test_metadata *_metadata, int above)
{
	int here = above + 10;

	ASSERT_EQ(0, pid_limit_set(here));
	/* Each number is checked against the limit of its own namespace. */
	EXPECT_EQ(here - 1, try_as(here - 1, above - 1));
	EXPECT_EQ(-EINVAL, try_as(here, above - 1));
	EXPECT_EQ(-EINVAL, try_as(here - 1, above));
	EXPECT_EQ(-EINVAL, try_as(above - 1, here - 1));
	EXPECT_EQ(-EINVAL, try_as(50, 0));
	EXPECT_EQ(-EINVAL, try_as(50, -1));
}

TEST_F_TIMEOUT(pidns, range_is_checked_at_each_level, NS_TIMEOUT)
{
	int above = pid_limit_min() + 20;
	pid_t pid;

	ASSERT_EQ(0, pid_limit_set(above));
	pid = fork_tids(CLONE_NEWPID, NULL, 0);
	ASSERT_LE(0, pid);
	if (!pid) {
		limits_of_two_levels(_metadata, above);
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
}

TEST_F_TIMEOUT(pidns, taken_is_eexist, NS_TIMEOUT)
{
	siginfo_t info;
	pid_t pid;

	EXPECT_EQ(-EEXIST, try_as(1));
	ASSERT_EQ(50, hold_as(50));
	EXPECT_EQ(-EEXIST, try_as(50));
	/* A zombie has its number. */
	EXPECT_EQ(0, kill(50, SIGKILL));
	ASSERT_EQ(0, sys_waitid(P_PID, 50, &info, WEXITED | WNOWAIT));
	EXPECT_EQ(-EEXIST, try_as(50));
	EXPECT_EQ(50, waitpid(50, NULL, 0));
	EXPECT_EQ(50, try_as(50));

	/* In the inner level, in the outer, in both. */
	ASSERT_EQ(60, hold_as(60));
	pid = fork_tids(CLONE_NEWPID, NULL, 0);
	ASSERT_LE(0, pid);
	if (!pid) {
		ASSERT_EQ(70, hold_as(70, 61));
		EXPECT_EQ(-EEXIST, try_as(70));
		EXPECT_EQ(-EEXIST, try_as(70, 62));
		EXPECT_EQ(-EEXIST, try_as(71, 60));
		EXPECT_EQ(-EEXIST, try_as(71, 61));
		EXPECT_EQ(-EEXIST, try_as(70, 60));
		/* An inner number is freed if the outer one fails. */
		EXPECT_EQ(71, try_as(71, 62));
		/* The same number at another level is another number. */
		EXPECT_EQ(60, try_as(60, 70));
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
}

/* The caller's numbers at the levels that /proc shows, innermost first. */
static int own_numbers(pid_t *nrs)
{
	pid_t seen[MAX_PID_NS_LEVEL + 1];
	int levels = status_numbers(outer_proc, "self", "NSpid", seen), i;

	for (i = 0; i < levels; i++)
		nrs[i] = seen[levels - 1 - i];
	return levels;
}

/*
 * A child with @nr numbers checks them; the outer ones are searched. Returns
 * its number.
 */
static pid_t check_numbers(struct __test_metadata *_metadata, const pid_t *nrs, int nr)
{
	pid_t seen[MAX_PID_NS_LEVEL + 1];
	pid_t pid = fork_tids(0, nrs, nr);
	int i;

	if (!pid) {
		EXPECT_LE(nr, own_numbers(seen));
		for (i = 0; i < nr; i++) {
			EXPECT_EQ(nrs[i], seen[i]) {
				TH_LOG("%d of %d numbers", i, nr);
			}
		}
		_exit(EXIT_SUCCESS);
	}
	if (pid > 0)
		EXPECT_EQ(0, wait_for_pid(pid));
	return pid;
}

static void expect_numbers(struct __test_metadata *_metadata, const pid_t *nrs, int nr)
{
	EXPECT_EQ(nrs[0], check_numbers(_metadata, nrs, nr));
}

/* From the innermost outwards, any number of levels; the rest is searched. */
TEST_F_TIMEOUT(pidns, one_number_per_level, NS_TIMEOUT)
{
	static const pid_t nrs[] = { 500, 600, 700, 800 };
	pid_t seen[MAX_PID_NS_LEVEL + 1], pid;
	int before, i, nr = ARRAY_SIZE(nrs);

	pid = fork_tids(0, NULL, 0);
	ASSERT_LE(0, pid);
	if (!pid) {
		/* 800 is in the test's namespace. */
		ASSERT_EQ(0, pidns_descend(nr - 1));
		for (i = 1; i <= nr; i++)
			expect_numbers(_metadata, nrs, i);
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));

	/* Those that were not given follow the cursor. */
	before = last_pid();
	pid = fork_tids(CLONE_NEWPID, NULL, 0);
	ASSERT_LE(0, pid);
	if (!pid) {
		pid = fork_as(0, 500);
		if (!pid) {
			EXPECT_LT(1, own_numbers(seen));
			EXPECT_EQ(500, seen[0]);
			EXPECT_EQ(before + 2, seen[1]);
			_exit(EXIT_SUCCESS);
		}
		_exit(wait_for_pid(pid));
	}
	EXPECT_EQ(0, wait_for_pid(pid));
	EXPECT_EQ(before + 2, last_pid());
}

/* The same for the first process of a namespace: 1, and any number above. */
TEST_F_TIMEOUT(pidns, init_with_set_tid, NS_TIMEOUT)
{
	pid_t seen[MAX_PID_NS_LEVEL + 1];
	pid_t pid = fork_as(CLONE_NEWPID, 1, 1234);

	ASSERT_LE(0, pid);
	if (!pid) {
		EXPECT_LT(1, own_numbers(seen));
		EXPECT_EQ(1, seen[0]);
		EXPECT_EQ(1234, seen[1]);
		EXPECT_EQ(2, try_fork());
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(1234, pid);
	EXPECT_EQ(0, wait_for_pid(pid));
	EXPECT_EQ(-EINVAL, fork_done(fork_as(CLONE_NEWPID, 2, 1234)));
	EXPECT_EQ(-EEXIST, fork_done(fork_as(CLONE_NEWPID, 1, 1)));
}

/* Go down to where a process has @nr numbers, as /proc counts them. */
static int descend_to(int levels)
{
	pid_t seen[MAX_PID_NS_LEVEL + 1];

	return pidns_descend(levels - status_numbers(outer_proc, "self", "NSpid", seen));
}

/* Numbers for all @nr levels, of which that of the initial namespace is free. */
static void with_all_levels(struct __test_metadata *_metadata, int nr)
{
	pid_t nrs[MAX_PID_NS_LEVEL + 1], pid = -EINVAL;
	int i;

	for (i = 0; i < MAX_PID_NS_LEVEL + 1; i++)
		nrs[i] = 1000 + i;
	EXPECT_EQ(-EINVAL, fork_done(fork_tids(0, nrs, nr + 1)));
	/*
	 * It may be above the limit there, which cannot be read here, and
	 * anybody may have it; but never so many.
	 */
	i = PID_MAX_LIMIT - 1;
	while (i > 1 && (pid == -EINVAL || pid == -EEXIST)) {
		nrs[nr - 1] = i;
		pid = check_numbers(_metadata, nrs, nr);
		i = pid == -EINVAL ? i / 2 : i - 1;
	}
	EXPECT_EQ(1000, pid);
	/* And it is the last one that is accepted. */
	nrs[nr - 1] = 0;
	EXPECT_EQ(-EINVAL, fork_done(fork_tids(0, nrs, nr)));
	expect_numbers(_metadata, nrs, nr - 1);
}

/*
 * A number that a clone allocates here before an outer level refuses it is
 * never found. A socket's owner may be any pid, dead or alive.
 */
TEST_F_TIMEOUT(pidns, refused_number_is_never_found, NS_TIMEOUT)
{
	int sk = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), status = 0, err, i;
	pid_t pid;

	ASSERT_LE(0, sk);
	ASSERT_EQ(0, fcntl(sk, F_SETOWN, getpid()));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		for (i = 0; i < REFUSALS; i++)
			if (fork_as(SHARED, UNUSED, 1) != -EEXIST)
				_exit(EXIT_FAILURE);
		_exit(EXIT_SUCCESS);
	}
	do {
		err = fcntl(sk, F_SETOWN, UNUSED) ? errno : 0;
	} while (err == ESRCH && !waitpid(pid, &status, WNOHANG));
	EXPECT_EQ(ESRCH, err);
	EXPECT_EQ(0, status);
	close(sk);
}

TEST_F_TIMEOUT(pidns, at_most_one_number_per_level, NS_TIMEOUT)
{
	static const int levels[] = { 2, 3, 4, MAX_PID_NS_LEVEL };
	pid_t pid;
	int i;

	if (!outer_proc_is_root())
		SKIP(return, "needs the /proc of the initial PID namespace");
	for (i = 0; i < ARRAY_SIZE(levels); i++) {
		pid = fork_tids(0, NULL, 0);
		ASSERT_LE(0, pid);
		if (!pid) {
			ASSERT_EQ(0, descend_to(levels[i]));
			with_all_levels(_metadata, levels[i]);
			_exit(EXIT_SUCCESS);
		}
		EXPECT_EQ(0, wait_for_pid(pid)) {
			TH_LOG("%d levels", levels[i]);
		}
	}
}

/* At the greatest depth clone3 does not reach the first of the 33 levels. */
TEST_F_TIMEOUT(pidns, at_most_32_numbers, NS_TIMEOUT)
{
	pid_t nrs[MAX_PID_NS_LEVEL + 1], pid;
	int levels, i;

	if (!outer_proc_is_root())
		SKIP(return, "needs the /proc of the initial PID namespace");
	for (i = 0; i < ARRAY_SIZE(nrs); i++)
		nrs[i] = 20000 + i;
	for (levels = MAX_PID_NS_LEVEL; levels <= MAX_PID_NS_LEVEL + 1; levels++) {
		pid = fork_tids(0, NULL, 0);
		ASSERT_LE(0, pid);
		if (!pid) {
			ASSERT_EQ(0, descend_to(levels));
			expect_numbers(_metadata, nrs, MAX_PID_NS_LEVEL - 1);
			if (levels > MAX_PID_NS_LEVEL)
				expect_numbers(_metadata, nrs, MAX_PID_NS_LEVEL);
			EXPECT_EQ(-EINVAL, raw_set_tid(nrs, MAX_PID_NS_LEVEL + 1));
			_exit(EXIT_SUCCESS);
		}
		EXPECT_EQ(0, wait_for_pid(pid));
	}
}

/* The same for threads: errors, */
TEST_F_TIMEOUT(pidns, thread_set_tid_errors, NS_TIMEOUT)
{
	static long double stack[4096];
	pid_t nr = 1;
	struct __clone_args args = {
		.flags = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM,
		.stack = ptr_to_u64(stack),
		.stack_size = sizeof(stack),
		.set_tid = ptr_to_u64(&nr),
		.set_tid_size = 1,
	};

	EXPECT_EQ(-1, sys_clone3(&args, sizeof(args)));
	EXPECT_EQ(EEXIST, errno);
	nr = 0;
	EXPECT_EQ(-1, sys_clone3(&args, sizeof(args)));
	EXPECT_EQ(EINVAL, errno);
}

/*
 * and success. A thread with these numbers continues in its process, on the
 * stack of the first one, which waits as for a vfork and never continues: the
 * thread exits both.
 */
static int thread_as(const pid_t *nrs, size_t nr)
{
	struct __clone_args args = {
		.flags = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM | CLONE_VFORK,
		.set_tid = ptr_to_u64(nrs),
		.set_tid_size = nr,
	};

	return sys_clone3(&args, sizeof(args)) ? -errno : 0;
}

/* Only the thread has the numbers, at each level that was given. */
static void thread_numbers(struct __test_metadata *_metadata, const pid_t *nrs, int nr)
{
	pid_t seen[MAX_PID_NS_LEVEL + 1], process;
	pid_t pid = fork_tids(0, NULL, 0);
	int levels, i;

	ASSERT_LE(0, pid);
	if (!pid) {
		process = getpid();
		ASSERT_EQ(0, thread_as(nrs, nr));
		EXPECT_EQ(nrs[0], syscall(__NR_gettid));
		EXPECT_EQ(process, syscall(__NR_getpid));
		levels = status_numbers(outer_proc, "thread-self", "NSpid", seen);
		ASSERT_LE(nr, levels);
		for (i = 0; i < nr; i++)
			EXPECT_EQ(nrs[i], seen[levels - 1 - i]);
		EXPECT_EQ(levels, status_numbers(outer_proc, "thread-self", "NStgid", seen));
		EXPECT_EQ(process, seen[levels - 1]);
		/* They are in use, like those of a process. */
		EXPECT_EQ(-EEXIST, fork_done(fork_tids(0, nrs, nr)));
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
	/* The exit of a process may be reported while its last thread still has its number. */
	EXPECT_TRUE(eventually(fork_done(fork_tids(0, nrs, nr)) == nrs[0]));
}

TEST_F_TIMEOUT(pidns, thread_with_set_tid, NS_TIMEOUT)
{
	static const pid_t nrs[] = { 500, 600 };
	int before = last_pid();
	pid_t pid;

	thread_numbers(_metadata, nrs, 1);
	/* As for a process: the cursor moved at the levels that were searched. */
	EXPECT_EQ(before + 1, last_pid());
	pid = fork_tids(CLONE_NEWPID, NULL, 0);
	ASSERT_LE(0, pid);
	if (!pid) {
		thread_numbers(_metadata, nrs, 1);
		thread_numbers(_metadata, nrs, 2);
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
}

TEST_HARNESS_MAIN
