// SPDX-License-Identifier: GPL-2.0
/*
 * lspidns --why: each thing that keeps a namespace from going away is built
 * with real processes, and the tool names it.
 */
#include "lspidns_util.h"
#include "fuse_util.h"

#define NAME "pidns_lspidns_w"	/* as comm has it */

/* A namespace with a process inside whose parent is the test. */
static int hold_with_child(struct kid *kid, pid_t *child)
{
	int fd;

	if (kid_hold(kid, CLONE_NEWPID))
		return -1;
	fd = ns_open(kid->pid, L_PID);
	*child = fork_into(fd);
	if (!*child)
		rest_forever();
	return fd;
}

TEST_F_TIMEOUT(lspidns, zombie_of_outside_parent, NS_TIMEOUT)
{
	struct kid kid;
	pid_t child;
	int fd = hold_with_child(&kid, &child);

	ASSERT_LT(0, child);
	kill(kid.pid, SIGKILL);
	EXPECT_TRUE(eventually(task_state(child) == 'Z'));
	EXPECT_TRUE(init_waits(&kid));
	EXPECT_EQ(0, tool(self->fd, true, "-q --why pid:%d", kid.pid));
	EXPECT_TRUE(says("] is dying: its init %d (" NAME ") waits", kid.pid));
	EXPECT_TRUE(says("Blocked by:\n  %d (" NAME ") is a zombie: its parent %d (" NAME
			 "), outside, does not wait for it\n", child, getpid()));
	/* Who may not read its namespace is told that it is a guess. */
	EXPECT_EQ(0, tool(self->fd, false, "-q --why pid:%d", kid.pid));
	EXPECT_TRUE(says("Perhaps blocked by:\n  %d (" NAME ") is a zombie: its parent %d",
			 child, getpid()));
	EXPECT_EQ(SIGKILL, wait_status(child));
	EXPECT_EQ(SIGKILL, wait_status(kid.pid));
	close(fd);
	kid_stop(&kid);
}

TEST_F_TIMEOUT(lspidns, zombie_of_outside_tracer, NS_TIMEOUT)
{
	struct kid kid, tracer;
	pid_t pid;
	int fd;

	pid = init_with_child(&kid, &fd);
	ASSERT_LT(0, pid);
	ASSERT_LE(0, tracer_start(&tracer, pid));
	if (!tracer.pid)
		_exit(EXIT_SUCCESS);
	kill(kid.pid, SIGKILL);
	EXPECT_TRUE(eventually(task_state(pid) == 'Z'));
	EXPECT_TRUE(init_waits(&kid));
	EXPECT_EQ(0, tool(self->fd, true, "-q --why pid:%d", kid.pid));
	EXPECT_TRUE(says("Blocked by:\n  %d (" NAME ") is a zombie: its tracer %d (" NAME
			 "), outside, does not wait for it\n", pid, tracer.pid));
	/* Its parent is the init, so it is known to be there. */
	EXPECT_EQ(0, tool(self->fd, false, "-q --why pid:%d", kid.pid));
	EXPECT_TRUE(says("Blocked by:\n  %d (" NAME ") is a zombie: its tracer %d",
			 pid, tracer.pid));
	kid_tell(&tracer, 0);
	EXPECT_EQ(SIGKILL, wait_status(kid.pid));
	close(fd);
	kid_stop(&tracer);
	kid_stop(&kid);
}

/* A tracee that stops when it exits. */
TEST_F_TIMEOUT(lspidns, stopped_by_outside_tracer, NS_TIMEOUT)
{
	struct kid kid;
	pid_t child;
	int fd = hold_with_child(&kid, &child);

	ASSERT_LT(0, child);
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, child, NULL, PTRACE_O_TRACEEXIT));
	kill(kid.pid, SIGKILL);
	EXPECT_TRUE(eventually(task_state(child) == 't'));
	EXPECT_EQ(0, tool(self->fd, true, "-q --why pid:%d", kid.pid));
	EXPECT_TRUE(says("  %d (" NAME ") is stopped by its tracer %d (" NAME "), outside\n",
			 child, getpid()));
	EXPECT_EQ(child, waitpid(child, NULL, __WALL));
	EXPECT_EQ(0, ptrace(PTRACE_CONT, child, NULL, NULL));
	EXPECT_EQ(SIGKILL, wait_status(child));
	EXPECT_EQ(SIGKILL, wait_status(kid.pid));
	close(fd);
	kid_stop(&kid);
}

/* First the group's leader is a zombie, then there is none. */
TEST_F_TIMEOUT(lspidns, outside_process_in_inner_group, NS_TIMEOUT)
{
	struct kid kid, user;
	pid_t leader;
	int fd;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	fd = ns_open(kid.pid, L_PID);
	ASSERT_LE(0, kid_start(&user, 0));
	if (!user.pid) {
		leader = fork_into(fd);
		if (!leader)
			rest_forever();
		kid_tell(&user, setpgid(leader, leader) || setpgid(0, leader) ? -1 : leader);
		kid_hear(&user);
		kid_tell(&user, wait_status(leader));
		kid_rest(&user);
	}
	leader = kid_hear(&user);
	ASSERT_LT(0, leader);
	kill(kid.pid, SIGKILL);
	EXPECT_TRUE(eventually(task_state(leader) == 'Z'));
	EXPECT_TRUE(init_waits(&kid));
	EXPECT_EQ(0, tool(self->fd, true, "-q --why pid:%d", kid.pid));
	EXPECT_TRUE(says("  %d (" NAME "), outside, is in process group %d of it (2 inside)\n",
			 user.pid, leader));
	kid_tell(&user, 0);
	EXPECT_EQ(SIGKILL, kid_hear(&user));
	EXPECT_EQ(0, kid_hear(&user));
	EXPECT_TRUE(init_waits(&kid));
	EXPECT_EQ(0, tool(self->fd, true, "-q --why pid:%d", kid.pid));
	/* It is certain if the kernel tells how many numbers are in use. */
	EXPECT_TRUE(has("Blocked by:\n  %d (" NAME "), outside,", user.pid) ||
		    says("Perhaps blocked by:\n  %d (" NAME "), outside,", user.pid));
	EXPECT_TRUE(says("is in process group %d, whose leader is gone", leader));
	kid_tell(&user, 0);
	EXPECT_EQ(0, wait_status(user.pid));
	EXPECT_EQ(SIGKILL, wait_status(kid.pid));
	close(fd);
	kid_stop(&user);
	kid_stop(&kid);
}

TEST_F_TIMEOUT(lspidns, init_of_descendant, NS_TIMEOUT)
{
	int inner_fd = -1;
	struct kid kid;
	pid_t inner, child;

	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		fork_resting(CLONE_NEWPID, &inner_fd);
		kid_tell(&kid, ioctl(inner_fd, PIDFD_GET_PID_NAMESPACE, 0));
		rest_forever();
	}
	inner_fd = sys_pidfd_getfd(kid.pidfd, kid_hear(&kid), 0);
	ASSERT_LE(0, inner_fd);
	inner = ioctl(inner_fd, NS_GET_PID_FROM_PIDNS, 1);
	ASSERT_LT(0, inner);
	child = fork_into(inner_fd);
	ASSERT_LE(0, child);
	if (!child)
		rest_forever();
	kill(kid.pid, SIGKILL);
	EXPECT_TRUE(eventually(task_state(child) == 'Z'));
	EXPECT_TRUE(init_waits(&kid));
	EXPECT_EQ(0, tool(self->fd, true, "-q --why pid:%d", kid.pid));
	EXPECT_TRUE(says("  %d (" NAME ") is the init of pid:[", inner));
	EXPECT_TRUE(says("  %d (" NAME ") is a zombie: its parent %d", child, getpid()));
	EXPECT_EQ(0, tool(self->fd, true, "-q --why pid:%d", inner));
	EXPECT_TRUE(says("] is dying: its init %d (" NAME ") waits", inner));
	EXPECT_EQ(SIGKILL, wait_status(child));
	EXPECT_EQ(SIGKILL, wait_status(kid.pid));
	close(inner_fd);
	kid_stop(&kid);
}

/* Its last close waits for an answer that does not come. */
TEST_F_TIMEOUT(lspidns, task_that_does_not_die, NS_TIMEOUT)
{
	struct fuse_request closing;
	struct fuse_file file;
	struct kid kid;
	pid_t child;
	int fd;

	if (access("/dev/fuse", F_OK))
		SKIP(return, "no FUSE (CONFIG_FUSE_FS)");
	ASSERT_TRUE(fuse_mount(&file));
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		child = fork();
		if (!child) {
			if (open(file.path, O_RDONLY) < 0)
				_exit(EXIT_FAILURE);
			kid_tell(&kid, 0);
			rest_forever();
		}
		rest_forever();
	}
	ASSERT_TRUE(fuse_serve_open(&file));
	ASSERT_EQ(0, kid_hear(&kid));
	fd = ns_open(kid.pid, L_PID);
	child = ioctl(fd, NS_GET_PID_FROM_PIDNS, 2);
	ASSERT_LT(0, child);
	kill(kid.pid, SIGKILL);
	ASSERT_TRUE(fuse_await(&file, FUSE_FLUSH, &closing));
	EXPECT_TRUE(eventually(task_state(child) == 'D'));
	EXPECT_EQ(0, tool(self->fd, true, "-q --why pid:%d", kid.pid));
	EXPECT_TRUE(says("  %d (" NAME ") does not die: it hangs in ", child));
	EXPECT_TRUE(fuse_answer(&file, &closing, 0, NULL, 0));
	EXPECT_EQ(SIGKILL, wait_status(kid.pid));
	close(fd);
	kid_stop(&kid);
	fuse_unmount(&file);
}

TEST_F_TIMEOUT(lspidns, init_that_is_not_reaped, NS_TIMEOUT)
{
	struct kid kid;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	kill(kid.pid, SIGKILL);
	ASSERT_TRUE(pidfd_ended(kid.pidfd));
	EXPECT_EQ(0, tool(self->fd, true, "-q --why pid:%d", kid.pid));
	EXPECT_TRUE(says("] is dead, but its init %d (" NAME ") is not reaped.\n", kid.pid));
	EXPECT_TRUE(says("is a zombie: its parent %d (" NAME ")", getpid()));
	kid_stop(&kid);
}

TEST_HARNESS_MAIN
