// SPDX-License-Identifier: GPL-2.0
/*
 * Words in the log, which module parameters ask for: of a dying init that waits
 * for long, and of refused forks.
 */
#define PIDNS_OWN_FIXTURE
#include "pidns_reap_util.h"

#define PARAMETERS "/sys/module/pidns/parameters/"

static int kmsg;
static char messages[1 << 16];

FIXTURE(log) {
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
}

FIXTURE_TEARDOWN(log)
{
	file_write(PARAMETERS "zap_warn_seconds", "0");
	file_write(PARAMETERS "log_refused_forks", "0");
}

/* Whether the log has these words, as far as it is of later than the test's begin. */
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
	kill(kid.pid, SIGKILL);
	snprintf(words, sizeof(words),
		 "namespace %llu: its init %d (pidns_log_test) exits and still waits for 1 pids",
		 (unsigned long long)ns_fd_id(fd), kid.pid);
	EXPECT_TRUE(eventually(logged(words)));
	snprintf(words, sizeof(words), "nr 2: %d (pidns_log_test) state Z parent %d (pidns_",
		 zombie, getpid());
	EXPECT_TRUE(eventually(logged(words)));
	EXPECT_TRUE(init_waits(&kid));
	sleep(2);
	EXPECT_EQ(1, logged(words));
	EXPECT_EQ(SIGKILL, wait_status(zombie));
	EXPECT_TRUE(pidfd_ended(kid.pidfd));
	kid_stop(&kid);
	close(fd);
}

/* An init that waits for less, or for nothing, says nothing. */
TEST_F_TIMEOUT(log, init_that_does_not_wait_is_silent, NS_TIMEOUT)
{
	struct kid kid;

	ASSERT_EQ(0, file_write(PARAMETERS "zap_warn_seconds", "1000"));
	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	kid_stop(&kid);
	EXPECT_EQ(0, logged("still waits"));
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
		 "pidns: namespace %llu: %d (pidns_log_test) may not fork or create a namespace there: its init is dead (namespace %llu)",
		 (unsigned long long)id, getpid(), (unsigned long long)id);
	EXPECT_LE(1, logged(words));
	EXPECT_GE(20, logged(words));
	close(fd);
}

TEST_HARNESS_MAIN
