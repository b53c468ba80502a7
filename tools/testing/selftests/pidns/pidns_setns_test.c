// SPDX-License-Identifier: GPL-2.0
/*
 * setns with the file of a PID namespace: the own one or a descendant, with the
 * capability over both user namespaces; children enter it, not the caller.
 */

#include "pidns_reap_util.h"

/* Only children enter, and they have numbers on both sides. */
TEST_F_TIMEOUT(pidns, affects_children_only, NS_TIMEOUT)
{
	pid_t pid, mine = getpid();
	__u64 own = ns_id(0, L_PID);
	struct kid kid, child;
	int fd, back;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	fd = ns_open(kid.pid, L_PID);
	back = ns_open(0, L_PID);
	ASSERT_EQ(0, setns(fd, CLONE_NEWPID));
	EXPECT_EQ(mine, getpid());
	EXPECT_EQ(own, ns_id(0, L_PID));
	EXPECT_EQ(ns_id(kid.pid, L_PID), ns_id(0, L_PID_CHILDREN));
	ASSERT_LE(0, kid_start(&child, 0));
	if (!child.pid) {
		EXPECT_EQ(2, getpid());
		EXPECT_EQ(0, getppid());
		kid_rest(&child);
	}
	EXPECT_EQ(0, kid_hear(&child));
	EXPECT_EQ(ns_id(kid.pid, L_PID), ns_id(child.pid, L_PID));
	EXPECT_EQ(mine, task_ppid(child.pid));
	EXPECT_EQ(child.pid, ioctl(fd, NS_GET_PID_FROM_PIDNS, 2));
	kid_stop(&child);
	/* And back, without a flag for the file's type. */
	ASSERT_EQ(0, setns(back, 0));
	EXPECT_EQ(own, ns_id(0, L_PID_CHILDREN));
	pid = fork_resting(0, NULL);
	EXPECT_EQ(own, ns_id(pid, L_PID));
	kill(pid, SIGKILL);
	wait_status(pid);
	EXPECT_SETNS_FAILS(EINVAL, fd, CLONE_NEWUTS);
	EXPECT_SETNS_FAILS(EINVAL, fd, CLONE_NEWPID | CLONE_NEWUTS);
	EXPECT_EQ(own, ns_id(0, L_PID_CHILDREN));
	kid_stop(&kid);
	close(back);
	close(fd);
}

/* Own and descendants, at any depth; no ancestor or sibling. */
TEST_F_TIMEOUT(pidns, own_or_descendant_only, NS_TIMEOUT)
{
	int above = ns_open(0, L_PID), beside;
	struct kid kid, sibling;

	ASSERT_EQ(0, kid_hold(&sibling, CLONE_NEWPID));
	beside = ns_open(sibling.pid, L_PID);
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		int own = ioctl(sys_pidfd_open(1, 0), PIDFD_GET_PID_NAMESPACE, 0);
		int below, deep, pidfd = -1;
		struct kid inner;
		pid_t pid;

		ASSERT_LE(0, kid_start(&inner, CLONE_NEWPID));
		if (!inner.pid) {
			fork_resting(CLONE_NEWPID, &pidfd);
			kid_tell(&inner, ioctl(pidfd, PIDFD_GET_PID_NAMESPACE, 0));
			rest_forever();
		}
		deep = sys_pidfd_getfd(inner.pidfd, kid_hear(&inner), 0);
		below = ioctl(inner.pidfd, PIDFD_GET_PID_NAMESPACE, 0);
		EXPECT_SETNS_FAILS(EINVAL, above, CLONE_NEWPID);
		EXPECT_SETNS_FAILS(EINVAL, beside, CLONE_NEWPID);
		EXPECT_SETNS_FAILS(EINVAL, above, 0);
		EXPECT_EQ(ns_fd_id(own), ns_id(0, L_PID_CHILDREN));
		EXPECT_EQ(0, setns(own, CLONE_NEWPID));
		EXPECT_EQ(0, setns(deep, CLONE_NEWPID));
		EXPECT_EQ(ns_fd_id(deep), ns_id(0, L_PID_CHILDREN));
		/* The caller's active namespace counts, not that of its children. */
		EXPECT_EQ(0, setns(below, CLONE_NEWPID));
		EXPECT_SETNS_FAILS(EINVAL, above, CLONE_NEWPID);
		EXPECT_EQ(ns_fd_id(below), ns_id(0, L_PID_CHILDREN));
		EXPECT_EQ(0, setns(own, CLONE_NEWPID));
		/* A child there belongs to that level, and cannot go back. */
		EXPECT_EQ(0, setns(deep, CLONE_NEWPID));
		pid = fork_flags(0, NULL);
		if (!pid) {
			EXPECT_EQ(2, getpid());
			EXPECT_SETNS_FAILS(EINVAL, own, CLONE_NEWPID);
			EXPECT_SETNS_FAILS(EINVAL, below, CLONE_NEWPID);
			EXPECT_EQ(0, setns(deep, CLONE_NEWPID));
			_exit(EXIT_SUCCESS);
		}
		EXPECT_EQ(0, wait_status(pid));
		kid_stop(&inner);
		kid_rest(&kid);
	}
	EXPECT_EQ(0, kid_hear(&kid));
	kid_stop(&kid);
	kid_stop(&sibling);
	close(beside);
	close(above);
}

/* CAP_SYS_ADMIN is needed over the owner of the namespace. */
TEST_F_TIMEOUT(pidns, needs_capability_over_owner, NS_TIMEOUT)
{
	struct kid kid;
	pid_t pid;
	int fd;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	fd = ns_open(kid.pid, L_PID);
	/* All capabilities over its own user namespace, but the file has another owner. */
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		ASSERT_EQ(0, userns_enter());
		EXPECT_SETNS_FAILS(EPERM, fd, CLONE_NEWPID);
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_status(pid));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		EXPECT_EQ(0, cap_drop(CAP_SYS_ADMIN));
		EXPECT_SETNS_FAILS(EPERM, fd, CLONE_NEWPID);
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_status(pid));
	/* The permission is checked first: an ancestor is EPERM as well, not EINVAL. */
	close(fd);
	fd = ns_open(0, L_PID);
	pid = fork_flags(CLONE_NEWPID, NULL);
	ASSERT_LE(0, pid);
	if (!pid) {
		EXPECT_EQ(0, cap_drop(CAP_SYS_ADMIN));
		EXPECT_SETNS_FAILS(EPERM, fd, CLONE_NEWPID);
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_status(pid));
	close(fd);
	kid_stop(&kid);
}

/* It is needed over the caller's own user namespace, even by the owner of the file's. */
TEST_F_TIMEOUT(pidns, needs_capability_over_own_user_ns, NS_TIMEOUT)
{
	struct kid kid;
	pid_t pid;

	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		int fd, user;

		ASSERT_EQ(0, nobody_become());
		ASSERT_EQ(0, prctl(PR_SET_DUMPABLE, 1));
		ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWUSER | CLONE_NEWPID));
		fd = ns_open(kid.pid, L_PID);
		user = ns_open(kid.pid, L_USER);
		ASSERT_LE(0, fd);
		EXPECT_SETNS_FAILS(EPERM, fd, CLONE_NEWPID);
		ASSERT_EQ(0, setns(user, CLONE_NEWUSER));
		EXPECT_EQ(0, setns(fd, CLONE_NEWPID));
		EXPECT_EQ(ns_fd_id(fd), ns_id(0, L_PID_CHILDREN));
		kid_stop(&kid);
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_status(pid));
}

/* The first child is the init, whoever created the namespace. */
TEST_F_TIMEOUT(pidns, join_before_init, NS_TIMEOUT)
{
	struct kid maker, joiner, init;
	pid_t pid;
	int fd;

	ASSERT_LE(0, kid_start(&maker, 0));
	if (!maker.pid) {
		kid_tell(&maker, unshare(CLONE_NEWPID));
		kid_hear(&maker);
		pid = fork();
		if (!pid)
			_exit(getpid() == 2 && !getppid() ? EXIT_SUCCESS : EXIT_FAILURE);
		kid_tell(&maker, wait_status(pid));
		kid_hear(&maker);
		_exit(EXIT_SUCCESS);
	}
	ASSERT_EQ(0, kid_hear(&maker));
	fd = ns_open(maker.pid, L_PID_CHILDREN);
	ASSERT_LE(0, fd);
	/* There is no process in it so far. */
	EXPECT_EQ(-1, ioctl(fd, NS_GET_PID_FROM_PIDNS, 1));
	ASSERT_LE(0, kid_start(&joiner, 0));
	if (!joiner.pid) {
		EXPECT_EQ(0, setns(fd, CLONE_NEWPID));
		ASSERT_LE(0, kid_start(&init, 0));
		if (!init.pid) {
			EXPECT_EQ(1, getpid());
			EXPECT_EQ(0, getppid());
			kid_rest(&init);
		}
		kid_tell(&joiner, kid_hear(&init));
		kid_tell(&joiner, init.pid);
		kid_hear(&joiner);
		kid_stop(&init);
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, kid_hear(&joiner));
	EXPECT_EQ(kid_hear(&joiner), ioctl(fd, NS_GET_PID_FROM_PIDNS, 1));
	kid_tell(&maker, 0);
	EXPECT_EQ(0, kid_hear(&maker));
	/* It ends with this init, for its creator as well. */
	kid_tell(&joiner, 0);
	EXPECT_EQ(0, wait_status(joiner.pid));
	EXPECT_EQ(-ENOMEM, fork_into(fd));
	kid_stop(&joiner);
	kid_stop(&maker);
	close(fd);
}

/* No second namespace while one is pending. */
TEST_F_TIMEOUT(pidns, newpid_while_pending_is_einval, NS_TIMEOUT)
{
	int fd, back = ns_open(0, L_PID);
	struct kid kid;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	fd = ns_open(kid.pid, L_PID);
	ASSERT_EQ(0, setns(fd, CLONE_NEWPID));
	EXPECT_EQ(-1, unshare(CLONE_NEWPID));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-EINVAL, fork_flags(CLONE_NEWPID, NULL));
	ASSERT_EQ(0, setns(back, CLONE_NEWPID));
	EXPECT_EQ(0, unshare(CLONE_NEWPID));
	kid_stop(&kid);
	close(back);
	close(fd);
}

static struct threads {
	int fd;			/* where the second thread goes */
	int ret, child;		/* of its setns and fork */
	pthread_t third;
	int third_err;
	int done, go;
} *threads;

static void *thread_nothing(void *arg)
{
	return NULL;
}

static void *thread_setns(void *arg)
{
	threads->ret = setns_errno(threads->fd, CLONE_NEWPID);
	/* A thread would be in another namespace than its process. */
	threads->third_err = pthread_create(&threads->third, NULL, thread_nothing, NULL);
	threads->child = fork_resting(0, NULL);
	WRITE_ONCE(threads->done, 1);
	while (!READ_ONCE(threads->go))
		usleep(1000);
	return NULL;
}

/* A process with threads may call setns: it affects the calling thread. */
TEST_F_TIMEOUT(pidns, affects_calling_thread_only, NS_TIMEOUT)
{
	__u64 own = ns_id(0, L_PID);
	pthread_t second, more;
	struct kid kid;
	pid_t pid;

	threads = shared_alloc(sizeof(*threads));
	ASSERT_NE(0, !!threads);
	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	threads->fd = ns_open(kid.pid, L_PID);
	ASSERT_EQ(0, pthread_create(&second, NULL, thread_setns, NULL));
	EXPECT_TRUE(eventually(READ_ONCE(threads->done)));
	EXPECT_EQ(0, threads->ret);
	EXPECT_EQ(EINVAL, threads->third_err);
	EXPECT_EQ(ns_id(kid.pid, L_PID), ns_id(threads->child, L_PID));
	/* The first thread's children stay, and it may create threads. */
	EXPECT_EQ(own, ns_id(0, L_PID_CHILDREN));
	EXPECT_EQ(0, pthread_create(&more, NULL, thread_nothing, NULL));
	pthread_join(more, NULL);
	pid = fork_resting(0, NULL);
	EXPECT_EQ(own, ns_id(pid, L_PID));
	kill(pid, SIGKILL);
	wait_status(pid);
	WRITE_ONCE(threads->go, 1);
	pthread_join(second, NULL);
	kill(threads->child, SIGKILL);
	wait_status(threads->child);
	close(threads->fd);
	kid_stop(&kid);
}

TEST_HARNESS_MAIN
