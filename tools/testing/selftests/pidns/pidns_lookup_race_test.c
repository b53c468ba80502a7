// SPDX-License-Identifier: GPL-2.0
/*
 * Look-ups while the table of numbers grows and shrinks, while a thread takes
 * its leader's number by exec, and while a number is freed and used again.
 */
#include <dirent.h>

#include "pidns_reap_util.h"

#define ROUNDS 400
#define READERS 2

/* How often the exec of the other test is repeated. */
#define EXECS 200

/* Numbers that stay in use: in three leaves below one node, two of them neighbours. */
static const pid_t resting[] = { 60, 61, 70, 700 };

/* Numbers that come and go: in one of these leaves, in new ones, below a higher root. */
static const pid_t passing[] = { 71, 150, 5000, 4095, 300000, 4194303 };

static struct shared {
	bool done;
	int execs;
	unsigned long found;
	unsigned long missed[READERS];
	unsigned long walks[READERS];
} *shared;

/* Look for the resting processes by number, and in a walk over all numbers. */
static void __noreturn look(int reader)
{
	unsigned int seen;
	struct dirent *entry;
	DIR *proc;
	int i, nr;

	while (!READ_ONCE(shared->done)) {
		for (i = 0; i < ARRAY_SIZE(resting); i++)
			shared->missed[reader] += kill(resting[i], 0) != 0;
		proc = opendir("/proc");
		for (seen = 0; proc && (entry = readdir(proc));) {
			nr = atoi(entry->d_name);
			for (i = 0; i < ARRAY_SIZE(resting); i++)
				if (nr == resting[i])
					seen |= BIT(i);
		}
		if (proc)
			closedir(proc);
		shared->missed[reader] += seen != BIT(ARRAY_SIZE(resting)) - 1;
		WRITE_ONCE(shared->walks[reader], shared->walks[reader] + 1);
	}
	_exit(EXIT_SUCCESS);
}

TEST_F_TIMEOUT(pidns, live_process_is_found_while_table_changes, NS_TIMEOUT)
{
	pid_t rests[ARRAY_SIZE(resting)], readers[READERS], pid;
	int rounds = count_for_kernel(_metadata, ROUNDS), i, round;

	shared = shared_make(sizeof(*shared));
	ASSERT_NE(NULL, shared);
	for (i = 0; i < ARRAY_SIZE(resting); i++) {
		rests[i] = fork_set_tid(0, NULL, &resting[i], 1);
		ASSERT_LE(0, rests[i]);
		if (!rests[i])
			rest_forever();
	}
	for (i = 0; i < READERS; i++) {
		readers[i] = fork();
		ASSERT_LE(0, readers[i]);
		if (!readers[i])
			look(i);
	}
	for (i = 0; i < READERS; i++)
		ASSERT_TRUE(eventually(READ_ONCE(shared->walks[i])));
	for (round = 0; round < rounds; round++) {
		for (i = 0; i < ARRAY_SIZE(passing); i++) {
			pid = fork_set_tid(0, NULL, &passing[i], 1);
			if (!pid)
				_exit(EXIT_SUCCESS);
			ASSERT_EQ(passing[i], pid);
			/* Until it is reaped it is found, too. */
			EXPECT_EQ(0, kill(pid, 0));
			EXPECT_EQ(0, wait_status(pid));
			EXPECT_EQ(-1, kill(pid, 0));
		}
	}
	WRITE_ONCE(shared->done, true);
	for (i = 0; i < READERS; i++) {
		EXPECT_EQ(0, wait_status(readers[i]));
		EXPECT_EQ(0, shared->missed[i]);
	}
	TH_LOG("%lu and %lu walks", shared->walks[0], shared->walks[1]);
	for (i = 0; i < ARRAY_SIZE(resting); i++) {
		kill(rests[i], SIGKILL);
		EXPECT_EQ(SIGKILL, wait_status(rests[i]));
	}
}

/* Exec in a loop, each time from a new thread. */
static int helper(void)
{
	pthread_t thread;

	shared = shared_map(sizeof(*shared));
	if (!shared)
		return EXIT_FAILURE;
	if (READ_ONCE(shared->done))
		return EXIT_SUCCESS;
	__atomic_fetch_add(&shared->execs, 1, __ATOMIC_RELAXED);
	if (pthread_create(&thread, NULL, exec_again, NULL))
		return EXIT_FAILURE;
	rest_forever();
}

TEST_F_TIMEOUT(pidns, process_is_found_while_threads_exec, NS_TIMEOUT)
{
	int execs = count_for_kernel(_metadata, EXECS), pidfd = -1;
	unsigned long looks = 0, missed = 0;
	pid_t pid;

	shared = shared_make(sizeof(*shared));
	ASSERT_NE(NULL, shared);
	pid = fork_flags(0, &pidfd);
	ASSERT_LE(0, pid);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		exec_again(NULL);
	}
	while (READ_ONCE(shared->execs) < execs) {
		missed += kill(pid, 0) != 0;
		missed += sys_pidfd_send_signal(pidfd, 0, NULL, 0) != 0;
		missed += getpgid(pid) != getpgid(0);
		if (!(++looks & 0xfff))
			ASSERT_EQ(0, waitpid(pid, NULL, WNOHANG));
	}
	WRITE_ONCE(shared->done, true);
	EXPECT_EQ(0, missed);
	EXPECT_EQ(0, wait_status(pid));
	EXPECT_EQ(-1, kill(pid, 0));
	EXPECT_EQ(-1, sys_pidfd_send_signal(pidfd, 0, NULL, 0));
	EXPECT_EQ(ESRCH, errno);
	TH_LOG("%lu looks", looks);
	close(pidfd);
}

/* Signal by pidfd until the process is gone. */
static void __noreturn signal_until_gone(int pidfd)
{
	while (!sys_pidfd_send_signal(pidfd, SIGUSR1, NULL, 0))
		WRITE_ONCE(shared->found, shared->found + 1);
	_exit(errno == ESRCH ? EXIT_SUCCESS : EXIT_FAILURE);
}

TEST_F_TIMEOUT(pidns, pidfd_never_reaches_next_process, NS_TIMEOUT)
{
	int rounds = count_for_kernel(_metadata, ROUNDS), round, pidfd, go[2];
	pid_t pid, signaller, next;
	sigset_t set;
	char byte;

	shared = shared_make(sizeof(*shared));
	ASSERT_NE(NULL, shared);
	/* The signal stays pending where it arrives. */
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	ASSERT_EQ(0, sigprocmask(SIG_BLOCK, &set, NULL));
	for (round = 0; round < rounds; round++) {
		shared->found = 0;
		pidfd = -1;
		pid = fork_set_tid(0, &pidfd, &passing[round % ARRAY_SIZE(passing)], 1);
		ASSERT_LE(0, pid);
		if (!pid)
			rest_forever();
		signaller = fork();
		ASSERT_LE(0, signaller);
		if (!signaller)
			signal_until_gone(pidfd);
		while (!READ_ONCE(shared->found))
			sched_yield();
		ASSERT_EQ(0, pipe(go));
		kill(pid, SIGKILL);
		EXPECT_EQ(SIGKILL, wait_status(pid));
		next = fork_set_tid(0, NULL, &pid, 1);
		if (!next) {
			close(go[1]);
			read_nointr(go[0], &byte, 1);
			sigpending(&set);
			_exit(sigismember(&set, SIGUSR1) ? EXIT_FAILURE : EXIT_SUCCESS);
		}
		ASSERT_EQ(pid, next);
		EXPECT_EQ(0, wait_status(signaller));
		close(go[0]);
		close(go[1]);
		EXPECT_EQ(0, wait_status(next));
		close(pidfd);
	}
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], HELPER))
		return helper();
	return test_harness_run(argc, argv);
}
