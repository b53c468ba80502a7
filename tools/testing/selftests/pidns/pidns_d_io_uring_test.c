// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring's work is told to a task by a flag that looks like a signal. An
 * init that died with it set once did not sleep until its last children were
 * gone, but asked for them again and again.
 */
#include <linux/io_uring.h>

#define PIDNS_OWN_FIXTURE
#include "pidns_reap_util.h"

/* Each can give the init work once. */
#define RINGS 64

/* Long to give back, on a slow machine: there is time to meet it doing so. */
#define MEMORY (96UL << 20)

struct ring {
	int fd;
	struct io_uring_sqe *sqes;
	unsigned int *tail;
	unsigned int queued;
};

static bool ring_open(struct ring *ring, unsigned int flags)
{
	struct io_uring_params params = { .flags = flags | IORING_SETUP_NO_SQARRAY };
	char *mem;

	ring->fd = syscall(__NR_io_uring_setup, 8, &params);
	if (ring->fd < 0)
		return false;
	mem = mmap(NULL, params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe),
		   PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, IORING_OFF_SQ_RING);
	ring->sqes = mmap(NULL, params.sq_entries * sizeof(*ring->sqes), PROT_READ | PROT_WRITE,
			  MAP_SHARED, ring->fd, IORING_OFF_SQES);
	if (mem == MAP_FAILED || ring->sqes == MAP_FAILED)
		return false;
	ring->tail = (unsigned int *)(mem + params.sq_off.tail);
	ring->queued = 0;
	return true;
}

/* The next request, to be filled in. */
static struct io_uring_sqe *ring_next(struct ring *ring)
{
	struct io_uring_sqe *sqe = &ring->sqes[ring->queued++];

	memset(sqe, 0, sizeof(*sqe));
	return sqe;
}

static bool ring_submit(struct ring *ring)
{
	__atomic_store_n(ring->tail, ring->queued, __ATOMIC_RELEASE);
	return syscall(__NR_io_uring_enter, ring->fd, ring->queued, 0, 0, NULL, 0) == ring->queued;
}

FIXTURE(uring) {
};

FIXTURE_SETUP(uring)
{
	struct ring ring;

	if (geteuid())
		SKIP(return, "needs root");
	if (!ring_open(&ring, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN))
		SKIP(return, "no io_uring (CONFIG_IO_URING, kernel.io_uring_disabled)");
	close(ring.fd);
}

FIXTURE_TEARDOWN(uring)
{
}

/* Trace the init's child: as a zombie it is the tracer's before it is the init's. */
static bool hold_child(struct kid *kid, pid_t *child)
{
	int fd = ns_open(kid->pid, L_PID);

	*child = ioctl(fd, NS_GET_PID_FROM_PIDNS, kid_hear(kid));
	close(fd);
	return *child > 0 && !ptrace(PTRACE_SEIZE, *child, NULL, NULL);
}

/* The init sleeps as long as the zombie is held, and ends when it is let go. */
static void init_sleeps(struct __test_metadata *_metadata, struct kid *kid, pid_t child)
{
	EXPECT_TRUE(eventually(task_state(child) == 'Z'));
	EXPECT_TRUE(eventually(task_state(kid->pid) == 'S')) {
		TH_LOG("state %c", task_state(kid->pid));
	}
	EXPECT_TRUE(task_sleeps(kid->pid)) {
		TH_LOG("state %c", task_state(kid->pid));
	}
	EXPECT_EQ(0, waitpid(kid->pid, NULL, WNOHANG));
	EXPECT_EQ(SIGKILL, wait_status(child));
	EXPECT_EQ(SIGKILL, wait_status(kid->pid));
	kid_stop(kid);
}

/* Requests of several kinds are under way: on a file, in a worker, for a time. */
TEST_F_TIMEOUT(uring, d_exit_with_requests_pending, NS_TIMEOUT)
{
	struct kid kid;
	pid_t child;

	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		struct __kernel_timespec year = { .tv_sec = 31536000 };
		struct io_uring_sqe *sqe;
		struct ring ring;
		static char c;
		int fds[2];

		if (pipe(fds) || !ring_open(&ring, 0))
			_exit(EXIT_FAILURE);
		sqe = ring_next(&ring);
		sqe->opcode = IORING_OP_POLL_ADD;
		sqe->fd = fds[0];
		sqe->poll32_events = POLLIN;
		sqe = ring_next(&ring);
		sqe->opcode = IORING_OP_READ;
		sqe->flags = IOSQE_ASYNC;
		sqe->fd = fds[0];
		sqe->addr = ptr_to_u64(&c);
		sqe->len = 1;
		sqe = ring_next(&ring);
		sqe->opcode = IORING_OP_TIMEOUT;
		sqe->fd = -1;
		sqe->addr = ptr_to_u64(&year);
		sqe->len = 1;
		if (!ring_submit(&ring))
			_exit(EXIT_FAILURE);
		kid_tell(&kid, fork_resting(0, NULL));
		rest_forever();
	}
	ASSERT_TRUE(hold_child(&kid, &child));
	kill(kid.pid, SIGKILL);
	init_sleeps(_metadata, &kid, child);
}

/* Whether a task is on its way out, and has not come to the end. */
static bool task_exits(pid_t pid)
{
	struct task_stat stat;

	return task_stat(pid, &stat) && !stat.vsize && stat.state == 'R';
}

/*
 * Work comes while it dies. A poll of its ring from outside is such: the init
 * alone may touch the ring, so it is asked to do it.
 */
TEST_F_TIMEOUT(uring, d_work_for_a_dying_init, NS_TIMEOUT)
{
	int *fds = shared_alloc(RINGS * sizeof(*fds)), i, given = 0;
	struct kid kid;
	pid_t child;

	ASSERT_NE(0, !!fds);
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		struct ring ring;

		for (i = 0; i < RINGS; i++) {
			if (!ring_open(&ring, IORING_SETUP_SINGLE_ISSUER |
				       IORING_SETUP_DEFER_TASKRUN))
				_exit(EXIT_FAILURE);
			fds[i] = ring.fd;
		}
		/* Before there is so much of it to be copied. */
		child = fork_resting(0, NULL);
		if (mmap(NULL, MEMORY, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0) == MAP_FAILED)
			_exit(EXIT_FAILURE);
		kid_tell(&kid, child);
		rest_forever();
	}
	ASSERT_TRUE(hold_child(&kid, &child));
	for (i = 0; i < RINGS; i++) {
		fds[i] = sys_pidfd_getfd(kid.pidfd, fds[i], 0);
		ASSERT_LE(0, fds[i]);
	}
	kill(kid.pid, SIGKILL);
	ASSERT_TRUE(eventually(task_exits(kid.pid)));
	for (i = 0; i < RINGS && task_exits(kid.pid); i++) {
		struct pollfd p = { .fd = fds[i], .events = POLLIN };

		poll(&p, 1, 0);
		given++;
	}
	EXPECT_LT(0, given);
	init_sleeps(_metadata, &kid, child);
	for (i = 0; i < RINGS; i++)
		close(fds[i]);
}

TEST_HARNESS_MAIN
