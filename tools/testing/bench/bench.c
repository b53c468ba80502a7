// SPDX-License-Identifier: GPL-2.0
/*
 * What operations on processes and namespaces cost, by nesting level.
 *
 * It is the first and only program of a guest without files, under a processor
 * that counts: a nanosecond there is an instruction. Each figure is a line
 *
 *	bench OPERATION LEVEL LEAST MEDIAN
 *
 * in instructions an operation, the least and the median of the rounds; or, of what
 * begins with slab, in bytes.
 */
#include "operations.h"

#define CROWD 1000
#define IDLE 1000	/* processes or namespaces at once, to see how large one is */
#define IDLE_ROUNDS	5
#define IDLE_STACK 4096
#define MANY_NUMBERS 10000
#define HOST 20000	/* processes of a large namespace */

static const int levels[] = { 0, 1, 4, 8, 16, 32 };

static void *thread_returns(void *arg)
{
	return arg;
}

static void op_pthread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, thread_returns, NULL) || pthread_join(thread, NULL))
		fail("pthread");
}

static void op_unshare(void)
{
	pid_t pid = fork();

	if (!pid) {
		uint64_t start = now();

		if (unshare(CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID))
			fail("unshare");
		*inside += now() - start;
		_exit(0);
	}
	wait_for(pid);
}

static int own_pidfd;

static void op_setns_pidfd(void)
{
	if (setns(own_pidfd, CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID))
		fail("setns");
}

static void op_getppid(void)
{
	syscall(SYS_getppid);
}

static void op_getsid(void)
{
	syscall(SYS_getsid, 0);
}

static void op_getpgid(void)
{
	syscall(SYS_getpgid, 0);
}

static void op_status(void)
{
	char buf[4096];
	int fd = open("/proc/self/status", O_RDONLY);

	if (fd < 0 || read(fd, buf, sizeof(buf)) <= 0)
		fail("/proc/self/status");
	close(fd);
}

/* Killing a namespace with a crowd, from the signal to the wait. */
static void op_kill_ns(void)
{
	int fds[2];
	uint64_t start;
	pid_t pid;
	char c;

	if (pipe(fds))
		fail("pipe");
	pid = syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL, 0);
	if (!pid) {
		crowd(CROWD);
		c = 0;
		if (write(fds[1], &c, 1) != 1)
			fail("write");
		for (;;)
			pause();
	}
	if (read(fds[0], &c, 1) != 1)
		fail("read");
	close(fds[0]);
	close(fds[1]);
	start = now();
	kill(pid, SIGKILL);
	wait_for(pid);
	*inside += now() - start;
}

/*
 * What makes or ends a task leaves work for later, such as what RCU frees. A round of
 * these is many times as long as that waits, or the least would be of one that had
 * not paid.
 */
static const struct op ops[] = {
	{ "vfork", op_vfork, 15, 1000, false, 1, 32 },
	{ "fork", op_fork, 9, 200, false, 1, 32 },
	{ "pthread", op_pthread, 15, 600, false, 1, 32 },
	{ "newpid", op_newpid, 15, 600, false, 1, 31 },
	{ "container", op_container, 9, 10, false, 1, 31 },
	{ "unshare", op_unshare, 9, 20, true, 1, 31 },
	{ "setns-file", op_setns_file, 31, 200, false, 1, 32 },
	{ "setns-pidfd", op_setns_pidfd, 31, 200, false, 1, 32 },
	{ "pidfd_open", op_pidfd_open, 31, 200, false, 1, 32 },
	{ "kill0", op_kill, 31, 500, false, 1, 32 },
	{ "getppid", op_getppid, 31, 500, false, 1, 32 },
	{ "getsid", op_getsid, 31, 500, false, 1, 32 },
	{ "getpgid", op_getpgid, 31, 500, false, 1, 32 },
	{ "status", op_status, 31, 50, false, 1, 32 },
	{ "kill-ns", op_kill_ns, 3, 1, true, CROWD, 31 },
};

static int child_pauses(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return 0;
}

/* Read the caches with @count idle processes, in new namespaces or not. */
static int idle_slabs(unsigned long flags, int count, struct slab slabs[MAX_SLABS])
{
	static pid_t pids[IDLE];
	char *stacks;
	int nr;

	stacks = mmap(NULL, IDLE * IDLE_STACK, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (stacks == MAP_FAILED)
		fail("mmap");
	for (int i = 0; i < count; i++) {
		pids[i] = clone(child_pauses, stacks + (i + 1) * IDLE_STACK,
				CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD | flags, NULL);
		if (pids[i] < 0)
			fail("clone");
	}
	nr = read_slabs(slabs);
	for (int i = 0; i < count; i++) {
		kill(pids[i], SIGKILL);
		wait_for(pids[i]);
	}
	munmap(stacks, IDLE * IDLE_STACK);
	return nr;
}

/*
 * What one more such process takes: of each cache the median of some rounds, since some have
 * other users meanwhile, and nothing of those that grow by less than a byte a process.
 */
static double idle_bytes(unsigned long flags)
{
	static struct slab before[MAX_SLABS], after[IDLE_ROUNDS][MAX_SLABS];
	static uint64_t grown[IDLE_ROUNDS];
	int nr[IDLE_ROUNDS], old;
	double bytes = 0;

	old = idle_slabs(flags, 0, before);
	for (int i = 0; i < IDLE_ROUNDS; i++)
		nr[i] = idle_slabs(flags, IDLE, after[i]);
	for (int slab = 0; slab < nr[0]; slab++) {
		const char *name = after[0][slab].name;
		double was = bytes_in(before, old, name);

		for (int i = 0; i < IDLE_ROUNDS; i++) {
			double is = bytes_in(after[i], nr[i], name);

			grown[i] = is > was ? is - was : 0;
		}
		qsort(grown, IDLE_ROUNDS, sizeof(grown[0]), compare);
		if (grown[IDLE_ROUNDS / 2] >= IDLE)
			bytes += grown[IDLE_ROUNDS / 2];
	}
	return bytes / IDLE;
}

static void measure_memory(int level)
{
	double process = idle_bytes(0), before, kept;

	printf("bench slab-process %d %.1f %.1f\n", level, process, process);
	if (level < 32) {
		double ns = idle_bytes(CLONE_NEWPID) - process;

		printf("bench slab-namespace %d %.1f %.1f\n", level, ns, ns);
	}
	before = number_bytes();
	for (int i = 0; i < MANY_NUMBERS; i++)
		op_vfork();
	kept = number_bytes() - before;
	printf("bench slab-kept %d %.1f %.1f\n", level, kept, kept);
	fflush(stdout);
}

static void measure_all(int level)
{
	static const struct op list = { "list-1000", op_list, 9, 3, false, 1, 32 };
	pid_t pid;

	mkdir("/proc", 0755);
	if (mount("proc", "/proc", "proc", 0, NULL))
		fail("proc");
	ns_file = open("/proc/self/ns/pid", O_RDONLY);
	own_pidfd = syscall(SYS_pidfd_open, getpid(), 0);
	if (ns_file < 0 || own_pidfd < 0)
		fail("files");
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		if (level <= ops[i].deepest)
			measure(&ops[i], level);
	measure_memory(level);
	/* The crowd goes with its father's namespace, or here. */
	pid = syscall(SYS_clone, (level < 32 ? CLONE_NEWPID : 0) | SIGCHLD, NULL, NULL, NULL, 0);
	if (!pid) {
		umount2("/proc", MNT_DETACH);
		if (level < 32 && mount("proc", "/proc", "proc", 0, NULL))
			fail("proc");
		crowd(CROWD);
		if (level < 32)
			measure(&list, level + 1);
		_exit(0);
	}
	wait_for(pid);
	umount2("/proc", MNT_DETACH);
}

struct hold {
	double longest, total;	/* instructions */
};

/* The hold times of the lock with this name; of several that of the largest total. */
static struct hold lock_stat_hold(const char *name)
{
	struct hold most = { -1, -1 }, hold;
	FILE *file = fopen("/proc/lock_stat", "r");
	char line[512];

	if (!file)
		fail("/proc/lock_stat");
	while (fgets(line, sizeof(line), file)) {
		char *figures = strstr(line, name);

		figures = figures ? strchr(figures, ':') : NULL;
		if (figures && sscanf(figures + 1,
				      "%*f %*f %*f %*f %*f %*f %*f %*f %*f %lf %lf",
				      &hold.longest, &hold.total) == 2 &&
		    hold.total > most.total)
			most = hold;
	}
	fclose(file);
	/* In microseconds; an instruction is a nanosecond. */
	most.longest *= 1000;
	most.total *= 1000;
	return most;
}

/* How long tasklist_lock is held for reading at most when the init of a large namespace dies. */
static void measure_zap_hold(void)
{
	struct hold hold;
	int fds[2];
	pid_t pid;
	char c = 0;

	write_file("/proc/sys/kernel/threads-max", "30000");
	if (pipe(fds))
		fail("pipe");
	pid = syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL, 0);
	if (!pid) {
		char *stacks = mmap(NULL, (size_t)HOST * 1024, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (stacks == MAP_FAILED)
			fail("mmap");
		for (int i = 1; i <= HOST; i++)
			if (clone(child_rests, stacks + (size_t)i * 1024,
				  CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD, NULL) < 0)
				fail("clone");
		if (write(fds[1], &c, 1) != 1)
			fail("write");
		for (;;)
			pause();
	}
	close(fds[1]);
	if (read(fds[0], &c, 1) != 1)
		fail("no large namespace");
	close(fds[0]);
	write_file("/proc/lock_stat", "0");
	kill(pid, SIGKILL);
	wait_for(pid);
	hold = lock_stat_hold("tasklist_lock-R");
	if (hold.longest < 0)
		fail("no tasklist_lock in /proc/lock_stat");
	printf("bench zap-hold-%d 0 %.1f %.1f\n", HOST, hold.longest, hold.longest);
	fflush(stdout);
}

/*
 * How long the lock for numbers is held in one clone and exit: pidmap_lock in C; in Rust,
 * where each level has its own and they nest, the one that is held longest.
 */
static void measure_lock(int level)
{
	static const int count = 500;
	double held;

	mkdir("/proc", 0755);
	if (mount("proc", "/proc", "proc", 0, NULL))
		fail("proc");
	op_vfork();
	write_file("/proc/lock_stat", "0");
	for (int i = 0; i < count; i++)
		op_vfork();
	held = lock_stat_hold("pidmap_lock").total;
	if (held < 0)
		held = lock_stat_hold("pidns_numbers").total;
	if (held < 0)
		fail("no such lock in /proc/lock_stat");
	held /= count;
	printf("bench lock-held %d %.1f %.1f\n", level, held, held);
	fflush(stdout);
	if (!level)
		measure_zap_hold();
	umount2("/proc", MNT_DETACH);
}

/* Do one thing for ever, for somebody who looks where the time goes. */
static void loop(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		if (strcmp(ops[i].name, name))
			continue;
		mkdir("/proc", 0755);
		mount("proc", "/proc", "proc", 0, NULL);
		ns_file = open("/proc/self/ns/pid", O_RDONLY);
		own_pidfd = syscall(SYS_pidfd_open, getpid(), 0);
		for (int n = 0; n < 100; n++)
			ops[i].run();
		printf("bench: looping\n");
		fflush(stdout);
		for (;;)
			ops[i].run();
	}
	errno = EINVAL;
	fail(name);
}

/* The kernel's command line becomes the environment. */
int main(void)
{
	const char *looped = getenv("BENCH_LOOP"), *depth = getenv("BENCH_LEVEL");
	int level = depth ? atoi(depth) : 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	inside = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (inside == MAP_FAILED)
		fail("mmap");
	for (; looped && level; level--) {
		pid_t pid = syscall(SYS_clone, CLONE_NEWPID | CLONE_NEWNS | SIGCHLD,
				    NULL, NULL, NULL, 0);

		if (pid)
			for (;;)
				pause();
	}
	if (looped)
		loop(looped);
	mkdir("/sys", 0755);
	if (mount("sysfs", "/sys", "sysfs", 0, NULL))
		fail("sysfs");
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
		descend(levels[i], levels[i], getenv("BENCH_LOCKS") ? measure_lock : measure_all);
	printf("bench: done\n");
	fflush(stdout);
	if (getpid() == 1)
		reboot(RB_POWER_OFF);
	return 0;
}
