/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of reparenting, of an init's death, of namespace files, pidfds
 * and numbers share: the state of tasks as /proc shows it, and whether a task
 * exists at all.
 */
#ifndef __PIDNS_REAP_UTIL_H
#define __PIDNS_REAP_UTIL_H

#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#define NSPROXY_OWN_FIXTURE
#include "nsproxy_util.h"
#include "own_util.h"

/* The most numbers a task has: one per level, from the initial one to the 32nd. */
#define MAX_LEVELS 33

/* How often a sleeping task is looked at, and how often that is retried. */
#define LOOKS 50
#define NEW_LOOKS 300

/* The fields of /proc/PID/stat that are used here. */
struct task_stat {
	char state;
	int ppid, pgrp, session, tpgid;
	unsigned long ticks;	/* user and system time */
	unsigned long vsize;
};

static inline bool task_stat(pid_t pid, struct task_stat *stat)
{
	static const char format[] =
		") %c %d %d %d %*d %d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d %*u %lu";
	unsigned long utime, stime;
	char line[1024];
	const char *rest = stat_line(pid, line, sizeof(line));

	if (!rest || sscanf(rest, format, &stat->state, &stat->ppid, &stat->pgrp, &stat->session,
			    &stat->tpgid, &utime, &stime, &stat->vsize) != 8)
		return false;
	stat->ticks = utime + stime;
	return true;
}

/* The state's letter, 0 if there is no such task. */
static inline char task_state(pid_t pid)
{
	struct task_stat stat;

	return task_stat(pid, &stat) ? stat.state : 0;
}

/* The parent's number in the mounted /proc, -1 if there is no such task. */
static inline int task_ppid(pid_t pid)
{
	struct task_stat stat;

	return task_stat(pid, &stat) ? stat.ppid : -1;
}

/* Whether a live task goes to sleep, now or soon. */
static inline bool task_rests(pid_t pid)
{
	char state = 0;

	return eventually(({
		state = task_state(pid);
		!state || strchr("SZX", state);
	})) && state == 'S';
}

/* Whether the task is asleep at each of many looks, with hardly any CPU time between. */
static inline bool task_slept(pid_t pid)
{
	struct task_stat first, stat;
	int i;

	if (!task_stat(pid, &first))
		return false;
	for (i = 0; i < LOOKS; i++) {
		if (!task_stat(pid, &stat) || !strchr("SI", stat.state))
			return false;
		usleep(10000);
	}
	return stat.ticks - first.ticks <= 1;
}

/*
 * Whether a task sleeps and does nothing else. Other exiting tasks may wake it
 * a last time, so retry; a task that spins is seen running every time.
 */
static inline bool task_sleeps(pid_t pid)
{
	int i;

	for (i = 0; i < NEW_LOOKS; i++) {
		if (task_slept(pid))
			return true;
		usleep(100000);
	}
	return false;
}

/* Read the numbers in a line of a file, such as NSpid: in status. Returns how many. */
static inline int file_numbers(const char *path, const char *key, int *nr, int max)
{
	size_t len = strlen(key);
	char line[1024], *pos, *end;
	int count = -1;
	FILE *f = fopen(path, "re");

	if (!f)
		return -1;
	while (count < 0 && fgets(line, sizeof(line), f)) {
		if (strncmp(line, key, len))
			continue;
		count = 0;
		for (pos = line + len; count < max; pos = end) {
			nr[count] = strtol(pos, &end, 10);
			if (end == pos)
				break;
			count++;
		}
	}
	fclose(f);
	return count;
}

/* A task's numbers in all namespaces from that of /proc inwards. */
static inline int task_numbers(pid_t pid, const char *key, int *nr)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return file_numbers(path, key, nr, MAX_LEVELS);
}

/* The number of threads that /proc shows; a zombie leader counts. */
static inline int nr_tasks(pid_t pid)
{
	char path[64];
	int nr;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return file_numbers(path, "Threads:", &nr, 1) == 1 ? nr : -1;
}

/* The numbers in a line of a pidfd's fdinfo, in the mounted /proc. */
static inline int fdinfo_numbers(int pidfd, const char *key, int *nr)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	return file_numbers(path, key, nr, MAX_LEVELS);
}

/* The events that poll() reports of a pidfd, without waiting. */
static inline int pidfd_events(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return poll(&p, 1, 0) < 0 ? -errno : p.revents;
}

/* Wait until a task has exited, though it may be a zombie. */
static inline bool pidfd_ended(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return eventually(poll(&p, 1, 10) == 1) && (p.revents & POLLIN);
}

/* Whether a dying init waits, asleep: neither its parent nor a pidfd sees it exit. */
static inline bool init_waits(const struct kid *kid)
{
	return task_sleeps(kid->pid) && !pidfd_events(kid->pidfd) &&
	       waitpid(kid->pid, NULL, WNOHANG) == 0;
}

/* Its wait status, which is known once it has been reaped; -errno before. */
static inline int pidfd_status(int pidfd)
{
	struct pidfd_info info = { .mask = PIDFD_INFO_EXIT };

	if (ioctl(pidfd, PIDFD_GET_INFO, &info))
		return -errno;
	return info.mask & PIDFD_INFO_EXIT ? info.exit_code : -EAGAIN;
}

/* A child's wait status, or -errno. */
static inline int wait_status(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, __WALL) != pid)
		if (errno != EINTR)
			return -errno;
	return status;
}

/* Reap a child: its pid, 0 if no child exits, negative if none is left. */
static inline pid_t reap_one(int *status)
{
	pid_t pid = 0;

	return eventually((pid = waitpid(-1, status, WNOHANG))) ? pid : 0;
}

/* The descriptor of the file behind shared_make(), also after exec. */
#define SHARED_FD 200

/* For a program that is executed: the memory of shared_make(), or NULL. */
static inline void *shared_map(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, SHARED_FD, 0);

	return mem == MAP_FAILED ? NULL : mem;
}

/* Like shared_alloc(), but the memory can be mapped again after exec. */
static inline void *shared_make(size_t size)
{
	int fd = sys_memfd_create("shared", MFD_NOEXEC_SEAL);

	if (fd < 0 || ftruncate(fd, size) || dup2(fd, SHARED_FD) != SHARED_FD)
		return NULL;
	close(fd);
	return shared_map(size);
}

/* With this argument main() is called when a test executes itself. */
#define HELPER "--exec-helper"

static inline void *exec_again(void *arg)
{
	execl("/proc/thread-self/exe", "pidns_test", HELPER, NULL);
	_exit(EXIT_FAILURE);
}

/* Do nothing until killed. */
static inline void __noreturn rest_forever(void)
{
	for (;;)
		pause();
}

/* A child that only exists, and stays when its parent exits. */
static inline pid_t fork_resting(__u64 flags, int *pidfd)
{
	pid_t pid = fork_flags(flags, pidfd);

	if (!pid)
		rest_forever();
	return pid;
}

/*
 * Fork a child into another PID namespace, with its parent outside: returns
 * twice, like fork(). Later children of the caller go where they went before.
 */
static inline pid_t fork_into(int nsfd)
{
	int back = ns_open(0, L_PID_CHILDREN), err = 0;
	pid_t pid = -1;

	if (back < 0 || setns(nsfd, CLONE_NEWPID)) {
		err = errno;
	} else {
		pid = fork();
		err = errno;
	}
	if (pid && setns(back, CLONE_NEWPID) && pid > 0)
		err = errno;
	close(back);
	return pid < 0 ? -err : pid;
}

/* The caller's number for a number inside; negative if there is none. */
static inline pid_t pid_from(pid_t init, pid_t nr)
{
	int fd = ns_open(init, L_PID);
	pid_t pid = ioctl(fd, NS_GET_PID_FROM_PIDNS, nr);

	close(fd);
	return pid;
}

/* The init of a new namespace, with a /proc of it. Returns twice, like fork(). */
static inline pid_t kid_with_proc(struct kid *kid)
{
	pid_t pid = kid_start(kid, CLONE_NEWPID | CLONE_NEWNS);

	if (!pid && (mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) ||
		     mount("proc", "/proc", "proc", 0, NULL)))
		_exit(EXIT_FAILURE);
	return pid;
}

/* A child of the init of a new namespace: its number outside, 0 if there is none. */
static inline pid_t init_with_child(struct kid *kid, int *nsfd)
{
	if (kid_start(kid, CLONE_NEWPID) < 0)
		return 0;
	if (!kid->pid) {
		kid_tell(kid, fork_resting(0, NULL));
		rest_forever();
	}
	if (kid_hear(kid) != 2)
		return 0;
	*nsfd = ns_open(kid->pid, L_PID);
	return ioctl(*nsfd, NS_GET_PID_FROM_PIDNS, 2);
}

/*
 * Start a process that traces @pid. Returns twice, like fork(): its number in the caller once it
 * traces, or a negative number if it cannot; 0 in the tracer after the caller's next kid_tell().
 */
static inline pid_t tracer_start(struct kid *tracer, pid_t pid)
{
	pid_t ret = kid_start(tracer, 0);

	if (!ret) {
		kid_tell(tracer, ptrace(PTRACE_SEIZE, pid, NULL, NULL));
		kid_hear(tracer);
	} else if (ret > 0 && kid_hear(tracer)) {
		return -EPERM;
	}
	return ret;
}

/* Run @body in the init of a new namespace, which ends with it. */
static inline void in_namespace(struct __test_metadata *_metadata,
				void (*body)(struct __test_metadata *_metadata))
{
	struct kid kid;

	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		body(_metadata);
		kid_rest(&kid);
	}
	EXPECT_EQ(0, kid_hear(&kid));
	kid_stop(&kid);
}

/* Exit the thread alone: exit(3) and returning from main end all threads. */
static inline void __noreturn thread_exit(int code)
{
	for (;;)
		syscall(__NR_exit, code);
}

static inline pid_t thread_id(void)
{
	return syscall(__NR_gettid);
}

/* Tell the parent the number; exit alone when it answers. */
static inline void *kid_thread(void *kid)
{
	kid_tell(kid, thread_id());
	kid_hear(kid);
	thread_exit(EXIT_SUCCESS);
}

/*
 * A dead thread of the init of a new namespace, which the caller traces: its number outside, 0 if
 * that failed.
 */
static inline pid_t init_with_dead_thread(struct kid *kid, int *nsfd)
{
	pthread_t thread;
	pid_t tid;

	if (kid_start(kid, CLONE_NEWPID) < 0)
		return 0;
	if (!kid->pid) {
		if (pthread_create(&thread, NULL, kid_thread, kid))
			_exit(EXIT_FAILURE);
		rest_forever();
	}
	if (kid_hear(kid) != 2)
		return 0;
	*nsfd = ns_open(kid->pid, L_PID);
	tid = ioctl(*nsfd, NS_GET_PID_FROM_PIDNS, 2);
	if (tid < 0 || ptrace(PTRACE_SEIZE, tid, NULL, NULL))
		return 0;
	kid_tell(kid, 0);
	return eventually(task_state(tid) == 'Z') ? tid : 0;
}

/* A tenth of @count where rounds are reduced; logged. */
static inline int count_for_kernel(struct __test_metadata *_metadata, int count)
{
	if (!reduced_rounds())
		return count;
	TH_LOG("%d instead of %d", count / 10, count);
	return count / 10;
}

#ifndef PIDNS_OWN_FIXTURE
/*
 * All tests here need root. Each runs in a PID namespace of its own, not as its
 * init, unless it must run where the kernel lists all namespaces.
 */
FIXTURE(pidns) {
};

FIXTURE_SETUP(pidns)
{
	if (geteuid())
		SKIP(return, "needs root");
#ifdef PIDNS_OF_THE_MACHINE
	SKIP_IF_INSIDE(return);
#else
	ASSERT_EQ(0, own_enter(false));
#endif
}

FIXTURE_TEARDOWN(pidns)
{
}
#endif

#endif /* __PIDNS_REAP_UTIL_H */
