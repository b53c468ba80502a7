// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring's work is told to a task by a flag that looks like a signal. An
 * init that died with it set once did not sleep until its last children were
 * gone, but asked for them again and again.
 */
#include <linux/io_uring.h>

#define PIDNS_OWN_FIXTURE
#include "fuse_util.h"
#include "pidns_reap_util.h"

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

/*
 * Work comes while it dies, after the last look at such. A poll of its ring
 * from outside is work: the init alone may touch the ring, so it is asked to.
 */
TEST_F_TIMEOUT(uring, d_work_for_a_dying_init, NS_TIMEOUT)
{
	struct fuse_request closing;
	struct fuse_file file;
	struct pollfd p = {};
	struct kid kid;
	pid_t child;

	if (access("/dev/fuse", F_OK))
		SKIP(return, "no FUSE (CONFIG_FUSE_FS)");
	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	ASSERT_TRUE(fuse_mount(&file));
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		struct ring ring;

		if (!ring_open(&ring, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN))
			_exit(EXIT_FAILURE);
		kid_tell(&kid, fork_resting(0, NULL));
		kid_tell(&kid, ring.fd);
		if (open(file.path, O_RDONLY) < 0)
			_exit(EXIT_FAILURE);
		kid_tell(&kid, 0);
		rest_forever();
	}
	ASSERT_TRUE(hold_child(&kid, &child));
	p.fd = sys_pidfd_getfd(kid.pidfd, kid_hear(&kid), 0);
	ASSERT_LE(0, p.fd);
	ASSERT_TRUE(fuse_serve_open(&file));
	ASSERT_EQ(0, kid_hear(&kid));

	kill(kid.pid, SIGKILL);
	ASSERT_TRUE(fuse_await(&file, FUSE_FLUSH, &closing));
	EXPECT_EQ(0, poll(&p, 1, 0));
	EXPECT_TRUE(fuse_answer(&file, &closing, 0, NULL, 0));
	init_sleeps(_metadata, &kid, child);
	close(p.fd);
	fuse_unmount(&file);
}

TEST_HARNESS_MAIN
