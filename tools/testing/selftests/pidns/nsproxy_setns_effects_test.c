// SPDX-License-Identifier: GPL-2.0
/*
 * Side effects of setns and unshare: semaphores are undone when an IPC
 * namespace is left, and success, but no failure, is reported to perf.
 */
#include <linux/perf_event.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>

#include "nsproxy_util.h"

/* The offset of a field in a perf record's list of namespaces. */
#define PERF_MEMBERS 7

/* Ways for a child to leave its IPC namespace; they return 0 on success. */
enum leave {
	BY_PIDFD, BY_PIDFD_AMONG_OTHERS, BY_FILE, BY_UNSHARE, FAILING, ANOTHER_KIND,
};

static int leave(enum leave how, const struct kid *other)
{
	int fd, err;

	switch (how) {
	case BY_PIDFD:
		return setns(other->pidfd, CLONE_NEWIPC);
	case BY_PIDFD_AMONG_OTHERS:
		return setns(other->pidfd, ALL_NS & ~CLONE_NEWPID);
	case BY_FILE:
		fd = ns_open(other->pid, L_IPC);
		err = setns(fd, CLONE_NEWIPC);
		close(fd);
		return err;
	case BY_UNSHARE:
		return unshare(CLONE_NEWIPC);
	case FAILING:
		/* The target's PID namespace is no descendant: everything is refused. */
		return setns(other->pidfd, CLONE_NEWIPC | CLONE_NEWPID) ? 0 : -1;
	case ANOTHER_KIND:
		return setns(other->pidfd, CLONE_NEWUTS);
	}
	return -1;
}

/*
 * A child increments a semaphore with SEM_UNDO and leaves. Return the
 * semaphore's value.
 */
static int semaphore_after(enum leave how, const struct kid *other)
{
	struct sembuf up = { .sem_op = 1, .sem_flg = SEM_UNDO };
	int sem, val = -1;
	struct kid kid;

	sem = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
	if (sem < 0)
		return -1;
	if (kid_start(&kid, 0) < 0)
		goto out;
	if (!kid.pid) {
		kid_tell(&kid, semop(sem, &up, 1));
		kid_hear(&kid);
		kid_tell(&kid, leave(how, other));
		kid_hear(&kid);
		_exit(EXIT_SUCCESS);
	}
	if (!kid_hear(&kid) && semctl(sem, 0, GETVAL) == 1) {
		kid_tell(&kid, 0);
		/* The child still lives, so it is not its exit that undoes it. */
		if (!kid_hear(&kid))
			val = semctl(sem, 0, GETVAL);
	}
	kid_stop(&kid);
	/* At exit the last one is undone, too. */
	if (val >= 0 && semctl(sem, 0, GETVAL))
		val = -1;
out:
	semctl(sem, 0, IPC_RMID);
	return val;
}

TEST_F_TIMEOUT(nsproxy, leaving_ipc_ns_undoes_semaphores, NS_TIMEOUT)
{
	struct kid other;
	pid_t pid;

	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	ASSERT_EQ(0, kid_hold(&other, ALL_NS & ~CLONE_NEWPID));
	EXPECT_EQ(0, semaphore_after(BY_PIDFD, &other));
	EXPECT_EQ(0, semaphore_after(BY_PIDFD_AMONG_OTHERS, &other));
	EXPECT_EQ(0, semaphore_after(BY_FILE, &other));
	EXPECT_EQ(0, semaphore_after(BY_UNSHARE, &other));
	/* Without leaving, the value stays. */
	EXPECT_EQ(1, semaphore_after(ANOTHER_KIND, &other));
	pid = fork_flags(CLONE_NEWPID, NULL);
	ASSERT_LE(0, pid);
	if (!pid) {
		EXPECT_EQ(1, semaphore_after(FAILING, &other));
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
	kid_stop(&other);
}

struct ring {
	struct perf_event_mmap_page *page;
	int fd;
	__u64 tail;
};

struct ns_record {
	struct perf_event_header head;
	__u32 pid, tid;
	__u64 nr;
	struct perf_ns_link_info link[PERF_MEMBERS];
};

static bool ring_open(struct ring *ring)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
		.namespaces = 1,
	};

	ring->tail = 0;
	ring->fd = syscall(__NR_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	if (ring->fd < 0)
		return false;
	ring->page = mmap(NULL, 9 * getpagesize(), PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
	return ring->page != MAP_FAILED;
}

/* Count the namespace records since the last call; the last one goes to @out. */
static int ring_records(struct ring *ring, struct ns_record *out)
{
	const char *data = (char *)ring->page + getpagesize();
	__u64 head = __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE);
	const struct perf_event_header *record;
	size_t len;
	int nr = 0;

	/* A test's few records never wrap around the buffer. */
	while (ring->tail < head) {
		record = (const void *)(data + ring->tail);
		if (record->type == PERF_RECORD_NAMESPACES) {
			len = record->size < sizeof(*out) ? record->size : sizeof(*out);
			memcpy(out, record, len);
			nr++;
		}
		ring->tail += record->size;
	}
	return nr;
}

/* Whether a record shows the caller's present namespaces. */
static bool record_is_mine(const struct ns_record *record)
{
	static const int links[PERF_MEMBERS] = {
		[NET_NS_INDEX] = L_NET, [UTS_NS_INDEX] = L_UTS, [IPC_NS_INDEX] = L_IPC,
		[PID_NS_INDEX] = L_PID, [USER_NS_INDEX] = L_USER, [MNT_NS_INDEX] = L_MNT,
		[CGROUP_NS_INDEX] = L_CGROUP,
	};
	struct stat st;
	int i, fd;

	if (record->nr < PERF_MEMBERS)
		return false;
	for (i = 0; i < PERF_MEMBERS; i++) {
		fd = ns_open(0, links[i]);
		if (fd < 0 || fstat(fd, &st))
			return false;
		close(fd);
		if (record->link[i].ino != st.st_ino)
			return false;
	}
	return true;
}

TEST_F_TIMEOUT(nsproxy, success_is_reported_to_perf, NS_TIMEOUT)
{
	struct ns_record record = {};
	struct ring ring;
	struct kid kid;
	int fd;

	ASSERT_EQ(0, kid_hold(&kid, ALL_NS));
	if (!ring_open(&ring))
		SKIP(return, "no namespace records from perf_event_open (CONFIG_PERF_EVENTS)");
	fd = ns_open(kid.pid, L_UTS);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ring_records(&ring, &record));

	/* One record per success. */
	ASSERT_EQ(0, setns(fd, CLONE_NEWUTS));
	EXPECT_EQ(1, ring_records(&ring, &record));
	EXPECT_EQ(getpid(), record.pid);
	EXPECT_TRUE(record_is_mine(&record));
	ASSERT_EQ(0, setns(kid.pidfd, CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP));
	EXPECT_EQ(1, ring_records(&ring, &record));
	EXPECT_TRUE(record_is_mine(&record));
	ASSERT_EQ(0, setns(kid.pidfd, ALL_NS));
	EXPECT_EQ(1, ring_records(&ring, &record));
	EXPECT_TRUE(record_is_mine(&record));

	/* None for a failure, early or late. */
	EXPECT_EQ(-1, setns(fd, CLONE_NEWIPC));
	EXPECT_EQ(-1, setns(kid.pidfd, 0));
	EXPECT_EQ(-1, setns(kid.pidfd, CLONE_NEWUSER | CLONE_NEWUTS));
	EXPECT_EQ(0, ring_records(&ring, &record));

	/* unshare reports as well. */
	ASSERT_EQ(0, unshare(CLONE_NEWUTS | CLONE_NEWIPC));
	EXPECT_EQ(1, ring_records(&ring, &record));
	EXPECT_TRUE(record_is_mine(&record));
	close(fd);
	kid_stop(&kid);
}

TEST_HARNESS_MAIN
