// SPDX-License-Identifier: GPL-2.0
/*
 * Pids are charged to the memory cgroup of the task that forks, those of deeper
 * levels with more bytes, and all of it is uncharged.
 */
#define PIDNS_OWN_FIXTURE
#include "pidns_reap_util.h"

#define SLEEPERS 1000
/* The deeper ones; each level adds a struct upid to a pid. */
#define LEVELS 30
#define UPID_SIZE 16

#define LEFT_MOST 300000

/* The kernel sums up its counts when so many changed on each CPU (MEMCG_CHARGE_BATCH). */
#define BATCH 64

FIXTURE(memcg) {
	char dir[32], control[64], group[64];
	struct kid keeper;
};

/* Whether the root's children are charged already. */
static bool controls_memory(const char *control)
{
	char words[256];
	bool found;
	FILE *f = fopen(control, "re");

	found = f && fgets(words, sizeof(words), f) && strstr(words, "memory");
	if (f)
		fclose(f);
	return found;
}

FIXTURE_SETUP(memcg)
{
	bool enabled;

	if (geteuid())
		SKIP(return, "needs root");
	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL));
	snprintf(self->dir, sizeof(self->dir), "/tmp/pidns_memcg_XXXXXX");
	ASSERT_NE(0, !!mkdtemp(self->dir));
	if (mount("none", self->dir, "cgroup2", 0, NULL))
		SKIP(return, "no cgroup2 (CONFIG_CGROUPS)");
	snprintf(self->control, sizeof(self->control), "%s/cgroup.subtree_control", self->dir);
	snprintf(self->group, sizeof(self->group), "%s/pidns_memcg_%d", self->dir, getpid());
	enabled = !controls_memory(self->control);
	if (!keeper_start(&self->keeper)) {
		eventually(!rmdir(self->group) || errno == ENOENT);
		if (enabled)
			file_write(self->control, "-memory");
		umount2(self->dir, MNT_DETACH);
		rmdir(self->dir);
		_exit(EXIT_SUCCESS);
	}
	ASSERT_LT(0, self->keeper.pid);
	if (file_write(self->control, "+memory"))
		SKIP(return, "no memory cgroups (CONFIG_MEMCG)");
	ASSERT_EQ(0, mkdir(self->group, 0755));
}

FIXTURE_TEARDOWN(memcg)
{
	EXPECT_EQ(0, keeper_end(&self->keeper));
}

/* Charges and uncharges pages, so many that the next look at the counts is exact. */
static bool charge_pages(const char *group)
{
	long page = sysconf(_SC_PAGESIZE), cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t size = 2 * (cpus + 1) * BATCH * page;
	char path[96];
	pid_t pid;

	snprintf(path, sizeof(path), "%s/cgroup.procs", group);
	pid = fork();
	if (!pid) {
		char *pages = mmap(NULL, size, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (file_write(path, "0") || pages == MAP_FAILED)
			_exit(EXIT_FAILURE);
		madvise(pages, size, MADV_NOHUGEPAGE);
		for (size_t at = 0; at < size; at += page)
			pages[at] = 1;
		_exit(EXIT_SUCCESS);
	}
	return pid > 0 && !wait_for_pid(pid);
}

/* The bytes of slab objects that are charged to the group. */
static long charged(const char *group)
{
	char path[96];
	int bytes;

	if (!charge_pages(group))
		return -1;
	snprintf(path, sizeof(path), "%s/memory.stat", group);
	return file_numbers(path, "slab ", &bytes, 1) == 1 ? bytes : -1;
}

static int sleep_on(void *arg)
{
	rest_forever();
}

/* Processes in one address space, which costs little; returns how many. */
static int sleepers_start(void)
{
	size_t size = 4096;
	char *stacks = mmap(NULL, SLEEPERS * size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int i;

	for (i = 0; i < SLEEPERS && stacks != MAP_FAILED; i++)
		if (clone(sleep_on, stacks + (i + 1) * size,
			  CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD, NULL) < 0)
			break;
	return i;
}

/* What sleepers cost @depth namespaces below; all are gone when it returns. */
static long sleepers_cost(struct __test_metadata *_metadata, const char *group, int depth)
{
	char path[96];
	long before, cost = 0;
	struct kid kid;

	snprintf(path, sizeof(path), "%s/cgroup.procs", group);
	if (kid_start(&kid, CLONE_NEWPID) < 0)
		return -1;
	if (!kid.pid) {
		EXPECT_EQ(0, file_write(path, "0"));
		while (--depth > 0) {
			pid_t pid = fork_flags(CLONE_NEWPID, NULL);

			if (pid)
				_exit(pid < 0 || wait_status(pid));
		}
		kid_tell(&kid, 0);
		kid_hear(&kid);
		kid_tell(&kid, sleepers_start());
		kid_hear(&kid);
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, kid_hear(&kid));
	before = charged(group);
	EXPECT_LE(0, before);
	kid_tell(&kid, 0);
	EXPECT_EQ(SLEEPERS, kid_hear(&kid));
	cost = charged(group) - before;
	kid_stop(&kid);
	return cost;
}

TEST_F_TIMEOUT(memcg, sleepers_are_charged_and_returned, NS_TIMEOUT)
{
	static const int depths[] = { 1, LEVELS };
	long cost[ARRAY_SIZE(depths)], left = -1;
	int i;

	for (i = 0; i < ARRAY_SIZE(depths); i++) {
		cost[i] = sleepers_cost(_metadata, self->group, depths[i]);
		/* All comes back but what is cached, or charged to the group itself. */
		EXPECT_TRUE(eventually((left = charged(self->group)) < LEFT_MOST));
		EXPECT_LE(0, left);
		TH_LOG("%d sleepers at level %d: %ld bytes, then %ld", SLEEPERS, depths[i],
		       cost[i], left);
	}
	/*
	 * A process costs more than its pid: only the difference is that of pids. Half of what it
	 * should be, since each CPU has counts of a page or so in hand.
	 */
	EXPECT_LE(cost[0] + SLEEPERS * (LEVELS - 1) * UPID_SIZE / 2, cost[1]);
}

TEST_HARNESS_MAIN
