// SPDX-License-Identifier: GPL-2.0
/*
 * The leader thread of an init ends first. Its number stays until the last
 * thread has ended, so the last one must wait for one number more, and be the
 * reaper that all are handed to.
 */
#include <linux/membarrier.h>

#include "pidns_reap_util.h"

#define THREADS 4

static struct shared {
	int go;			/* threads up to this one may end */
	int served;		/* the thread that reaped a child last */
	pid_t child;
} *shared;

/* Thread @arg ends when it is told to, those after it later. */
static void *thread_step(void *arg)
{
	long nr = (long)arg;

	while (READ_ONCE(shared->go) < nr)
		usleep(1000);
	thread_exit(0);
}

/* An init of several threads, the leader of which ends first of all. */
static bool init_start(struct kid *kid)
{
	long nr;

	shared = shared_alloc(sizeof(*shared));
	if (!shared || kid_start(kid, CLONE_NEWPID) < 0)
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

/* Put in a father and a child, end the father: who has the child then? */
static pid_t orphan_father(int fd)
{
	pid_t father = fork_into(fd), orphan;
	char path[64];

	if (!father) {
		fork_resting(0, NULL);
		rest_forever();
	}
	if (father < 0)
		return father;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", father, father);
	if (!eventually(file_numbers(path, "", &orphan, 1) == 1))
		return -1;
	kill(father, SIGKILL);
	if (wait_status(father) != SIGKILL || !eventually(task_ppid(orphan) != father))
		return -1;
	return task_ppid(orphan);
}

/* Each thread in its turn is the reaper of the namespace, until the last. */
TEST_F_TIMEOUT(pidns, reaper_moves_to_live_thread, NS_TIMEOUT)
{
	struct kid kid;
	int fd, nr;

	ASSERT_TRUE(init_start(&kid));
	fd = ns_open(kid.pid, L_PID);
	ASSERT_LE(0, fd);
	for (nr = 1; nr < THREADS; nr++) {
		EXPECT_EQ(kid.pid, orphan_father(fd)) {
			TH_LOG("thread %d of %d", nr, THREADS - 1);
		}
		EXPECT_EQ(0, pidfd_events(kid.pidfd));
		EXPECT_EQ(0, waitpid(kid.pid, NULL, WNOHANG));
		WRITE_ONCE(shared->go, nr);
	}
	/* The last of them took all with it, and did not wait for the leader. */
	EXPECT_TRUE(pidfd_ended(kid.pidfd));
	EXPECT_EQ(0, wait_status(kid.pid));
	for (nr = 1; nr < 50; nr++)
		EXPECT_EQ(-1, ioctl(fd, NS_GET_PID_FROM_PIDNS, nr));
	EXPECT_EQ(-ENOMEM, fork_into(fd));
	close(fd);
	kid_stop(&kid);
}

/*
 * The leader has not been waited for, so a number is left that nobody looks after:
 * the last reaper is gone, and a fork that is refused must not wake it up.
 */
TEST_F_TIMEOUT(pidns, refused_fork_with_only_leader_left, NS_TIMEOUT)
{
	struct kid kid;
	int fd, try;

	ASSERT_TRUE(init_start(&kid));
	fd = ns_open(kid.pid, L_PID);
	ASSERT_LE(0, fd);
	WRITE_ONCE(shared->go, THREADS);
	EXPECT_TRUE(pidfd_ended(kid.pidfd));
	for (try = 0; try < 50; try++) {
		/*
		 * A grace period, where there is one to be had: then the memory of
		 * tasks is freed, and a kernel that looks for that finds its use.
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
	WRITE_ONCE(shared->go, THREADS);
	EXPECT_TRUE(eventually(task_state(pid) == 'Z'));
	EXPECT_EQ(-ENOMEM, fork_into(fd));
	EXPECT_EQ(0, pidfd_events(kid.pidfd));
	EXPECT_EQ(0, waitpid(kid.pid, NULL, WNOHANG));
	EXPECT_EQ(SIGKILL, wait_status(pid));
	EXPECT_TRUE(pidfd_ended(kid.pidfd));
	EXPECT_EQ(0, wait_status(kid.pid));
	close(fd);
	kid_stop(&kid);
}

/* Killed while its leader is a zombie: all threads end at once, in any order. */
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
