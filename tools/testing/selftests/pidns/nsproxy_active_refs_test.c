// SPDX-License-Identifier: GPL-2.0
/*
 * free_nsproxy() of a prepared set once dropped active references that it had
 * not taken: namespaces in use became invisible to listns() and could not be
 * opened any more. After many failures of each kind, the namespaces of caller
 * and target are still active.
 */
#include <pthread.h>

#define NSPROXY_OF_THE_MACHINE
#include "nsproxy_util.h"

#define TIMES 16

/* All namespaces of a task but those of the initial task, which never vanish. */
#define MINE ns_links(ALL_NS)

static void *wait_there(void *arg)
{
	pause();
	return NULL;
}

/* Ways to fail, from the first check to the last. */
static const struct failure {
	const char *name;
	int error;
} failures[] = {
	{ "no capability",		EPERM },
	{ "foreign PID namespace",	EINVAL },
	{ "threads",			EUSERS },
	{ "pending PID namespace",	EINVAL },
	{ "clone, pending as well",	EINVAL },
	{ "own user namespace",		EINVAL },
};

/* Prepare the caller for a failure. */
static int get_ready(int how)
{
	pthread_t thread;

	switch (how) {
	case 0:
		return cap_drop(CAP_SYS_ADMIN);
	case 2:
		return pthread_create(&thread, NULL, wait_there, NULL) || unshare(CLONE_FS);
	case 3:
	case 4:
		return unshare(CLONE_NEWPID);
	}
	return 0;
}

/* The error in such a caller. */
static int fail(int how, int pidfd)
{
	pid_t pid;

	switch (how) {
	case 2:
		return -setns_errno(pidfd, ALL_NS & ~CLONE_NEWPID);
	case 3:
		return unshare(ALL_NS) ? errno : 0;
	case 4:
		pid = fork_flags(ALL_NS, NULL);
		if (!pid)
			_exit(EXIT_SUCCESS);
		return pid < 0 ? -pid : 0;
	case 5:
		return -setns_errno(pidfd, ALL_NS | CLONE_NEWUSER);
	}
	return -setns_errno(pidfd, ALL_NS);
}

TEST_F_TIMEOUT(nsproxy, failed_setns_drops_no_active_ref, NS_TIMEOUT)
{
	struct nsids its, callers, now;
	struct kid target, caller;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(failures); i++) {
		ASSERT_EQ(0, kid_hold(&target, ALL_NS));
		ASSERT_LE(0, kid_start(&caller, ALL_NS));
		if (!caller.pid) {
			kid_tell(&caller, 0);
			kid_hear(&caller);
			kid_tell(&caller, get_ready(i));
			/* Until the caller exits. */
			for (;;) {
				kid_hear(&caller);
				kid_tell(&caller, fail(i, target.pidfd));
			}
		}
		ASSERT_EQ(0, kid_hear(&caller));
		ASSERT_TRUE(ns_read(target.pid, &its));
		ASSERT_TRUE(ns_read(caller.pid, &callers));
		ASSERT_TRUE(ns_there(&its, MINE));
		ASSERT_TRUE(ns_there(&callers, MINE));

		kid_tell(&caller, 0);
		ASSERT_EQ(0, kid_hear(&caller));
		/* Check each time: a negative count would become active again. */
		for (j = 0; j < TIMES; j++) {
			kid_tell(&caller, 0);
			ASSERT_EQ(failures[i].error, kid_hear(&caller)) {
				TH_LOG("%s", failures[i].name);
			}
			ASSERT_TRUE(ns_there(&its, MINE)) {
				TH_LOG("%s: the target's", failures[i].name);
			}
			ASSERT_TRUE(ns_there(&callers, MINE)) {
				TH_LOG("%s: the caller's", failures[i].name);
			}
		}
		ASSERT_TRUE(ns_read(target.pid, &now));
		EXPECT_EQ(0, ns_diff(&its, &now));

		/* Nor has one been taken in excess. */
		kid_stop(&caller);
		EXPECT_TRUE(eventually(ns_gone(&callers, MINE))) {
			TH_LOG("%s: the caller's remain", failures[i].name);
		}
		EXPECT_TRUE(ns_there(&its, MINE));
		kid_stop(&target);
		EXPECT_TRUE(eventually(ns_gone(&its, MINE))) {
			TH_LOG("%s: the target's remain", failures[i].name);
		}
	}
}

/* The same count for success: there and back, and all are still listed. */
TEST_F_TIMEOUT(nsproxy, setns_balances_active_refs, NS_TIMEOUT)
{
	unsigned int flags = ALL_NS & ~CLONE_NEWPID;
	struct nsids its, callers, now;
	struct kid target, caller;
	int back[NR_TYPES], i, j;

	ASSERT_EQ(0, kid_hold(&target, ALL_NS));
	ASSERT_TRUE(ns_read(target.pid, &its));
	ASSERT_LE(0, kid_start(&caller, ALL_NS));
	if (!caller.pid) {
		for (j = 0; j < NR_TYPES; j++)
			back[j] = ns_open(0, j);
		kid_tell(&caller, 0);
		kid_hear(&caller);
		for (i = 0; i < TIMES; i++) {
			EXPECT_EQ(0, setns(target.pidfd, flags));
			for (j = 0; j < NR_TYPES; j++)
				if (nslinks[j].flag & flags)
					EXPECT_EQ(0, setns(back[j], nslinks[j].flag));
			kid_tell(&caller, 0);
			kid_hear(&caller);
		}
		for (j = 0; j < NR_TYPES; j++)
			close(back[j]);
		kid_rest(&caller);
	}
	ASSERT_EQ(0, kid_hear(&caller));
	ASSERT_TRUE(ns_read(caller.pid, &callers));
	for (i = 0; i < TIMES; i++) {
		kid_tell(&caller, 0);
		ASSERT_EQ(0, kid_hear(&caller));
		ASSERT_TRUE(ns_there(&its, MINE));
		ASSERT_TRUE(ns_there(&callers, MINE));
	}
	kid_tell(&caller, 0);
	ASSERT_EQ(0, kid_hear(&caller));
	ASSERT_TRUE(ns_read(caller.pid, &now));
	EXPECT_EQ(0, ns_diff(&callers, &now));
	EXPECT_TRUE(ns_there(&its, MINE));
	EXPECT_TRUE(ns_there(&callers, MINE));
	kid_stop(&target);
	EXPECT_TRUE(eventually(ns_gone(&its, MINE)));
	EXPECT_TRUE(ns_there(&callers, MINE));
	kid_stop(&caller);
	EXPECT_TRUE(eventually(ns_gone(&callers, MINE)));
}

TEST_HARNESS_MAIN
