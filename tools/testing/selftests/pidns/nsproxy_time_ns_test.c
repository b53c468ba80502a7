// SPDX-License-Identifier: GPL-2.0
/*
 * A time namespace is entered by a forked child that copies the memory, and by
 * the caller itself at exec or setns; never by a task that shares its memory
 * with one outside.
 */
#include <pthread.h>
#include <time.h>

#include "nsproxy_util.h"

/* More than the uptime of a test machine. */
#define OFFSET 1000000000

/* Set for the program that is only executed to report its namespaces. */
#define EXECED "NSPROXY_EXECED"

static __s64 monotonic(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static int offset_set(void)
{
	return file_write("/proc/self/timens_offsets", "monotonic %d 0", OFFSET);
}

/* Whether the caller's clock is that of a namespace with our offset. */
static bool clock_moved(void)
{
	return monotonic() >= OFFSET;
}

/* Execute this program again. */
#define EXE "/proc/self/exe"
static char env[64];
static char * const exe_args[] = { env, NULL };

/* What the executed program finds, as bits of its exit status. */
enum {
	IN_NEW_TIME = 1, CHILDREN_TOO = 2, REST_SAME = 4, CLOCK_MOVED = 8,
};

/* Runs before main(), which would parse the arguments. */
static void __attribute__((constructor)) execed(void)
{
	unsigned long long time, rest;
	const char *told = getenv(EXECED);
	int status = 0;

	if (!told || sscanf(told, "%llu %llu", &time, &rest) != 2)
		return;
	if (ns_id(0, L_TIME) == time)
		status |= IN_NEW_TIME;
	if (ns_id(0, L_TIME_CHILDREN) == time)
		status |= CHILDREN_TOO;
	if (ns_id(0, L_UTS) == rest)
		status |= REST_SAME;
	if (clock_moved())
		status |= CLOCK_MOVED;
	_exit(status);
}

/* Pass the ids of the caller's namespaces to the program. */
static void env_set(void)
{
	unsigned long long time = ns_id(0, L_TIME_CHILDREN), rest = ns_id(0, L_UTS);

	snprintf(env, sizeof(env), EXECED "=%llu %llu", time, rest);
}

TEST_F_TIMEOUT(nsproxy, fork_enters, NS_TIMEOUT)
{
	struct nsids before;
	__u64 pending;
	pid_t pid;

	ASSERT_TRUE(ns_read(0, &before));
	ASSERT_EQ(0, unshare(CLONE_NEWTIME));
	EXPECT_EQ(BIT(L_TIME_CHILDREN), ns_moved(&before));
	ASSERT_EQ(0, offset_set());
	EXPECT_FALSE(clock_moved());
	pending = ns_id(0, L_TIME_CHILDREN);

	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		EXPECT_EQ(BIT(L_TIME) | BIT(L_TIME_CHILDREN), ns_moved(&before));
		EXPECT_EQ(pending, ns_id(0, L_TIME));
		EXPECT_TRUE(clock_moved());
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
	/* With another new namespace, which takes another path through clone. */
	pid = fork_flags(CLONE_NEWUTS, NULL);
	ASSERT_LE(0, pid);
	if (!pid) {
		EXPECT_EQ(BIT(L_UTS) | BIT(L_TIME) | BIT(L_TIME_CHILDREN), ns_moved(&before));
		EXPECT_EQ(pending, ns_id(0, L_TIME));
		EXPECT_TRUE(clock_moved());
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
	/* The caller itself has not moved. */
	EXPECT_EQ(BIT(L_TIME_CHILDREN), ns_moved(&before));
	EXPECT_FALSE(clock_moved());
}

/* The next one starts with the offsets of the pending one, even if that has no task. */
TEST_F_TIMEOUT(nsproxy, offsets_are_copied_from_pending, NS_TIMEOUT)
{
	__u64 pending;
	pid_t pid;

	ASSERT_EQ(0, unshare(CLONE_NEWTIME));
	ASSERT_EQ(0, offset_set());
	pending = ns_id(0, L_TIME_CHILDREN);
	ASSERT_EQ(0, unshare(CLONE_NEWTIME));
	EXPECT_NE(pending, ns_id(0, L_TIME_CHILDREN));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(clock_moved() ? EXIT_SUCCESS : EXIT_FAILURE);
	EXPECT_EQ(0, wait_for_pid(pid));
}

static int waiter(void *arg)
{
	pause();
	return 0;
}

/* A task that shares our memory shares our clock, with whatever other flags. */
TEST_F_TIMEOUT(nsproxy, clone_vm_does_not_enter, NS_TIMEOUT)
{
	static const unsigned int flags[] = { 0, CLONE_NEWUTS, CLONE_NEWPID | CLONE_NEWIPC };
	struct nsids mine, its;
	pid_t pid;
	int i;

	ASSERT_EQ(0, unshare(CLONE_NEWTIME));
	ASSERT_TRUE(ns_read(0, &mine));
	ASSERT_NE(mine.id[L_TIME], mine.id[L_TIME_CHILDREN]);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		pid = clone_legacy(waiter, CLONE_VM | flags[i]);
		ASSERT_LT(0, pid);
		EXPECT_TRUE(ns_read(pid, &its));
		EXPECT_EQ(ns_links(flags[i]), ns_diff(&mine, &its)) {
			TH_LOG("flags %#x", flags[i]);
		}
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
}

TEST_F_TIMEOUT(nsproxy, exec_enters, NS_TIMEOUT)
{
	pid_t pid;

	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		ASSERT_EQ(0, unshare(CLONE_NEWTIME | CLONE_NEWUTS));
		ASSERT_EQ(0, offset_set());
		env_set();
		execve(EXE, exe_args, exe_args);
		_exit(127);
	}
	EXPECT_EQ(IN_NEW_TIME | CHILDREN_TOO | REST_SAME | CLOCK_MOVED, wait_for_pid(pid));

	/* Without a pending namespace exec changes nothing. */
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		env_set();
		execve(EXE, exe_args, exe_args);
		_exit(127);
	}
	EXPECT_EQ(IN_NEW_TIME | CHILDREN_TOO | REST_SAME, wait_for_pid(pid));
}

/* The child of a vfork does not enter, but the program that it executes does. */
TEST_F_TIMEOUT(nsproxy, exec_after_vfork_enters, NS_TIMEOUT)
{
	struct nsids before;
	pid_t pid;

	ASSERT_EQ(0, unshare(CLONE_NEWTIME));
	ASSERT_EQ(0, offset_set());
	ASSERT_TRUE(ns_read(0, &before));
	env_set();
	pid = vfork();
	if (!pid) {
		execve(EXE, exe_args, exe_args);
		_exit(127);
	}
	ASSERT_LT(0, pid);
	EXPECT_EQ(IN_NEW_TIME | CHILDREN_TOO | REST_SAME | CLOCK_MOVED, wait_for_pid(pid));
	EXPECT_EQ(0, ns_moved(&before));
	EXPECT_FALSE(clock_moved());
}

static void *thread_end(void *arg)
{
	pthread_barrier_wait(arg);
	return NULL;
}

TEST_F_TIMEOUT(nsproxy, setns_with_threads_is_eusers, NS_TIMEOUT)
{
	int fd[2], i;
	pthread_barrier_t end;
	struct nsids before;
	pthread_t thread;
	struct kid kid;
	pid_t pid;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWTIME));
	fd[0] = ns_open(kid.pid, L_TIME);
	fd[1] = ns_open(kid.pid, L_TIME_CHILDREN);
	ASSERT_TRUE(ns_read(0, &before));
	ASSERT_EQ(0, pthread_barrier_init(&end, NULL, 2));
	ASSERT_EQ(0, pthread_create(&thread, NULL, thread_end, &end));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(-1, setns(fd[i], CLONE_NEWTIME));
		EXPECT_EQ(EUSERS, errno);
		EXPECT_EQ(-1, setns(fd[i], 0));
		EXPECT_EQ(EUSERS, errno);
	}
	EXPECT_EQ(-1, setns(kid.pidfd, CLONE_NEWTIME));
	EXPECT_EQ(EUSERS, errno);
	EXPECT_EQ(0, ns_moved(&before));
	/* A new one may be created: only the children will be in it. */
	EXPECT_EQ(0, unshare(CLONE_NEWTIME));
	EXPECT_EQ(BIT(L_TIME_CHILDREN), ns_moved(&before));
	pthread_barrier_wait(&end);
	pthread_join(thread, NULL);

	/* Another process that shares the memory counts like a thread. */
	pid = clone_legacy(waiter, CLONE_VM);
	ASSERT_LT(0, pid);
	EXPECT_EQ(-1, setns(fd[0], CLONE_NEWTIME));
	EXPECT_EQ(EUSERS, errno);
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));

	/* Alone it may. */
	EXPECT_TRUE(eventually(!setns(fd[0], CLONE_NEWTIME)));
	EXPECT_EQ(BIT(L_TIME) | BIT(L_TIME_CHILDREN), ns_moved(&before));
	close(fd[0]);
	close(fd[1]);
	kid_stop(&kid);
}

/* setns enters at once, for both links; the clock shows it. */
TEST_F_TIMEOUT(nsproxy, setns_enters, NS_TIMEOUT)
{
	struct nsids before, its;
	int i, fd, back;
	struct kid kid;

	ASSERT_EQ(0, unshare(CLONE_NEWTIME));
	ASSERT_EQ(0, offset_set());
	ASSERT_EQ(0, kid_hold(&kid, 0));
	ASSERT_TRUE(ns_read(kid.pid, &its));
	ASSERT_TRUE(ns_read(0, &before));
	back = ns_open(0, L_TIME);
	ASSERT_LE(0, back);
	for (i = 0; i < 3; i++) {
		fd = i < 2 ? ns_open(kid.pid, i ? L_TIME_CHILDREN : L_TIME) : dup(kid.pidfd);
		ASSERT_LE(0, fd);
		EXPECT_FALSE(clock_moved());
		EXPECT_EQ(0, setns(fd, CLONE_NEWTIME));
		EXPECT_TRUE(clock_moved());
		EXPECT_EQ(its.id[L_TIME], ns_id(0, L_TIME));
		EXPECT_EQ(its.id[L_TIME], ns_id(0, L_TIME_CHILDREN));
		EXPECT_EQ(0, setns(back, 0));
		EXPECT_FALSE(clock_moved());
		EXPECT_EQ(before.id[L_TIME], ns_id(0, L_TIME_CHILDREN));
		close(fd);
	}
	close(back);
	kid_stop(&kid);
}

/* Offsets can be set until the first task has entered, and never again. */
TEST_F_TIMEOUT(nsproxy, offsets_freeze_with_first_task, NS_TIMEOUT)
{
	struct kid kid;
	pid_t pid;
	int fd;

	ASSERT_EQ(0, unshare(CLONE_NEWTIME));
	EXPECT_EQ(0, offset_set());
	EXPECT_EQ(0, offset_set());
	/* A child that shares our memory has not entered. */
	pid = clone_legacy(waiter, CLONE_VM | CLONE_NEWUTS);
	ASSERT_LT(0, pid);
	EXPECT_EQ(0, offset_set());
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	/* The first child has, dead or alive. */
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(EXIT_SUCCESS);
	EXPECT_EQ(0, wait_for_pid(pid));
	EXPECT_EQ(-EACCES, offset_set());

	/* The same if the first one joins by setns. */
	ASSERT_LE(0, kid_start(&kid, 0));
	if (!kid.pid) {
		ASSERT_EQ(0, unshare(CLONE_NEWTIME));
		kid_tell(&kid, offset_set());
		kid_hear(&kid);
		kid_tell(&kid, offset_set());
		_exit(EXIT_SUCCESS);
	}
	ASSERT_EQ(0, kid_hear(&kid));
	fd = ns_open(kid.pid, L_TIME_CHILDREN);
	ASSERT_LE(0, fd);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(setns(fd, CLONE_NEWTIME) ? errno : 0);
	EXPECT_EQ(0, wait_for_pid(pid));
	kid_tell(&kid, 0);
	EXPECT_EQ(-EACCES, kid_hear(&kid));
	close(fd);
	kid_stop(&kid);
}

TEST_HARNESS_MAIN
