// SPDX-License-Identifier: GPL-2.0
/*
 * A dying namespace is not revived: not by setns with the pidfd of a task in
 * it, nor by any other way to open it. A file opened in time gets no children,
 * and the namespace is freed with the last of them.
 */
#define PIDNS_OF_THE_MACHINE
#include "pidns_reap_util.h"

#define ROUNDS 150

/* Ways to open a namespace, tried until none works any more. */
enum way { SETNS, PIDFD_PID, PIDFD_CHILDREN, PROC_LINK, BY_HANDLE, PARENT_OF, NR_WAYS };

static const char * const ways[NR_WAYS] = {
	"setns", "pidfd", "pidfd, for children", "/proc", "handle", "parent of an inner one",
};

/* What is known of the namespace from before. */
struct target {
	struct kid kid;
	__u64 id;
	int inner;	/* the file of a nested namespace */
};

/* Set once the racer has entered the namespace. */
static bool *entered;

/* A file of the namespace, or a negative errno. */
static int way_open(enum way way, const struct target *target)
{
	int fd = -1;

	switch (way) {
	case PIDFD_PID:
		fd = ioctl(target->kid.pidfd, PIDFD_GET_PID_NAMESPACE, 0);
		break;
	case PIDFD_CHILDREN:
		fd = ioctl(target->kid.pidfd, PIDFD_GET_PID_FOR_CHILDREN_NAMESPACE, 0);
		break;
	case PROC_LINK:
		fd = ns_open(target->kid.pid, L_PID);
		break;
	case BY_HANDLE:
		fd = ns_open_id(target->id);
		break;
	case PARENT_OF:
		fd = ioctl(target->inner, NS_GET_PARENT);
		break;
	default:
		break;
	}
	return fd < 0 ? -errno : fd;
}

/* The error of each way when nobody is left. */
static bool way_ended(enum way way, int error)
{
	switch (way) {
	case PROC_LINK:
		/* The task may exit after its link was found, and before it is read. */
		return error == ENOENT || error == ESRCH || error == EACCES;
	case BY_HANDLE:
		return error == ESTALE;
	default:
		return error == ESRCH;
	}
}

/* 0 if all was as expected; else the line where it was not. */
static int way_race(enum way way, const struct target *target)
{
	int fd, tries = 0, back = ns_open(0, L_PID);
	bool dead = false;
	pid_t pid;

	for (;;) {
		if (way == SETNS) {
			if (setns(target->kid.pidfd, CLONE_NEWPID))
				return errno == ESRCH ? 0 : __LINE__;
		} else {
			fd = way_open(way, target);
			if (fd < 0)
				return way_ended(way, -fd) ? 0 : __LINE__;
			if (ns_fd_id(fd) != target->id)
				return __LINE__;
			if (setns(fd, CLONE_NEWPID))
				return __LINE__;
			close(fd);
		}
		WRITE_ONCE(*entered, true);
		pid = fork();
		if (!pid)
			_exit(EXIT_SUCCESS);
		if (pid < 0 && errno != ENOMEM)
			return __LINE__;
		/* Once refused, always refused. */
		if (pid > 0 && dead)
			return __LINE__;
		dead |= pid < 0;
		/* A task with this namespace for its children keeps it. */
		if (setns(back, CLONE_NEWPID))
			return __LINE__;
		if (pid > 0 && waitpid(pid, NULL, 0) != pid)
			return __LINE__;
		/* These ways open the dead one as well, as long as its zombie exists. */
		if (dead && (way == PARENT_OF || way == PROC_LINK) && ++tries == 20)
			return 0;
	}
}

TEST_F_TIMEOUT(pidns, dying_namespace_is_not_revived, NS_TIMEOUT)
{
	int rounds = count_for_kernel(_metadata, ROUNDS), round, way, line;
	struct target target;
	pid_t racer;

	entered = shared_alloc(sizeof(*entered));
	ASSERT_NE(NULL, entered);
	for (round = 0; round < rounds; round++) {
		way = round % NR_WAYS;
		*entered = false;
		ASSERT_LE(0, kid_start(&target.kid, CLONE_NEWPID));
		if (!target.kid.pid) {
			int pidfd = -1;

			fork_resting(CLONE_NEWPID, &pidfd);
			kid_tell(&target.kid, ioctl(pidfd, PIDFD_GET_PID_NAMESPACE, 0));
			rest_forever();
		}
		target.inner = sys_pidfd_getfd(target.kid.pidfd, kid_hear(&target.kid), 0);
		target.id = ns_id(target.kid.pid, L_PID);
		ASSERT_LE(0, target.inner);
		racer = fork();
		ASSERT_LE(0, racer);
		if (!racer) {
			line = way_race(way, &target);
			_exit(!line ? 0 : line > 255 ? 255 : line);
		}
		/* A nested one's file would keep the memory of the outer one, but no more. */
		if (way != PARENT_OF)
			close(target.inner);
		ASSERT_TRUE(eventually(READ_ONCE(*entered)));
		usleep(round * 30);
		kill(target.kid.pid, SIGKILL);
		if (way == BY_HANDLE || (round & 8))
			wait_status(target.kid.pid);
		EXPECT_EQ(0, wait_for_pid(racer)) {
			TH_LOG("round %d: by %s", round, ways[way]);
		}
		if (way == PARENT_OF)
			close(target.inner);
		kid_stop(&target.kid);
		EXPECT_TRUE(eventually(!ns_listed(target.id, CLONE_NEWPID))) {
			TH_LOG("round %d: by %s: still there", round, ways[way]);
		}
		EXPECT_EQ(-ESTALE, way_open(BY_HANDLE, &target));
	}
}

/* A zombie is in its namespace, but has no nsproxy to join. */
TEST_F_TIMEOUT(pidns, setns_to_zombie_is_esrch, NS_TIMEOUT)
{
	struct kid kid;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	EXPECT_EQ(0, setns(kid.pidfd, CLONE_NEWPID));
	kill(kid.pid, SIGKILL);
	ASSERT_TRUE(pidfd_ended(kid.pidfd));
	EXPECT_SETNS_FAILS(ESRCH, kid.pidfd, CLONE_NEWPID);
	wait_status(kid.pid);
	EXPECT_SETNS_FAILS(ESRCH, kid.pidfd, CLONE_NEWPID);
	EXPECT_EQ(-ENOMEM, fork_flags(0, NULL));
	kid_stop(&kid);
}

TEST_HARNESS_MAIN
