// SPDX-License-Identifier: GPL-2.0
/*
 * Visibility: a PID namespace sees and signals all in it and in its
 * descendants, but no ancestor and no sibling; these have number 0.
 */
#include <dirent.h>

#include "pidns_util.h"

/* The processes in a procfs, at most @max, in the order of numbers. */
static int proc_list(int proc, pid_t *nrs, int max)
{
	DIR *dir = fdopendir(openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct dirent *entry;
	int nr = 0;

	while (dir && nr < max && (entry = readdir(dir))) {
		nrs[nr] = atoi(entry->d_name);
		nr += !!nrs[nr];
	}
	closedir(dir);
	return nr;
}

/* A new namespace with a process that is @inner there and @outer for the test. */
static void have_child(struct __test_metadata *_metadata, struct kid *kid, pid_t inner,
		       pid_t outer)
{
	pid_t pid;

	ASSERT_LE(0, kid_start(kid, CLONE_NEWPID));
	if (!kid->pid) {
		pid = hold_as(inner, outer);
		EXPECT_EQ(inner, pid);
		kid_tell(kid, 0);
		kid_hear(kid);
		_exit(EXIT_SUCCESS);
	}
	ASSERT_EQ(0, kid_hear(kid));
}

TEST_F_TIMEOUT(pidns, siblings_may_use_the_same_number, NS_TIMEOUT)
{
	struct kid one, two;

	have_child(_metadata, &one, 77, 1001);
	have_child(_metadata, &two, 77, 1002);
	/* The parent namespace has two of them, and signals each alone. */
	EXPECT_EQ(0, kill(1001, 0));
	EXPECT_EQ(0, kill(1002, 0));
	EXPECT_TRUE(task_gone(77));
	EXPECT_EQ(0, kill(1001, SIGTERM));
	EXPECT_TRUE(eventually(status_state(1001) == 'Z'));
	EXPECT_EQ(0, kill(1002, 0));
	EXPECT_TRUE(eventually(status_state(1002) == 'S'));
	kid_stop(&one);
	EXPECT_TRUE(eventually(status_state(1002) == 'S'));
	EXPECT_EQ(0, kill(1002, SIGTERM));
	EXPECT_TRUE(eventually(status_state(1002) == 'Z'));
	kid_stop(&two);
}

TEST_F_TIMEOUT(pidns, sees_and_signals_descendants, NS_TIMEOUT)
{
	struct kid kid, inner;
	int proc = procfs_open();
	pid_t nrs[16];

	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		/* Two levels down: 5 there, 66 between, 1003 for the test. */
		ASSERT_LE(0, kid_start(&inner, CLONE_NEWPID));
		if (!inner.pid) {
			EXPECT_EQ(5, hold_as(5, 66, 1003));
			kid_tell(&inner, 0);
			kid_hear(&inner);
			_exit(EXIT_SUCCESS);
		}
		ASSERT_EQ(0, kid_hear(&inner));
		EXPECT_EQ(0, kill(66, 0));
		kid_tell(&kid, 0);
		kid_hear(&kid);
		_exit(EXIT_SUCCESS);
	}
	ASSERT_EQ(0, kid_hear(&kid));
	/* The test, the two inits, and that process. */
	EXPECT_EQ(4, proc_list(proc, nrs, ARRAY_SIZE(nrs)));
	EXPECT_EQ(1, nrs[0]);
	EXPECT_EQ(kid.pid, nrs[1]);
	EXPECT_EQ(1003, nrs[3]);
	EXPECT_EQ(0, kill(1003, 0));
	EXPECT_EQ(0, kill(1003, SIGTERM));
	EXPECT_TRUE(eventually(status_state(1003) == 'Z'));
	EXPECT_TRUE(eventually(status_state(nrs[2]) == 'S'));
	kid_stop(&kid);
}

/* What an init sees of its parent, which is 1, and of a sibling, which is 50. */
static void expect_nobody(struct __test_metadata *_metadata, int pidfd)
{
	struct pidfd_info info = { .mask = PIDFD_INFO_PID };
	char line[64], path[32];
	int proc = procfs_open();
	pid_t nrs[16];
	FILE *f;

	ASSERT_LE(0, proc);
	EXPECT_EQ(0, getppid());
	EXPECT_EQ(0, getpgrp());
	EXPECT_EQ(0, getsid(0));
	EXPECT_EQ(1, proc_list(proc, nrs, ARRAY_SIZE(nrs)));
	EXPECT_EQ(1, nrs[0]);

	EXPECT_TRUE(task_gone(50));
	EXPECT_EQ(-1, getpgid(50));
	EXPECT_EQ(ESRCH, errno);
	EXPECT_EQ(-1, getsid(50));
	EXPECT_EQ(ESRCH, errno);
	EXPECT_EQ(-1, sys_pidfd_open(50, 0));
	EXPECT_EQ(ESRCH, errno);
	EXPECT_EQ(-1, setpgid(0, 50));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-1, sched_getscheduler(50));
	EXPECT_EQ(ESRCH, errno);
	EXPECT_EQ(-1, faccessat(proc, "50", F_OK, 0));
	EXPECT_EQ(ENOENT, errno);

	/* A pidfd may come from elsewhere: it shows number 0. */
	EXPECT_EQ(-1, ioctl(pidfd, PIDFD_GET_INFO, &info));
	EXPECT_EQ(EREMOTE, errno);
	snprintf(path, sizeof(path), "self/fdinfo/%d", pidfd);
	f = fdopen(openat(proc, path, O_RDONLY | O_CLOEXEC), "r");
	ASSERT_NE(NULL, f);
	line[0] = 0;
	while (strncmp(line, "Pid:", 4) && fgets(line, sizeof(line), f))
		;
	EXPECT_STREQ("Pid:\t0\n", line);
	fclose(f);
	close(proc);
}

TEST_F_TIMEOUT(pidns, sees_no_ancestor_or_sibling, NS_TIMEOUT)
{
	int mine = sys_pidfd_open(1, 0), its;
	struct kid sibling;
	pid_t pid;

	ASSERT_LE(0, mine);
	ASSERT_EQ(0, kid_hold(&sibling, CLONE_NEWPID));
	EXPECT_EQ(50, hold_as(50));
	its = sys_pidfd_open(50, 0);
	ASSERT_LE(0, its);
	pid = fork_tids(CLONE_NEWPID, NULL, 0);
	ASSERT_LE(0, pid);
	if (!pid) {
		expect_nobody(_metadata, mine);
		expect_nobody(_metadata, its);
		/* The sibling has a number at the same level, but in another namespace. */
		expect_nobody(_metadata, sibling.pidfd);
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
	kid_stop(&sibling);
}

/* The caller's process group has a number where its leader is visible. */
TEST_F_TIMEOUT(pidns, own_group_is_seen_with_its_leader, NS_TIMEOUT)
{
	pid_t pid = fork_tids(CLONE_NEWPID, NULL, 0);

	ASSERT_LE(0, pid);
	if (!pid) {
		EXPECT_EQ(0, getpgrp());
		EXPECT_EQ(1, setsid());
		EXPECT_EQ(1, getpgrp());
		EXPECT_EQ(1, getsid(0));
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
}

TEST_HARNESS_MAIN
