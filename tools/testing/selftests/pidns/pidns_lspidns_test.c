// SPDX-License-Identifier: GPL-2.0
/*
 * lspidns: who holds a namespace, numbers there and back, its errors, and what
 * it sees by tracepoints.
 */
#include "lspidns_util.h"

#define NAME "pidns_lspidns_t"	/* as comm has it */

/* What holds one: processes, a namespace below, a file, a mount, future children. */
TEST_F_TIMEOUT(lspidns, what_holds_a_namespace, NS_TIMEOUT)
{
	char mounted[] = "/tmp/pidns-lspidns-XXXXXX", link[64];
	struct kid kid, user;
	struct stat st;
	int fd, point;

	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		fork_resting(CLONE_NEWPID, NULL);
		kid_rest(&kid);
	}
	ASSERT_EQ(0, kid_hear(&kid));
	fd = ns_open(kid.pid, L_PID);
	ASSERT_EQ(0, fstat(fd, &st));
	point = mkstemp(mounted);
	ASSERT_LE(0, point);
	close(point);
	snprintf(link, sizeof(link), "/proc/%d/ns/pid", kid.pid);
	ASSERT_EQ(0, mount(link, mounted, NULL, MS_BIND, NULL));
	ASSERT_LE(0, kid_start(&user, 0));
	if (!user.pid) {
		if (setns(fd, CLONE_NEWPID))
			_exit(EXIT_FAILURE);
		close(fd);
		kid_rest(&user);
	}
	ASSERT_EQ(0, kid_hear(&user));

	EXPECT_EQ(0, tool(self->fd, true, "-q --why %s", mounted));
	EXPECT_TRUE(says("pid:[%llu] is alive: its init is %d",
			 (unsigned long long)st.st_ino, kid.pid));
	EXPECT_TRUE(says("Held by:\n  1 process\n  pid:["));
	EXPECT_TRUE(says("file %d of %d (" NAME ")\n", fd, getpid()));
	EXPECT_TRUE(says("mount %s, where ", mounted));
	EXPECT_TRUE(says("%d (" NAME "), whose children would be there\n", user.pid));
	EXPECT_EQ(0, tool(self->fd, true, "-qn -o ns,init,nprocs,nfiles,nmounts,nchild,state"));
	EXPECT_TRUE(says("%llu", (unsigned long long)st.st_ino));
	EXPECT_TRUE(says(" alive\n"));

	/* Nobody is in it any more. */
	kid_stop(&kid);
	EXPECT_EQ(0, tool(self->fd, true, "-q --why %llu", (unsigned long long)st.st_ino));
	EXPECT_TRUE(has("] is dead: it stays") || says("] has no process: "));
	EXPECT_TRUE(says("file %d of %d (" NAME ")\n", fd, getpid()));
	umount2(mounted, MNT_DETACH);
	unlink(mounted);
	close(fd);
	kid_stop(&user);
}

TEST_F_TIMEOUT(lspidns, numbers_there_and_back, NS_TIMEOUT)
{
	int inner_fd = -1;
	struct kid kid;
	pid_t inner;

	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		fork_resting(0, NULL);
		fork_resting(CLONE_NEWPID, &inner_fd);
		kid_tell(&kid, ioctl(inner_fd, PIDFD_GET_PID_NAMESPACE, 0));
		kid_rest(&kid);
	}
	inner_fd = sys_pidfd_getfd(kid.pidfd, kid_hear(&kid), 0);
	ASSERT_LE(0, inner_fd);
	inner = ioctl(inner_fd, NS_GET_PID_FROM_PIDNS, 1);
	ASSERT_LT(0, inner);
	EXPECT_EQ(0, tool(self->fd, true, "-J %d", inner));
	EXPECT_TRUE(says("\"pid\": %d,", inner));
	EXPECT_TRUE(says("\"pid\": 3,"));
	EXPECT_TRUE(says("\"pid\": 1,"));
	EXPECT_EQ(0, tool(self->fd, true, "-J --in pid:%d 3", kid.pid));
	EXPECT_TRUE(says("\"pid\": %d,", inner));
	EXPECT_EQ(0, tool(self->fd, false, "-J --in pid:%d 3", kid.pid));
	EXPECT_TRUE(says("\"pid\": %d,", inner));
	EXPECT_EQ(3, tool(self->fd, true, "--in pid:%d 77", kid.pid));
	close(inner_fd);
	kid_stop(&kid);
}

TEST_F_TIMEOUT(lspidns, errors_have_a_status_each, NS_TIMEOUT)
{
	struct kid kid;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	EXPECT_EQ(2, tool(self->fd, true, "--no-such-option"));
	EXPECT_EQ(3, tool(self->fd, true, "4000000"));
	EXPECT_TRUE(says("lspidns: 4000000: no such process\n"));
	EXPECT_EQ(3, tool(self->fd, true, "-q --why 77"));
	EXPECT_EQ(3, tool(self->fd, true, "-q --why /nowhere"));
	EXPECT_EQ(4, tool(self->fd, true, "-q --why /dev/null"));
	EXPECT_TRUE(says("lspidns: /dev/null: not a file of a PID namespace\n"));
	EXPECT_EQ(4, tool(self->fd, true, "-q --why /proc/%d/ns/user", kid.pid));
	EXPECT_EQ(5, tool(self->fd, false, "-q --why /proc/%d/ns/pid", kid.pid));
	/* The mount namespace is that of the test alone. */
	ASSERT_EQ(0, mount("proc", "/proc", "proc", 0, "hidepid=invisible"));
	EXPECT_EQ(0, tool(self->fd, true, "-q"));
	EXPECT_EQ(7, tool(self->fd, false, "-q"));
	EXPECT_TRUE(says("lspidns: /proc hides processes of other users (hidepid=invisible)"));
	EXPECT_EQ(7, tool(self->fd, false, "-q %d", kid.pid));
	ASSERT_EQ(0, mount("none", "/proc", "tmpfs", 0, NULL));
	EXPECT_EQ(6, tool(self->fd, true, "-q"));
	EXPECT_TRUE(says("lspidns: /proc is not mounted\n"));
	umount2("/proc", MNT_DETACH);
	umount2("/proc", MNT_DETACH);
	kid_stop(&kid);
}

#define TRACING "/sys/kernel/tracing"

/* Whether the tool has come so far that it sees the last event. */
static bool watches(pid_t pid)
{
	char path[128], enabled = 0;
	int fd;

	snprintf(path, sizeof(path), TRACING "/instances/lspidns-%d/events/pidns/pid_ns_destroy/enable",
		 pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, &enabled, 1) != 1)
		enabled = 0;
	close(fd);
	return enabled == '1';
}

/* Where there are no tracepoints, it says so. */
TEST_F_TIMEOUT(lspidns, watch_follows_a_namespace, NS_TIMEOUT)
{
	char line[] = "--watch", path[64];
	unsigned long long inum;
	struct stat st;
	struct kid kid;
	pid_t pid;
	int from;

	/* The mount namespace is that of the test alone. */
	mount("tracefs", TRACING, "tracefs", 0, NULL);
	if (access(TRACING "/events/pidns/pid_ns_create", F_OK)) {
		EXPECT_EQ(8, tool(self->fd, true, "--watch"));
		EXPECT_TRUE(has("lspidns: tracefs is not mounted") ||
			    has("lspidns: this kernel has no tracepoints pidns:"));
		return;
	}
	pid = tool_start(self->fd, true, line, &from);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(eventually(watches(pid)));
	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	snprintf(path, sizeof(path), "/proc/%d/ns/pid", kid.pid);
	ASSERT_EQ(0, stat(path, &st));
	inum = st.st_ino;
	kid_stop(&kid);
	kill(pid, SIGTERM);
	EXPECT_EQ(0, tool_finish(pid, from));
	EXPECT_TRUE(says(" pid_ns_create "));
	EXPECT_TRUE(says(" inum=%llu ", inum));
	EXPECT_TRUE(says(" pid_ns_init "));
	EXPECT_TRUE(says(" pid_ns_zap_begin "));
	EXPECT_TRUE(says(" pid_ns_zap_end "));
	snprintf(path, sizeof(path), TRACING "/instances/lspidns-%d", pid);
	EXPECT_EQ(-1, access(path, F_OK));
}

TEST_HARNESS_MAIN
