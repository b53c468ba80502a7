// SPDX-License-Identifier: GPL-2.0
/*
 * NS_GET_PID_FROM_PIDNS and its siblings: translate numbers between the
 * caller's namespace and another, in both directions.
 */
#include "pidns_reap_util.h"

static int translate(int fd, unsigned int cmd, int nr)
{
	int ret = ioctl(fd, cmd, nr);

	return ret < 0 ? -errno : ret;
}

static const unsigned int translations[] = {
	NS_GET_PID_FROM_PIDNS, NS_GET_TGID_FROM_PIDNS, NS_GET_PID_IN_PIDNS, NS_GET_TGID_IN_PIDNS,
};

static struct shared {
	pid_t tid;
} *shared;

static void *thread_tell(void *arg)
{
	WRITE_ONCE(shared->tid, thread_id());
	rest_forever();
}

/*
 * From outside: a namespace, one nested in it, and in each an init with a
 * second thread. All four ioctls on each of the two.
 */
TEST_F_TIMEOUT(pidns, translate_from_outside, NS_TIMEOUT)
{
	int outer, inner, own = ns_open(0, L_PID), numbers[MAX_LEVELS], i, nr;
	struct kid kid;
	pid_t pid, tid;

	shared = shared_alloc(sizeof(*shared));
	ASSERT_NE(0, !!shared);
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		int pidfd = -1;
		pid_t child;

		/* Make numbers differ between the levels. */
		for (i = 0; i < 5; i++)
			wait_status(fork_flags(CLONE_NEWUTS, NULL) ?: (_exit(0), 0));
		child = fork_flags(CLONE_NEWPID, &pidfd);
		if (!child) {
			pthread_t thread;

			ASSERT_EQ(0, pthread_create(&thread, NULL, thread_tell, NULL));
			rest_forever();
		}
		kid_tell(&kid, ioctl(pidfd, PIDFD_GET_PID_NAMESPACE, 0));
		kid_tell(&kid, child);
		rest_forever();
	}
	inner = sys_pidfd_getfd(kid.pidfd, kid_hear(&kid), 0);
	ASSERT_LE(0, inner);
	nr = kid_hear(&kid);
	outer = ns_open(kid.pid, L_PID);
	ASSERT_TRUE(eventually(READ_ONCE(shared->tid)));
	EXPECT_EQ(2, shared->tid);

	/* An init is 1 inside, and what /proc shows outside. */
	EXPECT_EQ(kid.pid, translate(outer, NS_GET_PID_FROM_PIDNS, 1));
	EXPECT_EQ(kid.pid, translate(outer, NS_GET_TGID_FROM_PIDNS, 1));
	EXPECT_EQ(1, translate(outer, NS_GET_PID_IN_PIDNS, kid.pid));
	EXPECT_EQ(1, translate(outer, NS_GET_TGID_IN_PIDNS, kid.pid));
	pid = translate(inner, NS_GET_PID_FROM_PIDNS, 1);
	ASSERT_LT(0, pid);
	EXPECT_EQ(pid, translate(outer, NS_GET_PID_FROM_PIDNS, nr));
	EXPECT_EQ(nr, translate(outer, NS_GET_PID_IN_PIDNS, pid));
	EXPECT_EQ(1, translate(inner, NS_GET_PID_IN_PIDNS, pid));
	i = task_numbers(pid, "NSpid:", numbers);
	ASSERT_LE(3, i);
	EXPECT_EQ(pid, numbers[0]);
	EXPECT_EQ(nr, numbers[i - 2]);
	EXPECT_EQ(1, numbers[i - 1]);

	/* A thread has a number of its own, and that of its process. */
	tid = translate(inner, NS_GET_PID_FROM_PIDNS, 2);
	ASSERT_LT(0, tid);
	EXPECT_NE(pid, tid);
	EXPECT_EQ(pid, translate(inner, NS_GET_TGID_FROM_PIDNS, 2));
	EXPECT_EQ(2, translate(inner, NS_GET_PID_IN_PIDNS, tid));
	EXPECT_EQ(1, translate(inner, NS_GET_TGID_IN_PIDNS, tid));
	EXPECT_EQ(nr, translate(outer, NS_GET_TGID_IN_PIDNS, tid));

	/* The same namespace on both sides. */
	for (i = 0; i < ARRAY_SIZE(translations); i++)
		EXPECT_EQ(getpid(), translate(own, translations[i], getpid()));
	/* A task outside has no number inside; a free number belongs to nobody. */
	EXPECT_EQ(-ESRCH, translate(outer, NS_GET_PID_IN_PIDNS, getpid()));
	EXPECT_EQ(-ESRCH, translate(outer, NS_GET_TGID_IN_PIDNS, getpid()));
	EXPECT_EQ(-ESRCH, translate(inner, NS_GET_PID_IN_PIDNS, kid.pid));
	for (i = 0; i < ARRAY_SIZE(translations); i++) {
		EXPECT_EQ(-ESRCH, translate(inner, translations[i], 0));
		EXPECT_EQ(-ESRCH, translate(inner, translations[i], -1));
		EXPECT_EQ(-ESRCH, translate(inner, translations[i], PID_MAX_LIMIT));
	}
	kid_stop(&kid);
	EXPECT_EQ(-ESRCH, translate(outer, NS_GET_PID_FROM_PIDNS, 1));
	close(inner);
	close(outer);
	close(own);
}

/* From inside: a task outside has a number there, but not for the caller. */
TEST_F_TIMEOUT(pidns, translate_from_inside, NS_TIMEOUT)
{
	int above = ns_open(0, L_PID), uts = ns_open(0, L_UTS), beside, i;
	pid_t parent = getpid();
	struct kid kid, sibling;

	ASSERT_EQ(0, kid_hold(&sibling, CLONE_NEWPID));
	beside = ns_open(sibling.pid, L_PID);
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		pid_t outside = kid_hear(&kid);

		EXPECT_EQ(-ESRCH, translate(above, NS_GET_PID_FROM_PIDNS, parent));
		EXPECT_EQ(-ESRCH, translate(above, NS_GET_TGID_FROM_PIDNS, parent));
		EXPECT_EQ(1, translate(above, NS_GET_PID_FROM_PIDNS, outside));
		EXPECT_EQ(outside, translate(above, NS_GET_PID_IN_PIDNS, 1));
		EXPECT_EQ(-ESRCH, translate(beside, NS_GET_PID_FROM_PIDNS, 1));
		EXPECT_EQ(-ESRCH, translate(beside, NS_GET_PID_IN_PIDNS, 1));
		kid_rest(&kid);
	}
	kid_tell(&kid, kid.pid);
	EXPECT_EQ(0, kid_hear(&kid));
	/* The ioctls are for PID namespaces only. */
	for (i = 0; i < ARRAY_SIZE(translations); i++)
		EXPECT_EQ(-EINVAL, translate(uts, translations[i], getpid()));
	kid_stop(&kid);
	kid_stop(&sibling);
	close(beside);
	close(above);
	close(uts);
}

TEST_HARNESS_MAIN
