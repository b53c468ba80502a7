// SPDX-License-Identifier: GPL-2.0
/*
 * Forks into a namespace against the death of its init, of its parent's and of
 * its grandparent's; and two first users of each level.
 */
#include "pidns_reap_util.h"

#define ROUNDS 60
#define LEVELS 3
#define FORKERS 3

/* How often a forker is refused. */
#define REFUSALS 5

/* Children of a forker before the kill, at most. */
#define BIRTHS 100

/* All of the numbers are below this: each fork takes one at each level, and so do the inits. */
#define NUMBERS 500

static struct shared {
	bool killed;
	unsigned long born[FORKERS];
	int error[FORKERS];
	int arrived[MAX_LEVELS];
} *shared;

/* All children die with the namespace. Returns 0 or a negative errno. */
static int reap_all(void)
{
	int status;
	pid_t pid;

	while ((pid = reap_one(&status)) >= 0) {
		if (!pid)
			return -EBUSY;
		if (status != SIGKILL)
			return -ECHILD;
	}
	return 0;
}

/* Fork into the namespace until that is refused. */
static void __noreturn fork_until_refused(int nsfd, int nr)
{
	int refused = 0, error = 0;
	pid_t pid;

	while (refused < REFUSALS && !error) {
		pid = fork_into(nsfd);
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			rest_forever();
		}
		if (pid > 0 && refused)
			error = EEXIST;
		else if (pid < 0 && pid != -ENOMEM)
			error = -pid;
		else if (pid < 0)
			refused++;
		else
			WRITE_ONCE(shared->born[nr], shared->born[nr] + 1);
		if (error || shared->born[nr] < BIRTHS)
			continue;
		/* From here on, only one child at a time, which the kill may have missed. */
		while (!READ_ONCE(shared->killed))
			usleep(1000);
		error = -reap_all();
	}
	WRITE_ONCE(shared->error[nr], error ?: -reap_all());
	_exit(EXIT_SUCCESS);
}

/* Inits of nested namespaces. The outermost one reports the files of the outer two. */
static void __noreturn be_inits(const struct kid *kid)
{
	int level, pidfd, fd = -1, self;

	for (level = 1; level < LEVELS; level++) {
		pidfd = -1;
		if (fork_flags(CLONE_NEWPID, &pidfd)) {
			/* The file of the namespace below, which this one can open. */
			fd = ioctl(pidfd, PIDFD_GET_PID_NAMESPACE, 0);
			break;
		}
	}
	self = sys_pidfd_open(getpid(), 0);
	if (level == 1) {
		kid_tell(kid, ioctl(self, PIDFD_GET_PID_NAMESPACE, 0));
		kid_tell(kid, fd);
	}
	rest_forever();
}

static void one_round(struct __test_metadata *_metadata, int round)
{
	pid_t forker[FORKERS], init[LEVELS];
	int nsfd[LEVELS], used = LEVELS, i, nr;
	struct kid kid;

	memset(shared, 0, sizeof(*shared));
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid)
		be_inits(&kid);
	init[0] = kid.pid;
	for (i = 0; i < 2; i++) {
		nsfd[i] = sys_pidfd_getfd(kid.pidfd, kid_hear(&kid), 0);
		ASSERT_LE(0, nsfd[i]);
	}
	/* Its child is the init below, as soon as it is there. */
	init[1] = ioctl(nsfd[1], NS_GET_PID_FROM_PIDNS, 1);
	ASSERT_LT(0, init[1]);
	ASSERT_TRUE(eventually((init[2] = ioctl(nsfd[1], NS_GET_PID_FROM_PIDNS, 2)) > 0));
	nsfd[2] = ns_open(init[2], L_PID);
	ASSERT_LE(0, nsfd[2]);

	for (i = 0; i < FORKERS; i++) {
		forker[i] = fork();
		ASSERT_LE(0, forker[i]);
		if (!forker[i]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			fork_until_refused(nsfd[2], i);
		}
	}
	for (i = 0; i < FORKERS; i++)
		while (READ_ONCE(shared->born[i]) <= round % 8 && !READ_ONCE(shared->error[i]))
			sched_yield();
	kill(init[round % LEVELS], SIGKILL);
	WRITE_ONCE(shared->killed, true);
	for (i = 0; i < FORKERS; i++) {
		EXPECT_EQ(0, wait_status(forker[i]));
		ASSERT_EQ(0, shared->error[i]) {
			TH_LOG("round %d: %s", round, strerror(shared->error[i]));
		}
		used += shared->born[i] + REFUSALS;
	}
	ASSERT_GT(NUMBERS, used);
	/* The outer inits live on, if an inner one was killed. */
	kill(kid.pid, SIGKILL);
	EXPECT_EQ(SIGKILL, wait_status(kid.pid));
	for (i = 0; i < LEVELS; i++) {
		for (nr = 1; nr < NUMBERS; nr++) {
			ASSERT_EQ(-1, ioctl(nsfd[i], NS_GET_PID_FROM_PIDNS, nr)) {
				TH_LOG("round %d: %d is left at level %d", round, nr, i);
			}
		}
		close(nsfd[i]);
	}
	kid_stop(&kid);
}

TEST_F_TIMEOUT(pidns, fork_against_death_of_each_level, NS_TIMEOUT)
{
	int rounds = count_for_kernel(_metadata, ROUNDS), round;

	shared = shared_alloc(sizeof(*shared));
	ASSERT_NE(NULL, shared);
	for (round = 0; round < rounds; round++)
		one_round(_metadata, round);
}

/* Go down to the last level, at each together with the other one. */
static void __noreturn descend(void)
{
	int level;
	pid_t pid;

	for (level = 0; level < MAX_LEVELS - 1; level++) {
		__atomic_fetch_add(&shared->arrived[level], 1, __ATOMIC_ACQ_REL);
		if (!eventually(READ_ONCE(shared->arrived[level]) >= 2))
			_exit(EXIT_FAILURE);
		pid = fork_flags(CLONE_NEWPID, NULL);
		if (pid == -ENOSPC)
			break;
		if (pid < 0)
			_exit(EXIT_FAILURE);
		if (pid)
			_exit(wait_for_pid(pid));
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	}
	_exit(EXIT_SUCCESS);
}

/* The number of slab caches with this name. */
static int caches_called(const char *name)
{
	char line[512], word[64];
	int count = 0;
	FILE *f = fopen("/proc/slabinfo", "re");

	while (f && fgets(line, sizeof(line), f))
		count += sscanf(line, "%63s", word) == 1 && !strcmp(word, name);
	if (f)
		fclose(f);
	return count;
}

/* A race only where nobody has used these levels since boot, as in make delays. */
TEST_F_TIMEOUT(pidns, two_first_users_of_each_level, NS_TIMEOUT)
{
	pid_t pid[2];
	char name[16];
	int i;

	if (caches_called("pid") != 1)
		SKIP(return, "slab caches are merged (boot with slab_nomerge)");
	shared = shared_alloc(sizeof(*shared));
	ASSERT_NE(NULL, shared);
	for (i = 0; i < ARRAY_SIZE(pid); i++) {
		pid[i] = fork();
		ASSERT_LE(0, pid[i]);
		if (!pid[i])
			descend();
	}
	for (i = 0; i < ARRAY_SIZE(pid); i++)
		EXPECT_EQ(0, wait_status(pid[i]));
	for (i = 2; i <= MAX_LEVELS; i++) {
		snprintf(name, sizeof(name), "pid_%d", i);
		EXPECT_EQ(1, caches_called(name)) {
			TH_LOG("%s", name);
		}
	}
}

TEST_HARNESS_MAIN
