// SPDX-License-Identifier: GPL-2.0
/*
 * A clone that has a number in its own namespace and then fails, because there
 * is none in the ancestor, against a clone that wants the same number: the
 * latter must not notice.
 */
#define PIDNS_OWN_FIXTURE
#include "pidns_reap_util.h"
#include "pidns_util.h"

#define TRIES 20000

/* How many clones fail meanwhile, at least. */
#define FAILURES 100

/* What a child may share, so that a failing clone is cheap. */
#define SHARED (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND)

/* The process that fails repeatedly. */
static struct loser {
	unsigned long failed;
	pid_t got;		/* another result than EEXIST */
	bool may_join;
} *loser;

static pid_t loser_start(void)
{
	pid_t pid;

	loser = shared_alloc(sizeof(*loser));
	if (!loser)
		return -ENOMEM;
	pid = fork();
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* Get @nr, and fail in the parent namespace, where 1 is in use. */
static void __noreturn lose(pid_t nr)
{
	pid_t pid;

	for (;;) {
		pid = fork_as(SHARED, nr, 1);
		if (!pid)
			_exit(EXIT_FAILURE);
		if (pid != -EEXIST)
			WRITE_ONCE(loser->got, pid);
		WRITE_ONCE(loser->failed, loser->failed + 1);
	}
}

/* A clone that has all numbers, and fails after that: returns -EFAULT. */
static pid_t clone_fault(const pid_t *tids, size_t nr)
{
	return fork_set_tid(SHARED, (int *)8, tids, nr);
}

static void expect_undisturbed(struct __test_metadata *_metadata, pid_t pid,
			       const pid_t *tids, size_t nr)
{
	int tries = count_for_kernel(_metadata, TRIES);
	unsigned long first;
	int i;

	ASSERT_TRUE(eventually((first = READ_ONCE(loser->failed))));
	for (i = 0; i < tries || READ_ONCE(loser->failed) < first + FAILURES; i++) {
		/* The loser is still there. */
		ASSERT_EQ(0, waitpid(pid, NULL, WNOHANG));
		ASSERT_EQ(-EFAULT, clone_fault(tids, nr)) {
			TH_LOG("try %d, %lu clones have failed", i, READ_ONCE(loser->failed));
		}
	}
	EXPECT_EQ(0, loser->got);
	hold_end(pid);
}

/* The first in its namespace: with any number but 1 it would be EINVAL. */
TEST_F_TIMEOUT(pidns, first_fork_ignores_failing_clone, NS_TIMEOUT)
{
	pid_t pid = loser_start();
	int fd;

	ASSERT_LE(0, pid);
	if (!pid) {
		while (!READ_ONCE(loser->may_join))
			usleep(1000);
		fd = open("/proc/1/ns/pid_for_children", O_RDONLY | O_CLOEXEC);
		if (setns(fd, CLONE_NEWPID))
			_exit(EXIT_FAILURE);
		lose(1);
	}
	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	WRITE_ONCE(loser->may_join, true);
	expect_undisturbed(_metadata, pid, NULL, 0);
}

/* A number by set_tid would be EEXIST. */
TEST_F_TIMEOUT(pidns, set_tid_ignores_failing_clone, NS_TIMEOUT)
{
	const pid_t nr = 50;
	pid_t inner, pid;

	inner = fork_tids(CLONE_NEWPID, NULL, 0);
	ASSERT_LE(0, inner);
	if (!inner) {
		pid = loser_start();
		ASSERT_LE(0, pid);
		if (!pid)
			lose(nr);
		expect_undisturbed(_metadata, pid, &nr, 1);
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(inner));
}

/* The last free one would be EAGAIN. */
TEST_F_TIMEOUT(pidns, last_number_ignores_failing_clone, NS_TIMEOUT)
{
	pid_t inner, pid;

	inner = fork_tids(CLONE_NEWPID, NULL, 0);
	ASSERT_LE(0, inner);
	if (!inner) {
		pid = loser_start();
		ASSERT_LE(0, pid);
		if (!pid)
			lose(RESERVED_PIDS);
		ASSERT_EQ(0, pid_limit_set(pid_limit_small()));
		ASSERT_EQ(0, hold_range(RESERVED_PIDS + 1, pid_limit() - 1));
		ASSERT_EQ(0, last_pid_set(RESERVED_PIDS));
		expect_undisturbed(_metadata, pid, NULL, 0);
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(inner));
}

TEST_HARNESS_MAIN
