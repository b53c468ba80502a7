// SPDX-License-Identifier: GPL-2.0
/*
 * What a tracer sees of the zap: one signal for a process, however many threads it has.
 */
#define PIDNS_OWN_FIXTURE
#include "pidns_reap_util.h"
#include "trace_util.h"

#define THREADS 20
#define NAME "zap_me"

static struct trace trace;

/* In the initial namespace, where tracefs is. */
FIXTURE(zap) {
};

FIXTURE_SETUP(zap)
{
	const char *why;

	if (geteuid())
		SKIP(return, "needs root");
	SKIP_IF_INSIDE(return);
	why = trace_begin(&trace, "signal/signal_generate");
	if (why)
		SKIP(return, "%s", why);
	/* Others' signals would fill the buffer. */
	ASSERT_EQ(0, trace_write(&trace, "events/signal/signal_generate/filter",
				 "comm == \"" NAME "\""));
}

FIXTURE_TEARDOWN(zap)
{
	trace_end(&trace);
}

static void *rest(void *arg)
{
	rest_forever();
}

static void __noreturn be_process(void)
{
	pthread_t thread;
	int i;

	prctl(PR_SET_NAME, NAME);
	for (i = 1; i < THREADS; i++)
		if (pthread_create(&thread, NULL, rest, NULL))
			_exit(EXIT_FAILURE);
	rest_forever();
}

static bool has_threads(pid_t pid, nlink_t threads)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	return !stat(path, &st) && st.st_nlink == threads + 2;
}

TEST_F_TIMEOUT(zap, one_signal_per_process, NS_TIMEOUT)
{
	struct kid kid;
	pid_t pid;
	int fd;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	fd = ns_open(kid.pid, L_PID);
	pid = fork_into(fd);
	if (!pid)
		be_process();
	EXPECT_TRUE(eventually(has_threads(pid, THREADS)));
	EXPECT_EQ(0, event_count(&trace, "signal_generate", "comm", NAME));
	kill(kid.pid, SIGKILL);
	EXPECT_EQ(SIGKILL, wait_status(pid));
	EXPECT_TRUE(pidfd_ended(kid.pidfd));
	EXPECT_EQ(1, event_count(&trace, "signal_generate", "comm", NAME));
	kid_stop(&kid);
	close(fd);
}

TEST_HARNESS_MAIN
