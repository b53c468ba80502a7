// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel log messages that module parameters enable: about a dying init that
 * waits long, and about refused forks.
 */
#define PIDNS_OWN_FIXTURE
#define PIDNS_UTIL_OWN_FIXTURE
#include "pidns_reap_util.h"
#include "pidns_util.h"

#define PARAMETERS "/sys/module/pidns/parameters/"

static int kmsg;
static char messages[1 << 16];

FIXTURE(log) {
	struct kid keeper;
};

FIXTURE_SETUP(log)
{
	if (geteuid())
		SKIP(return, "needs root");
	SKIP_IF_INSIDE(return);
	if (access(PARAMETERS, F_OK))
		SKIP(return, "C's PID namespaces have no parameters");
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg < 0)
		SKIP(return, "no /dev/kmsg");
	ASSERT_LE(0, lseek(kmsg, 0, SEEK_END));
	if (!keeper_start(&self->keeper))
		_exit(file_write(PARAMETERS "zap_warn_seconds", "0") ||
		      file_write(PARAMETERS "log_refused_forks", "0"));
	ASSERT_LT(0, self->keeper.pid);
}

FIXTURE_TEARDOWN(log)
{
	EXPECT_EQ(0, keeper_end(&self->keeper));
}

/* Count @words in the messages logged since the test began. */
static int logged(const char *words)
{
	size_t len = strlen(messages);
	int count = 0;
	char *at;
	ssize_t nr;

	for (;;) {
		nr = read(kmsg, messages + len, sizeof(messages) - 1 - len);
		if (nr <= 0 && errno != EPIPE)
			break;
		len += nr > 0 ? nr : 0;
	}
	messages[len] = 0;
	for (at = strstr(messages, words); at; at = strstr(at + 1, words))
		count++;
	return count;
}

static bool file_is(const char *path, const char *want)
{
	char value[16] = {};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool is = read(fd, value, sizeof(value) - 1) > 0 && !strcmp(value, want);

	close(fd);
	return is;
}

TEST_F_TIMEOUT(log, off_by_default, NS_TIMEOUT)
{
	struct kid kid;
	int fd;

	EXPECT_TRUE(file_is(PARAMETERS "zap_warn_seconds", "0\n"));
	EXPECT_TRUE(file_is(PARAMETERS "log_refused_forks", "N\n"));
	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	fd = ns_open(kid.pid, L_PID);
	kid_stop(&kid);
	EXPECT_EQ(-ENOMEM, fork_into(fd));
	EXPECT_EQ(0, logged("pidns: namespace "));
	close(fd);
}

TEST_F_TIMEOUT(log, init_that_waits_says_so_once, NS_TIMEOUT)
{
	char words[128];
	struct kid kid;
	pid_t zombie;
	int fd;

	ASSERT_EQ(0, file_write(PARAMETERS "zap_warn_seconds", "1"));
	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	fd = ns_open(kid.pid, L_PID);
	zombie = fork_into(fd);
	if (!zombie)
		rest_forever();
	/* The state is printed once. */
	kill(zombie, SIGKILL);
	EXPECT_TRUE(eventually(task_state(zombie) == 'Z'));
	kill(kid.pid, SIGKILL);
	snprintf(words, sizeof(words),
		 "namespace %llu: its init %d (pidns_log_test) exits and still waits, other pids: 1\n",
		 (unsigned long long)ns_fd_id(fd), kid.pid);
	EXPECT_TRUE(eventually(logged(words)));
	snprintf(words, sizeof(words), "nr 2: %d (pidns_log_test) state Z parent %d (pidns_",
		 zombie, getpid());
	EXPECT_TRUE(eventually(logged(words)));
	EXPECT_TRUE(init_waits(&kid));
	sleep(2);
	EXPECT_EQ(1, logged(words));
	EXPECT_EQ(SIGKILL, wait_status(zombie));
	ASSERT_TRUE(pidfd_ended(kid.pidfd));
	kid_stop(&kid);
	close(fd);
}

/* The wait for a child of its own, which a tracer outside keeps. */
TEST_F_TIMEOUT(log, init_that_waits_for_child_says_so, NS_TIMEOUT)
{
	char words[128];
	struct kid kid;
	pid_t child;
	int fd;

	ASSERT_EQ(0, file_write(PARAMETERS "zap_warn_seconds", "1"));
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		kid_tell(&kid, fork_resting(0, NULL));
		rest_forever();
	}
	fd = ns_open(kid.pid, L_PID);
	child = ioctl(fd, NS_GET_PID_FROM_PIDNS, kid_hear(&kid));
	ASSERT_LT(0, child);
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, child, NULL, NULL));
	kill(child, SIGKILL);
	EXPECT_TRUE(eventually(task_state(child) == 'Z'));
	kill(kid.pid, SIGKILL);
	snprintf(words, sizeof(words),
		 "namespace %llu: its init %d (pidns_log_test) exits and still waits, other pids: 1\n",
		 (unsigned long long)ns_fd_id(fd), kid.pid);
	EXPECT_TRUE(eventually(logged(words)));
	snprintf(words, sizeof(words), "nr 2: %d (pidns_log_test) state Z tracer %d (pidns_",
		 child, getpid());
	EXPECT_TRUE(eventually(logged(words)));
	EXPECT_EQ(SIGKILL, wait_status(child));
	ASSERT_TRUE(pidfd_ended(kid.pidfd));
	kid_stop(&kid);
	close(fd);
}

/* Of many pids the first eight are named. */
TEST_F_TIMEOUT(log, init_that_waits_for_many_names_eight, NS_TIMEOUT)
{
	struct kid kid;
	pid_t pid = 0;
	int fd, i;

	ASSERT_EQ(0, file_write(PARAMETERS "zap_warn_seconds", "1"));
	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	fd = ns_open(kid.pid, L_PID);
	for (i = 0; i < 20; i++) {
		pid = fork_into(fd);
		if (!pid)
			rest_forever();
		ASSERT_LT(0, pid);
	}
	kill(kid.pid, SIGKILL);
	EXPECT_TRUE(eventually(logged("pidns:   and 12 more\n")));
	EXPECT_EQ(1, logged("still waits, other pids: 20\n"));
	EXPECT_EQ(8, logged("pidns:   nr "));
	EXPECT_EQ(1, logged("pidns:   nr 9: "));
	/* The keeper is in another group. */
	while (waitpid(0, NULL, 0) > 0)
		;
	close(fd);
}

/* A wait that ends before the limit. */
TEST_F_TIMEOUT(log, init_that_waits_for_less_is_silent, NS_TIMEOUT)
{
	struct timespec begin, end;
	char words[64];
	struct kid kid;
	pid_t zombie;
	int fd;

	ASSERT_EQ(0, file_write(PARAMETERS "zap_warn_seconds", "4"));
	/* Again, if the machine was so slow that it took longer. */
	do {
		ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
		fd = ns_open(kid.pid, L_PID);
		snprintf(words, sizeof(words), "namespace %llu: its init ",
			 (unsigned long long)ns_fd_id(fd));
		zombie = fork_into(fd);
		if (!zombie)
			rest_forever();
		clock_gettime(CLOCK_MONOTONIC, &begin);
		kill(kid.pid, SIGKILL);
		ASSERT_TRUE(eventually(in_last_wait(kid.pid)));
		EXPECT_EQ(SIGKILL, wait_status(zombie));
		ASSERT_TRUE(pidfd_ended(kid.pidfd));
		clock_gettime(CLOCK_MONOTONIC, &end);
		kid_stop(&kid);
		close(fd);
	} while (end.tv_sec - begin.tv_sec >= 4);
	sleep(5);
	EXPECT_EQ(0, logged(words));
}

/*
 * An init that waits for nothing says nothing, and its namespace does not stay
 * for that until the limit: in a user namespace that may have one, the next can
 * be created once the first is destroyed.
 */
TEST_F_TIMEOUT(log, init_that_does_not_wait_is_silent, NS_TIMEOUT)
{
	pid_t pid = -1;

	/* Longer than eventually() waits. */
	ASSERT_EQ(0, file_write(PARAMETERS "zap_warn_seconds", "3600"));
	ASSERT_EQ(0, userns_enter());
	ASSERT_EQ(0, ns_limit("pid", 1));
	pid = fork_resting(CLONE_NEWPID, NULL);
	ASSERT_LT(0, pid);
	EXPECT_EQ(-ENOSPC, fork_resting(CLONE_NEWPID, NULL));
	kill(pid, SIGKILL);
	EXPECT_EQ(SIGKILL, wait_status(pid));
	EXPECT_TRUE(eventually((pid = fork_resting(CLONE_NEWPID, NULL)) > 0));
	EXPECT_EQ(0, logged("still waits"));
	if (pid > 0) {
		kill(pid, SIGKILL);
		EXPECT_EQ(SIGKILL, wait_status(pid));
	}
}

TEST_F_TIMEOUT(log, refused_forks_up_to_a_rate, NS_TIMEOUT)
{
	char words[128];
	struct kid kid;
	__u64 id;
	int fd, i;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	fd = ns_open(kid.pid, L_PID);
	id = ns_fd_id(fd);
	kid_stop(&kid);
	ASSERT_EQ(0, file_write(PARAMETERS "log_refused_forks", "1"));
	for (i = 0; i < 30; i++)
		EXPECT_EQ(-ENOMEM, fork_into(fd));
	snprintf(words, sizeof(words),
		 "pidns: namespace %llu: %d (pidns_log_test) cannot fork into it: its init is dead (namespace %llu)\n",
		 (unsigned long long)id, getpid(), (unsigned long long)id);
	EXPECT_LE(1, logged(words));
	EXPECT_GE(20, logged(words));
	close(fd);
}

/* The reason, and whether it was a fork or a namespace that was refused. */
TEST_F_TIMEOUT(log, refused_fork_and_namespace, NS_TIMEOUT)
{
	unsigned long long id;
	char words[256];
	struct kid kid;

	ASSERT_EQ(0, file_write(PARAMETERS "log_refused_forks", "1"));
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID | CLONE_NEWNS));
	if (!kid.pid) {
		kid_tell(&kid, pid_limit_fill() ?: hold_fork());
		rest_forever();
	}
	EXPECT_EQ(-EAGAIN, kid_hear(&kid));
	id = ns_id(kid.pid, L_PID);
	snprintf(words, sizeof(words),
		 "pidns: namespace %llu: %d (pidns_log_test) cannot fork into it: no number is free (namespace %llu)\n",
		 id, kid.pid, id);
	EXPECT_EQ(1, logged(words));
	kid_stop(&kid);

	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	id = ns_id(0, L_PID_CHILDREN);
	EXPECT_EQ(-1, unshare(CLONE_NEWPID));
	snprintf(words, sizeof(words),
		 "pidns: namespace %llu: %d (pidns_log_test) cannot create a namespace in it: a PID namespace was unshared or joined before (namespace %llu)\n",
		 id, getpid(), id);
	EXPECT_EQ(1, logged(words));
}

TEST_HARNESS_MAIN
