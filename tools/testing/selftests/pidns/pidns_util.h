/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the PID tests share: a namespace to test in, forks with set_tid, and
 * numbers as the kernel reports them.
 */
#ifndef __PIDNS_UTIL_H
#define __PIDNS_UTIL_H

#define NSPROXY_OWN_FIXTURE
#include "nsproxy_util.h"
#include "own_util.h"

/*
 * RESERVED_PIDS: numbers below are not reused after the wrap, unless the cursor
 * is there.
 */
#define RESERVED_PIDS 300
#define MAX_PID_NS_LEVEL 32

/* The /proc of whoever started the test. */
static int outer_proc __maybe_unused = -1;

#ifndef PIDNS_UTIL_OWN_FIXTURE
/*
 * Each test runs as the init of a new PID namespace with a /proc of it, so
 * every number is known and nothing outlives the test.
 */
FIXTURE(pidns) {
};

FIXTURE_SETUP(pidns)
{
	if (geteuid())
		SKIP(return, "needs root");
	outer_proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, outer_proc);
	ASSERT_EQ(0, own_enter(true));
}

FIXTURE_TEARDOWN(pidns)
{
}
#endif

/* Drop the capabilities that allow set_tid. */
static inline int set_tid_caps_drop(void)
{
	return cap_drop(CAP_SYS_ADMIN) ?: cap_drop(CAP_CHECKPOINT_RESTORE);
}

/* fork_set_tid() without a pidfd; the child is killed when its parent exits. */
static inline pid_t fork_tids(__u64 flags, const pid_t *tids, size_t nr)
{
	pid_t pid = fork_set_tid(flags, NULL, tids, nr);

	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* The result of a fork: the child's number, once it has exited successfully. */
static inline pid_t fork_done(pid_t pid)
{
	if (!pid)
		_exit(EXIT_SUCCESS);
	return pid > 0 && wait_for_pid(pid) ? -ECHILD : pid;
}

/* A child that exists until the caller kills it or exits. */
static inline pid_t fork_held(pid_t pid)
{
	while (!pid)
		pause();
	return pid;
}

#define __tids(...) ((const pid_t[]){ __VA_ARGS__ })
#define fork_as(flags, ...) \
	fork_tids(flags, __tids(__VA_ARGS__), ARRAY_SIZE(__tids(__VA_ARGS__)))

/* A child that has exited, with any number or with those given. */
#define try_fork() fork_done(fork_tids(0, NULL, 0))
#define try_as(...) fork_done(fork_as(0, __VA_ARGS__))

/* A child that stays, with any number or with those given. */
#define hold_fork() fork_held(fork_tids(0, NULL, 0))
#define hold_as(...) fork_held(fork_as(0, __VA_ARGS__))

static inline void hold_end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Allocate all free numbers from @first to @last. Returns 0 or an error. */
static inline int hold_range(pid_t first, pid_t last)
{
	pid_t pid;

	for (; first <= last; first++) {
		pid = hold_as(first);
		if (pid < 0 && pid != -EEXIST)
			return pid;
	}
	return 0;
}

/* A fork that fails late, after its numbers are allocated: returns -EFAULT. */
static inline pid_t fork_fault(__u64 flags)
{
	return fork_done(fork_flags(flags, (int *)8));
}

/* Go down @levels namespaces. Each outer process exits as the innermost does. */
static inline int pidns_descend(int levels)
{
	pid_t pid;

	while (levels-- > 0) {
		pid = fork_tids(CLONE_NEWPID, NULL, 0);
		if (pid < 0)
			return pid;
		if (pid)
			_exit(wait_for_pid(pid));
	}
	return 0;
}

/* The last number before the cursor of the caller's namespace. */
static inline int last_pid(void)
{
	return file_read_int("/proc/sys/kernel/ns_last_pid");
}

static inline int last_pid_set(int nr)
{
	return file_write("/proc/sys/kernel/ns_last_pid", "%d", nr);
}

/* The pid_max of the caller's namespace: its numbers are below. */
static inline int pid_limit(void)
{
	return file_read_int("/proc/sys/kernel/pid_max");
}

static inline int pid_limit_set(int nr)
{
	return file_write("/proc/sys/kernel/pid_max", "%d", nr);
}

/* The lowest pid_max that a namespace may have. */
static inline int pid_limit_min(void)
{
	FILE *f = fopen("/sys/devices/system/cpu/possible", "re");
	int first, last, cpus = 0;

	while (f && fscanf(f, "%d", &first) == 1) {
		if (fscanf(f, "-%d", &last) != 1)
			last = first;
		cpus += last - first + 1;
		if (fgetc(f) != ',')
			break;
	}
	if (f)
		fclose(f);
	return cpus * 8 > RESERVED_PIDS + 1 ? cpus * 8 : RESERVED_PIDS + 1;
}

/* A pid_max that leaves at most ten numbers from 300 on, if the machine allows. */
static inline int pid_limit_small(void)
{
	return pid_limit_min() > 310 ? pid_limit_min() : 310;
}

/* Then allocate them all: a fork without set_tid fails. Returns 0 or an error. */
static inline int pid_limit_fill(void)
{
	int max = pid_limit_small();
	int err = pid_limit_set(max);

	err = err ?: hold_range(RESERVED_PIDS, max - 1);
	return err ?: last_pid_set(max - 1);
}

/* A procfs of the caller's PID namespace, not mounted anywhere. */
static inline int procfs_open(void)
{
	return fs_root("proc");
}

/* The line of @field in the status of @task, below the procfs @proc. */
static inline bool status_line(int proc, const char *task, const char *field,
			       char *line, size_t size)
{
	size_t len = strlen(field);
	char path[64];
	bool found = false;
	FILE *f;
	int fd;

	snprintf(path, sizeof(path), "%s/status", task);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	f = fdopen(fd, "r");
	while (!found && fgets(line, size, f))
		found = !strncmp(line, field, len) && line[len] == ':';
	fclose(f);
	if (found)
		memmove(line, line + len + 1, strlen(line + len));
	return found;
}

/* The numbers in it, at most MAX_PID_NS_LEVEL + 1; returns how many. */
static inline int status_numbers(int proc, const char *task, const char *field, pid_t *nrs)
{
	char line[512], *at = line, *end;
	int nr = 0;

	if (!status_line(proc, task, field, line, sizeof(line)))
		return 0;
	for (;;) {
		nrs[nr] = strtol(at, &end, 10);
		if (end == at || ++nr > MAX_PID_NS_LEVEL)
			return nr;
		at = end;
	}
}

/* Whether the outer /proc is that of the initial namespace. */
static inline bool outer_proc_is_root(void)
{
	int fd = openat(outer_proc, "1/ns/pid", O_RDONLY | O_CLOEXEC);
	bool root = fd >= 0 && ns_fd_id(fd) == PID_NS_INIT_ID;

	close(fd);
	return root;
}

/* The state's letter of @pid, 0 if it is gone. */
static inline char status_state(pid_t pid)
{
	char line[1024];
	const char *rest = stat_line(pid, line, sizeof(line));

	return rest ? rest[2] : 0;
}

#endif /* __PIDNS_UTIL_H */
