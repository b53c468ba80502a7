// SPDX-License-Identifier: GPL-2.0
/*
 * How many operations a second chains of namespaces do at once.
 *
 * usage: native OPERATION DEPTH CHAINS MILLISECONDS
 *
 * Each chain is DEPTH new PID namespaces, one in the other, on a processor of its own as
 * long as there are enough. The init of the innermost repeats the operation. Siblings
 * share nothing but the initial namespace. The figure is a line
 *
 *	rate OPERATION DEPTH CHAINS RATE
 *
 * where RATE is the sum of all chains, a second.
 */
#include "operations.h"

#define MOST_CHAINS 64
#define DEEPEST 31	/* an operation may make one more */
#define CROWD 100	/* other processes, whom /proc lists */
#define START_LIMIT 30	/* seconds for all chains to be ready */

/* On memory that all chains share. */
struct shared {
	int ready;
	int go;
	double rates[MOST_CHAINS];
};

static struct shared *shared;
static double seconds;

struct work {
	const char *name;
	void (*run)(void);
	int batch;	/* between two looks at the clock */
	int crowd;
};

static const struct work works[] = {
	{ "vfork", op_vfork, 10, 0 },
	{ "fork", op_fork, 5, 0 },
	{ "newpid", op_newpid, 5, 0 },
	{ "container", op_container, 1, 0 },
	{ "setns-file", op_setns_file, 100, 0 },
	{ "pidfd_open", op_pidfd_open, 100, 0 },
	{ "kill0", op_kill, 100, 0 },
	{ "list-100", op_list, 10, CROWD },
};

static const struct work *work;

static double elapsed(uint64_t since)
{
	return (now() - since) / 1e9;
}

static void wait_until(int *number, int least)
{
	uint64_t start = now();

	while (__atomic_load_n(number, __ATOMIC_ACQUIRE) < least) {
		if (elapsed(start) > START_LIMIT) {
			errno = ETIMEDOUT;
			fail("chains");
		}
		usleep(1000);
	}
}

static double rate(void)
{
	uint64_t start = now();
	double spent;
	long count = 0;

	do {
		for (int i = 0; i < work->batch; i++)
			work->run();
		count += work->batch;
		spent = elapsed(start);
	} while (spent < seconds);
	return count / spent;
}

static int chain;

/* In the innermost namespace of a chain. */
static void work_there(int level)
{
	if (mount("proc", "/proc", "proc", 0, NULL))
		fail("proc");
	ns_file = open("/proc/self/ns/pid", O_RDONLY);
	if (ns_file < 0)
		fail("/proc/self/ns/pid");
	crowd(work->crowd);
	for (int i = 0; i < work->batch; i++)
		work->run();
	__atomic_add_fetch(&shared->ready, 1, __ATOMIC_ACQ_REL);
	wait_until(&shared->go, 1);
	shared->rates[chain] = rate();
	if (level)
		return;
	/* The crowd does not end with its father here. */
	signal(SIGTERM, SIG_IGN);
	if (kill(0, SIGTERM))
		fail("kill");
	while (wait(NULL) > 0)
		;
}

static void start_chain(int number, int depth)
{
	cpu_set_t cpus;
	pid_t pid = fork();

	if (pid < 0)
		fail("fork");
	if (pid)
		return;
	chain = number;
	setpgid(0, 0);
	CPU_ZERO(&cpus);
	CPU_SET(number % sysconf(_SC_NPROCESSORS_ONLN), &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		fail("sched_setaffinity");
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		fail("mounts");
	descend(depth, depth, work_there);
	_exit(0);
}

static long number(const char *text, long least, long most)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (*end || end == text || value < least || value > most) {
		errno = EINVAL;
		fail(text);
	}
	return value;
}

int main(int argc, char **argv)
{
	int depth, chains;
	double sum = 0;

	if (argc != 5) {
		fputs("usage: native OPERATION DEPTH CHAINS MILLISECONDS\n", stderr);
		return 2;
	}
	for (size_t i = 0; i < ARRAY_SIZE(works); i++)
		if (!strcmp(works[i].name, argv[1]))
			work = &works[i];
	if (!work) {
		errno = EINVAL;
		fail(argv[1]);
	}
	depth = number(argv[2], 0, DEEPEST);
	chains = number(argv[3], 1, MOST_CHAINS);
	seconds = number(argv[4], 1, 600000) / 1e3;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		fail("mmap");
	for (int i = 0; i < chains; i++)
		start_chain(i, depth);
	wait_until(&shared->ready, chains);
	__atomic_store_n(&shared->go, 1, __ATOMIC_RELEASE);
	while (wait(NULL) > 0)
		;
	for (int i = 0; i < chains; i++) {
		if (shared->rates[i] <= 0) {
			errno = ECHILD;
			fail("a chain did not come to its end");
		}
		sum += shared->rates[i];
	}
	printf("rate %s %d %d %.1f\n", work->name, depth, chains, sum);
	return 0;
}
