/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Operations on processes and namespaces, and how their figures are printed: what the
 * programs here share, each of which is one file.
 */
#ifndef OPERATIONS_H
#define OPERATIONS_H

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CONTAINER (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWPID | CLONE_NEWIPC | \
		   CLONE_NEWNET | CLONE_NEWUTS)
#define MAX_ROUNDS 64
#define MAX_SLABS 600
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

static inline uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static inline void fail(const char *what)
{
	printf("bench: %s: %s\n", what, strerror(errno));
	fflush(stdout);
	_exit(1);
}

static inline void wait_for(pid_t pid)
{
	if (waitpid(pid, NULL, __WALL) != pid)
		fail("wait");
}

static inline int child_exits(void *arg)
{
	(void)arg;
	_exit(0);
}

static long double stack[4096];	/* for its alignment */

static inline void clone_vfork(unsigned long flags)
{
	pid_t pid = clone(child_exits, stack + ARRAY_SIZE(stack),
			  CLONE_VM | CLONE_VFORK | SIGCHLD | flags, NULL);

	if (pid < 0)
		fail("clone");
	wait_for(pid);
}

static inline void op_vfork(void)
{
	clone_vfork(0);
}

static inline void op_fork(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	if (pid < 0)
		fail("fork");
	wait_for(pid);
}

static inline void op_newpid(void)
{
	clone_vfork(CLONE_NEWPID);
}

static inline void op_container(void)
{
	clone_vfork(CONTAINER);
}

/* What a child measures inside, on memory that is shared. */
static uint64_t *inside;

/* Its own PID namespace's, which the program opens. */
static int ns_file;

static inline void op_setns_file(void)
{
	if (setns(ns_file, CLONE_NEWPID))
		fail("setns");
}

static inline void op_pidfd_open(void)
{
	int fd = syscall(SYS_pidfd_open, getpid(), 0);

	if (fd < 0)
		fail("pidfd_open");
	close(fd);
}

static inline void op_kill(void)
{
	if (kill(getpid(), 0))
		fail("kill");
}

static inline void op_list(void)
{
	char buf[32768];
	int fd = open("/proc", O_RDONLY | O_DIRECTORY);

	if (fd < 0)
		fail("/proc");
	while (syscall(SYS_getdents64, fd, buf, sizeof(buf)) > 0)
		;
	close(fd);
}

/* Makes @count idle processes. */
static inline void crowd(int count)
{
	for (int i = 0; i < count; i++) {
		pid_t pid = fork();

		if (!pid)
			for (;;)
				pause();
		if (pid < 0)
			fail("fork");
	}
}

struct op {
	const char *name;
	void (*run)(void);
	int rounds, count;
	bool measures_inside;
	int per;	/* what one run does so many times */
	int deepest;	/* it makes a namespace itself */
	void (*before)(void);	/* at the start of each round, and not measured */
};

static inline int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Prints the figures of some rounds, in tenths. */
static inline void show_rounds(const char *name, int level, uint64_t *rounds, int count)
{
	qsort(rounds, count, sizeof(rounds[0]), compare);
	printf("bench %s %d %.1f %.1f\n", name, level, rounds[0] / 10.0,
	       rounds[count / 2] / 10.0);
	fflush(stdout);
}

static inline void measure(const struct op *op, int level)
{
	uint64_t rounds[MAX_ROUNDS], start;

	op->run();
	for (int r = 0; r < op->rounds; r++) {
		*inside = 0;
		if (op->before)
			op->before();
		start = now();
		for (int i = 0; i < op->count; i++)
			op->run();
		rounds[r] = (op->measures_inside ? *inside : now() - start);
		rounds[r] = rounds[r] * 10 / op->count / op->per;
	}
	show_rounds(op->name, level, rounds, op->rounds);
}

struct slab {
	char name[64];
	double bytes;	/* of its objects */
};

/* Read all slab caches once pending frees have settled. */
static inline int read_slabs(struct slab slabs[MAX_SLABS])
{
	struct dirent *entry;
	char line[512];
	FILE *file;
	int nr = 0;
	DIR *dir;

	usleep(1000000);
	dir = opendir("/sys/kernel/slab");
	if (!dir)
		fail("/sys/kernel/slab");
	while ((entry = readdir(dir))) {
		snprintf(line, sizeof(line), "/sys/kernel/slab/%s/shrink", entry->d_name);
		file = fopen(line, "w");
		if (!file)
			continue;
		fputs("1", file);
		fclose(file);
	}
	closedir(dir);
	file = fopen("/proc/slabinfo", "r");
	if (!file)
		fail("/proc/slabinfo");
	while (nr < MAX_SLABS && fgets(line, sizeof(line), file)) {
		unsigned long active, all, size;

		if (sscanf(line, "%63s %lu %lu %lu", slabs[nr].name, &active, &all, &size) == 4)
			slabs[nr++].bytes = (double)active * size;
	}
	fclose(file);
	return nr;
}

/* The bytes in a cache, 0 if there was none before. */
static inline double bytes_in(const struct slab *slabs, int nr, const char *name)
{
	while (nr-- > 0)
		if (!strcmp(slabs[nr].name, name))
			return slabs[nr].bytes;
	return 0;
}

/* The bytes in the caches for pids and their numbers. */
static inline double number_bytes(void)
{
	static struct slab slabs[MAX_SLABS];
	int nr = read_slabs(slabs);
	double bytes = 0;

	while (nr-- > 0)
		if (!strncmp(slabs[nr].name, "pid", 3) ||
		    !strcmp(slabs[nr].name, "radix_tree_node"))
			bytes += slabs[nr].bytes;
	return bytes;
}

static inline int child_rests(void *arg)
{
	(void)arg;
	for (;;)
		syscall(SYS_pause);
	return 0;
}

static inline void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (!file || fputs(text, file) < 0 || fclose(file))
		fail(path);
}

/* Goes @left levels down, each in a namespace of its own, and measures there. */
static inline void descend(int left, int level, void (*measure_there)(int level))
{
	pid_t pid;

	if (!left) {
		measure_there(level);
		return;
	}
	pid = syscall(SYS_clone, CLONE_NEWPID | CLONE_NEWNS | SIGCHLD, NULL, NULL, NULL, 0);
	if (pid < 0)
		fail("descend");
	if (!pid) {
		descend(left - 1, level, measure_there);
		_exit(0);
	}
	wait_for(pid);
}

#endif
