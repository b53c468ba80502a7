// SPDX-License-Identifier: GPL-2.0
/*
 * A bug of fork.c: a clone into a namespace without an init was not refused if
 * the parent namespace had died after the clone got its numbers. The child was
 * created, nobody killed it, and the dead namespace's init waited for it.
 */
#include "pidns_util.h"
#include "pidns_window.h"

/*
 * An init that has a namespace for its children which nobody has entered;
 * returns a file of it.
 */
static int outer_start(struct kid *outer)
{
	if (kid_start(outer, CLONE_NEWPID) < 0)
		return -errno;
	if (!outer->pid) {
		kid_tell(outer, unshare(CLONE_NEWPID) ? -errno : ns_open(0, L_PID_CHILDREN));
		kid_hear(outer);
		_exit(EXIT_SUCCESS);
	}
	return sys_pidfd_getfd(outer->pidfd, kid_hear(outer), 0);
}

static bool reaped(pid_t pid)
{
	return waitpid(pid, NULL, WNOHANG) == pid;
}

/* As long as the parent namespace lives the clone succeeds. */
TEST_F_TIMEOUT(pidns, clone_below_live_ancestor, NS_TIMEOUT)
{
	struct kid outer;
	struct window w;
	pid_t pid;
	int fd;

	fd = outer_start(&outer);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, window_open(&w, fd));
	pid = window_pass(&w);
	ASSERT_LT(0, pid);
	EXPECT_EQ(0, kill(pid, 0));
	/* It has a number there, so it is killed with that namespace, and we adopt it. */
	EXPECT_EQ(0, kill(outer.pid, SIGKILL));
	EXPECT_TRUE(eventually(status_state(pid) == 'Z'));
	window_close(&w);
	EXPECT_TRUE(eventually(reaped(pid)));
	EXPECT_TRUE(eventually(reaped(outer.pid)));
}

/* The parent dies, and its zap has passed, when the clone has its numbers. */
TEST_F_TIMEOUT(pidns, clone_below_dead_ancestor, NS_TIMEOUT)
{
	struct kid outer;
	struct window w;
	pid_t pid;
	int fd;

	fd = outer_start(&outer);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, window_open(&w, fd));
	EXPECT_EQ(0, kill(outer.pid, SIGKILL));
	/* It waits for the clone's number. */
	ASSERT_TRUE(eventually(in_last_wait(outer.pid)));
	pid = window_pass(&w);

	/* Without the patch of fork.c: the sign is that the init exits when the child does. */
	if (pid > 0 && !reaped(outer.pid)) {
		EXPECT_EQ(0, kill(pid, SIGKILL));
		window_close(&w);
		EXPECT_TRUE(eventually(reaped(pid)));
		ASSERT_TRUE(eventually(reaped(outer.pid)));
		snprintf(_metadata->results->reason, sizeof(_metadata->results->reason),
			 "copy_process() of fork.c looks at the innermost namespace only");
		_metadata->exit_code = KSFT_XFAIL;
		return;
	}
	EXPECT_EQ(-ENOMEM, pid);
	EXPECT_TRUE(eventually(reaped(outer.pid)));
	window_close(&w);
}

TEST_HARNESS_MAIN
