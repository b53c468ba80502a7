// SPDX-License-Identifier: GPL-2.0
/*
 * Everything that shows namespaces is read while namespaces are created, zapped
 * and destroyed: the ioctl, fdinfo, the file of debugfs and the tracepoints.
 * C has the first two.
 */
#define PIDNS_OWN_FIXTURE
#include "pidns_reap_util.h"
#include "trace_util.h"

#define WORKERS 2

/* For each worker */
#define ROUNDS 100

#define ZAP_WARN "/sys/module/pidns/parameters/zap_warn_seconds"

/* What a reader has read, and how much of it was wrong. */
struct seen {
	unsigned long read;
	unsigned long wrong;
};

/* What the processes share. */
struct work {
	bool done;
	struct seen seen[3];
	pid_t init[WORKERS];		/* of the current namespace */
};

static struct trace trace;

FIXTURE(readers) {
	struct work *work;
	struct kid keeper;
};

FIXTURE_SETUP(readers)
{
	int zap_warn = file_read_int(ZAP_WARN);

	if (geteuid())
		SKIP(return, "needs root");
	SKIP_IF_INSIDE(return);
	self->work = shared_alloc(sizeof(*self->work));
	ASSERT_NE(NULL, self->work);
	/* The warning of a long zap is yet another reader. */
	if (zap_warn < 0)
		return;
	if (!keeper_start(&self->keeper))
		_exit(!!file_write(ZAP_WARN, "%d", zap_warn));
	ASSERT_LT(0, self->keeper.pid);
	ASSERT_EQ(0, file_write(ZAP_WARN, "1"));
}

FIXTURE_TEARDOWN(readers)
{
	if (self->keeper.pid)
		EXPECT_EQ(0, keeper_end(&self->keeper));
}

/* Whether a file system has @path. */
static bool fs_has(const char *name, const char *path)
{
	int root = fs_root(name);
	bool has = !faccessat(root, path, F_OK, 0);

	close(root);
	return has;
}

/* The ioctl and fdinfo, on whatever namespace is in the making or dying. */
static void read_files(const struct work *work, struct seen *seen)
{
	struct pid_ns_info info;
	char path[64], text[1024];
	int i, fd, fdinfo;
	pid_t init;
	ssize_t nr;

	for (i = 0; !READ_ONCE(work->done); i = (i + 1) % WORKERS) {
		init = READ_ONCE(work->init[i]);
		fd = init ? ns_open(init, L_PID) : -1;
		if (fd < 0)
			continue;
		if (!ioctl(fd, NS_PID_GET_INFO, &info))
			seen->wrong += info.state > PID_NS_INFO_DYING || info.level < 1 ||
				       info.nr_pids > 8 || !info.ns_id;
		else
			seen->wrong += errno != ENOTTY;
		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
		fdinfo = open(path, O_RDONLY | O_CLOEXEC);
		nr = read(fdinfo, text, sizeof(text) - 1);
		seen->wrong += nr <= 0;
		close(fdinfo);
		close(fd);
		seen->read++;
	}
}

/* The file of debugfs in pieces: between two of them a namespace may come or go. */
static void read_debugfs(const struct work *work, struct seen *seen)
{
	int root = fs_root("debugfs"), fd, len;
	char first[32], text[300];
	ssize_t nr;

	/* The initial namespace is always there. */
	len = snprintf(first, sizeof(first), "namespace %d\n", PID_NS_INIT_ID);
	for (;;) {
		fd = openat(root, "pidns/namespaces", O_RDONLY | O_CLOEXEC);
		if (fd < 0 || (READ_ONCE(work->done) && seen->read))
			break;
		nr = read(fd, text, sizeof(text));
		seen->wrong += nr < len || memcmp(text, first, len);
		while (nr > 0)
			nr = read(fd, text, sizeof(text));
		seen->wrong += nr < 0;
		close(fd);
		seen->read++;
	}
}

/* The tracepoints are turned on and off, and their events shown. */
static void read_events(const struct work *work, struct seen *seen)
{
	if (trace_begin(&trace, "pidns"))
		return;
	while (!READ_ONCE(work->done) || !seen->read) {
		seen->wrong += trace_write(&trace, "events/pidns/enable", "1") != 0;
		trace_read(&trace);
		seen->wrong += trace_write(&trace, "events/pidns/enable", "0") != 0;
		seen->wrong += trace_write(&trace, "trace", "") != 0;
		seen->read++;
	}
	trace_end(&trace);
}

/*
 * How long the zap of a round takes, in microseconds: the first is long enough
 * for the warning, and some are about as long as it takes to come.
 */
static int zap_time(int worker, int round)
{
	if (!round)
		return 1500000;
	return round % 10 == 5 ? 990000 + 10000 * worker + 2000 * (round / 10) : 0;
}

/*
 * An init with another in a namespace below it, and a process whose parent is
 * outside. The outer init is killed, and waits until that zombie is reaped.
 */
static bool round_of(struct work *work, int worker, int round)
{
	pid_t visitor, inner;
	struct kid kid;
	bool ok;
	int fd;

	if (kid_start(&kid, CLONE_NEWPID) < 0)
		return false;
	if (!kid.pid) {
		inner = fork_resting(CLONE_NEWPID, NULL);
		kid_tell(&kid, inner);
		rest_forever();
	}
	ok = kid_hear(&kid) == 2;
	WRITE_ONCE(work->init[worker], kid.pid);
	fd = ns_open(kid.pid, L_PID);
	visitor = fork_into(fd);
	if (!visitor)
		rest_forever();
	close(fd);
	kill(kid.pid, SIGKILL);
	ok = ok && visitor > 0 && eventually(task_state(visitor) == 'Z');
	usleep(zap_time(worker, round));
	ok = wait_status(visitor) == SIGKILL && ok;
	ok = wait_status(kid.pid) == SIGKILL && ok;
	kid_stop(&kid);
	return ok;
}

TEST_F_TIMEOUT(readers, while_namespaces_come_and_go, NS_TIMEOUT)
{
	static void (* const readers[])(const struct work *work, struct seen *seen) = {
		read_files, read_debugfs, read_events,
	};
	const bool has[ARRAY_SIZE(readers)] = {
		true, fs_has("debugfs", "pidns/namespaces"), fs_has("tracefs", "events/pidns"),
	};
	int i, j, rounds = count_for_kernel(_metadata, ROUNDS);
	pid_t reader[ARRAY_SIZE(readers)], worker[WORKERS];
	struct work *work = self->work;

	for (i = 0; i < ARRAY_SIZE(readers); i++) {
		reader[i] = fork();
		if (!reader[i]) {
			readers[i](work, &work->seen[i]);
			_exit(EXIT_SUCCESS);
		}
		ASSERT_LT(0, reader[i]);
	}
	for (i = 0; i < WORKERS; i++) {
		worker[i] = fork();
		if (!worker[i]) {
			for (j = 0; j < rounds; j++)
				if (!round_of(work, i, j))
					_exit(EXIT_FAILURE);
			_exit(EXIT_SUCCESS);
		}
		ASSERT_LT(0, worker[i]);
	}
	for (i = 0; i < WORKERS; i++)
		EXPECT_EQ(0, wait_status(worker[i]));
	WRITE_ONCE(work->done, true);
	for (i = 0; i < ARRAY_SIZE(readers); i++) {
		EXPECT_EQ(0, wait_status(reader[i]));
		EXPECT_EQ(0, work->seen[i].wrong);
		EXPECT_EQ(has[i], work->seen[i].read > 0);
	}
	TH_LOG("read %lu files of namespaces, debugfs %lu times, events %lu times",
	       work->seen[0].read, work->seen[1].read, work->seen[2].read);
}

TEST_HARNESS_MAIN
