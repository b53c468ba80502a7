// SPDX-License-Identifier: GPL-2.0
/*
 * A task that is being released has no number any more, and no namespace:
 * reading these once followed a NULL pointer (CVE-2025-40178). So query it by
 * files opened before, while it exits; the answers are its numbers or none.
 */
#include <poll.h>
#include <pthread.h>
#include <sys/file.h>

#include "pidns_util.h"

#define ROUNDS 200
#define VICTIM 3000		/* the first one's number for the test */

struct round {
	pid_t victim;
	int status;		/* its file below /proc */
	int pidfd;
	int lock;		/* a file that it has locked */
	int proc;
	bool over;
	const char *trouble;
	long wrong;		/* what was seen instead */
};

static bool trouble(struct round *round, const char *what, long wrong)
{
	if (!round->trouble) {
		round->wrong = wrong;
		round->trouble = what;
	}
	return false;
}

/* Each number is the right one or 0. Returns false if there is no such task. */
static bool ask_status(struct round *round)
{
	static const char * const fields[] = { "NStgid:", "NSpid:", "NSpgid:", "NSsid:" };
	int here, inside, i;
	char buf[4096], *at;
	ssize_t len;

	len = pread(round->status, buf, sizeof(buf) - 1, 0);
	if (len <= 0)
		return errno == ESRCH ? false : trouble(round, "status", errno);
	buf[len] = 0;
	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		at = strstr(buf, fields[i]);
		if (!at || sscanf(at + strlen(fields[i]), "%d %d", &here, &inside) != 2)
			return trouble(round, fields[i], 0);
		if (here && here != round->victim)
			return trouble(round, fields[i], here);
		if (inside && inside != 1)
			return trouble(round, fields[i], inside);
	}
	return true;
}

static bool ask_info(struct round *round)
{
	struct pidfd_info info = { .mask = PIDFD_INFO_PID };

	if (ioctl(round->pidfd, PIDFD_GET_INFO, &info))
		return errno == ESRCH ? false : trouble(round, "PIDFD_GET_INFO", errno);
	if (info.pid != round->victim || info.tgid != round->victim)
		return trouble(round, "PIDFD_GET_INFO", info.pid);
	if (info.ppid && info.ppid != 1)
		return trouble(round, "ppid in PIDFD_GET_INFO", info.ppid);
	return true;
}

static bool ask_fdinfo(struct round *round)
{
	char path[32], buf[512], *at;
	int fd, nr = 0;
	ssize_t len;

	snprintf(path, sizeof(path), "self/fdinfo/%d", round->pidfd);
	fd = openat(round->proc, path, O_RDONLY | O_CLOEXEC);
	len = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (len <= 0)
		return trouble(round, "fdinfo", errno);
	buf[len] = 0;
	at = strstr(buf, "Pid:");
	if (!at || sscanf(at, "Pid: %d", &nr) != 1)
		return trouble(round, "fdinfo", 0);
	if (nr > 0 && nr != round->victim)
		return trouble(round, "Pid in fdinfo", nr);
	return nr > 0;
}

static bool ask_lock(struct round *round)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fcntl(round->lock, F_GETLK, &lock))
		return trouble(round, "F_GETLK", errno);
	if (lock.l_type == F_UNLCK)
		return false;
	if (lock.l_pid && lock.l_pid != round->victim)
		return trouble(round, "the owner of the lock", lock.l_pid);
	return true;
}

static bool ask_calls(struct round *round)
{
	pid_t sid = getsid(round->victim), pgid = getpgid(round->victim);

	if (sid > 0 && sid != round->victim)
		return trouble(round, "getsid", sid);
	if (pgid > 0 && pgid != round->victim)
		return trouble(round, "getpgid", pgid);
	return sid > 0 || pgid > 0 || !kill(round->victim, 0);
}

static bool (* const asks[])(struct round *round) = {
	ask_status, ask_info, ask_fdinfo, ask_lock, ask_calls,
};

/* Query until it is gone, and once more after that. */
static void *reader(void *arg)
{
	struct round *round = arg;
	bool over, alive;
	int i;

	do {
		over = __atomic_load_n(&round->over, __ATOMIC_ACQUIRE);
		alive = false;
		for (i = 0; i < ARRAY_SIZE(asks); i++)
			alive |= asks[i](round);
	} while (!over && !round->trouble);
	if (alive)
		trouble(round, "still there when it was reaped", 0);
	return NULL;
}

/* A session leader and init of a namespace, with a lock. */
static void be_victim(const struct kid *kid, int lock)
{
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (setsid() != 1 || fcntl(lock, F_SETLK, &all))
		_exit(EXIT_FAILURE);
	kid_tell(kid, 0);
	for (;;)
		pause();
}

static void one_round(struct __test_metadata *_metadata, struct round *round, bool reap)
{
	struct pollfd end = { .events = POLLIN };
	struct kid kid = {};
	pthread_t thread;
	char path[32];
	int sk[2];
	bool gone;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sk));
	kid.pid = fork_as(CLONE_NEWPID, 1, round->victim);
	ASSERT_LE(0, kid.pid);
	kid.sk = sk[!kid.pid];
	close(sk[!!kid.pid]);
	if (!kid.pid)
		be_victim(&kid, round->lock);
	ASSERT_EQ(0, kid_hear(&kid));
	snprintf(path, sizeof(path), "%d/status", round->victim);
	round->status = openat(round->proc, path, O_RDONLY | O_CLOEXEC);
	round->pidfd = sys_pidfd_open(round->victim, 0);
	round->over = false;
	ASSERT_LE(0, round->status);
	ASSERT_LE(0, round->pidfd);
	/* While it lives all queries succeed. */
	EXPECT_TRUE(ask_status(round) && ask_info(round) && ask_fdinfo(round) &&
		    ask_lock(round) && ask_calls(round));

	ASSERT_EQ(0, pthread_create(&thread, NULL, reader, round));
	EXPECT_EQ(0, kill(round->victim, SIGKILL));
	end.fd = round->pidfd;
	EXPECT_EQ(1, poll(&end, 1, -1));
	if (reap)
		gone = waitpid(round->victim, NULL, 0) == round->victim;
	else
		gone = eventually(kill(round->victim, 0) && errno == ESRCH);
	EXPECT_TRUE(gone);
	__atomic_store_n(&round->over, true, __ATOMIC_RELEASE);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(NULL, round->trouble) {
		TH_LOG("%s: %ld", round->trouble, round->wrong);
	}
	close(round->status);
	close(round->pidfd);
	close(kid.sk);
}

static void all_rounds(struct __test_metadata *_metadata, bool reap)
{
	struct round round = { .victim = VICTIM, .proc = procfs_open() };
	int rounds = quick() ? ROUNDS / 10 : ROUNDS, i;

	round.lock = sys_memfd_create("lock", MFD_CLOEXEC | MFD_NOEXEC_SEAL);
	ASSERT_LE(0, round.proc);
	ASSERT_LE(0, round.lock);
	for (i = 0; i < rounds && !round.trouble; i++) {
		one_round(_metadata, &round, reap);
		round.victim++;
	}
}

TEST_F_TIMEOUT(pidns, queried_while_reaped, NS_TIMEOUT)
{
	all_rounds(_metadata, true);
}

/* Not waited for: it is reaped by itself. */
TEST_F_TIMEOUT(pidns, queried_while_autoreaped, NS_TIMEOUT)
{
	signal(SIGCHLD, SIG_IGN);
	all_rounds(_metadata, false);
}

TEST_HARNESS_MAIN
