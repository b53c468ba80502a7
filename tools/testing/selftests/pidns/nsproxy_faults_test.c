// SPDX-License-Identifier: GPL-2.0
/*
 * clone3, unshare and setns with each of their allocations failing in turn:
 * they return an error, the caller keeps its namespaces, and nothing is leaked.
 */
#define NSPROXY_OWN_FIXTURE
#include "fault_util.h"

/* The most faults for a network namespace, which is slow to create. */
#define NET_SHOTS 40
#define EVERY_SHOT 100000

static int op_clone3(void *arg)
{
	pid_t pid = fork_flags(*(unsigned int *)arg, NULL);

	if (!pid)
		_exit(EXIT_SUCCESS);
	if (pid < 0)
		return pid;
	return waitpid(pid, NULL, 0) == pid ? 0 : -ECHILD;
}

static int op_unshare(void *arg)
{
	return unshare(*(unsigned int *)arg) ? -errno : 0;
}

struct setns_args {
	int fd;
	unsigned int flags;
};

static int op_setns(void *arg)
{
	const struct setns_args *args = arg;

	return setns(args->fd, args->flags) ? -errno : 0;
}

/*
 * Sweep @op, then create one namespace of each type where only one is allowed,
 * and check that the caches did not grow by one object per failure.
 */
static void sweep_and_count(struct __test_metadata *_metadata, int (*op)(void *), void *arg,
			    unsigned int flags, int most)
{
	static const char * const caches[] = { "nsproxy", "pid_namespace" };
	long before[ARRAY_SIZE(caches)];
	struct sweep sweep;
	struct kid kid;
	int i;

	/* Once without faults, for what is allocated once only. */
	ASSERT_LT(0, fault_points(op, arg));
	for (i = 0; i < ARRAY_SIZE(caches); i++) {
		before[i] = slab_active(caches[i]);
		if (before[i] < 0)
			SKIP(return, "no %s line in /proc/slabinfo (boot with slab_nomerge)",
			     caches[i]);
	}
	fault_sweep(_metadata, &sweep, op, arg, flags, most);
	ASSERT_EQ(0, ns_limit_all(1));
	ASSERT_TRUE(eventually(!kid_hold(&kid, ALL_NS))) {
		TH_LOG("a namespace was leaked");
	}
	kid_stop(&kid);
	for (i = 0; i < ARRAY_SIZE(caches); i++) {
		EXPECT_TRUE(eventually(slab_active(caches[i]) - before[i] < 5 + sweep.failed / 3)) {
			TH_LOG("%s: from %ld to %ld objects in %d failures", caches[i],
			       before[i], slab_active(caches[i]), sweep.failed);
		}
	}
}

FIXTURE(faults) {
};

FIXTURE_SETUP(faults)
{
	const char *lacking;

	if (geteuid())
		SKIP(return, "needs root");
	lacking = fault_setup();
	if (lacking)
		SKIP(return, "%s", lacking);
	ASSERT_EQ(0, userns_enter());
}

FIXTURE_TEARDOWN(faults)
{
	fault_teardown();
}

FIXTURE_VARIANT(faults)
{
	unsigned int flags;
	int most;
};

FIXTURE_VARIANT_ADD(faults, all_but_net)
{
	.flags = CHEAP_NS,
	.most = EVERY_SHOT,
};

FIXTURE_VARIANT_ADD(faults, uts_and_time)
{
	.flags = CLONE_NEWUTS | CLONE_NEWTIME,
	.most = EVERY_SHOT,
};

FIXTURE_VARIANT_ADD(faults, user_and_all_but_net)
{
	.flags = CLONE_NEWUSER | CHEAP_NS,
	.most = EVERY_SHOT,
};

FIXTURE_VARIANT_ADD(faults, all)
{
	.flags = ALL_NS,
	.most = NET_SHOTS,
};

TEST_F_TIMEOUT(faults, clone3_undoes_every_step, NS_TIMEOUT)
{
	unsigned int flags = variant->flags;

	/* The first PID namespace creates the cache of its pids. */
	ASSERT_EQ(0, op_clone3(&flags));
	if (!fault_namespaces_only(true))
		SKIP(return, "slab caches are merged (boot with slab_nomerge)");
	sweep_and_count(_metadata, op_clone3, &flags, flags, variant->most);
}

TEST_F_TIMEOUT(faults, unshare_undoes_every_step, NS_TIMEOUT)
{
	unsigned int flags = variant->flags;

	sweep_and_count(_metadata, op_unshare, &flags, flags, variant->most);
}

TEST_F_TIMEOUT(faults, setns_undoes_every_step, NS_TIMEOUT)
{
	struct setns_args args = { .flags = variant->flags };
	struct nsids its, now;
	struct sweep sweep;
	struct kid kid;

	ASSERT_EQ(0, kid_hold(&kid, variant->flags));
	ASSERT_TRUE(ns_read(kid.pid, &its));
	args.fd = kid.pidfd;
	fault_sweep(_metadata, &sweep, op_setns, &args, 0, EVERY_SHOT);

	/* The failures dropped no reference of the target's. */
	ASSERT_TRUE(ns_read(kid.pid, &now));
	EXPECT_EQ(0, ns_diff(&its, &now));
	kid_stop(&kid);

	ASSERT_EQ(0, ns_limit_all(1));
	ASSERT_TRUE(eventually(!kid_hold(&kid, ALL_NS))) {
		TH_LOG("a namespace was leaked");
	}
	kid_stop(&kid);
}

TEST_HARNESS_MAIN
