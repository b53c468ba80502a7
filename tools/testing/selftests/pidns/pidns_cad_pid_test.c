// SPDX-License-Identifier: GPL-2.0
/*
 * kernel.cad_pid: the process that Ctrl-Alt-Del signals. The kernel once kept
 * the first one without a reference. There is one for the whole machine, kept
 * as a pid, and read and written in the caller's numbers.
 */
#define PIDNS_OWN_FIXTURE
#include "pidns_reap_util.h"

#define PATH "/proc/sys/kernel/cad_pid"

#define CHANGES 20
/* Forks that would reuse the memory of a pid that has no reference. */
#define FORKS 300

/* The caller's number for it, or a negative errno. */
static int cad_pid(void)
{
	int pid;

	return file_numbers(PATH, "", &pid, 1) == 1 ? pid : -EIO;
}

static int cad_pid_set(pid_t pid)
{
	return file_write(PATH, "%d", pid);
}

FIXTURE(cad_pid) {
	int before;
	struct kid keeper;
};

FIXTURE_SETUP(cad_pid)
{
	if (geteuid())
		SKIP(return, "needs root");
	if (access(PATH, F_OK))
		SKIP(return, "no kernel.cad_pid (CONFIG_SYSCTL)");
	SKIP_IF_INSIDE(return);
	self->before = cad_pid();
	ASSERT_LT(0, self->before);
	if (task_gone(self->before))
		SKIP(return, "the process of kernel.cad_pid is gone: it cannot be restored");
	if (!keeper_start(&self->keeper))
		_exit(cad_pid_set(self->before) || cad_pid() != self->before);
	ASSERT_LT(0, self->keeper.pid);
}

FIXTURE_TEARDOWN(cad_pid)
{
	EXPECT_EQ(0, keeper_end(&self->keeper));
}

TEST_F_TIMEOUT(cad_pid, write_replaces_pid, NS_TIMEOUT)
{
	struct kid kid;
	int i;

	ASSERT_EQ(0, kid_hold(&kid, 0));
	/* Each write drops the reference to the pid before, and no other. */
	for (i = 0; i < CHANGES; i++) {
		ASSERT_EQ(0, cad_pid_set(kid.pid));
		EXPECT_EQ(kid.pid, cad_pid());
		ASSERT_EQ(0, cad_pid_set(self->before));
		EXPECT_EQ(self->before, cad_pid());
	}
	EXPECT_EQ(0, kill(self->before, 0));
	EXPECT_EQ(0, kill(kid.pid, 0));

	/* A free number is refused, and nothing changes. */
	ASSERT_EQ(0, cad_pid_set(kid.pid));
	EXPECT_EQ(-ESRCH, cad_pid_set(0));
	EXPECT_EQ(-ESRCH, cad_pid_set(-1));
	EXPECT_EQ(-ESRCH, cad_pid_set(PID_MAX_LIMIT));
	EXPECT_EQ(-EINVAL, file_write(PATH, "nobody"));
	EXPECT_EQ(kid.pid, cad_pid());
	kid_stop(&kid);
}

/* A pid whose number has been freed is still reported, and is no other process. */
TEST_F_TIMEOUT(cad_pid, pid_is_referenced, NS_TIMEOUT)
{
	struct kid kid, next;
	int i;

	/* Objects freed here are reused here. */
	ASSERT_EQ(0, cpu_stay());
	ASSERT_EQ(0, kid_hold(&kid, 0));
	ASSERT_EQ(0, cad_pid_set(kid.pid));
	/* A zombie can be set. */
	kill(kid.pid, SIGKILL);
	ASSERT_TRUE(pidfd_ended(kid.pidfd));
	EXPECT_EQ(0, cad_pid_set(kid.pid));
	EXPECT_EQ(kid.pid, cad_pid());
	/* An open pidfd would keep it, too. */
	kid_stop(&kid);
	EXPECT_EQ(-ESRCH, cad_pid_set(kid.pid));
	for (i = 0; i < FORKS; i++) {
		ASSERT_EQ(0, kid_hold(&next, 0));
		ASSERT_EQ(kid.pid, cad_pid()) {
			TH_LOG("after %d forks", i + 1);
		}
		kid_stop(&next);
	}
}

/* What the init of a new namespace reads. */
static int seen_within(void)
{
	struct kid kid;
	int seen;

	if (kid_start(&kid, CLONE_NEWPID) < 0)
		return -ECHILD;
	if (!kid.pid) {
		kid_tell(&kid, cad_pid());
		kid_rest(&kid);
	}
	seen = kid_hear(&kid);
	kid_stop(&kid);
	return seen;
}

TEST_F_TIMEOUT(cad_pid, number_is_of_callers_namespace, NS_TIMEOUT)
{
	struct kid kid;

	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		/* Another process has no number here, */
		EXPECT_EQ(0, cad_pid());
		EXPECT_EQ(-ESRCH, cad_pid_set(2));
		EXPECT_EQ(0, cad_pid_set(1));
		EXPECT_EQ(1, cad_pid());
		kid_rest(&kid);
	}
	EXPECT_EQ(0, kid_hear(&kid));
	/* and this one has. */
	EXPECT_EQ(kid.pid, cad_pid());
	EXPECT_EQ(0, seen_within());
	/* The pid outlives the namespace. */
	kid_stop(&kid);
	EXPECT_TRUE(task_gone(kid.pid));
	EXPECT_EQ(kid.pid, cad_pid());
	EXPECT_EQ(0, seen_within());
}

TEST_HARNESS_MAIN
