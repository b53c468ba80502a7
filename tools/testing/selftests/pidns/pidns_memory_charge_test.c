// SPDX-License-Identifier: GPL-2.0
/*
 * Pids are charged to the memory cgroup of who forks, those of deep processes
 * with more, and all of it is given back.
 */
#define PIDNS_OWN_FIXTURE
#include "pidns_reap_util.h"

#define SLEEPERS 1000
/* The deeper ones; each level adds a struct upid to a pid. */
#define LEVELS 30
#define PID_SIZE 112
#define UPID_SIZE 16

#define LEFT_MOST 300000

/* The kernel adds up what its CPUs have counted every two seconds; one look takes 0.1. */
#define SETTLED_LOOKS 22
#define SETTLED_MOST 600

FIXTURE(memcg) {
	char dir[32], control[64], group[64];
	bool enabled;
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
	if (geteuid())
		SKIP(return, "needs root");
	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL));
	snprintf(self->dir, sizeof(self->dir), "/tmp/pidns_memcg_XXXXXX");
	ASSERT_NE(0, !!mkdtemp(self->dir));
	if (mount("none", self->dir, "cgroup2", 0, NULL))
		SKIP(return, "no cgroup2 (CONFIG_CGROUPS)");
	snprintf(self->control, sizeof(self->control), "%s/cgroup.subtree_control", self->dir);
	self->enabled = !controls_memory(self->control);
	if (file_write(self->control, "+memory"))
		SKIP(return, "no memory cgroups (CONFIG_MEMCG)");
	snprintf(self->group, sizeof(self->group), "%s/pidns_memcg_XXXXXX", self->dir);
	ASSERT_NE(0, !!mkdtemp(self->group));
}

FIXTURE_TEARDOWN(memcg)
{
	if (*self->group)
		eventually(!rmdir(self->group) || errno == ENOENT);
	if (self->enabled)
		file_write(self->control, "-memory");
	umount2(self->dir, MNT_DETACH);
	rmdir(self->dir);
}

/* The bytes of slab objects that are charged to the group. */
static long charged(const char *group)
{
	char path[96];
	int bytes;

	snprintf(path, sizeof(path), "%s/memory.stat", group);
	return file_numbers(path, "slab ", &bytes, 1) == 1 ? bytes : -1;
}

/* The same once it does not change any more. */
static long charged_settled(const char *group)
{
	long last = -1, now;
	int looks, same = 0;

	for (looks = 0; looks < SETTLED_MOST && same < SETTLED_LOOKS; looks++) {
		usleep(100000);
		now = charged(group);
		same = now == last ? same + 1 : 0;
		last = now;
	}
	return last;
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
		kid.pid = 0;
		kid_tell(&kid, 0);
		kid_hear(&kid);
		kid_tell(&kid, sleepers_start());
		kid_hear(&kid);
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, kid_hear(&kid));
	before = charged_settled(group);
	kid_tell(&kid, 0);
	EXPECT_EQ(SLEEPERS, kid_hear(&kid));
	cost = charged_settled(group) - before;
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
		TH_LOG("%d sleepers at level %d: %ld bytes, then %ld", SLEEPERS, depths[i],
		       cost[i], left);
	}
	EXPECT_LE(SLEEPERS * PID_SIZE, cost[0]);
	/* Half of what it should be: no count is exact. */
	EXPECT_LE(cost[0] + SLEEPERS * (LEVELS - 1) * UPID_SIZE / 2, cost[1]);
}

TEST_HARNESS_MAIN
