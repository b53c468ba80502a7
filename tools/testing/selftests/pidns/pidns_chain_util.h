/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A chain of processes, each the parent of the next, in a namespace of their
 * own: kill one and see where its child goes.
 */
#ifndef __PIDNS_CHAIN_UTIL_H
#define __PIDNS_CHAIN_UTIL_H

#include "pidns_reap_util.h"

#define CHAIN_MAX 8

struct chain {
	/* What a link is, as bits: link 0 is the init of the namespace. */
	unsigned int subreaper;	/* from its start */
	unsigned int late;	/* a subreaper once all links exist */
	unsigned int newpid;	/* the init of a namespace of its own */
	unsigned int into;	/* in the box, with its parent outside */
	int length;
	/* What the links report. */
	pid_t pid[CHAIN_MAX];	/* the number that the parent knows */
	pid_t ppid;		/* the parent's number as the last link sees it */
	pid_t box;		/* the init of a namespace beside the chain */
	int nsfd;		/* its file, valid in the links only */
	int ready;
};

/* Run as link @nr; never returns. */
static inline void __noreturn chain_link(struct chain *chain, int nr)
{
	pid_t pid;

	if (chain->subreaper & BIT(nr))
		prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (nr + 1 == chain->length) {
		WRITE_ONCE(chain->ppid, getppid());
		WRITE_ONCE(chain->ready, 1);
		for (;;) {
			usleep(2000);
			WRITE_ONCE(chain->ppid, getppid());
		}
	}
	if (chain->into & BIT(nr + 1))
		pid = fork_into(chain->nsfd);
	else
		pid = fork_flags(chain->newpid & BIT(nr + 1) ? CLONE_NEWPID : 0, NULL);
	if (!pid)
		chain_link(chain, nr + 1);
	WRITE_ONCE(chain->pid[nr + 1], pid);
	if (chain->late & BIT(nr)) {
		while (!READ_ONCE(chain->ready))
			usleep(1000);
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		WRITE_ONCE(chain->ready, 2);
	}
	rest_forever();
}

/* Each parent reports its child, in no order. */
static inline bool chain_complete(const struct chain *chain)
{
	int nr;

	for (nr = 1; nr < chain->length; nr++)
		if (!READ_ONCE(chain->pid[nr]))
			return false;
	return READ_ONCE(chain->ready) == (chain->late ? 2 : 1);
}

/* Start the chain; @arena is link 0. */
static inline bool chain_start(struct kid *arena, struct chain *chain)
{
	if (kid_start(arena, CLONE_NEWPID) < 0)
		return false;
	if (!arena->pid) {
		int pidfd = -1;

		if (chain->into) {
			chain->box = fork_resting(CLONE_NEWPID, &pidfd);
			chain->nsfd = ioctl(pidfd, PIDFD_GET_PID_NAMESPACE, 0);
			if (chain->nsfd < 0)
				_exit(EXIT_FAILURE);
		}
		chain_link(chain, 0);
	}
	return eventually(chain_complete(chain));
}

/* The number of a link whose parent is in the namespace of link 0. */
static inline pid_t chain_pid(const struct kid *arena, const struct chain *chain, int nr)
{
	return pid_from(arena->pid, READ_ONCE(chain->pid[nr]));
}

/* Kill a link. */
static inline bool chain_cut(const struct kid *arena, const struct chain *chain, int nr)
{
	pid_t pid = chain_pid(arena, chain, nr);

	return pid > 0 && !kill(pid, SIGKILL);
}

#endif /* __PIDNS_CHAIN_UTIL_H */
