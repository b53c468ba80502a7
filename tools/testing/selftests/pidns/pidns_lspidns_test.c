// SPDX-License-Identifier: GPL-2.0
/*
 * lspidns, on real namespaces: each thing that keeps one from going away is
 * built, and the tool names it. It is looked for in the PATH.
 */
#include <limits.h>
#include <stdarg.h>

#define PIDNS_OWN_FIXTURE
#include "pidns_reap_util.h"
#include "fuse_util.h"

/* What lspidns has printed, errors included. */
static char said[16384];

/* The tool, opened while its folder may be reached; -1 if it is not installed. */
static int tool_open(void)
{
	const char *path = getenv("PATH") ?: "";
	char file[PATH_MAX];
	int len, fd = -1;

	for (; *path && fd < 0; path += len + (path[len] == ':')) {
		len = strcspn(path, ":");
		snprintf(file, sizeof(file), "%.*s/lspidns", len, path);
		fd = open(file, O_PATH | O_CLOEXEC);
	}
	return fd;
}

/* Run it, as root or as nobody. Returns its exit status. */
static int __printf(3, 4) tool(int fd, bool root, const char *fmt, ...)
{
	char line[256], *words[16] = { "lspidns" }, *rest = line;
	int out[2], nr = 1, status;
	size_t len = 0;
	ssize_t got;
	va_list args;
	pid_t pid;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	while (nr < 15 && (words[nr] = strsep(&rest, " ")))
		nr++;
	if (pipe(out))
		return -errno;
	pid = fork();
	if (!pid) {
		dup2(out[1], STDOUT_FILENO);
		dup2(out[1], STDERR_FILENO);
		close(out[0]);
		if (root || !nobody_become())
			execveat(fd, "", words, environ, AT_EMPTY_PATH);
		_exit(127);
	}
	close(out[1]);
	while (len < sizeof(said) - 1) {
		got = read_nointr(out[0], said + len, sizeof(said) - 1 - len);
		if (got <= 0)
			break;
		len += got;
	}
	said[len] = 0;
	close(out[0]);
	status = pid < 0 ? -errno : wait_status(pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Whether it has printed a line with this in it. */
static bool __printf(1, 2) has(const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return strstr(said, text);
}

#define EXPECT_SAYS(...)						\
	EXPECT_TRUE(has(__VA_ARGS__)) {					\
		TH_LOG("it says: %s", said);				\
	}

#define NAME "pidns_lspidns_t"	/* as comm has it */

FIXTURE(lspidns) {
	int fd;
};

FIXTURE_SETUP(lspidns)
{
	if (geteuid())
		SKIP(return, "needs root");
	self->fd = tool_open();
	if (self->fd < 0)
		SKIP(return, "no lspidns in the PATH (make lspidns)");
	ASSERT_EQ(0, own_enter(false));
}

FIXTURE_TEARDOWN(lspidns)
{
}

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
	EXPECT_SAYS("] is dying: its init %d (" NAME ") waits", kid.pid);
	EXPECT_SAYS("In its way:\n  %d (" NAME ") is a zombie: its parent %d (" NAME
		    "), outside, does not wait for it\n", child, getpid());
	/* Who may not read its namespace is told that it is a guess. */
	EXPECT_EQ(0, tool(self->fd, false, "-q --why pid:%d", kid.pid));
	EXPECT_SAYS("Perhaps in its way:\n  %d (" NAME ") is a zombie: its parent %d",
		    child, getpid());
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

	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		kid_tell(&kid, fork_resting(0, NULL));
		rest_forever();
	}
	ASSERT_EQ(2, kid_hear(&kid));
	fd = ns_open(kid.pid, L_PID);
	pid = ioctl(fd, NS_GET_PID_FROM_PIDNS, 2);
	ASSERT_LT(0, pid);
	ASSERT_LE(0, kid_start(&tracer, 0));
	if (!tracer.pid) {
		kid_tell(&tracer, ptrace(PTRACE_SEIZE, pid, NULL, NULL));
		kid_hear(&tracer);
		_exit(EXIT_SUCCESS);
	}
	ASSERT_EQ(0, kid_hear(&tracer));
	kill(kid.pid, SIGKILL);
	EXPECT_TRUE(eventually(task_state(pid) == 'Z'));
	EXPECT_TRUE(init_waits(&kid));
	EXPECT_EQ(0, tool(self->fd, true, "-q --why pid:%d", kid.pid));
	EXPECT_SAYS("In its way:\n  %d (" NAME ") is a zombie: its tracer %d (" NAME
		    "), outside, does not wait for it\n", pid, tracer.pid);
	/* Its parent is the init, so it is known to be there. */
	EXPECT_EQ(0, tool(self->fd, false, "-q --why pid:%d", kid.pid));
	EXPECT_SAYS("In its way:\n  %d (" NAME ") is a zombie: its tracer %d", pid, tracer.pid);
	kid_tell(&tracer, 0);
	EXPECT_EQ(SIGKILL, wait_status(kid.pid));
	close(fd);
	kid_stop(&tracer);
	kid_stop(&kid);
}

/* A tracee that stops on its way out. */
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
	EXPECT_SAYS("  %d (" NAME ") is stopped by its tracer %d (" NAME "), outside\n",
		    child, getpid());
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
	EXPECT_SAYS("  %d (" NAME "), outside, is in process group %d of it (2 inside)\n",
		    user.pid, leader);
	kid_tell(&user, 0);
	EXPECT_EQ(SIGKILL, kid_hear(&user));
	EXPECT_EQ(0, kid_hear(&user));
	EXPECT_TRUE(init_waits(&kid));
	EXPECT_EQ(0, tool(self->fd, true, "-q --why pid:%d", kid.pid));
	EXPECT_SAYS("Perhaps in its way:\n  %d (" NAME "), outside, is in process group %d, "
		    "whose leader is gone", user.pid, leader);
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
	EXPECT_SAYS("  %d (" NAME ") is the init of pid:[", inner);
	EXPECT_SAYS("  %d (" NAME ") is a zombie: its parent %d", child, getpid());
	EXPECT_EQ(0, tool(self->fd, true, "-q --why pid:%d", inner));
	EXPECT_SAYS("] is dying: its init %d (" NAME ") waits", inner);
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
	EXPECT_SAYS("  %d (" NAME ") does not die: it hangs in ", child);
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
	EXPECT_SAYS("] is dead, but its init %d (" NAME ") is not reaped.\n", kid.pid);
	EXPECT_SAYS("is a zombie: its parent %d (" NAME ")", getpid());
	kid_stop(&kid);
}

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
	EXPECT_SAYS("pid:[%llu] is alive: its init is %d", (unsigned long long)st.st_ino, kid.pid);
	EXPECT_SAYS("Held by:\n  1 process\n  pid:[");
	EXPECT_SAYS("file %d of %d (" NAME ")\n", fd, getpid());
	EXPECT_SAYS("mount %s, where ", mounted);
	EXPECT_SAYS("%d (" NAME "), whose children would be there\n", user.pid);
	EXPECT_EQ(0, tool(self->fd, true, "-qn -o ns,init,nprocs,nfiles,nmounts,nchild,state"));
	EXPECT_SAYS("%llu", (unsigned long long)st.st_ino);
	EXPECT_SAYS(" alive\n");

	/* Nobody is in it any more. */
	kid_stop(&kid);
	EXPECT_EQ(0, tool(self->fd, true, "-q --why %llu", (unsigned long long)st.st_ino));
	EXPECT_TRUE(has("] is dead: it stays") || has("] has no process: ")) {
		TH_LOG("it says: %s", said);
	}
	EXPECT_SAYS("file %d of %d (" NAME ")\n", fd, getpid());
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
	EXPECT_SAYS("\"pid\": %d,", inner);
	EXPECT_SAYS("\"pid\": 3,");
	EXPECT_SAYS("\"pid\": 1,");
	EXPECT_EQ(0, tool(self->fd, true, "-J --in pid:%d 3", kid.pid));
	EXPECT_SAYS("\"pid\": %d,", inner);
	EXPECT_EQ(0, tool(self->fd, false, "-J --in pid:%d 3", kid.pid));
	EXPECT_SAYS("\"pid\": %d,", inner);
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
	EXPECT_SAYS("lspidns: 4000000: no such process\n");
	EXPECT_EQ(3, tool(self->fd, true, "-q --why 77"));
	EXPECT_EQ(3, tool(self->fd, true, "-q --why /nowhere"));
	EXPECT_EQ(4, tool(self->fd, true, "-q --why /dev/null"));
	EXPECT_SAYS("lspidns: /dev/null: not a file of a PID namespace\n");
	EXPECT_EQ(4, tool(self->fd, true, "-q --why /proc/%d/ns/user", kid.pid));
	EXPECT_EQ(5, tool(self->fd, false, "-q --why /proc/%d/ns/pid", kid.pid));
	if (access("/sys/kernel/tracing/events/pidns", F_OK) &&
	    access("/sys/kernel/debug/tracing/events/pidns", F_OK))
		EXPECT_EQ(8, tool(self->fd, true, "--watch"));
	/* The mount namespace is that of the test alone. */
	ASSERT_EQ(0, mount("proc", "/proc", "proc", 0, "hidepid=invisible"));
	EXPECT_EQ(0, tool(self->fd, true, "-q"));
	EXPECT_EQ(7, tool(self->fd, false, "-q"));
	EXPECT_SAYS("lspidns: /proc hides processes of other users (hidepid=invisible)");
	EXPECT_EQ(7, tool(self->fd, false, "-q %d", kid.pid));
	ASSERT_EQ(0, mount("none", "/proc", "tmpfs", 0, NULL));
	EXPECT_EQ(6, tool(self->fd, true, "-q"));
	EXPECT_SAYS("lspidns: /proc is not mounted\n");
	umount2("/proc", MNT_DETACH);
	umount2("/proc", MNT_DETACH);
	kid_stop(&kid);
}

TEST_HARNESS_MAIN
