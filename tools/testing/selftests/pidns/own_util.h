/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A PID namespace of its own for each test: nobody else allocates numbers
 * there, freed numbers are not reused soon, and nothing outlives the test.
 */
#ifndef __PIDNS_OWN_UTIL_H
#define __PIDNS_OWN_UTIL_H

#include <sys/mount.h>

#include "kid_util.h"

/* The init of a namespace that only serves @child: exits as that does. */
static inline void __noreturn own_init(pid_t child)
{
	int status, end = 0;
	pid_t pid;

	do {
		pid = waitpid(-1, &status, 0);
		if (pid == child)
			end = status;
	} while (pid != child && (pid > 0 || errno == EINTR));
	/* A signal would not kill an init as it kills others. */
	_exit(WIFEXITED(end) ? WEXITSTATUS(end) : EXIT_FAILURE);
}

/*
 * Continue in a new PID namespace with a /proc of it: as its init, or as a
 * child of the init that leads a session. The original process exits as this
 * one does.
 */
static inline int own_enter(bool as_init)
{
	pid_t pid = fork_flags(CLONE_NEWPID | CLONE_NEWNS, NULL);
	int status;

	if (pid < 0)
		return pid;
	if (pid) {
		/* A failed assertion ends an init by another signal than SIGABRT. */
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
