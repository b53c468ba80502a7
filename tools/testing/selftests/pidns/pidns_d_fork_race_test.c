// SPDX-License-Identifier: GPL-2.0
/*
 * Forks against the death of the init, from outside and from inside: each
 * child either gets SIGKILL with the rest, or is never made. Nobody is left.
 */
#define PIDNS_OF_THE_MACHINE
#include "pidns_reap_util.h"

#define ROUNDS 60
#define FORKERS 3

/* What a forker outside saw. */
struct forker {
	unsigned long born, killed, refused;
	int error;		/* something that ought not to be */
};

/* Put children into the namespace until it takes no more. */
static void fork_outside(int nsfd, struct forker *forker)
{
	int status, tries;
	pid_t pid;

	if (setns(nsfd, CLONE_NEWPID)) {
		forker->error = errno;
		return;
	}
	/* Once refused it must be for ever. */
	for (tries = 0; tries < 20; ) {
		pid = fork();
		if (!pid)
			rest_forever();
		if (pid < 0) {
			if (errno != ENOMEM)
				forker->error = errno;
			forker->refused++;
			tries++;
			continue;
		}
		if (forker->refused)
			forker->error = EEXIST;
		forker->born++;
		/* Half of them are killed here, if the namespace does not do it. */
		if (forker->born & 1)
			kill(pid, SIGKILL);
		else
			continue;
		status = wait_status(pid);
		if (status != SIGKILL)
			forker->error = ECHILD;
		forker->killed++;
	}
	while ((pid = waitpid(-1, &status, 0)) > 0) {
		if (status != SIGKILL)
			forker->error = ECHILD;
		forker->killed++;
	}
}

/* Inside: as many as there can be, without end. */
static void fork_inside(void)
{
	pid_t pid;

	for (;;) {
		pid = fork();
		if (!pid)
			_exit(EXIT_SUCCESS);
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
}

TEST_F_TIMEOUT(pidns, d_fork_against_zap, NS_TIMEOUT)
{
	struct forker *forkers = shared_alloc(FORKERS * sizeof(*forkers));
	int rounds = count_for_kernel(_metadata, ROUNDS), round, fd, i, nr;
	unsigned long born = 0, refused = 0;
	pid_t pid[FORKERS];
	struct kid kid;
	__u64 id;

	ASSERT_NE(0, !!forkers);
	for (round = 0; round < rounds; round++) {
		memset(forkers, 0, FORKERS * sizeof(*forkers));
		ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
		if (!kid.pid) {
			for (i = 0; i < 2; i++)
				if (!fork())
					fork_inside();
			kid_rest(&kid);
		}
		ASSERT_EQ(0, kid_hear(&kid));
		fd = ns_open(kid.pid, L_PID);
		id = ns_fd_id(fd);
		for (i = 0; i < FORKERS; i++) {
			pid[i] = fork();
			ASSERT_LE(0, pid[i]);
			if (!pid[i]) {
				fork_outside(fd, &forkers[i]);
				_exit(EXIT_SUCCESS);
			}
		}
		/* A little later each time, so that all of the race is met. */
		usleep(round * 150);
		kill(kid.pid, SIGKILL);
		for (i = 0; i < FORKERS; i++) {
			EXPECT_EQ(0, wait_status(pid[i]));
			EXPECT_EQ(0, forkers[i].error) {
				TH_LOG("round %d: %s", round, strerror(forkers[i].error));
			}
			EXPECT_EQ(forkers[i].born, forkers[i].killed);
			born += forkers[i].born;
			refused += forkers[i].refused;
		}
		EXPECT_EQ(SIGKILL, wait_status(kid.pid));
		for (nr = 1; nr < 1000; nr++)
			ASSERT_EQ(-1, ioctl(fd, NS_GET_PID_FROM_PIDNS, nr)) {
				TH_LOG("round %d: %d is left", round, nr);
			}
		close(fd);
		kid_stop(&kid);
		if (round % 20 == 0)
			EXPECT_TRUE(eventually(!ns_listed(id, CLONE_NEWPID)));
	}
	TH_LOG("%lu children came in time, %lu were refused", born, refused);
	EXPECT_LT(0, born);
	EXPECT_EQ((unsigned long)rounds * FORKERS * 20, refused);
}

TEST_HARNESS_MAIN
