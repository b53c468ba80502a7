// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that exec while the init dies: each takes the number of its leader, which the zap may
 * have looked at already. None is left.
 */
#define PIDNS_OF_THE_MACHINE
#include "pidns_reap_util.h"

#define ROUNDS 10
#define PROCESSES 32

/* Numbers between those of the leaders and of the threads: the scan spans several batches. */
#define RESTING 400

/* How often all have called exec(). */
static int *execs;

/* Exec in a loop, each time from a new thread. */
static int helper(void)
{
	pthread_t thread;

	execs = shared_map(sizeof(*execs));
	if (!execs)
		return EXIT_FAILURE;
	__atomic_fetch_add(execs, 1, __ATOMIC_RELAXED);
	/* That fails once the init dies: stay, for the zap to kill. */
	pthread_create(&thread, NULL, exec_again, NULL);
	rest_forever();
}

static void __noreturn be_init(const struct kid *kid)
{
	char go_on[PROCESSES] = {};
	int go[2], i;
	pid_t pid;

	if (pipe(go))
		_exit(EXIT_FAILURE);
	for (i = 0; i < PROCESSES; i++) {
		pid = fork();
		if (!pid) {
			read_nointr(go[0], go_on, 1);
			exec_again(NULL);
		}
		if (pid < 0)
			_exit(EXIT_FAILURE);
	}
	for (i = 0; i < RESTING; i++)
		if (fork_resting(0, NULL) < 0)
			_exit(EXIT_FAILURE);
	if (write(go[1], go_on, PROCESSES) != PROCESSES)
		_exit(EXIT_FAILURE);
	kid_rest(kid);
}

static void one_round(struct __test_metadata *_metadata, int round)
{
	int fd, nr, left = 0;
	struct kid kid;

	WRITE_ONCE(*execs, 0);
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid)
		be_init(&kid);
	ASSERT_EQ(0, kid_hear(&kid));
	fd = ns_open(kid.pid, L_PID);
	/* A little later each time. */
	ASSERT_TRUE(eventually(READ_ONCE(*execs) >= PROCESSES * 2 + round * 14));
	kill(kid.pid, SIGKILL);
	ASSERT_TRUE(pidfd_ended(kid.pidfd)) {
		for (nr = 2; nr < 32768; nr++)
			left += ioctl(fd, NS_GET_PID_FROM_PIDNS, nr) > 0;
		TH_LOG("round %d: %d are left", round, left);
	}
	EXPECT_EQ(SIGKILL, wait_status(kid.pid));
	close(fd);
	kid_stop(&kid);
}

TEST_F_TIMEOUT(pidns, exec_against_zap, NS_TIMEOUT * 2)
{
	int rounds = count_for_kernel(_metadata, ROUNDS), round;

	execs = shared_make(sizeof(*execs));
	ASSERT_NE(NULL, execs);
	for (round = 0; round < rounds; round++)
		one_round(_metadata, round);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], HELPER))
		return helper();
	return test_harness_run(argc, argv);
}
