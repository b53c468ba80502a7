// SPDX-License-Identifier: GPL-2.0
/*
 * A namespace of very many processes, some in nested namespaces, ends with its
 * init: nothing is left.
 */
#include <sys/resource.h>

#define PIDNS_OWN_FIXTURE
#include "pidns_reap_util.h"

#define PROCESSES 20000

/* A tenth of them are in a nested namespace. */
#define INNER_SHARE 10

/* They share the memory, and have only this as their stack. */
#define STACK 1024

/* Kernel memory of each, in kB; more than half of it is its stack. */
#define KERNEL_SHARE 40

/* Seconds; depends on the machine. */
#define STRESS_TIMEOUT 540

/* Machine-wide limits that are raised for the test, and restored. */
static const struct {
	const char *path;
	int least;	/* above the number of processes */
} limits[] = {
	{ "/proc/sys/kernel/pid_max",		5000 },
	{ "/proc/sys/kernel/threads-max",	5000 },
};

FIXTURE(stress) {
	int processes;
	struct kid keeper;
};

static int number_read(const char *path, const char *key)
{
	int nr;

	return file_numbers(path, key, &nr, 1) == 1 ? nr : -1;
}

FIXTURE_SETUP(stress)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	int i, memory = number_read("/proc/meminfo", "MemAvailable:");
	int was[ARRAY_SIZE(limits)], err = 0;

	if (geteuid())
		SKIP(return, "needs root");
	self->processes = count_for_kernel(_metadata, PROCESSES);
	if (memory < self->processes * KERNEL_SHARE)
		SKIP(return, "%d kB of memory is too little for %d processes", memory,
		     self->processes);
	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		was[i] = number_read(limits[i].path, "");
		/* High enough. */
		if (was[i] >= self->processes + limits[i].least)
			was[i] = 0;
	}
	if (!keeper_start(&self->keeper)) {
		for (i = 0; i < ARRAY_SIZE(limits); i++)
			if (was[i])
				err |= file_write(limits[i].path, "%d", was[i]);
		_exit(!!err);
	}
	ASSERT_LT(0, self->keeper.pid);
	for (i = 0; i < ARRAY_SIZE(limits); i++)
		if (was[i])
			ASSERT_EQ(0, file_write(limits[i].path, "%d",
						self->processes + limits[i].least));
	ASSERT_EQ(0, setrlimit(RLIMIT_NPROC, &limit));
}

FIXTURE_TEARDOWN(stress)
{
	EXPECT_EQ(0, keeper_end(&self->keeper));
}

static int rest_on_small_stack(void *arg)
{
	for (;;)
		syscall(__NR_ppoll, NULL, 0, NULL, NULL, 0);
	return 0;
}

/* Create @nr processes; returns how many there are. */
static int make_processes(int nr)
{
	char *stacks = mmap(NULL, (size_t)nr * STACK, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int i;

	if (stacks == MAP_FAILED)
		return 0;
	for (i = 0; i < nr; i++)
		if (clone(rest_on_small_stack, stacks + (size_t)(i + 1) * STACK,
			  CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD, NULL) < 0)
			break;
	return i;
}

/* The number of the namespace's numbers in use. */
static int numbers_used(int nsfd, int max)
{
	int nr, used = 0;

	for (nr = 1; nr <= max; nr++)
		used += ioctl(nsfd, NS_GET_PID_FROM_PIDNS, nr) > 0;
	return used;
}

TEST_F_TIMEOUT(stress, many_processes_die_with_init, STRESS_TIMEOUT)
{
	int inner = self->processes / INNER_SHARE, fd, innerfd;
	struct timespec start, made, dead;
	struct kid kid;
	__u64 id;

	clock_gettime(CLOCK_MONOTONIC, &start);
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		int pidfd = -1;
		pid_t pid;

		pid = fork_flags(CLONE_NEWPID, &pidfd);
		if (!pid) {
			kid_tell(&kid, make_processes(inner - 1));
			rest_forever();
		}
		kid_tell(&kid, make_processes(self->processes - inner - 1));
		kid_hear(&kid);
		kid_tell(&kid, ioctl(pidfd, PIDFD_GET_PID_NAMESPACE, 0));
		rest_forever();
	}
	/* The two report theirs in any order. */
	ASSERT_EQ(self->processes - 2, kid_hear(&kid) + kid_hear(&kid)) {
		TH_LOG("there is no room for %d processes", self->processes);
		kid_stop(&kid);
	}
	clock_gettime(CLOCK_MONOTONIC, &made);
	kid_tell(&kid, 0);
	innerfd = sys_pidfd_getfd(kid.pidfd, kid_hear(&kid), 0);
	fd = ns_open(kid.pid, L_PID);
	ASSERT_LE(0, innerfd);
	id = ns_fd_id(fd);
	EXPECT_EQ(self->processes, numbers_used(fd, self->processes * 2));
	EXPECT_EQ(inner, numbers_used(innerfd, self->processes * 2));

	kill(kid.pid, SIGKILL);
	EXPECT_EQ(SIGKILL, wait_status(kid.pid));
	clock_gettime(CLOCK_MONOTONIC, &dead);
	EXPECT_EQ(0, numbers_used(fd, self->processes * 2));
	EXPECT_EQ(0, numbers_used(innerfd, self->processes * 2));
	EXPECT_EQ(-ENOMEM, fork_into(fd));
	EXPECT_EQ(-ENOMEM, fork_into(innerfd));
	close(fd);
	close(innerfd);
	kid_stop(&kid);
	EXPECT_TRUE(eventually(!ns_listed(id, CLONE_NEWPID)));
	TH_LOG("%d processes created in %ld s, dead in %ld s", self->processes,
	       made.tv_sec - start.tv_sec, dead.tv_sec - made.tv_sec);
}

TEST_HARNESS_MAIN
