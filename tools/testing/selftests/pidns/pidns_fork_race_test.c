// SPDX-License-Identifier: GPL-2.0
/*
 * Forks against the death of the init, from outside and from inside: each child
 * is either killed with the rest or never created. None is left.
 */
#define PIDNS_OF_THE_MACHINE
#include "pidns_reap_util.h"

#define ROUNDS 60

/* Forkers outside: into the namespace, and into new ones below it. */
#define FORKERS 3
#define FORKERS_BELOW 2

/* How often the first are refused; how many namespaces each of the others has. */
#define REFUSALS 20
#define BELOW 8

/* The results of a forker outside. */
struct forker {
	unsigned long born, killed, refused;
	int error;		/* an unexpected result */
	bool kills;		/* all of its children, not every other one */
};

static struct race {
	int over;		/* the namespace is dead, and all in it were killed */
	struct forker into[FORKERS], below[FORKERS_BELOW];
} *race;

/* Try to fork into a namespace: once it is dead it remains so. */
static void fork_one(int nsfd, struct forker *forker)
{
	bool over = READ_ONCE(race->over);
	pid_t pid = fork_into(nsfd);

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		rest_forever();
	}
	if (pid < 0) {
		if (pid != -ENOMEM)
			forker->error = -pid;
		forker->refused++;
		return;
	}
	WRITE_ONCE(forker->born, forker->born + 1);
	if (over || forker->refused)
		forker->error = EEXIST;
	/* Half of them are killed here, unless the zap does it. */
	else if (!forker->kills && !(forker->born & 1))
		return;
	kill(pid, SIGKILL);
	if (wait_status(pid) != SIGKILL)
		forker->error = ECHILD;
	forker->killed++;
}

/* All children die with the namespace, though nobody here kills them. */
static void __noreturn reap_all(struct forker *forker)
{
	int status;
	pid_t pid;

	while (!forker->error && (pid = reap_one(&status)) >= 0) {
		if (!pid)
			forker->error = EBUSY;
		else if (status != SIGKILL)
			forker->error = ECHILD;
		forker->killed += !!pid;
	}
	/* Do not leave them to others: they are in this group. */
	if (forker->error)
		kill(0, SIGKILL);
	_exit(EXIT_SUCCESS);
}

/* Fork into the namespace until that is refused. */
static void __noreturn fork_outside(int nsfd, struct forker *forker)
{
	while (forker->refused < REFUSALS && !forker->error)
		fork_one(nsfd, forker);
	reap_all(forker);
}

/*
 * Each child is the first in a new, live namespace, which is below the dying
 * one. The last of them comes too late in any case. Others may have got their
 * numbers before the death, and become visible after it: fork checks the
 * innermost namespace, in which nobody else would kill them.
 */
static void __noreturn fork_below(const int *nsfd, struct forker *forker)
{
	int i;

	forker->kills = true;
	for (i = 0; i < BELOW - 1 && !forker->error; i++)
		fork_one(nsfd[i], forker);
	while (!READ_ONCE(race->over))
		usleep(1000);
	fork_one(nsfd[i], forker);
	reap_all(forker);
}

/* Inside: fork without end. */
static void __noreturn fork_inside(void)
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

/* The init, with two children that fork; it reports new namespaces below its own. */
static void __noreturn be_init(const struct kid *kid)
{
	int self = sys_pidfd_open(getpid(), 0);
	int own = ioctl(self, PIDFD_GET_PID_NAMESPACE, 0), i;

	for (i = 0; i < 2; i++)
		if (!fork())
			fork_inside();
	for (i = 0; i < FORKERS_BELOW * BELOW; i++) {
		if (unshare(CLONE_NEWPID))
			_exit(EXIT_FAILURE);
		kid_tell(kid, ioctl(self, PIDFD_GET_PID_FOR_CHILDREN_NAMESPACE, 0));
		if (setns(own, CLONE_NEWPID))
			_exit(EXIT_FAILURE);
	}
	kid_rest(kid);
}

/* Start a forker, which leads a group of its children. */
static pid_t forker_start(void)
{
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setpgid(0, 0);
	}
	return pid;
}

/* Wait until the forkers are at work, and one of those below has got so far. */
static void await_forkers(unsigned long below)
{
	int i;

	for (i = 0; i < FORKERS; i++)
		while (!READ_ONCE(race->into[i].born) && !READ_ONCE(race->into[i].error))
			sched_yield();
	while (READ_ONCE(race->below[0].born) < below && !READ_ONCE(race->below[0].error))
		sched_yield();
}

static void expect_forker(struct __test_metadata *_metadata, const struct forker *forker,
			  pid_t pid, int round)
{
	EXPECT_EQ(0, wait_status(pid));
	ASSERT_EQ(0, forker->error) {
		TH_LOG("round %d: %s", round, strerror(forker->error));
	}
	EXPECT_EQ(forker->born, forker->killed);
}

static void one_round(struct __test_metadata *_metadata, int round)
{
	pid_t into[FORKERS], below[FORKERS_BELOW];
	int nsfd[FORKERS_BELOW][BELOW], fd, inside, i, j, nr;
	struct pid_ns_info info;
	struct kid kid;

	memset(race, 0, sizeof(*race));
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid)
		be_init(&kid);
	for (i = 0; i < FORKERS_BELOW; i++)
		for (j = 0; j < BELOW; j++) {
			nsfd[i][j] = sys_pidfd_getfd(kid.pidfd, kid_hear(&kid), 0);
			ASSERT_LE(0, nsfd[i][j]);
		}
	ASSERT_EQ(0, kid_hear(&kid));
	fd = ns_open(kid.pid, L_PID);
	inside = sys_pidfd_open(ioctl(fd, NS_GET_PID_FROM_PIDNS, 2), 0);
	ASSERT_LE(0, inside);

	for (i = 0; i < FORKERS; i++) {
		into[i] = forker_start();
		ASSERT_LE(0, into[i]);
		if (!into[i])
			fork_outside(fd, &race->into[i]);
	}
	for (i = 0; i < FORKERS_BELOW; i++) {
		below[i] = forker_start();
		ASSERT_LE(0, below[i]);
		if (!below[i])
			fork_below(nsfd[i], &race->below[i]);
	}
	/* A little later each time, to cover the whole race. */
	await_forkers(round % BELOW);
	kill(kid.pid, SIGKILL);
	/* Once a process inside is killed, the namespace accepts no more. */
	EXPECT_TRUE(pidfd_ended(inside));
	WRITE_ONCE(race->over, 1);
	for (i = 0; i < FORKERS; i++)
		expect_forker(_metadata, &race->into[i], into[i], round);
	for (i = 0; i < FORKERS_BELOW; i++) {
		expect_forker(_metadata, &race->below[i], below[i], round);
		EXPECT_EQ(BELOW, race->below[i].born + race->below[i].refused);
	}
	EXPECT_EQ(SIGKILL, wait_status(kid.pid));
	ASSERT_EQ(0, ioctl(fd, NS_PID_GET_INFO, &info));
	EXPECT_EQ(0, info.nr_pids);
	for (nr = 1; nr <= info.last_pid; nr++) {
		ASSERT_EQ(-1, ioctl(fd, NS_GET_PID_FROM_PIDNS, nr)) {
			TH_LOG("round %d: %d is left", round, nr);
		}
	}
	for (i = 0; i < FORKERS_BELOW; i++)
		for (j = 0; j < BELOW; j++)
			close(nsfd[i][j]);
	close(inside);
	close(fd);
	kid_stop(&kid);
}

TEST_F_TIMEOUT(pidns, fork_against_zap, NS_TIMEOUT)
{
	int rounds = count_for_kernel(_metadata, ROUNDS), round, i;
	unsigned long born = 0, refused = 0;

	race = shared_alloc(sizeof(*race));
	ASSERT_NE(0, !!race);
	for (round = 0; round < rounds; round++) {
		one_round(_metadata, round);
		for (i = 0; i < FORKERS; i++) {
			born += race->into[i].born;
			refused += race->into[i].refused;
		}
		for (i = 0; i < FORKERS_BELOW; i++) {
			born += race->below[i].born;
			refused += race->below[i].refused;
		}
	}
	TH_LOG("%lu children created, %lu refused", born, refused);
}

TEST_HARNESS_MAIN
