// SPDX-License-Identifier: GPL-2.0
/*
 * setns with many flags is all or nothing: when one namespace cannot be
 * joined, none is, and root, working directory and credentials stay as well.
 */
#include <limits.h>
#include <pthread.h>

#include "nsproxy_util.h"

/* Everything of the caller that setns might change. */
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
 * One after the other, each namespace of the target belongs to a user
 * namespace that the caller has no say in, and the others to its own.
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
			/* It was that one alone. */
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

/* The time namespace is looked at last, and refuses a process with threads. */
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

	/* Threads share their root: that is refused before. */
	EXPECT_NOTHING_JOINED(EINVAL, kid.pidfd, ALL_NS);
	EXPECT_NOTHING_JOINED(EINVAL, kid.pidfd, CLONE_NEWNS);
	ASSERT_EQ(0, unshare(CLONE_FS));

	EXPECT_NOTHING_JOINED(EUSERS, kid.pidfd, ALL_NS);
	for (i = 0; i < NR_TYPES; i++)
		EXPECT_NOTHING_JOINED(EUSERS, kid.pidfd, nstypes[i].flag | CLONE_NEWTIME);
	EXPECT_NOTHING_JOINED(EINVAL, kid.pidfd, CLONE_NEWUSER);

	/* All others are a thread's own affair. */
	EXPECT_EQ(0, setns(kid.pidfd, ALL_NS & ~CLONE_NEWTIME));
	pthread_barrier_wait(&end);
	pthread_join(thread, NULL);
	kid_stop(&kid);
}

/* A PID namespace above one's own is refused in the middle of the list. */
TEST_F_TIMEOUT(nsproxy, ancestor_pid_ns_refuses_all, NS_TIMEOUT)
{
	struct nsids its;
	struct kid kid;
	pid_t pid;

	/* The target is outside, in a user namespace and all else of its own. */
	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWUSER | (ALL_NS & ~CLONE_NEWPID)));
	ASSERT_TRUE(ns_read(kid.pid, &its));
	pid = fork_flags(CLONE_NEWPID, NULL);
	ASSERT_LE(0, pid);
	if (!pid) {
		ASSERT_EQ(0, chdir("/proc"));
		EXPECT_NOTHING_JOINED(EINVAL, kid.pidfd, CLONE_NEWPID);
		EXPECT_NOTHING_JOINED(EINVAL, kid.pidfd, ALL_NS);
		/* With the user namespace, credentials were already prepared. */
		EXPECT_NOTHING_JOINED(EINVAL, kid.pidfd, CLONE_NEWUSER | CLONE_NEWPID);
		EXPECT_NOTHING_JOINED(EINVAL, kid.pidfd, CLONE_NEWUSER | ALL_NS);
		EXPECT_EQ(0, setns(kid.pidfd, CLONE_NEWUSER | (ALL_NS & ~CLONE_NEWPID)));
		EXPECT_EQ(BIT(L_PID) | BIT(L_PID_CHILDREN), ns_moved(&its));
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
	kid_stop(&kid);
}

/* Nobody gains capabilities by entering the user namespace it is in. */
TEST_F_TIMEOUT(nsproxy, own_user_ns_refuses_all, NS_TIMEOUT)
{
	struct kid kid;

	ASSERT_EQ(0, chdir("/proc"));
	ASSERT_EQ(0, kid_hold(&kid, ALL_NS));
	EXPECT_NOTHING_JOINED(EINVAL, kid.pidfd, CLONE_NEWUSER);
	EXPECT_NOTHING_JOINED(EINVAL, kid.pidfd, CLONE_NEWUSER | ALL_NS);
	kid_stop(&kid);
}

/* Who shares its root directory with another process cannot leave it there. */
TEST_F_TIMEOUT(nsproxy, shared_fs_refuses_all, NS_TIMEOUT)
{
	struct kid kid, sharer;

	ASSERT_EQ(0, chdir("/proc"));
	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWUSER | ALL_NS));
	ASSERT_EQ(0, kid_hold(&sharer, CLONE_FS));
	EXPECT_NOTHING_JOINED(EINVAL, kid.pidfd, CLONE_NEWNS);
	EXPECT_NOTHING_JOINED(EINVAL, kid.pidfd, CLONE_NEWUSER);
	EXPECT_NOTHING_JOINED(EINVAL, kid.pidfd, CLONE_NEWUSER | CLONE_NEWUTS);
	EXPECT_NOTHING_JOINED(EINVAL, kid.pidfd, ALL_NS);
	EXPECT_NOTHING_JOINED(EINVAL, kid.pidfd, CLONE_NEWUSER | ALL_NS);
	EXPECT_EQ(0, setns(kid.pidfd, ALL_NS & ~CLONE_NEWNS));
	kid_stop(&sharer);
	/* Alone again, it may. */
	EXPECT_EQ(0, setns(kid.pidfd, CLONE_NEWUSER | CLONE_NEWNS));
	kid_stop(&kid);
}

/* A user namespace that is not below the caller's, and what comes with it. */
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
