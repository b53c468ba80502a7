// SPDX-License-Identifier: GPL-2.0
/*
 * How the cost of operations grows with what is alive.
 *
 * It is the first and only program of a guest, under a processor that counts
 * (bench.c). What the kernel's command line gives it, or its own, says what to measure
 * and with how many processes or namespaces, as in BENCH_TASKS=10,1000. Each figure
 * is a line
 *
 *	bench OPERATION SIZE LEAST MEDIAN
 *
 * in instructions an operation or, where it is of all processes, for each of them;
 * of what begins with memory, in bytes.
 */
#include "operations.h"

#define DEEPEST 32
#define LAST_NUMBER 4194303	/* PID_MAX_LIMIT - 1 */
#define STACK 1024
#define LOOKED_UP 256
#define WARM 100
#define SETTLED 30	/* seconds at most */
#define MOST_SIZES 32

static const int levels[] = { 0, 1, 4, 8, 16, 32 };

/* Idle processes. */
static pid_t *pids;
static int alive;
static char *stacks;

static void *anonymous(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		fail("mmap");
	return memory;
}

static void set_cursor(int last)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", last);
	write_file("/proc/sys/kernel/ns_last_pid", text);
}

/* Each number is @stride after the last one, if that is not 0. */
static void start_idle(int count, unsigned long flags, int stride)
{
	pids = anonymous(count * sizeof(*pids));
	stacks = anonymous((size_t)count * STACK);
	for (alive = 0; alive < count; alive++) {
		if (stride)
			set_cursor((alive + 1) * stride);
		pids[alive] = clone(child_rests, stacks + (size_t)(alive + 1) * STACK,
				    CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD | flags, NULL);
		if (pids[alive] < 0)
			fail("clone");
	}
}

static void end_idle(void)
{
	for (int i = 0; i < alive; i++)
		if (kill(pids[i], SIGKILL))
			fail("kill");
	for (int i = 0; i < alive; i++)
		wait_for(pids[i]);
	munmap(pids, alive * sizeof(*pids));
	munmap(stacks, (size_t)alive * STACK);
	alive = 0;
}

static int looked_up(void)
{
	return alive < LOOKED_UP ? alive : LOOKED_UP;
}

static void op_lookup(void)
{
	for (int i = 0; i < looked_up(); i++)
		if (syscall(SYS_getpgid, pids[(size_t)i * alive / looked_up()]) < 0)
			fail("getpgid");
}

static void op_pidfd_of_another(void)
{
	int fd = syscall(SYS_pidfd_open, pids[alive / 2], 0);

	if (fd < 0)
		fail("pidfd_open");
	close(fd);
}

/* A signal that they ignore. */
static void op_kill_all(void)
{
	if (kill(-1, SIGURG))
		fail("kill");
}

static void measure_as(const char *kind, int size, const struct op *op)
{
	struct op named = *op;
	char name[64];

	snprintf(name, sizeof(name), "%s:%s", kind, op->name);
	named.name = name;
	measure(&named, size);
}

/* In a namespace whose processes are those of start_idle(). */
static void measure_there(const char *kind, int size)
{
	/* What few processes need is too short to be measured once. */
	int many = size < 1000 ? 10 : 1;
	const struct op ops[] = {
		{ .name = "vfork", .run = op_vfork, .rounds = 9, .count = 1000, .per = 1 },
		{ .name = "lookup", .run = op_lookup, .rounds = 9, .count = 10,
		  .per = looked_up() },
		{ .name = "pidfd_open", .run = op_pidfd_of_another, .rounds = 9, .count = 100,
		  .per = 1 },
		{ .name = "list", .run = op_list, .rounds = 5, .count = many, .per = alive },
		{ .name = "kill-all", .run = op_kill_all, .rounds = 5, .count = many,
		  .per = alive },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		measure_as(kind, size, &ops[i]);
}

static void mount_proc(void)
{
	if (mount("proc", "/proc", "proc", 0, NULL))
		fail("proc");
}

/* Runs @body in a child, in a new namespace if @flags say so; its processes end with it. */
static void in_child(unsigned long flags, void (*body)(int size), int size)
{
	pid_t pid = syscall(SYS_clone, flags | CLONE_NEWNS | SIGCHLD, NULL, NULL, NULL, 0);
	int status;

	if (pid < 0)
		fail("clone");
	if (!pid) {
		mount_proc();
		body(size);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid)
		fail("wait");
	if (status)
		_exit(1);
}

static void tasks(int size)
{
	start_idle(size, 0, 0);
	measure_there("tasks", size);
}

static void measure_tasks(int size)
{
	in_child(CLONE_NEWPID, tasks, size);
}

static void dense(int size)
{
	start_idle(size, 0, 0);
	measure_there("dense", size);
}

static void sparse(int size)
{
	start_idle(size, 0, 4000000 / size);
	measure_there("sparse", size);
}

/* Just below the largest number. */
static void high(int size)
{
	set_cursor(LAST_NUMBER - size - 20000);
	start_idle(size, 0, 0);
	measure_there("high", size);
}

static void near_the_end(void)
{
	set_cursor(LAST_NUMBER - 500);
}

/* Each round goes over the largest number, to the first ones, which are in use. */
static void wrap(int size)
{
	const struct op op = {
		.name = "vfork", .run = op_vfork, .rounds = 9, .count = 1000, .per = 1,
		.before = near_the_end,
	};

	set_cursor(299);
	start_idle(size, 0, 0);
	measure_as("wrap", size, &op);
}

static void measure_numbers(int size)
{
	void (*const kinds[])(int size) = { dense, sparse, high, wrap };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		in_child(CLONE_NEWPID, kinds[i], size);
}

/* So many namespaces, siblings, each with its init. */
static void siblings(int size)
{
	const struct op ops[] = {
		{ .name = "vfork", .run = op_vfork, .rounds = 9, .count = 1000, .per = 1 },
		{ .name = "newpid", .run = op_newpid, .rounds = 9, .count = 600, .per = 1 },
		{ .name = "lookup", .run = op_lookup, .rounds = 9, .count = 10,
		  .per = size < LOOKED_UP ? size : LOOKED_UP },
		{ .name = "pidfd_open", .run = op_pidfd_of_another, .rounds = 9, .count = 100,
		  .per = 1 },
		/* The last: it changes where children go. */
		{ .name = "setns-file", .run = op_setns_file, .rounds = 9, .count = 100,
		  .per = 1 },
	};
	uint64_t made, spent;
	char path[64];

	op_newpid();
	made = now();
	start_idle(size, CLONE_NEWPID, 0);
	made = (now() - made) * 10 / size;
	show_rounds("namespaces:make", size, &made, 1);
	snprintf(path, sizeof(path), "/proc/%d/ns/pid", pids[size / 2]);
	ns_file = open(path, O_RDONLY);
	if (ns_file < 0)
		fail(path);
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		measure_as("namespaces", size, &ops[i]);
	close(ns_file);
	spent = now();
	end_idle();
	spent = (now() - spent) * 10 / size;
	show_rounds("namespaces:end", size, &spent, 1);
}

static void measure_namespaces(int size)
{
	in_child(0, siblings, size);
}

static void rest(void)
{
	for (;;)
		pause();
}

/* As many processes at each level, and what they cost at the last. Then it stays. */
static void nest(int size, int told)
{
	pid_t pid;
	char c = 0;

	start_idle(size, 0, 0);
	for (int level = 1; level < DEEPEST; level++) {
		pid = syscall(SYS_clone, CLONE_NEWPID | CLONE_NEWNS | SIGCHLD,
			      NULL, NULL, NULL, 0);
		if (pid < 0)
			fail("clone");
		if (pid) {
			close(told);
			rest();
		}
		start_idle(size, 0, 0);
	}
	mount_proc();
	measure_there("level-32", size);
	if (write(told, &c, 1) != 1)
		fail("write");
	rest();
}

/* The end of a namespace that has @size processes, by its init's: a tenth of instructions each. */
static uint64_t ended(pid_t init, int size)
{
	uint64_t start = now();

	if (kill(init, SIGKILL))
		fail("kill");
	wait_for(init);
	return (now() - start) * 10 / size;
}

static void measure_levels(int size)
{
	const struct op list = {
		.name = "list", .run = op_list, .rounds = 5, .count = 1,
		.per = DEEPEST * (size + 1),
	};
	uint64_t death;
	int fds[2];
	pid_t pid;
	char c;

	if (pipe(fds))
		fail("pipe");
	pid = syscall(SYS_clone, CLONE_NEWPID | CLONE_NEWNS | SIGCHLD, NULL, NULL, NULL, 0);
	if (pid < 0)
		fail("clone");
	if (!pid) {
		close(fds[0]);
		nest(size, fds[1]);
	}
	close(fds[1]);
	if (read(fds[0], &c, 1) != 1)
		fail("no levels");
	close(fds[0]);
	measure_as("level-0", size, &list);
	death = ended(pid, DEEPEST * (size + 1));
	show_rounds("levels:death", size, &death, 1);
}

/* An init with @size processes; returns when they are there. */
static pid_t large_namespace(int size)
{
	int fds[2];
	pid_t pid;
	char c = 0;

	if (pipe(fds))
		fail("pipe");
	pid = syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL, 0);
	if (pid < 0)
		fail("clone");
	if (!pid) {
		start_idle(size, 0, 0);
		if (write(fds[1], &c, 1) != 1)
			fail("write");
		rest();
	}
	close(fds[1]);
	if (read(fds[0], &c, 1) != 1)
		fail("no large namespace");
	close(fds[0]);
	return pid;
}

static void measure_death(int size)
{
	uint64_t deaths[5];
	int rounds = size <= 1000 ? 5 : size <= 20000 ? 3 : 1;

	for (int i = 0; i < rounds; i++)
		deaths[i] = ended(large_namespace(size), size);
	show_rounds("death", size, deaths, rounds);
}

/* Whether a cache is of what pids, namespaces and proxies need. */
static bool ours(const char *name)
{
	return !strncmp(name, "pid", 3) || !strcmp(name, "radix_tree_node") ||
	       !strcmp(name, "nsproxy");
}

static double our_bytes(const struct slab *slabs, int nr)
{
	double bytes = 0;

	while (nr-- > 0)
		if (ours(slabs[nr].name))
			bytes += slabs[nr].bytes;
	return bytes;
}

/* Reads the caches when ours change no more: memory is freed later. */
static int settled_slabs(struct slab slabs[MAX_SLABS])
{
	int nr = read_slabs(slabs);
	double last;

	for (int i = 0; i < SETTLED; i++) {
		last = our_bytes(slabs, nr);
		nr = read_slabs(slabs);
		if (our_bytes(slabs, nr) == last)
			break;
	}
	return nr;
}

static void show_bytes(const char *what, int level, int size, double bytes)
{
	printf("bench memory:%s-%02d %d %.1f %.1f\n", what, level, size, bytes, bytes);
	fflush(stdout);
}

struct bytes {
	double all;	/* of each process, in all caches */
	double own;	/* the same, in ours */
	double kept;	/* in ours when all are gone */
};

static struct bytes idle_bytes(int size, unsigned long flags)
{
	static struct slab before[MAX_SLABS], with[MAX_SLABS], after[MAX_SLABS];
	struct bytes bytes = { 0 };
	int old, nr, gone;

	start_idle(WARM, flags, 0);
	end_idle();
	old = settled_slabs(before);
	start_idle(size, flags, 0);
	nr = settled_slabs(with);
	end_idle();
	gone = settled_slabs(after);
	for (int i = 0; i < nr; i++) {
		double more = with[i].bytes - bytes_in(before, old, with[i].name);

		/* Less is of other users. */
		if (more >= size)
			bytes.all += more / size;
	}
	bytes.own = (our_bytes(with, nr) - our_bytes(before, old)) / size;
	bytes.kept = our_bytes(after, gone) - our_bytes(before, old);
	return bytes;
}

static int memory_size;

static void memory(int level)
{
	struct bytes process = idle_bytes(memory_size, 0), ns;
	int number = memory_size < 10 ? 1 : memory_size / 10;

	show_bytes("process", level, memory_size, process.all);
	show_bytes("process-own", level, memory_size, process.own);
	show_bytes("process-kept", level, memory_size, process.kept);
	if (level == DEEPEST)
		return;
	/* Each has a process, which has a number more there. */
	ns = idle_bytes(number, CLONE_NEWPID);
	show_bytes("namespace", level, number, ns.all - process.all);
	show_bytes("namespace-own", level, number, ns.own - process.own);
	show_bytes("namespace-kept", level, number, ns.kept);
}

static void measure_memory(int size)
{
	memory_size = size;
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
		descend(levels[i], levels[i], memory);
}

static void run(const char *variable, void (*measure_size)(int size))
{
	const char *text = getenv(variable);
	int count = 0;
	char *end;

	while (text && *text) {
		long size = strtol(text, &end, 10);

		if (end == text || size < 1 || size > 1000000 || (*end && *end != ',') ||
		    count++ == MOST_SIZES) {
			errno = EINVAL;
			fail(variable);
		}
		measure_size(size);
		text = *end ? end + 1 : end;
	}
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc; i++)
		if (strchr(argv[i], '='))
			putenv(argv[i]);
	inside = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (inside == MAP_FAILED)
		fail("mmap");
	if (getpid() == 1) {
		mkdir("/proc", 0755);
		mkdir("/sys", 0755);
		mount_proc();
		if (mount("sysfs", "/sys", "sysfs", 0, NULL))
			fail("sysfs");
	}
	write_file("/proc/sys/kernel/threads-max", "500000");
	write_file("/proc/sys/kernel/pid_max", "4194304");
	write_file("/proc/sys/user/max_pid_namespaces", "500000");
	run("BENCH_TASKS", measure_tasks);
	run("BENCH_NAMESPACES", measure_namespaces);
	run("BENCH_NUMBERS", measure_numbers);
	run("BENCH_LEVELS", measure_levels);
	run("BENCH_DEATH", measure_death);
	run("BENCH_MEMORY", measure_memory);
	printf("bench: done\n");
	fflush(stdout);
	if (getpid() == 1)
		reboot(RB_POWER_OFF);
	return 0;
}
