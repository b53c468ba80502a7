// SPDX-License-Identifier: GPL-2.0
/*
 * The error path of clone once took an error pointer for a PID namespace, with
 * flags 0x22020400, and once leaked a PID namespace when a later one in the
 * same clone failed.
 */
#include <assert.h>

#include "fault_util.h"

#define FLAGS (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWCGROUP | CLONE_FILES)
static_assert(FLAGS == 0x22020400, "not the flags of the bug");

static int nothing(void *arg)
{
	return 0;
}

static int op_clone3(void *arg)
{
	pid_t pid = fork_flags(FLAGS, NULL);

	if (!pid)
		_exit(EXIT_SUCCESS);
	return pid < 0 ? pid : -wait_for_pid(pid);
}

static int op_legacy_clone(void *arg)
{
	pid_t pid = clone_legacy(nothing, FLAGS);

	return pid < 0 ? pid : -wait_for_pid(pid);
}

static int op_unshare(void *arg)
{
	return unshare(FLAGS) ? -errno : 0;
}

static int (* const ops[])(void *) = { op_clone3, op_legacy_clone, op_unshare };

/* Run one in a new process, since unshare changes its caller. */
static int apart(int (*op)(void *))
{
	pid_t pid = fork();

	if (!pid)
		_exit(-op(NULL));
	return -wait_for_pid(pid);
}

TEST_F_TIMEOUT(nsproxy, flags_22020400_succeed, NS_TIMEOUT)
{
	struct nsids mine, its;
	struct kid kid;
	int i;

	for (i = 0; i < ARRAY_SIZE(ops); i++)
		EXPECT_EQ(0, apart(ops[i]));
	ASSERT_TRUE(ns_read(0, &mine));
	ASSERT_EQ(0, kid_hold(&kid, FLAGS & ~CLONE_FILES));
	ASSERT_TRUE(ns_read(kid.pid, &its));
	EXPECT_EQ(ns_links(FLAGS), ns_diff(&mine, &its));
	kid_stop(&kid);
}

/* The PID namespace is refused, with one created before it and one after. */
TEST_F_TIMEOUT(nsproxy, flags_22020400_with_pending_pid_ns, NS_TIMEOUT)
{
	struct nsids before;
	int i, round;

	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	ASSERT_TRUE(ns_read(0, &before));
	for (round = 0; round < 8; round++) {
		for (i = 0; i < ARRAY_SIZE(ops); i++)
			EXPECT_EQ(-EINVAL, ops[i](NULL));
		EXPECT_EQ(0, ns_moved(&before));
	}
}

/* Each of the three is refused in turn by its limit. */
TEST_F_TIMEOUT(nsproxy, flags_22020400_at_limits, NS_TIMEOUT)
{
	static const char * const names[] = { "mnt", "pid", "cgroup" };
	int i, j;

	ASSERT_EQ(0, userns_enter());
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		/* Room for what is not uncharged yet, or an earlier step would fail. */
		ASSERT_EQ(0, ns_limit_all(1000));
		ASSERT_EQ(0, ns_limit(names[i], 0));
		for (j = 0; j < ARRAY_SIZE(ops); j++) {
			EXPECT_EQ(-ENOSPC, apart(ops[j])) {
				TH_LOG("%s, operation %d", names[i], j);
			}
		}
		ASSERT_EQ(0, ns_limit_all(1));
		for (j = 0; j < ARRAY_SIZE(ops); j++) {
			ASSERT_TRUE(eventually(!apart(ops[j]))) {
				TH_LOG("%s, operation %d: leaked", names[i], j);
			}
		}
	}
}

/* Many failures after the PID namespace leak none. */
TEST_F_TIMEOUT(nsproxy, later_failure_frees_pid_ns, NS_TIMEOUT)
{
	static const struct nstype later[] = {
		{ CLONE_NEWCGROUP,	"cgroup" },
		{ CLONE_NEWNET,		"net" },
		{ CLONE_NEWTIME,	"time" },
	};
	long before = slab_active("pid_namespace");
	int i, j, times = 50;

	if (before < 0)
		SKIP(return, "no pid_namespace line in /proc/slabinfo (boot with slab_nomerge)");
	ASSERT_EQ(0, userns_enter());
	for (i = 0; i < ARRAY_SIZE(later); i++) {
		ASSERT_EQ(0, ns_limit("pid", 1000));
		ASSERT_EQ(0, ns_limit(later[i].name, 0));
		for (j = 0; j < times; j++) {
			ASSERT_EQ(-ENOSPC, fork_flags(CLONE_NEWPID | later[i].flag, NULL));
			ASSERT_EQ(-1, unshare(CLONE_NEWPID | later[i].flag));
			ASSERT_EQ(ENOSPC, errno);
		}
		ASSERT_EQ(0, ns_limit(later[i].name, 1));
		ASSERT_EQ(0, ns_limit("pid", 1));
		/* Exactly one is allowed: so none is left of a hundred. */
		ASSERT_TRUE(eventually(!apart(op_clone3))) {
			TH_LOG("leaked by %s", later[i].name);
		}
	}
	EXPECT_TRUE(eventually(slab_active("pid_namespace") - before < times));
}

/* And with each allocation failing in turn. */
TEST_F_TIMEOUT(nsproxy, flags_22020400_with_faults, NS_TIMEOUT)
{
	const char *lacking = fault_setup();
	struct sweep sweep;

	if (lacking)
		SKIP(return, "%s", lacking);
	if (!fault_namespaces_only(true)) {
		fault_teardown();
		SKIP(return, "slab caches are merged (boot with slab_nomerge)");
	}
	fault_namespaces_only(false);
	ASSERT_EQ(0, userns_enter());
	fault_sweep(_metadata, &sweep, op_unshare, NULL, FLAGS, 1000);
	EXPECT_EQ(0, apart(op_clone3));
	/* Also the caches that the first inner pid created. */
	ASSERT_TRUE(fault_namespaces_only(true));
	fault_sweep(_metadata, &sweep, op_clone3, NULL, FLAGS, 1000);
	fault_sweep(_metadata, &sweep, op_legacy_clone, NULL, FLAGS, 1000);
	fault_teardown();
	ASSERT_EQ(0, ns_limit_all(1));
	EXPECT_TRUE(eventually(!apart(op_clone3)));
	EXPECT_TRUE(eventually(!apart(op_unshare)));
}

TEST_HARNESS_MAIN
