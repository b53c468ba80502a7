// SPDX-License-Identifier: GPL-2.0
/*
 * The tracepoint of refused forks and namespaces: each reason that userspace can
 * bring about.
 */
#define PIDNS_OWN_FIXTURE
#define PIDNS_UTIL_OWN_FIXTURE
#include "pidns_reap_util.h"
#include "pidns_util.h"
#include "trace_util.h"
#include "fault_util.h"

static struct trace trace;

FIXTURE(refused) {
};

FIXTURE_SETUP(refused)
{
	const char *why;

	if (geteuid())
		SKIP(return, "needs root");
	why = trace_begin(&trace, "pidns");
	if (why)
		SKIP(return, "%s", why);
}

FIXTURE_TEARDOWN(refused)
{
	trace_end(&trace);
}

/* Expect the last refusal in the namespace @id, by the namespace @by. */
#define EXPECT_REFUSED_BY(by, id, why, err)					\
do {										\
	const char *__event = event_now(&trace, "pid_ns_fork_refused", "ns_id", id);	\
										\
	EXPECT_TRUE(event_is(__event, "reason", why));				\
	EXPECT_EQ(-(err), event_number(__event, "error"));			\
	EXPECT_EQ(by, event_number(__event, "refused_id"));			\
} while (0)

#define EXPECT_REFUSED(id, why, err)						\
do {										\
	const __u64 __id = id;							\
										\
	EXPECT_REFUSED_BY(__id, __id, why, err);				\
} while (0)

static int unshare_errno(int flags)
{
	return unshare(flags) ? -errno : 0;
}

TEST_F_TIMEOUT(refused, dead_init, NS_TIMEOUT)
{
	struct kid kid;
	__u64 id;
	int fd;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	fd = ns_open(kid.pid, L_PID);
	id = ns_fd_id(fd);
	kid_stop(&kid);
	EXPECT_EQ(-ENOMEM, fork_into(fd));
	EXPECT_REFUSED(id, "dead_init", ENOMEM);
	close(fd);
}

/* The namespace waits for its init, and the parent's is dead. */
TEST_F_TIMEOUT(refused, dead_init_of_ancestor, NS_TIMEOUT)
{
	__u64 id, outer_id;
	struct kid kid;
	int fd;

	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		kid_tell(&kid, unshare(CLONE_NEWPID));
		rest_forever();
	}
	ASSERT_EQ(0, kid_hear(&kid));
	fd = ns_open(kid.pid, L_PID_CHILDREN);
	ASSERT_LE(0, fd);
	id = ns_fd_id(fd);
	outer_id = ns_id(kid.pid, L_PID);
	EXPECT_NE(id, outer_id);
	kid_stop(&kid);
	EXPECT_EQ(-ENOMEM, fork_into(fd));
	EXPECT_REFUSED_BY(outer_id, id, "dead_init", ENOMEM);
	close(fd);
}

TEST_F_TIMEOUT(refused, pid_max, NS_TIMEOUT)
{
	struct kid kid;
	__u64 id;

	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID | CLONE_NEWNS));
	if (!kid.pid) {
		kid_tell(&kid, pid_limit_fill() ?: hold_fork());
		/* A namespace in it has numbers, but this one has not. */
		ASSERT_EQ(0, unshare(CLONE_NEWPID));
		kid_tell(&kid, hold_fork());
		rest_forever();
	}
	id = ns_id(kid.pid, L_PID);
	EXPECT_EQ(-EAGAIN, kid_hear(&kid));
	EXPECT_EQ(-EAGAIN, kid_hear(&kid));
	EXPECT_REFUSED(id, "pid_max", EAGAIN);
	EXPECT_REFUSED_BY(id, ns_id(kid.pid, L_PID_CHILDREN), "pid_max", EAGAIN);
	kid_stop(&kid);
}

/* The first must be 1; a number out of range is refused before that is checked. */
TEST_F_TIMEOUT(refused, no_init, NS_TIMEOUT)
{
	__u64 id;

	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	id = ns_id(0, L_PID_CHILDREN);
	EXPECT_EQ(-EINVAL, try_as(2));
	EXPECT_REFUSED(id, "no_init", EINVAL);
	EXPECT_EQ(-EINVAL, try_as(-1));
	EXPECT_REFUSED(id, "set_tid", EINVAL);
}

TEST_F_TIMEOUT(refused, set_tid, NS_TIMEOUT)
{
	__u64 id = ns_id(0, L_PID);

	/* In use, out of range, without permission. */
	EXPECT_EQ(-EEXIST, try_as(1));
	EXPECT_REFUSED(id, "set_tid", EEXIST);
	EXPECT_EQ(-EINVAL, try_as(-1));
	EXPECT_REFUSED(id, "set_tid", EINVAL);
	ASSERT_EQ(0, set_tid_caps_drop());
	EXPECT_EQ(-EPERM, try_as(1000));
	EXPECT_REFUSED(id, "set_tid", EPERM);
}

/* The same at the level of the parent of the new process's namespace. */
TEST_F_TIMEOUT(refused, set_tid_of_ancestor, NS_TIMEOUT)
{
	__u64 outer_id = ns_id(0, L_PID), id;
	int own = ns_open(0, L_PID);

	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	id = ns_id(0, L_PID_CHILDREN);
	EXPECT_EQ(-EEXIST, try_as(1, 1));
	EXPECT_REFUSED_BY(outer_id, id, "set_tid", EEXIST);
	EXPECT_EQ(-EINVAL, try_as(1, -1));
	EXPECT_REFUSED_BY(outer_id, id, "set_tid", EINVAL);
	ASSERT_EQ(0, setns(own, CLONE_NEWPID));
	/* In a user namespace of its own it may choose numbers in what it creates. */
	ASSERT_EQ(0, userns_enter());
	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	id = ns_id(0, L_PID_CHILDREN);
	EXPECT_EQ(-EPERM, try_as(1, 1000));
	EXPECT_REFUSED_BY(outer_id, id, "set_tid", EPERM);
	close(own);
}

static int op_fork(void *arg)
{
	pid_t pid = fork();

	if (!pid)
		_exit(EXIT_SUCCESS);
	return pid < 0 ? -errno : wait_status(pid);
}

/* There is no memory for the pid, which has a number in a nested namespace. */
TEST_F_TIMEOUT(refused, memory, NS_TIMEOUT)
{
	const char *lacking = fault_setup();
	struct shot shot;
	struct kid kid;

	if (lacking)
		SKIP(return, "%s", lacking);
	if (!fault_numbers_only(true))
		FAULT_SKIP(return, "slab caches are merged (boot with slab_nomerge)");
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		ASSERT_TRUE(fault_shot(op_fork, NULL, 1, &shot));
		kid_tell(&kid, shot.err);
		rest_forever();
	}
	EXPECT_EQ(-ENOMEM, kid_hear(&kid));
	fault_teardown();
	EXPECT_REFUSED(ns_id(kid.pid, L_PID), "memory", ENOMEM);
	kid_stop(&kid);
}

/* Go down @levels namespaces, and create one more there: exits with the result's success. */
static void __noreturn descend(int levels, int result)
{
	int status = 0, mine;
	__u64 id;
	pid_t pid;

	while (levels-- > 0) {
		pid = fork_flags(CLONE_NEWPID, NULL);
		if (pid) {
			if (pid < 0 || waitpid(pid, &status, 0) != pid)
				status = 1;
			_exit(!!status);
		}
	}
	mine = ioctl(sys_pidfd_open(getpid(), 0), PIDFD_GET_PID_NAMESPACE, 0);
	id = ns_fd_id(mine);
	_exit(unshare_errno(CLONE_NEWPID) != -ENOSPC ||
	      write(result, &id, sizeof(id)) != sizeof(id));
}

TEST_F_TIMEOUT(refused, depth, NS_TIMEOUT)
{
	int result[2], status;
	__u64 id;
	pid_t pid;

	SKIP_IF_INSIDE(return);
	ASSERT_EQ(0, pipe(result));
	pid = fork();
	if (!pid)
		descend(32, result[1]);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
	ASSERT_EQ(sizeof(id), read(result[0], &id, sizeof(id)));
	EXPECT_REFUSED(id, "depth", ENOSPC);
	close(result[0]);
	close(result[1]);
}

TEST_F_TIMEOUT(refused, ucount, NS_TIMEOUT)
{
	__u64 id = ns_id(0, L_PID);

	ASSERT_EQ(0, userns_enter());
	ASSERT_EQ(0, ns_limit("pid", 0));
	EXPECT_EQ(-ENOSPC, unshare_errno(CLONE_NEWPID));
	EXPECT_REFUSED(id, "ucount", ENOSPC);
}

/* The caller's user namespace is above the owner of its PID namespace. */
TEST_F_TIMEOUT(refused, owner, NS_TIMEOUT)
{
	int fd, status;
	struct kid kid;
	pid_t pid;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWUSER | CLONE_NEWPID));
	fd = ns_open(kid.pid, L_PID);
	pid = fork_into(fd);
	if (!pid)
		_exit(unshare_errno(CLONE_NEWPID) == -EINVAL ? EXIT_SUCCESS : EXIT_FAILURE);
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_REFUSED(ns_fd_id(fd), "owner", EINVAL);
	kid_stop(&kid);
	close(fd);
}

TEST_F_TIMEOUT(refused, unshared, NS_TIMEOUT)
{
	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	EXPECT_EQ(-EINVAL, unshare_errno(CLONE_NEWPID));
	EXPECT_REFUSED(ns_id(0, L_PID_CHILDREN), "unshared", EINVAL);
}

TEST_HARNESS_MAIN
