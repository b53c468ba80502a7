/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A PID namespace of its own for each test: there nobody else takes numbers,
 * those that were free are not given again so soon, and nothing outlives it.
 */
#ifndef __PIDNS_OWN_UTIL_H
#define __PIDNS_OWN_UTIL_H

#include <sys/mount.h>

#include "kid_util.h"

/* The init of a namespace that is there for @child alone: ends as that does. */
static inline void __noreturn own_init(pid_t child)
{
	int status, end = 0;
	pid_t pid;

	do {
		pid = waitpid(-1, &status, 0);
		if (pid == child)
			end = status;
	} while (pid != child && (pid > 0 || errno == EINTR));
	/* No signal ends an init as it would others. */
	_exit(WIFEXITED(end) ? WEXITSTATUS(end) : EXIT_FAILURE);
}

/*
 * Go on in a new PID namespace, with a /proc that shows it: as its init, or as a
 * child of that, which leads a session. Who is left behind ends as this does.
 */
static inline int own_enter(bool as_init)
{
	pid_t pid = fork_flags(CLONE_NEWPID | CLONE_NEWNS, NULL);
	int status;

	if (pid < 0)
		return pid;
	if (pid) {
		/* An assertion that fails ends an init by something worse than SIGABRT. */
		if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
			abort();
		_exit(WEXITSTATUS(status));
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) ||
	    mount("proc", "/proc", "proc", 0, NULL))
		return -errno;
	if (as_init)
		return 0;
	pid = fork();
	if (pid > 0)
		own_init(pid);
	return pid < 0 || setsid() < 0 ? -errno : 0;
}

#endif /* __PIDNS_OWN_UTIL_H */
