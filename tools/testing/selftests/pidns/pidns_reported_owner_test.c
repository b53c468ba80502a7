// SPDX-License-Identifier: GPL-2.0
/*
 * Owners and last users as locks, queues, shared memory, cgroups and terminals
 * report them: in the reader's numbers, and 0 where the reader's namespace has
 * none.
 */
#include <mqueue.h>
#include <pty.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <termios.h>

#include "pidns_reap_util.h"

/* The owner of a lock, 0 if the reader has no number for it. */
static pid_t lock_owner(int fd, off_t byte)
{
	struct flock lock = { .l_type = F_WRLCK, .l_start = byte, .l_len = 1 };

	if (fcntl(fd, F_GETLK, &lock))
		return -errno;
	return lock.l_type == F_UNLCK ? -ENOENT : lock.l_pid;
}

static int lock_take(int fd, off_t byte)
{
	struct flock lock = { .l_type = F_WRLCK, .l_start = byte, .l_len = 1 };

	return fcntl(fd, F_SETLK, &lock) ? -errno : 0;
}

TEST_F_TIMEOUT(pidns, file_locks, NS_TIMEOUT)
{
	int fd = sys_memfd_create("locks", MFD_NOEXEC_SEAL);
	struct kid kid, sibling, child;

	ASSERT_EQ(0, lock_take(fd, 0));
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		EXPECT_EQ(0, lock_owner(fd, 0));
		EXPECT_EQ(0, lock_take(fd, 1));
		ASSERT_LE(0, kid_start(&child, 0));
		if (!child.pid) {
			EXPECT_EQ(1, lock_owner(fd, 1));
			EXPECT_EQ(0, lock_take(fd, 2));
			kid_rest(&child);
		}
		EXPECT_EQ(0, kid_hear(&child));
		EXPECT_EQ(child.pid, lock_owner(fd, 2));
		kid_rest(&kid);
	}
	EXPECT_EQ(0, kid_hear(&kid));
	EXPECT_EQ(kid.pid, lock_owner(fd, 1));
	/* The kid's only child, by its number here. */
	EXPECT_NE(2, lock_owner(fd, 2));
	EXPECT_EQ(kid.pid, task_ppid(lock_owner(fd, 2)));
	EXPECT_EQ(-ENOENT, lock_owner(fd, 0));
	ASSERT_LE(0, kid_start(&sibling, CLONE_NEWPID));
	if (!sibling.pid) {
		EXPECT_EQ(0, lock_owner(fd, 1));
		kid_rest(&sibling);
	}
	EXPECT_EQ(0, kid_hear(&sibling));
	kid_stop(&sibling);
	kid_stop(&kid);
	close(fd);
}

/* The last users of a queue, of a memory segment, and of a semaphore. */
static void ipc_pids(int msg, int shm, int sem, pid_t pids[5])
{
	struct msqid_ds msgs = {};
	struct shmid_ds shms = {};

	msgctl(msg, IPC_STAT, &msgs);
	shmctl(shm, IPC_STAT, &shms);
	pids[0] = msgs.msg_lspid;
	pids[1] = msgs.msg_lrpid;
	pids[2] = shms.shm_cpid;
	pids[3] = shms.shm_lpid;
	pids[4] = semctl(sem, 0, GETPID);
}

TEST_F_TIMEOUT(pidns, sysv_ipc, NS_TIMEOUT)
{
	struct sembuf up = { .sem_op = 1 };
	int msg, shm, sem, i;
	struct kid kid;
	pid_t pids[5];
	struct {
		long type;
		char text;
	} one = { 1, 'x' };

	/* Share them with the processes of this test only. */
	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	msg = msgget(IPC_PRIVATE, 0600);
	sem = semget(IPC_PRIVATE, 1, 0600);
	ASSERT_LE(0, msg);
	ASSERT_LE(0, sem);
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		pid_t pid = fork();

		ASSERT_LE(0, pid);
		if (!pid) {
			/* All by the second process of the namespace. */
			shm = shmget(IPC_PRIVATE, 4096, 0600);
			shmdt(shmat(shm, NULL, 0));
			EXPECT_EQ(0, msgsnd(msg, &one, 1, 0));
			EXPECT_EQ(1, msgrcv(msg, &one, 1, 0, 0));
			EXPECT_EQ(0, semop(sem, &up, 1));
			kid_tell(&kid, shm);
			_exit(EXIT_SUCCESS);
		}
		kid_hear(&kid);
		EXPECT_EQ(0, wait_status(pid));
		kid_tell(&kid, pid);
		shm = kid_hear(&kid);
		kid_hear(&kid);
		ipc_pids(msg, shm, sem, pids);
		/* Its number is reported after its exit as well. */
		for (i = 0; i < ARRAY_SIZE(pids); i++)
			EXPECT_EQ(2, pids[i]);
		kid_tell(&kid, 0);
		kid_hear(&kid);
		ipc_pids(msg, shm, sem, pids);
		/* The last users are outside now, but not the creator. */
		for (i = 0; i < ARRAY_SIZE(pids); i++)
			EXPECT_EQ(i == 2 ? 2 : 0, pids[i]);
		kid_rest(&kid);
	}
	shm = kid_hear(&kid);
	ASSERT_LE(0, shm);
	kid_tell(&kid, 0);
	EXPECT_EQ(2, kid_hear(&kid));
	kid_tell(&kid, shm);
	ipc_pids(msg, shm, sem, pids);
	for (i = 0; i < ARRAY_SIZE(pids); i++) {
		EXPECT_LT(kid.pid, pids[i]);
		EXPECT_EQ(pids[0], pids[i]);
	}
	kid_tell(&kid, 0);
	EXPECT_EQ(0, kid_hear(&kid));
	shmdt(shmat(shm, NULL, 0));
	EXPECT_EQ(0, msgsnd(msg, &one, 1, 0));
	EXPECT_EQ(1, msgrcv(msg, &one, 1, 0, 0));
	EXPECT_EQ(0, semop(sem, &up, 1));
	kid_tell(&kid, 0);
	EXPECT_EQ(0, kid_hear(&kid));
	ipc_pids(msg, shm, sem, pids);
	for (i = 0; i < ARRAY_SIZE(pids); i++)
		if (i != 2)
			EXPECT_EQ(getpid(), pids[i]);
	kid_stop(&kid);
}

/* The sender of the message that a queue reports by a signal. */
static pid_t queue_sender(mqd_t queue, const sigset_t *set)
{
	struct timespec timeout = { .tv_sec = NS_TIMEOUT };
	siginfo_t info;
	char text[16];

	if (syscall(__NR_rt_sigtimedwait, set, &info, &timeout, 8) != SIGUSR1 ||
	    info.si_code != SI_MESGQ || mq_receive(queue, text, sizeof(text), NULL) != 1)
		return -1;
	return info.si_pid;
}

TEST_F_TIMEOUT(pidns, message_queues, NS_TIMEOUT)
{
	struct mq_attr attr = { .mq_maxmsg = 4, .mq_msgsize = 16 };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct kid kid, child;
	sigset_t set;
	mqd_t queue;

	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	queue = mq_open("/pidns-queue", O_RDWR | O_CREAT, 0600, &attr);
	ASSERT_LE(0, queue);
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		/* A sender in the ancestor, then one in a sibling. */
		EXPECT_EQ(0, mq_notify(queue, &event));
		kid_tell(&kid, 0);
		EXPECT_EQ(0, queue_sender(queue, &set));
		EXPECT_EQ(0, mq_notify(queue, &event));
		ASSERT_LE(0, kid_start(&child, 0));
		if (!child.pid) {
			EXPECT_EQ(0, mq_send(queue, "x", 1, 0));
			kid_rest(&child);
		}
		EXPECT_EQ(child.pid, queue_sender(queue, &set));
		EXPECT_EQ(0, kid_hear(&child));
		kid_stop(&child);
		/* And one that sends to the ancestor. */
		kid_tell(&kid, 0);
		kid_hear(&kid);
		EXPECT_EQ(0, mq_send(queue, "x", 1, 0));
		kid_rest(&kid);
	}
	EXPECT_EQ(0, kid_hear(&kid));
	EXPECT_EQ(0, mq_send(queue, "x", 1, 0));
	EXPECT_EQ(0, kid_hear(&kid));
	EXPECT_EQ(0, mq_notify(queue, &event));
	kid_tell(&kid, 0);
	EXPECT_EQ(kid.pid, queue_sender(queue, &set));
	EXPECT_EQ(0, kid_hear(&kid));
	kid_stop(&kid);
	mq_close(queue);
	mq_unlink("/pidns-queue");
}

/* The foreground group, set and read in the caller's numbers. */
TEST_F_TIMEOUT(pidns, terminals, NS_TIMEOUT)
{
	int master, slave, group;
	struct task_stat stat;
	struct kid kid;

	ASSERT_EQ(0, openpty(&master, &slave, NULL, NULL, NULL));
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		pid_t pid;

		ASSERT_EQ(1, setsid());
		ASSERT_EQ(0, ioctl(slave, TIOCSCTTY, 0));
		EXPECT_EQ(1, tcgetpgrp(slave));
		EXPECT_EQ(1, tcgetsid(slave));
		kid_tell(&kid, 0);
		kid_hear(&kid);
		signal(SIGTTOU, SIG_IGN);
		pid = fork_resting(0, NULL);
		ASSERT_EQ(0, setpgid(pid, pid));
		EXPECT_EQ(0, tcsetpgrp(slave, pid));
		EXPECT_EQ(pid, tcgetpgrp(slave));
		EXPECT_EQ(1, tcgetsid(slave));
		EXPECT_EQ(-1, tcsetpgrp(slave, 77));
		EXPECT_EQ(ESRCH, errno);
		kid_tell(&kid, 0);
		kid_hear(&kid);
		_exit(EXIT_SUCCESS);
	}
	ASSERT_EQ(0, kid_hear(&kid));
	/* The master reports the same, in outside numbers. */
	ASSERT_EQ(0, ioctl(master, TIOCGPGRP, &group));
	EXPECT_EQ(kid.pid, group);
	ASSERT_EQ(0, ioctl(master, TIOCGSID, &group));
	EXPECT_EQ(kid.pid, group);
	kid_tell(&kid, 0);
	ASSERT_EQ(0, kid_hear(&kid));
	ASSERT_EQ(0, ioctl(master, TIOCGPGRP, &group));
	EXPECT_LT(kid.pid, group);
	EXPECT_EQ(group, getpgid(group));
	/* So does /proc. */
	ASSERT_TRUE(task_stat(kid.pid, &stat));
	EXPECT_EQ(group, stat.tpgid);
	EXPECT_EQ(kid.pid, stat.session);
	EXPECT_EQ(kid.pid, stat.pgrp);
	kid_stop(&kid);
	close(master);
	close(slave);
}

FIXTURE(cgroup) {
	char dir[32], group[64];
};

FIXTURE_SETUP(cgroup)
{
	if (geteuid())
		SKIP(return, "needs root");
	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL));
	snprintf(self->dir, sizeof(self->dir), "/tmp/pidns_owner_XXXXXX");
	ASSERT_NE(0, !!mkdtemp(self->dir));
	if (mount("none", self->dir, "cgroup2", 0, NULL))
		SKIP(return, "no cgroup2 (CONFIG_CGROUPS)");
	snprintf(self->group, sizeof(self->group), "%s/pidns_owner_XXXXXX", self->dir);
	ASSERT_NE(0, !!mkdtemp(self->group));
}

FIXTURE_TEARDOWN(cgroup)
{
	if (*self->group)
		eventually(!rmdir(self->group) || errno == ENOENT);
	umount2(self->dir, MNT_DETACH);
	rmdir(self->dir);
}

/* The numbers in a file of the cgroup, sorted. Returns how many. */
static int members(const char *group, const char *name, int *nr, int max)
{
	char path[96], line[16];
	int count = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", group, name);
	f = fopen(path, "re");
	while (f && count < max && fgets(line, sizeof(line), f))
		nr[count++] = atoi(line);
	if (f)
		fclose(f);
	return count;
}

TEST_F_TIMEOUT(cgroup, cgroup_procs, NS_TIMEOUT)
{
	char path[96];
	struct kid kid, outside;
	int nr[8];

	snprintf(path, sizeof(path), "%s/cgroup.procs", self->group);
	ASSERT_EQ(0, kid_hold(&outside, 0));
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		struct kid child;

		/* By the writer's numbers, and by 0 for itself. */
		EXPECT_EQ(0, file_write(path, "0"));
		EXPECT_EQ(1, members(self->group, "cgroup.procs", nr, ARRAY_SIZE(nr)));
		EXPECT_EQ(1, nr[0]);
		kid_tell(&kid, 0);
		kid_hear(&kid);
		/* A process outside is listed as 0. */
		EXPECT_EQ(2, members(self->group, "cgroup.procs", nr, ARRAY_SIZE(nr)));
		EXPECT_EQ(1, nr[0] + nr[1]);
		EXPECT_EQ(0, nr[0] * nr[1]);
		ASSERT_EQ(0, kid_hold(&child, CLONE_NEWPID));
		EXPECT_EQ(3, members(self->group, "cgroup.threads", nr, ARRAY_SIZE(nr)));
		EXPECT_EQ(1 + child.pid, nr[0] + nr[1] + nr[2]);
		EXPECT_EQ(-ESRCH, file_write(path, "77"));
		kid_stop(&child);
		kid_rest(&kid);
	}
	EXPECT_EQ(0, kid_hear(&kid));
	EXPECT_EQ(1, members(self->group, "cgroup.procs", nr, ARRAY_SIZE(nr)));
	EXPECT_EQ(kid.pid, nr[0]);
	EXPECT_EQ(0, file_write(path, "%d", outside.pid));
	EXPECT_EQ(2, members(self->group, "cgroup.procs", nr, ARRAY_SIZE(nr)));
	EXPECT_EQ(kid.pid + outside.pid, nr[0] + nr[1]);
	kid_tell(&kid, 0);
	EXPECT_EQ(0, kid_hear(&kid));
	kid_stop(&kid);
	kid_stop(&outside);
}

TEST_HARNESS_MAIN
