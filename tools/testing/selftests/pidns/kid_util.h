/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Children with clone flags, and a socket to talk to them.
 */
#ifndef __PIDNS_KID_UTIL_H
#define __PIDNS_KID_UTIL_H

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pidfd/pidfd.h"

#define BIT(nr) (1U << (nr))

/* Like fork(), with flags, a pidfd, and set_tid @tids, the innermost namespace's number first. */
static inline pid_t fork_set_tid(__u64 flags, int *pidfd, const pid_t *tids, __u64 nr)
{
	struct __clone_args args = {
		.flags = flags | (pidfd ? CLONE_PIDFD : 0),
		.exit_signal = SIGCHLD,
		.pidfd = ptr_to_u64(pidfd),
		.set_tid = ptr_to_u64(tids),
		.set_tid_size = nr,
	};
	pid_t pid = sys_clone3(&args, sizeof(args));

	return pid < 0 ? -errno : pid;
}

/* Like fork(), with flags and a pidfd. */
static inline pid_t fork_flags(__u64 flags, int *pidfd)
{
	return fork_set_tid(flags, pidfd, NULL, 0);
}

/* clone(2) with these flags; the child runs @fn on a stack of its own. */
static inline pid_t clone_legacy(int (*fn)(void *), unsigned int flags)
{
	static long double stack[4096];	/* for the alignment */
	pid_t pid = clone(fn, stack + ARRAY_SIZE(stack), flags | SIGCHLD, NULL);

	return pid < 0 ? -errno : pid;
}

/* A child in namespaces of its own, and the socket to it. */
struct kid {
	pid_t pid;
	int pidfd;
	int sk;
};

/* Returns twice, like fork(). The child is killed when its parent exits. */
static inline pid_t kid_start(struct kid *kid, __u64 flags)
{
	int sk[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sk))
		return -errno;
	kid->pidfd = -1;
	kid->pid = fork_flags(flags, &kid->pidfd);
	if (!kid->pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	kid->sk = sk[!kid->pid];
	close(sk[!!kid->pid]);
	if (kid->pid < 0)
		close(kid->sk);
	return kid->pid;
}

/* Send a number to the other side. */
static inline void kid_tell(const struct kid *kid, int val)
{
	if (send(kid->sk, &val, sizeof(val), MSG_NOSIGNAL) != sizeof(val) && !kid->pid)
		_exit(EXIT_FAILURE);
}

/* Receive a number from the other side, -1 if it has exited. */
static inline int kid_hear(const struct kid *kid)
{
	int val;

	if (read_nointr(kid->sk, &val, sizeof(val)) != sizeof(val))
		return -1;
	return val;
}

/* For a child that only has to exist. */
static inline void __noreturn kid_rest(const struct kid *kid)
{
	kid_tell(kid, 0);
	kid_hear(kid);
	_exit(EXIT_SUCCESS);
}

/* Start a child that only holds its namespaces. */
static inline int kid_hold(struct kid *kid, __u64 flags)
{
	pid_t pid = kid_start(kid, flags);

	if (!pid)
		kid_rest(kid);
	if (pid < 0)
		return pid;
	return kid_hear(kid);
}

/* Kill and reap a child, unless that has been done. */
static inline void kid_stop(struct kid *kid)
{
	sys_pidfd_send_signal(kid->pidfd, SIGKILL, NULL, 0);
	waitpid(kid->pid, NULL, 0);
	close(kid->pidfd);
	close(kid->sk);
}

/* Whether the kernel is of release @major.@minor or later: for what cannot be probed. */
static inline bool kernel_since(unsigned int major, unsigned int minor)
{
	unsigned int number[2];
	struct utsname name;

	if (uname(&name) || sscanf(name.release, "%u.%u", &number[0], &number[1]) != 2)
		return true;
	return number[0] > major || (number[0] == major && number[1] >= minor);
}

/*
 * Read /proc/PID/stat into @line. Returns its end, which begins with ") " and the
 * state: the command's name is in brackets and may contain anything.
 */
static inline const char *stat_line(pid_t pid, char *line, int size)
{
	const char *rest;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return NULL;
	rest = fgets(line, size, f) ? strrchr(line, ')') : NULL;
	fclose(f);
	return rest;
}

/*
 * Whether an init waits for the last numbers of its namespace that are not its
 * children's: idle, which counts as no load. Before 7.3 it was an interruptible
 * sleep, which cannot be told from other sleeps of an exiting task.
 */
static inline bool in_last_wait(pid_t pid)
{
	static const unsigned int exiting = 0x4;	/* PF_EXITING */
	unsigned int flags;
	char line[1024], state;
	const char *rest = stat_line(pid, line, sizeof(line));

	if (!rest || sscanf(rest, ") %c %*d %*d %*d %*d %*d %u", &state, &flags) != 2)
		return false;
	return kernel_since(7, 3) ? state == 'I' : state == 'S' && (flags & exiting);
}

#endif /* __PIDNS_KID_UTIL_H */
