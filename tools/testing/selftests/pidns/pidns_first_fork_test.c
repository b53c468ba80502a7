// SPDX-License-Identifier: GPL-2.0
/*
 * After a failed first fork into a namespace, the second one once got PID 2,
 * and once ENOMEM for a dead namespace. Here the first fails in every possible
 * way, and the next is PID 1.
 */
#include "pidns_util.h"
#include "fault_util.h"

/* The next child in the pending namespace is its init, and lives. */
static void expect_first(struct __test_metadata *_metadata)
{
	struct kid init;
	int i;

	ASSERT_LE(0, kid_start(&init, 0));
	if (!init.pid) {
		EXPECT_EQ(1, getpid());
		for (i = 2; i < 5; i++)
			EXPECT_EQ(i, try_fork());
		kid_rest(&init);
	}
	ASSERT_EQ(0, kid_hear(&init));
	EXPECT_LT(0, try_fork());
	kid_stop(&init);
}

/* Refused before a number is allocated. */
TEST_F_TIMEOUT(pidns, refused_before_allocation, NS_TIMEOUT)
{
	int i;

	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(-EINVAL, try_as(2));
		EXPECT_EQ(-EINVAL, try_as(0));
		EXPECT_EQ(-EINVAL, fork_done(fork_flags(CLONE_NEWPID, NULL)));
		EXPECT_EQ(-EINVAL, fork_done(fork_flags(CLONE_NEWNS | CLONE_FS, NULL)));
	}
	expect_first(_metadata);
}

/* Failed after that. */
TEST_F_TIMEOUT(pidns, fails_after_allocation, NS_TIMEOUT)
{
	int i;

	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	for (i = 0; i < 20; i++)
		EXPECT_EQ(-EFAULT, fork_fault(0));
	expect_first(_metadata);
}

/* Failed with a number by set_tid. */
TEST_F_TIMEOUT(pidns, fails_after_set_tid, NS_TIMEOUT)
{
	const pid_t one = 1;
	int i;

	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(-EFAULT, fork_set_tid(0, (int *)8, &one, 1));
	expect_first(_metadata);
}

/* A first fork; and if it fails a second, which must then be the first. */
static int op_first(void *arg)
{
	pid_t pid, err;

	if (unshare(CLONE_NEWPID))
		return -errno;
	err = fork_done(fork_tids(0, NULL, 0));
	if (err > 0)
		return 0;
	pid = fork_tids(0, NULL, 0);
	if (!pid)
		_exit(getpid() == 1 ? EXIT_SUCCESS : EXIT_FAILURE);
	return pid < 0 || wait_for_pid(pid) ? -EXDEV : err;
}

/* Whichever of its allocations fails. */
TEST_F_TIMEOUT(pidns, fails_at_each_allocation, NS_TIMEOUT)
{
	const char *lacking = fault_setup();
	struct shot shot;
	int nth, failed = 0;

	if (lacking)
		SKIP(return, "%s", lacking);
	/* The first namespace of this depth creates the cache. */
	ASSERT_EQ(0, fork_done(fork_flags(CLONE_NEWPID, NULL)) < 0);
	if (!fault_numbers_only(true))
		FAULT_SKIP(return, "slab caches are merged (boot with slab_nomerge)");
	for (nth = 1; ; nth++) {
		ASSERT_TRUE(fault_shot(op_first, NULL, nth, &shot));
		if (shot.left)
			break;
		failed += !!shot.err;
		if (shot.err) {
			EXPECT_EQ(-ENOMEM, shot.err) {
				TH_LOG("allocation %d", nth);
			}
		}
	}
	fault_teardown();
	EXPECT_EQ(0, shot.err);
	EXPECT_LT(0, failed);
	TH_LOG("%d allocations, %d fatal", nth - 1, failed);
}

TEST_HARNESS_MAIN
