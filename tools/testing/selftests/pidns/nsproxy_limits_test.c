// SPDX-License-Identifier: GPL-2.0
/*
 * Each step of creating a set of namespaces fails in turn because the user
 * namespace may have no more of that type. All earlier steps must be undone:
 * afterwards the limits allow one namespace of each type, so none can be created
 * as long as one is left.
 */
#include "nsproxy_util.h"

/* Fail at step @i, then succeed with all limits used up. */
static void fail_then_succeed(struct __test_metadata *_metadata, unsigned int flags, int i)
{
	struct nsids before;
	struct kid kid;
	pid_t pid;

	ASSERT_TRUE(ns_read(0, &before));
	/* Room for what is not uncharged yet, or an earlier step would fail. */
	ASSERT_EQ(0, ns_limit_all(1000));
	ASSERT_EQ(0, ns_limit(nstypes[i].name, 0));

	EXPECT_EQ(-ENOSPC, kid_hold(&kid, flags)) {
		TH_LOG("clone3 without %s", nstypes[i].name);
	}
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		EXPECT_EQ(-1, unshare(flags));
		EXPECT_EQ(ENOSPC, errno) {
			TH_LOG("unshare without %s", nstypes[i].name);
		}
		EXPECT_EQ(0, ns_moved(&before));
		_exit(EXIT_SUCCESS);
	}
	ASSERT_EQ(0, wait_for_pid(pid));
	EXPECT_EQ(0, ns_moved(&before));

	/* Namespaces are freed later than their last user exits: retry. */
	ASSERT_EQ(0, ns_limit_all(1));
	ASSERT_TRUE(eventually(!kid_hold(&kid, flags))) {
		TH_LOG("leaked after a failure at %s", nstypes[i].name);
	}
	/* One of each type is all that is allowed. */
	EXPECT_EQ(-ENOSPC, fork_flags(nstypes[i].flag, NULL));
	kid_stop(&kid);
}

TEST_F_TIMEOUT(nsproxy, failure_at_each_limit_is_undone, NS_TIMEOUT)
{
	int i;

	ASSERT_EQ(0, userns_enter());
	for (i = 0; i < NR_TYPES; i++)
		fail_then_succeed(_metadata, ALL_NS, i);
}

/* The same for pairs: the failing step with one other step before or after it. */
TEST_F_TIMEOUT(nsproxy, failure_of_each_pair_is_undone, NS_TIMEOUT)
{
	int i, j;

	ASSERT_EQ(0, userns_enter());
	for (i = 0; i < NR_TYPES; i++) {
		for (j = 0; j < NR_TYPES; j++) {
			/* Do the slow type only once. */
			if (i == j || (nstypes[j].flag == CLONE_NEWNET && i != NR_TYPES - 1))
				continue;
			fail_then_succeed(_metadata, nstypes[i].flag | nstypes[j].flag, i);
		}
	}
}

/* unshare is charged for each type, and uncharged when the task has exited. */
TEST_F_TIMEOUT(nsproxy, exit_uncharges_unshared_namespaces, NS_TIMEOUT)
{
	struct kid kid;
	pid_t pid;
	int i;

	ASSERT_EQ(0, userns_enter());
	ASSERT_EQ(0, ns_limit_all(1));
	for (i = 0; i < 3; i++) {
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			ASSERT_TRUE(eventually(!unshare(ALL_NS)));
			/* All charges are used, so another namespace cannot be created. */
			EXPECT_EQ(-1, unshare(CLONE_NEWUTS));
			EXPECT_EQ(ENOSPC, errno);
			_exit(EXIT_SUCCESS);
		}
		ASSERT_EQ(0, wait_for_pid(pid));
	}
	ASSERT_TRUE(eventually(!kid_hold(&kid, ALL_NS)));
	kid_stop(&kid);
}

/* The user namespace is created first; a later failure undoes it. */
TEST_F_TIMEOUT(nsproxy, failure_undoes_new_user_ns, NS_TIMEOUT)
{
	struct nsids before;
	struct kid kid;
	int i;

	ASSERT_EQ(0, userns_enter());
	ASSERT_TRUE(ns_read(0, &before));

	ASSERT_EQ(0, ns_limit("user", 0));
	EXPECT_EQ(-ENOSPC, kid_hold(&kid, CLONE_NEWUSER | CHEAP_NS));
	EXPECT_EQ(-1, unshare(CLONE_NEWUSER | CHEAP_NS));
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(0, ns_moved(&before));

	ASSERT_EQ(0, ns_limit("user", 1000));
	for (i = 0; i < NR_TYPES; i++) {
		ASSERT_EQ(0, ns_limit(nstypes[i].name, 0));
		EXPECT_EQ(-ENOSPC, kid_hold(&kid, CLONE_NEWUSER | ALL_NS)) {
			TH_LOG("clone3 without %s", nstypes[i].name);
		}
		EXPECT_EQ(-1, unshare(CLONE_NEWUSER | ALL_NS));
		EXPECT_EQ(ENOSPC, errno);
		EXPECT_EQ(0, ns_moved(&before));
		ASSERT_EQ(0, ns_limit(nstypes[i].name, 1000));
	}
	ASSERT_EQ(0, ns_limit("user", 1));
	ASSERT_EQ(0, ns_limit_all(1));
	ASSERT_TRUE(eventually(!kid_hold(&kid, CLONE_NEWUSER | ALL_NS)));
	kid_stop(&kid);
}

/* setns creates no namespaces: it works with all limits at zero. */
TEST_F_TIMEOUT(nsproxy, setns_ignores_limits, NS_TIMEOUT)
{
	struct nsids its, mine;
	struct kid kid;

	ASSERT_EQ(0, userns_enter());
	ASSERT_EQ(0, kid_hold(&kid, ALL_NS));
	ASSERT_TRUE(ns_read(kid.pid, &its));
	ASSERT_TRUE(ns_read(0, &mine));
	ASSERT_EQ(0, ns_limit_all(0));
	EXPECT_EQ(0, setns(kid.pidfd, ALL_NS));
	EXPECT_EQ(ns_setns_links(ALL_NS), ns_moved(&mine));
	EXPECT_EQ(BIT(L_PID), ns_moved(&its));
	kid_stop(&kid);
}

TEST_HARNESS_MAIN
