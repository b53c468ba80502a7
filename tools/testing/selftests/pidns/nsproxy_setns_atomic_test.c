// SPDX-License-Identifier: GPL-2.0
/*
 * setns with many flags is all or nothing: if one namespace cannot be joined,
 * none is, and root, working directory and credentials stay as well.
 */
#include <limits.h>
#include <pthread.h>

#include "nsproxy_util.h"

/* All of the caller's state that setns might change. */
struct whole {
	struct nsids ids;
	char cwd[PATH_MAX];
	struct stat root;
	uid_t uid;
	struct __user_cap_data_struct caps[2];
};

static bool whole_read(struct whole *w)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};

	memset(w, 0, sizeof(*w));
	w->uid = getuid();
	return ns_read(0, &w->ids) && getcwd(w->cwd, sizeof(w->cwd)) &&
	       !stat("/", &w->root) && !syscall(__NR_capget, &head, w->caps);
}

static bool whole_same(const struct whole *w)
{
	struct whole now;

	return whole_read(&now) && !ns_diff(&w->ids, &now.ids) && !strcmp(w->cwd, now.cwd) &&
	       w->root.st_dev == now.root.st_dev && w->root.st_ino == now.root.st_ino &&
	       w->uid == now.uid && !memcmp(w->caps, now.caps, sizeof(w->caps));
}

#define EXPECT_NOTHING_JOINED(error, fd, flags)				\
do {									\
	unsigned int __set = (flags);					\
	struct whole __before;						\
									\
	ASSERT_TRUE(whole_read(&__before));				\
	EXPECT_SETNS_FAILS(error, fd, __set);				\
	EXPECT_TRUE(whole_same(&__before)) {				\
		TH_LOG("flags %#x", __set);				\
	}								\
} while (0)

/*
 * In turn, each namespace of the target belongs to a user namespace over which
 * the caller has no capability, and the others to the caller's own.
 */
TEST_F_TIMEOUT(nsproxy, one_foreign_namespace_refuses_all, NS_TIMEOUT)
{
	struct nsids its;
	struct kid kid;
	unsigned int rest;
	pid_t pid;
	int i;

	for (i = 0; i < NR_TYPES; i++) {
		rest = ALL_NS & ~nstypes[i].flag;
		ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWUSER | rest));
		ASSERT_TRUE(ns_read(kid.pid, &its));
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			ASSERT_EQ(0, chdir("/proc"));
			ASSERT_EQ(0, setns(kid.pidfd, CLONE_NEWUSER));
			EXPECT_NOTHING_JOINED(EPERM, kid.pidfd, ALL_NS);
			EXPECT_NOTHING_JOINED(EPERM, kid.pidfd, nstypes[i].flag);
			/* Only that one prevented it. */
			EXPECT_EQ(0, setns(kid.pidfd, rest)) {
				TH_LOG("all but %s: %s", nstypes[i].name, strerror(errno));
			}
			EXPECT_EQ(0, ns_moved(&its) & ns_setns_links(rest));
			_exit(EXIT_SUCCESS);
		}
		ASSERT_EQ(0, wait_for_pid(pid));
		kid_stop(&kid);
	}
}

static void *wait_there(void *arg)
{
	pthread_barrier_wait(arg);
	return NULL;
}

/* The time namespace is checked last, and refuses a process with threads. */
TEST_F_TIMEOUT(nsproxy, time_ns_with_threads_refuses_all, NS_TIMEOUT)
{
	pthread_barrier_t end;
	pthread_t thread;
	struct kid kid;
	int i;

	ASSERT_EQ(0, chdir("/proc"));
	ASSERT_EQ(0, kid_hold(&kid, ALL_NS));
	ASSERT_EQ(0, pthread_barrier_init(&end, NULL, 2));
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_there, &end));

	/*
	 * Threads share their fs_struct, which is refused earlier. Before 7.3 that
	 * was looked for in the copy that is made for several namespaces.
	 */
	EXPECT_NOTHING_JOINED(kernel_since(7, 3) ? EINVAL : EUSERS, kid.pidfd, ALL_NS);
	EXPECT_NOTHING_JOINED(EINVAL, kid.pidfd, CLONE_NEWNS);
	ASSERT_EQ(0, unshare(CLONE_FS));

	EXPECT_NOTHING_JOINED(EUSERS, kid.pidfd, ALL_NS);
	for (i = 0; i < NR_TYPES; i++)
		EXPECT_NOTHING_JOINED(EUSERS, kid.pidfd, nstypes[i].flag | CLONE_NEWTIME);
	EXPECT_NOTHING_JOINED(EINVAL, kid.pidfd, CLONE_NEWUSER);

	/* A thread may join all the others. */
	EXPECT_EQ(0, setns(kid.pidfd, ALL_NS & ~CLONE_NEWTIME));
	pthread_barrier_wait(&end);
	pthread_join(thread, NULL);
	kid_stop(&kid);
}

/* An ancestor PID namespace is refused in the middle of the list. */
TEST_F_TIMEOUT(nsproxy, ancestor_pid_ns_refuses_all, NS_TIMEOUT)
{
	struct nsids its;
	struct kid kid;
	pid_t pid;

	/* The target is outside, with a user namespace and all others of its own. */
	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWUSER | (ALL_NS & ~CLONE_NEWPID)));
	ASSERT_TRUE(ns_read(kid.pid, &its));
	pid = fork_flags(CLONE_NEWPID, NULL);
	ASSERT_LE(0, pid);
	if (!pid) {
		ASSERT_EQ(0, chdir("/proc"));
		EXPECT_NOTHING_JOINED(EINVAL, kid.pidfd, CLONE_NEWPID);
		EXPECT_NOTHING_JOINED(EINVAL, kid.pidfd, ALL_NS);
		/* With the user namespace, credentials have been prepared before. */
		EXPECT_NOTHING_JOINED(EINVAL, kid.pidfd, CLONE_NEWUSER | CLONE_NEWPID);
		EXPECT_NOTHING_JOINED(EINVAL, kid.pidfd, CLONE_NEWUSER | ALL_NS);
		EXPECT_EQ(0, setns(kid.pidfd, CLONE_NEWUSER | (ALL_NS & ~CLONE_NEWPID)));
		EXPECT_EQ(BIT(L_PID) | BIT(L_PID_CHILDREN), ns_moved(&its));
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
	kid_stop(&kid);
}

/* Entering one's own user namespace is refused: it would regain capabilities. */
TEST_F_TIMEOUT(nsproxy, own_user_ns_refuses_all, NS_TIMEOUT)
{
	struct kid kid;

	ASSERT_EQ(0, chdir("/proc"));
	ASSERT_EQ(0, kid_hold(&kid, ALL_NS));
	EXPECT_NOTHING_JOINED(EINVAL, kid.pidfd, CLONE_NEWUSER);
	EXPECT_NOTHING_JOINED(EINVAL, kid.pidfd, CLONE_NEWUSER | ALL_NS);
	kid_stop(&kid);
}

/* A task that shares its fs_struct may not enter another user or mount namespace. */
TEST_F_TIMEOUT(nsproxy, shared_fs_refuses_all, NS_TIMEOUT)
{
	struct kid kid, sharer;

	ASSERT_EQ(0, chdir("/proc"));
	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWUSER | ALL_NS));
	ASSERT_EQ(0, kid_hold(&sharer, CLONE_FS));
	EXPECT_NOTHING_JOINED(EINVAL, kid.pidfd, CLONE_NEWNS);
	EXPECT_NOTHING_JOINED(EINVAL, kid.pidfd, CLONE_NEWUSER);
	EXPECT_NOTHING_JOINED(EINVAL, kid.pidfd, CLONE_NEWUSER | CLONE_NEWUTS);
	/* Before 7.3 it could enter a mount namespace together with others. */
	if (kernel_since(7, 3))
		EXPECT_NOTHING_JOINED(EINVAL, kid.pidfd, ALL_NS);
	EXPECT_NOTHING_JOINED(EINVAL, kid.pidfd, CLONE_NEWUSER | ALL_NS);
	EXPECT_EQ(0, setns(kid.pidfd, ALL_NS & ~CLONE_NEWNS));
	kid_stop(&sharer);
	/* Alone again, it may. */
	EXPECT_EQ(0, setns(kid.pidfd, CLONE_NEWUSER | CLONE_NEWNS));
	kid_stop(&kid);
}

/* A user namespace that is no descendant of the caller's, with others. */
TEST_F_TIMEOUT(nsproxy, foreign_user_ns_refuses_all, NS_TIMEOUT)
{
	struct kid kid;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWUSER | ALL_NS));
	ASSERT_EQ(0, userns_enter());
	ASSERT_EQ(0, chdir("/proc"));
	EXPECT_NOTHING_JOINED(EPERM, kid.pidfd, CLONE_NEWUSER);
	EXPECT_NOTHING_JOINED(EPERM, kid.pidfd, CLONE_NEWUSER | ALL_NS);
	EXPECT_NOTHING_JOINED(EPERM, kid.pidfd, ALL_NS);
	kid_stop(&kid);
}

TEST_HARNESS_MAIN
