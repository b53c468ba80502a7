// SPDX-License-Identifier: GPL-2.0
/*
 * setns with the pidfd of a task that is being killed either comes in time or
 * is ESRCH, and never revives a dying namespace.
 */
#define NSPROXY_OF_THE_MACHINE
#include "nsproxy_util.h"

#define ROUNDS 100
#define NET_ROUNDS 30
#define RACERS 2

/* Set once a racer has succeeded: the race has begun. */
static bool *begun;

/* Join as long as the target lives; the error of the first failure. */
static int join_until_error(int pidfd, unsigned int flags)
{
	pid_t pid;

	for (;;) {
		if (setns(pidfd, flags))
			return errno;
		WRITE_ONCE(*begun, true);
		if (!(flags & CLONE_NEWPID))
			continue;
		/* A child is created in the namespace, or its init is dead already. */
		pid = fork();
		if (!pid)
			_exit(EXIT_SUCCESS);
		if (pid < 0 && errno != ENOMEM)
			return errno;
		/* Unless the dying init has killed the child. */
		if (pid > 0 && waitpid(pid, NULL, 0) != pid)
			return errno;
	}
}

FIXTURE_VARIANT(race)
{
	unsigned int made, joined;
};

FIXTURE(race) {
};

FIXTURE_SETUP(race)
{
	if (geteuid())
		SKIP(return, "needs root");
	SKIP_IF_INSIDE(return);
}

FIXTURE_TEARDOWN(race)
{
}

FIXTURE_VARIANT_ADD(race, pid)
{
	.made = CLONE_NEWPID,
	.joined = CLONE_NEWPID,
};

FIXTURE_VARIANT_ADD(race, cheap)
{
	.made = CHEAP_NS & ~CLONE_NEWNS,
	.joined = CHEAP_NS & ~CLONE_NEWNS,
};

FIXTURE_VARIANT_ADD(race, all)
{
	.made = ALL_NS,
	.joined = ALL_NS & ~CLONE_NEWNS,
};

static void race_setns(struct __test_metadata *_metadata, unsigned int made,
		       unsigned int joined, int rounds)
{
	/* Odd, so that both kinds of rounds occur. */
	int step = quick() ? 9 : 1, round, i;
	struct nsids ids;
	struct kid kid;

	begun = shared_alloc(sizeof(*begun));
	ASSERT_NE(NULL, begun);
	for (round = 0; round < rounds; round += step) {
		pid_t racer[RACERS];

		*begun = false;
		ASSERT_EQ(0, kid_hold(&kid, made));
		ASSERT_TRUE(ns_read(kid.pid, &ids));
		for (i = 0; i < RACERS; i++) {
			racer[i] = fork();
			ASSERT_LE(0, racer[i]);
			if (!racer[i])
				_exit(join_until_error(kid.pidfd, joined));
		}
		ASSERT_TRUE(eventually(READ_ONCE(*begun)));
		/* A little later each time, to cover the whole race. */
		usleep(round * 20);
		kill(kid.pid, SIGKILL);
		/* In half of the rounds the target stays a zombie meanwhile. */
		if (round & 1)
			waitpid(kid.pid, NULL, 0);
		for (i = 0; i < RACERS; i++)
			EXPECT_EQ(ESRCH, wait_for_pid(racer[i]));
		kid_stop(&kid);
		if (round % 10 == 0 || round + step >= rounds) {
			EXPECT_TRUE(eventually(ns_gone(&ids, ns_links(made)))) {
				TH_LOG("round %d: revived, or not freed", round);
			}
		}
	}
}

TEST_F_TIMEOUT(race, setns_to_dying_target, NS_TIMEOUT)
{
	race_setns(_metadata, variant->made, variant->joined,
		   variant->made & CLONE_NEWNET ? NET_ROUNDS : ROUNDS);
}

/* The same for a target whose namespaces others share and keep. */
TEST_F_TIMEOUT(nsproxy, setns_to_dying_task_of_shared_nsproxy, NS_TIMEOUT)
{
	race_setns(_metadata, 0, ALL_NS & ~CLONE_NEWNS, ROUNDS);
}

/* A namespace whose last task is dying cannot be opened by id either. */
TEST_F_TIMEOUT(race, open_of_dying_namespace, NS_TIMEOUT)
{
	struct nsids ids;
	struct kid kid;
	int round, fd, i;
	pid_t racer;

	begun = shared_alloc(sizeof(*begun));
	ASSERT_NE(NULL, begun);
	for (round = 0; round < NET_ROUNDS; round++) {
		*begun = false;
		ASSERT_EQ(0, kid_hold(&kid, variant->made));
		ASSERT_TRUE(ns_read(kid.pid, &ids));
		racer = fork();
		ASSERT_LE(0, racer);
		if (!racer) {
			/* Each is opened, used and closed until it is gone. */
			for (i = 0; i < NR_LINKS; i++) {
				if (!(ns_links(variant->made) & BIT(i)))
					continue;
				while ((fd = ns_open_id(ids.id[i])) >= 0) {
					if (ns_fd_id(fd) != ids.id[i])
						_exit(EXIT_FAILURE);
					close(fd);
					WRITE_ONCE(*begun, true);
				}
				if (errno != ESTALE)
					_exit(errno);
			}
			_exit(EXIT_SUCCESS);
		}
		ASSERT_TRUE(eventually(READ_ONCE(*begun)));
		usleep(round * 20);
		kid_stop(&kid);
		EXPECT_EQ(0, wait_for_pid(racer));
		EXPECT_TRUE(eventually(ns_gone(&ids, ns_links(variant->made))));
	}
}

TEST_HARNESS_MAIN
