// SPDX-License-Identifier: GPL-2.0
/*
 * Process groups and sessions inside a namespace: their numbers are its own,
 * and those from outside have none.
 */
#include <limits.h>

#include "pidns_reap_util.h"

#define CHANGES 100000

static int setpgid_errno(pid_t pid, pid_t pgid)
{
	return setpgid(pid, pgid) ? -errno : 0;
}

static int kill_errno(pid_t pid, int sig)
{
	return kill(pid, sig) ? -errno : 0;
}

static void numbers(struct __test_metadata *_metadata)
{
	struct kid child;

	/* Group and session are those of the test, which are outside. */
	EXPECT_EQ(0, getpgrp());
	EXPECT_EQ(0, getpgid(1));
	EXPECT_EQ(0, getsid(0));
	EXPECT_EQ(1, setsid());
	EXPECT_EQ(1, getpgrp());
	EXPECT_EQ(1, getsid(0));
	EXPECT_EQ(-1, setsid());
	EXPECT_EQ(EPERM, errno);

	ASSERT_LE(0, kid_start(&child, 0));
	if (!child.pid) {
		EXPECT_EQ(1, getpgrp());
		EXPECT_EQ(1, getsid(0));
		EXPECT_EQ(0, setpgid(0, 0));
		EXPECT_EQ(2, getpgrp());
		EXPECT_EQ(1, getsid(0));
		/* A process group leader cannot begin a session. */
		EXPECT_EQ(-1, setsid());
		EXPECT_EQ(EPERM, errno);
		kid_rest(&child);
	}
	EXPECT_EQ(0, kid_hear(&child));
	EXPECT_EQ(2, getpgid(child.pid));
	EXPECT_EQ(1, getsid(child.pid));
	EXPECT_EQ(-1, getpgid(77));
	EXPECT_EQ(ESRCH, errno);
	EXPECT_EQ(-1, getsid(77));
	EXPECT_EQ(ESRCH, errno);
	kid_stop(&child);
	ASSERT_LE(0, kid_start(&child, 0));
	if (!child.pid) {
		EXPECT_EQ(getpid(), setsid());
		EXPECT_EQ(getpid(), getpgrp());
		EXPECT_EQ(getpid(), getsid(0));
		kid_rest(&child);
	}
	EXPECT_EQ(0, kid_hear(&child));
	EXPECT_EQ(child.pid, getsid(child.pid));
	kid_stop(&child);
}

TEST_F_TIMEOUT(pidns, numbers_inside, NS_TIMEOUT)
{
	in_namespace(_metadata, numbers);
}

/* Outside both have outside numbers, at each level. */
TEST_F_TIMEOUT(pidns, groups_from_outside, NS_TIMEOUT)
{
	int pid[MAX_LEVELS], pgid[MAX_LEVELS], sid[MAX_LEVELS], levels;
	struct kid kid, sibling;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	levels = task_numbers(kid.pid, "NSpid:", pid);
	EXPECT_EQ(levels, task_numbers(kid.pid, "NSpgid:", pgid));
	EXPECT_EQ(levels, task_numbers(kid.pid, "NSsid:", sid));
	EXPECT_EQ(getpgrp(), getpgid(kid.pid));
	EXPECT_EQ(getpgrp(), pgid[0]);
	EXPECT_EQ(getsid(0), sid[0]);
	/* The test's group has no number inside. */
	EXPECT_EQ(0, pgid[levels - 1]);
	EXPECT_EQ(0, sid[levels - 1]);
	/* A parent may move its child to a group, until the child executes. */
	EXPECT_EQ(0, setpgid(kid.pid, kid.pid));
	EXPECT_EQ(kid.pid, getpgid(kid.pid));
	EXPECT_EQ(levels, task_numbers(kid.pid, "NSpgid:", pgid));
	EXPECT_EQ(kid.pid, pgid[0]);
	EXPECT_EQ(1, pgid[levels - 1]);
	/* Even to that of a sibling, which has no number there either. */
	ASSERT_LE(0, kid_start(&sibling, CLONE_NEWPID));
	if (!sibling.pid) {
		kid_tell(&sibling, 0);
		kid_hear(&sibling);
		EXPECT_EQ(0, getpgrp());
		EXPECT_EQ(0, getpgid(1));
		kid_rest(&sibling);
	}
	EXPECT_EQ(0, kid_hear(&sibling));
	EXPECT_EQ(0, setpgid(sibling.pid, kid.pid));
	EXPECT_EQ(kid.pid, getpgid(sibling.pid));
	EXPECT_EQ(levels, task_numbers(sibling.pid, "NSpgid:", pgid));
	EXPECT_EQ(kid.pid, pgid[0]);
	kid_tell(&sibling, 0);
	EXPECT_EQ(0, kid_hear(&sibling));
	kid_stop(&sibling);
	kid_stop(&kid);
}

static void setpgid_errors(struct __test_metadata *_metadata)
{
	struct kid a, b, session;

	EXPECT_EQ(1, setsid());
	ASSERT_EQ(0, kid_hold(&a, 0));
	ASSERT_EQ(0, kid_hold(&b, 0));
	ASSERT_LE(0, kid_start(&session, 0));
	if (!session.pid) {
		setsid();
		kid_rest(&session);
	}
	ASSERT_EQ(0, kid_hear(&session));
	EXPECT_EQ(0, setpgid_errno(a.pid, 0));
	EXPECT_EQ(a.pid, getpgid(a.pid));
	EXPECT_EQ(0, setpgid_errno(b.pid, a.pid));
	EXPECT_EQ(a.pid, getpgid(b.pid));
	EXPECT_EQ(-EINVAL, setpgid_errno(a.pid, -1));
	EXPECT_EQ(-EPERM, setpgid_errno(b.pid, 77));
	EXPECT_EQ(-ESRCH, setpgid_errno(77, 77));
	EXPECT_EQ(-ESRCH, setpgid_errno(-1, 1));
	/* Neither a session leader itself nor a child that is one. */
	EXPECT_EQ(-EPERM, setpgid_errno(0, 0));
	EXPECT_EQ(-EPERM, setpgid_errno(session.pid, a.pid));
	EXPECT_EQ(-EPERM, setpgid_errno(b.pid, session.pid));
	EXPECT_EQ(a.pid, getpgid(b.pid));
	/* A group exists as long as it has a member. */
	kid_stop(&a);
	EXPECT_EQ(a.pid, getpgid(b.pid));
	EXPECT_EQ(0, kill_errno(-a.pid, 0));
	EXPECT_EQ(-ESRCH, kill_errno(a.pid, 0));
	kid_stop(&b);
	EXPECT_EQ(-ESRCH, kill_errno(-a.pid, 0));
	kid_stop(&session);
}

TEST_F_TIMEOUT(pidns, setpgid_errors, NS_TIMEOUT)
{
	in_namespace(_metadata, setpgid_errors);
}

/* The members and nobody else, by the group's number in this namespace. */
static void kill_group(struct __test_metadata *_metadata)
{
	struct kid a, b, c;

	ASSERT_EQ(0, kid_hold(&a, 0));
	ASSERT_EQ(0, kid_hold(&b, CLONE_NEWPID));
	ASSERT_EQ(0, kid_hold(&c, 0));
	EXPECT_EQ(0, setpgid(a.pid, a.pid));
	EXPECT_EQ(0, setpgid(b.pid, a.pid));
	EXPECT_EQ(0, kill_errno(-a.pid, SIGKILL));
	EXPECT_EQ(SIGKILL, wait_status(a.pid));
	EXPECT_EQ(SIGKILL, wait_status(b.pid));
	EXPECT_EQ(0, kill_errno(c.pid, 0));
	EXPECT_EQ(0, waitpid(c.pid, NULL, WNOHANG));
	EXPECT_EQ(-ESRCH, kill_errno(-a.pid, SIGKILL));
	EXPECT_EQ(-ESRCH, kill_errno(-77, SIGKILL));
	EXPECT_EQ(-ESRCH, kill_errno(INT_MIN, SIGKILL));
	kid_stop(&c);
}

TEST_F_TIMEOUT(pidns, kill_group, NS_TIMEOUT)
{
	in_namespace(_metadata, kill_group);
}

/* The own group, which may reach outside, is selected without a number. */
TEST_F_TIMEOUT(pidns, kill_own_group_reaches_outside, NS_TIMEOUT)
{
	struct kid outside, inside;
	pid_t beside;

	ASSERT_LE(0, kid_start(&outside, 0));
	if (!outside.pid) {
		setpgid(0, 0);
		signal(SIGUSR1, SIG_IGN);
		beside = fork_resting(0, NULL);
		if (!beside)
			_exit(EXIT_FAILURE);
		signal(SIGUSR1, SIG_DFL);
		kid_tell(&outside, beside);
		ASSERT_LE(0, kid_start(&inside, CLONE_NEWPID));
		if (!inside.pid) {
			EXPECT_EQ(0, getpgrp());
			EXPECT_EQ(0, kill_errno(0, SIGUSR1));
			rest_forever();
		}
		rest_forever();
	}
	beside = kid_hear(&outside);
	EXPECT_EQ(SIGUSR1, wait_status(outside.pid));
	EXPECT_EQ(0, kill(beside, SIGKILL));
	kid_stop(&outside);
}

/*
 * All visible processes but the caller and the init: descendant namespaces too,
 * ancestors never.
 */
static void kill_all(struct __test_metadata *_metadata)
{
	struct kid a, b;
	pid_t pid;

	/* There is nobody else. */
	EXPECT_EQ(-ESRCH, kill_errno(-1, SIGKILL));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		EXPECT_EQ(-ESRCH, kill_errno(-1, SIGKILL));
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_status(pid));
	ASSERT_EQ(0, kid_hold(&a, 0));
	ASSERT_EQ(0, kid_hold(&b, CLONE_NEWPID));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		EXPECT_EQ(0, kill_errno(-1, SIGKILL));
		/* The caller is spared. */
		_exit(33);
	}
	EXPECT_EQ(33 << 8, wait_status(pid));
	EXPECT_EQ(SIGKILL, wait_status(a.pid));
	EXPECT_EQ(SIGKILL, wait_status(b.pid));
	close(a.sk);
	close(b.sk);
}

/* A process that changes its group is in one of the two at each moment. */
static void always_in_a_group(struct __test_metadata *_metadata)
{
	struct kid kid;
	int i, err = 0;
	ssize_t got;
	pid_t pgid;

	EXPECT_EQ(1, setsid());
	ASSERT_LE(0, kid_start(&kid, 0));
	if (!kid.pid) {
		for (i = 0; i < CHANGES && !err; i++)
			err = setpgid_errno(0, i % 2);
		kid_tell(&kid, err);
		kid_rest(&kid);
	}
	do {
		pgid = getpgid(kid.pid);
		got = recv(kid.sk, &err, sizeof(err), MSG_DONTWAIT);
	} while ((pgid == 1 || pgid == kid.pid) && got < 0);
	/* It has finished, and was not killed. */
	EXPECT_EQ(sizeof(err), got);
	EXPECT_TRUE(pgid == 1 || pgid == kid.pid) {
		TH_LOG("getpgid() says %d", pgid);
	}
	EXPECT_EQ(0, err);
	kid_stop(&kid);
}

TEST_F_TIMEOUT(pidns, setpgid_is_atomic, NS_TIMEOUT)
{
	in_namespace(_metadata, always_in_a_group);
}

TEST_F_TIMEOUT(pidns, kill_all_inside, NS_TIMEOUT)
{
	struct kid beside;

	ASSERT_EQ(0, kid_hold(&beside, CLONE_NEWPID));
	in_namespace(_metadata, kill_all);
	EXPECT_TRUE(task_rests(beside.pid));
	kid_stop(&beside);
}

TEST_HARNESS_MAIN
