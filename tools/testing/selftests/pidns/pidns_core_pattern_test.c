// SPDX-License-Identifier: GPL-2.0
/*
 * %p, %P, %i and %I in kernel.core_pattern: the numbers of the process and of
 * the thread, in their own namespace and in the initial one.
 */
#include <sys/resource.h>

#define PIDNS_OF_THE_MACHINE
#define PIDNS_OWN_FIXTURE
#include "pidns_reap_util.h"

#define PATTERN "/proc/sys/kernel/core_pattern"

FIXTURE(core) {
	char dir[32];
	struct kid keeper;
};

FIXTURE_SETUP(core)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	char before[256];
	FILE *f;

	if (geteuid())
		SKIP(return, "needs root");
	SKIP_IF_INSIDE(return);
	f = fopen(PATTERN, "re");
	if (!f)
		SKIP(return, "no core dumps (CONFIG_COREDUMP)");
	ASSERT_NE(0, !!fgets(before, sizeof(before), f));
	fclose(f);
	before[strcspn(before, "\n")] = 0;
	snprintf(self->dir, sizeof(self->dir), "/tmp/pidns_core_XXXXXX");
	ASSERT_NE(0, !!mkdtemp(self->dir));
	ASSERT_EQ(0, setrlimit(RLIMIT_CORE, &limit));
	if (!keeper_start(&self->keeper)) {
		rmdir(self->dir);
		/* The newline, for an empty pattern. */
		_exit(!!file_write(PATTERN, "%s\n", before));
	}
	ASSERT_LT(0, self->keeper.pid);
	ASSERT_EQ(0, file_write(PATTERN, "%s/%%p.%%P.%%i.%%I", self->dir));
}

FIXTURE_TEARDOWN(core)
{
	EXPECT_EQ(0, keeper_end(&self->keeper));
}

static pid_t *shared_tid;

static void *thread_crash(void *arg)
{
	const struct kid *kid = arg;

	WRITE_ONCE(*shared_tid, thread_id());
	kid_tell(kid, 0);
	kid_hear(kid);
	/* A signal by hand would not end an init. */
	__builtin_trap();
	return NULL;
}

/* Whether there is that file, which is removed. */
static bool dumped(const char *dir, pid_t p, pid_t outer_p, pid_t i, pid_t outer_i)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/%d.%d.%d.%d", dir, p, outer_p, i, outer_i);
	return !unlink(path);
}

TEST_F_TIMEOUT(core, numbers_in_core_pattern, NS_TIMEOUT)
{
	struct kid kid;
	int status;
	pid_t tid;

	shared_tid = shared_alloc(sizeof(*shared_tid));
	ASSERT_NE(0, !!shared_tid);
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		pthread_t thread;

		prctl(PR_SET_DUMPABLE, 1);
		ASSERT_EQ(0, pthread_create(&thread, NULL, thread_crash, &kid));
		rest_forever();
	}
	EXPECT_EQ(0, kid_hear(&kid));
	EXPECT_EQ(2, READ_ONCE(*shared_tid));
	tid = pid_from(kid.pid, 2);
	EXPECT_LT(2, tid);
	kid_tell(&kid, 0);
	status = wait_status(kid.pid);
	EXPECT_TRUE(WIFSIGNALED(status) && WCOREDUMP(status));
	EXPECT_TRUE(dumped(self->dir, 1, kid.pid, 2, tid));
	kid_stop(&kid);
}

TEST_HARNESS_MAIN
