// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring notifies a task of work by TIF_NOTIFY_SIGNAL. A dying init with that
 * flag set once did not sleep until its last children were gone, but spun.
 */
#include <linux/io_uring.h>

#define PIDNS_OWN_FIXTURE
#include "pidns_reap_util.h"
#include "fuse_util.h"

/* A ring that only its creator may use. */
static int ring_open(void)
{
	struct io_uring_params params = {
		.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
			 IORING_SETUP_NO_SQARRAY,
	};

	return syscall(__NR_io_uring_setup, 8, &params);
}

FIXTURE(uring) {
};

FIXTURE_SETUP(uring)
{
	int ring;

	if (geteuid())
		SKIP(return, "needs root");
	ring = ring_open();
	if (ring < 0)
		SKIP(return, "no io_uring (CONFIG_IO_URING, kernel.io_uring_disabled)");
	close(ring);
}

FIXTURE_TEARDOWN(uring)
{
}

/* Trace the init's child: its zombie is the tracer's before it is the init's. */
static bool hold_child(struct kid *kid, pid_t *child)
{
	*child = pid_from(kid->pid, kid_hear(kid));
	return *child > 0 && !ptrace(PTRACE_SEIZE, *child, NULL, NULL);
}

/* The init sleeps as long as the zombie is held, and exits when it is released. */
static void init_sleeps(struct __test_metadata *_metadata, struct kid *kid, pid_t child)
{
	EXPECT_TRUE(eventually(task_state(child) == 'Z'));
	EXPECT_TRUE(init_waits(kid)) {
		TH_LOG("state %c", task_state(kid->pid));
	}
	EXPECT_EQ(SIGKILL, wait_status(child));
	EXPECT_EQ(SIGKILL, wait_status(kid->pid));
	kid_stop(kid);
}

/*
 * Work arrives while it exits, after the last check for it. Polling its ring
 * from outside is work: only the init may touch the ring, so it is notified.
 */
TEST_F_TIMEOUT(uring, dying_init_sleeps_with_work_pending, NS_TIMEOUT)
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
		int ring = ring_open();

		if (ring < 0)
			_exit(EXIT_FAILURE);
		kid_tell(&kid, fork_resting(0, NULL));
		kid_tell(&kid, ring);
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
