// SPDX-License-Identifier: GPL-2.0
/*
 * The first and only program of a guest without files: is PID 1, makes
 * namespaces and sees them end, and powers off. Its results are KTAP.
 *
 * Built with the kernel's kconfig.h (-include), so that it knows what that
 * kernel has: what is not configured must be refused, the rest must work.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

static int number, failed;

static void check(bool good, const char *what)
{
	printf("%sok %d %s\n", good ? "" : "not ", ++number, what);
	failed += !good;
}

static int sys_clone3(__u64 flags, pid_t *set_tid, size_t levels, int *pidfd)
{
	struct clone_args args = {
		.flags = flags | (pidfd ? CLONE_PIDFD : 0),
		.exit_signal = SIGCHLD,
		.set_tid = (uintptr_t)set_tid,
		.set_tid_size = levels,
		.pidfd = (uintptr_t)pidfd,
	};

	return syscall(SYS_clone3, &args, sizeof(args));
}

/* The exit status of a child, 128 and its signal if that ended it, or -1. */
static int reap(pid_t pid)
{
	int status;

	if (pid <= 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* What a child says that runs @body in new namespaces; -errno if there are none. */
static int in_new(__u64 flags, int (*body)(void))
{
	pid_t pid = sys_clone3(flags, NULL, 0, NULL);

	if (pid < 0)
		return -errno;
	if (!pid)
		_exit(body());
	return reap(pid);
}

static int nothing(void)
{
	return 0;
}

static int is_first(void)
{
	return getpid() == 1 && getppid() == 0 ? 0 : 1;
}

static int depth;

/* One namespace in the other, each with its own first process. */
static int nested(void)
{
	if (is_first())
		return 1;
	return ++depth == 32 ? 0 : in_new(CLONE_NEWPID, nested);
}

/* The first process ends while another one sleeps. */
static int leaves_one(void)
{
	if (!fork())
		for (;;)
			pause();
	return 0;
}

/* As a member of a new namespace, sees that its numbers are handed out anew. */
static int numbers(void)
{
	pid_t wanted = 3000, pid = sys_clone3(0, &wanted, 1, NULL);

	if (!pid)
		_exit(getpid() == 3000 ? 0 : 1);
	if (reap(pid))
		return 1;
	for (int i = 0; i < 200; i++) {
		pid = fork();
		if (!pid)
			_exit(0);
		if (pid <= 1 || reap(pid))
			return 2;
	}
	return kill(99999, 0) == -1 && errno == ESRCH ? 0 : 3;
}

static void namespaces(void)
{
	static const struct {
		__u64 flag;
		bool have;
		const char *name;
	} kinds[] = {
		{ CLONE_NEWPID, IS_ENABLED(CONFIG_PID_NS), "pid" },
		{ CLONE_NEWUTS, IS_ENABLED(CONFIG_UTS_NS), "uts" },
		{ CLONE_NEWIPC, IS_ENABLED(CONFIG_IPC_NS), "ipc" },
		{ CLONE_NEWNET, IS_ENABLED(CONFIG_NET_NS), "net" },
		{ CLONE_NEWTIME, IS_ENABLED(CONFIG_TIME_NS), "time" },
		{ CLONE_NEWUSER, IS_ENABLED(CONFIG_USER_NS), "user" },
		/* Without control groups there is nothing to refuse. */
		{ CLONE_NEWCGROUP, true, "cgroup" },
		{ CLONE_NEWNS, true, "mount" },
		{ 0 }
	};
	__u64 all = 0;
	char what[80];

	for (int i = 0; kinds[i].flag; i++) {
		int got = in_new(kinds[i].flag, nothing);

		snprintf(what, sizeof(what), "a new %s namespace is %s", kinds[i].name,
			 kinds[i].have ? "made" : "refused");
		check(got == (kinds[i].have ? 0 : -EINVAL), what);
		if (kinds[i].have)
			all |= kinds[i].flag;
	}
	check(in_new(all, nothing) == 0, "all that there are, at once");
}

static void pid_namespaces(void)
{
	int status;
	pid_t pid;

	if (!IS_ENABLED(CONFIG_PID_NS))
		return;
	check(in_new(CLONE_NEWPID, is_first) == 0, "the first process in a namespace is 1");
	check(in_new(CLONE_NEWPID, nested) == 0, "32 namespaces, one in the other");
	check(in_new(CLONE_NEWPID, numbers) == 0, "numbers in a namespace");
	check(in_new(CLONE_NEWPID, leaves_one) == 0, "the end of the first ends the others");

	pid = fork();
	if (!pid) {
		if (unshare(CLONE_NEWPID))
			_exit(1);
		if (in_new(0, is_first))
			_exit(2);
		/* Its first process is gone: no other one can come. */
		_exit(in_new(0, nothing) == -ENOMEM ? 0 : 3);
	}
	check(reap(pid) == 0, "unshare, and the end of what it made");

	pid = sys_clone3(CLONE_NEWPID, NULL, 0, NULL);
	if (!pid) {
		reboot(RB_AUTOBOOT);
		_exit(1);
	}
	check(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGHUP,
	      "reboot in a namespace ends it");
}

static void processes(void)
{
	int fd = -1;
	pid_t pid;
	struct pollfd poller;

	check(getpid() == 1 && getppid() == 0, "the first process of all");
	check(getpgid(0) == 0 && getsid(0) == 0, "its group and session are the kernel's");
	check(in_new(0, numbers) == 0, "numbers");

	pid = sys_clone3(0, NULL, 0, &fd);
	if (!pid)
		for (;;)
			pause();
	check(pid > 1 && fd >= 0, "a process with a pidfd");
	check(setpgid(pid, pid) == 0 && getpgid(pid) == pid, "a process group");
	check(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0) == 0, "a signal over a pidfd");
	check(kill(-pid, SIGKILL) == 0, "a signal to a group");
	poller = (struct pollfd){ .fd = fd, .events = POLLIN };
	check(poll(&poller, 1, 60000) == 1, "a pidfd tells of the end");
	check(reap(pid) == 128 + SIGKILL, "and so does wait");
	check(syscall(SYS_pidfd_open, pid, 0) == -1 && errno == ESRCH,
	      "then the number leads nowhere");
	close(fd);
}

static bool there(const char *path)
{
	return access(path, F_OK) == 0;
}

static void in_proc(void)
{
	bool sysctl = IS_ENABLED(CONFIG_SYSCTL);
	char line[256];
	FILE *file;
	bool found = false;

	if (!IS_ENABLED(CONFIG_PROC_FS))
		return;
	mkdir("/proc", 0755);
	check(mount("proc", "/proc", "proc", 0, NULL) == 0, "proc");
	check(there("/proc/self/ns/pid") == IS_ENABLED(CONFIG_PID_NS), "/proc/self/ns/pid");
	check(there("/proc/sys/kernel/pid_max") == sysctl, "/proc/sys/kernel/pid_max");
	check(there("/proc/sys/kernel/ns_last_pid") ==
	      (sysctl && IS_ENABLED(CONFIG_CHECKPOINT_RESTORE) && IS_ENABLED(CONFIG_PID_NS)),
	      "/proc/sys/kernel/ns_last_pid");
	check(there("/proc/sys/vm/memfd_noexec") ==
	      (sysctl && IS_ENABLED(CONFIG_MEMFD_CREATE) && IS_ENABLED(CONFIG_PID_NS)),
	      "/proc/sys/vm/memfd_noexec");
	file = fopen("/proc/self/status", "r");
	while (file && fgets(line, sizeof(line), file))
		found = found || !strcmp(line, "NSpid:\t1\n");
	check(found == IS_ENABLED(CONFIG_PID_NS), "NSpid in /proc/self/status");
}

int main(void)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	printf("\nKTAP version 1\n");
	processes();
	namespaces();
	pid_namespaces();
	in_proc();
	printf("1..%d\n", number);
	printf("smoke: %d passed, %d failed\n", number - failed, failed);
	reboot(RB_AUTOBOOT);
	return 1;
}
