// SPDX-License-Identifier: GPL-2.0
/*
 * The leader thread of an init exits first. Its number stays until the last
 * thread has exited, so the last one must not wait for that, and be the child
 * reaper to which all are handed.
 */
#include <linux/membarrier.h>

#include "pidns_reap_util.h"

#define THREADS 4

/* Threads up to this one may exit. */
static int *go;

/* Thread @arg exits when told to, those after it later. */
static void *thread_step(void *arg)
{
	long nr = (long)arg;

	while (READ_ONCE(*go) < nr)
		usleep(1000);
	thread_exit(0);
}

/* An init of several threads whose leader exits first. */
static bool init_start(struct kid *kid)
{
	long nr;

	go = shared_alloc(sizeof(*go));
	if (!go || kid_start(kid, CLONE_NEWPID) < 0)
		return false;
	if (!kid->pid) {
		for (nr = 1; nr < THREADS; nr++) {
			pthread_t thread;

			if (pthread_create(&thread, NULL, thread_step, (void *)nr))
				_exit(EXIT_FAILURE);
		}
		thread_exit(0);
	}
	return eventually(task_state(kid->pid) == 'Z');
}

/* Put a parent and a child inside, kill the parent: which thread adopts the child? */
static pid_t orphan_parent(int fd)
{
	pid_t parent = fork_into(fd), orphan;
	char path[64];

	if (!parent) {
		fork_resting(0, NULL);
		rest_forever();
	}
	if (parent < 0)
		return parent;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", parent, parent);
	if (!eventually(file_numbers(path, "", &orphan, 1) == 1))
		return -1;
	kill(parent, SIGKILL);
	if (wait_status(parent) != SIGKILL || !eventually(task_ppid(orphan) != parent))
		return -1;
	return task_ppid(orphan);
}

/* Each thread in turn is the reaper of the namespace, until the last. */
TEST_F_TIMEOUT(pidns, reaper_moves_to_live_thread, NS_TIMEOUT)
{
	struct kid kid;
	int fd, nr;

	ASSERT_TRUE(init_start(&kid));
	fd = ns_open(kid.pid, L_PID);
	ASSERT_LE(0, fd);
	for (nr = 1; nr < THREADS; nr++) {
		EXPECT_EQ(kid.pid, orphan_parent(fd)) {
			TH_LOG("thread %d of %d", nr, THREADS - 1);
		}
		EXPECT_EQ(0, pidfd_events(kid.pidfd));
		EXPECT_EQ(0, waitpid(kid.pid, NULL, WNOHANG));
		WRITE_ONCE(*go, nr);
		/* Gone before the next orphan is made; the leader, a zombie, still counts. */
		EXPECT_TRUE(eventually(nr_tasks(kid.pid) == THREADS - nr));
	}
	/* The last of them killed all others, and did not wait for the leader. */
	ASSERT_TRUE(pidfd_ended(kid.pidfd));
	EXPECT_EQ(0, wait_status(kid.pid));
	for (nr = 1; nr < 50; nr++)
		EXPECT_EQ(-1, ioctl(fd, NS_GET_PID_FROM_PIDNS, nr));
	EXPECT_EQ(-ENOMEM, fork_into(fd));
	close(fd);
	kid_stop(&kid);
}

/*
 * The leader has not been reaped, so a number is left although the last reaper
 * is gone: a refused fork must not wake that up.
 */
TEST_F_TIMEOUT(pidns, refused_fork_with_only_leader_left, NS_TIMEOUT)
{
	struct kid kid;
	int fd, try;

	ASSERT_TRUE(init_start(&kid));
	fd = ns_open(kid.pid, L_PID);
	ASSERT_LE(0, fd);
	WRITE_ONCE(*go, THREADS);
	ASSERT_TRUE(pidfd_ended(kid.pidfd));
	for (try = 0; try < 50; try++) {
		/*
		 * A grace period, if there is one: then the tasks' memory is
		 * freed, and a kernel that checks for that finds a use.
		 */
		syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
		EXPECT_EQ(-ENOMEM, fork_into(fd));
	}
	EXPECT_EQ(0, wait_status(kid.pid));
	close(fd);
	kid_stop(&kid);
}

/* The last thread waits for the others of the namespace, as a leader would. */
TEST_F_TIMEOUT(pidns, last_thread_waits_for_others, NS_TIMEOUT)
{
	struct kid kid;
	pid_t pid;
	int fd;

	ASSERT_TRUE(init_start(&kid));
	fd = ns_open(kid.pid, L_PID);
	ASSERT_LE(0, fd);
	pid = fork_into(fd);
	ASSERT_LE(0, pid);
	if (!pid)
		rest_forever();
	WRITE_ONCE(*go, THREADS);
	EXPECT_TRUE(eventually(task_state(pid) == 'Z'));
	EXPECT_EQ(-ENOMEM, fork_into(fd));
	EXPECT_EQ(0, pidfd_events(kid.pidfd));
	EXPECT_EQ(0, waitpid(kid.pid, NULL, WNOHANG));
	EXPECT_EQ(SIGKILL, wait_status(pid));
	ASSERT_TRUE(pidfd_ended(kid.pidfd));
	EXPECT_EQ(0, wait_status(kid.pid));
	close(fd);
	kid_stop(&kid);
}

/* Killed while its leader is a zombie: all threads exit at once, in any order. */
TEST_F_TIMEOUT(pidns, killed_with_zombie_leader, NS_TIMEOUT)
{
	struct kid kid;
	int round;

	for (round = 0; round < 20; round++) {
		ASSERT_TRUE(init_start(&kid));
		kill(kid.pid, SIGKILL);
		EXPECT_EQ(SIGKILL, wait_status(kid.pid));
		kid_stop(&kid);
	}
}

TEST_HARNESS_MAIN
