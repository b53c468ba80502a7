// SPDX-License-Identifier: GPL-2.0
/*
 * setns with a pidfd: every set of another task's namespaces at once, and which
 * of two namespaces of a type it takes.
 */
#include <limits.h>
#include <pthread.h>
#include <sys/syscall.h>

#include "nsproxy_util.h"

TEST_F_TIMEOUT(nsproxy, pidfd_any_subset_of_flags, NS_TIMEOUT)
{
	unsigned int set, flags;
	struct nsids before, its;
	struct kid kid;
	pid_t pid, inner;

	ASSERT_EQ(0, kid_hold(&kid, ALL_NS));
	ASSERT_TRUE(ns_read(kid.pid, &its));
	ASSERT_TRUE(ns_read(0, &before));
	for (set = 1; set < NR_SUBSETS; set++) {
		flags = ns_subset(set);
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			ASSERT_EQ(0, setns(kid.pidfd, flags)) {
				TH_LOG("flags %#x: %s", flags, strerror(errno));
			}
			EXPECT_EQ(ns_setns_links(flags), ns_moved(&before));
			EXPECT_EQ(0, ns_moved(&its) & ns_setns_links(flags));
			/* A child is in all of them, the PID namespace included. */
			inner = fork();
			ASSERT_LE(0, inner);
			if (!inner) {
				EXPECT_EQ(ns_links(flags), ns_moved(&before));
				EXPECT_EQ(0, ns_moved(&its) & ns_links(flags));
				_exit(EXIT_SUCCESS);
			}
			_exit(wait_for_pid(inner));
		}
		ASSERT_EQ(0, wait_for_pid(pid)) {
			TH_LOG("flags %#x", flags);
		}
	}
	EXPECT_EQ(0, ns_moved(&before));
	kid_stop(&kid);
}

static bool in_dir(const char *dir)
{
	char cwd[PATH_MAX];

	return getcwd(cwd, sizeof(cwd)) && !strcmp(cwd, dir);
}

/* A task may join its own namespaces; only the mount namespace shows it. */
TEST_F_TIMEOUT(nsproxy, own_namespaces_can_be_joined, NS_TIMEOUT)
{
	struct nsids before;
	int me;

	ASSERT_TRUE(ns_read(0, &before));
	me = sys_pidfd_open(getpid(), 0);
	ASSERT_LE(0, me);
	ASSERT_EQ(0, chdir("/proc"));
	EXPECT_EQ(0, setns(me, ALL_NS & ~CLONE_NEWNS));
	EXPECT_TRUE(in_dir("/proc"));
	EXPECT_EQ(0, setns(me, CLONE_NEWNS));
	EXPECT_TRUE(in_dir("/"));
	ASSERT_EQ(0, chdir("/proc"));
	EXPECT_EQ(0, setns(me, ALL_NS));
	EXPECT_TRUE(in_dir("/"));
	EXPECT_EQ(0, ns_moved(&before));
	close(me);
}

/* Root and working directory become those of the other namespace, alone or in a set. */
TEST_F_TIMEOUT(nsproxy, mount_ns_changes_root_and_cwd, NS_TIMEOUT)
{
	static const unsigned int sets[] = { CLONE_NEWNS, CLONE_NEWNS | CLONE_NEWUTS, ALL_NS };
	char mark[] = "/tmp/nsproxy_setns_XXXXXX", file[64];
	struct kid kid;
	pid_t pid;
	int i;

	ASSERT_NE(0, !!mkdtemp(mark));
	snprintf(file, sizeof(file), "%s/inside", mark);
	ASSERT_LE(0, kid_start(&kid, ALL_NS));
	if (!kid.pid) {
		ASSERT_EQ(0, mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL));
		ASSERT_EQ(0, mount("none", mark, "tmpfs", 0, NULL));
		ASSERT_EQ(0, mkdir(file, 0700));
		kid_rest(&kid);
	}
	EXPECT_EQ(0, kid_hear(&kid));
	EXPECT_NE(0, access(file, F_OK));
	for (i = 0; i < ARRAY_SIZE(sets); i++) {
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			EXPECT_EQ(0, chdir("/proc"));
			EXPECT_EQ(0, setns(kid.pidfd, sets[i]));
			/* From the new root, and from the new working directory. */
			EXPECT_EQ(0, access(file, F_OK));
			EXPECT_EQ(0, access(file + 1, F_OK));
			EXPECT_TRUE(in_dir("/"));
			_exit(EXIT_SUCCESS);
		}
		EXPECT_EQ(0, wait_for_pid(pid));
	}
	EXPECT_NE(0, access(file, F_OK));
	kid_stop(&kid);
	rmdir(mark);
}

/* The target's active PID namespace is taken, not the one for its children. */
TEST_F_TIMEOUT(nsproxy, takes_active_pid_ns, NS_TIMEOUT)
{
	struct nsids its;
	struct kid kid;
	int fd;

	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		ASSERT_EQ(0, unshare(CLONE_NEWPID));
		kid_rest(&kid);
	}
	ASSERT_EQ(0, kid_hear(&kid));
	ASSERT_TRUE(ns_read(kid.pid, &its));
	ASSERT_NE(its.id[L_PID], its.id[L_PID_CHILDREN]);

	ASSERT_EQ(0, setns(kid.pidfd, CLONE_NEWPID));
	EXPECT_EQ(its.id[L_PID], ns_id(0, L_PID_CHILDREN));
	/* The pending one can be joined by its own file. */
	fd = ns_open(kid.pid, L_PID_CHILDREN);
	EXPECT_LE(0, fd);
	EXPECT_EQ(0, setns(fd, CLONE_NEWPID));
	EXPECT_EQ(its.id[L_PID_CHILDREN], ns_id(0, L_PID_CHILDREN));
	close(fd);
	kid_stop(&kid);
}

/* The same for time namespaces; the caller enters it with its children. */
TEST_F_TIMEOUT(nsproxy, takes_active_time_ns, NS_TIMEOUT)
{
	struct nsids its;
	struct kid kid;
	pid_t pid;

	ASSERT_LE(0, kid_start(&kid, CLONE_NEWTIME));
	if (!kid.pid) {
		ASSERT_EQ(0, unshare(CLONE_NEWTIME));
		kid_rest(&kid);
	}
	ASSERT_EQ(0, kid_hear(&kid));
	ASSERT_TRUE(ns_read(kid.pid, &its));
	ASSERT_NE(its.id[L_TIME], its.id[L_TIME_CHILDREN]);

	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		/* A pending one of the caller's is dropped. */
		ASSERT_EQ(0, unshare(CLONE_NEWTIME));
		ASSERT_EQ(0, setns(kid.pidfd, CLONE_NEWTIME | CLONE_NEWUTS));
		EXPECT_EQ(its.id[L_TIME], ns_id(0, L_TIME));
		EXPECT_EQ(its.id[L_TIME], ns_id(0, L_TIME_CHILDREN));
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
	kid_stop(&kid);
}

struct threaded {
	pthread_barrier_t ready, done;
	pid_t tid;
	int err;
};

static void *other_thread(void *arg)
{
	struct threaded *t = arg;

	t->err = unshare(CLONE_NEWUTS | CLONE_NEWIPC) ? errno : 0;
	t->tid = gettid();
	pthread_barrier_wait(&t->ready);
	pthread_barrier_wait(&t->done);
	return NULL;
}

/* A pidfd of a thread takes that thread's namespaces. */
TEST_F_TIMEOUT(nsproxy, pidfd_of_thread, NS_TIMEOUT)
{
	struct threaded t = {};
	pthread_t thread;
	__u64 uts;
	int fd;

	ASSERT_EQ(0, pthread_barrier_init(&t.ready, NULL, 2));
	ASSERT_EQ(0, pthread_barrier_init(&t.done, NULL, 2));
	ASSERT_EQ(0, pthread_create(&thread, NULL, other_thread, &t));
	pthread_barrier_wait(&t.ready);
	EXPECT_EQ(0, t.err);
	uts = ns_id(t.tid, L_UTS);
	EXPECT_NE(uts, ns_id(0, L_UTS));
	fd = sys_pidfd_open(t.tid, PIDFD_THREAD);
	EXPECT_LE(0, fd);
	EXPECT_EQ(0, setns(fd, CLONE_NEWUTS));
	EXPECT_EQ(uts, ns_id(0, L_UTS));
	EXPECT_NE(ns_id(t.tid, L_IPC), ns_id(0, L_IPC));
	pthread_barrier_wait(&t.done);
	pthread_join(thread, NULL);
	/* The thread exits some time after the join; its process does not. */
	EXPECT_TRUE(eventually(setns_errno(fd, CLONE_NEWUTS) == -ESRCH));
	close(fd);
}

TEST_HARNESS_MAIN
