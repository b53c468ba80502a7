// SPDX-License-Identifier: GPL-2.0
/*
 * The file of debugfs that shows all PID namespaces, and for a dying one the
 * numbers that it waits for.
 */
#define PIDNS_OWN_FIXTURE
#include "pidns_reap_util.h"
#include "pidns_window.h"

#define TEXT 0x100000

static char text[TEXT];

static int file_open(void)
{
	int root = fs_root("debugfs"), fd;

	fd = openat(root, "pidns/namespaces", O_RDONLY | O_CLOEXEC);
	close(root);
	return fd;
}

/* Of the machine: only there all namespaces are known. */
FIXTURE(debugfs) {
};

FIXTURE_SETUP(debugfs)
{
	int fd;

	if (geteuid())
		SKIP(return, "needs root");
	SKIP_IF_INSIDE(return);
	fd = file_open();
	if (fd < 0)
		SKIP(return, "no such file: C, or no CONFIG_PIDNS_DEBUG_FS");
	close(fd);
}

FIXTURE_TEARDOWN(debugfs)
{
}

/* Read all of it in pieces, into text. */
static void file_read(size_t piece)
{
	int fd = file_open();
	size_t len = 0;
	ssize_t nr;

	do {
		nr = read(fd, text + len, piece < TEXT - 1 - len ? piece : TEXT - 1 - len);
		len += nr > 0 ? nr : 0;
	} while (nr > 0);
	text[len] = 0;
	close(fd);
}

/* The lines on the namespace @id, as a string, in what was read; "" if there are none. */
static const char *block(__u64 id)
{
	static char found[TEXT];
	char head[64], *at, *end;

	snprintf(head, sizeof(head), "namespace %llu\n", (unsigned long long)id);
	at = strstr(text, head);
	if (!at)
		return "";
	end = strstr(at + 1, "\nnamespace ");
	snprintf(found, sizeof(found), "%.*s", (int)(end ? end + 1 - at : strlen(at)), at);
	return found;
}

/* The same, read anew. */
static const char *block_now(__u64 id)
{
	file_read(TEXT);
	return block(id);
}

static int number_after(const char *block, const char *words)
{
	const char *at = strstr(block, words);

	return at ? atoi(at + strlen(words)) : -1;
}

#define EXPECT_LINE(block, ...)						\
do {									\
	const char *__block = (block);					\
	char __line[256];						\
									\
	snprintf(__line, sizeof(__line), __VA_ARGS__);			\
	EXPECT_NE(NULL, strstr(__block, __line)) {			\
		TH_LOG("no %s in %s", __line, __block);			\
	}								\
} while (0)

TEST_F_TIMEOUT(debugfs, alive_and_waiting, NS_TIMEOUT)
{
	const char *lines;
	struct kid kid;
	struct stat st;
	__u64 id;
	int fd;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWUSER | CLONE_NEWPID));
	fd = ns_open(kid.pid, L_PID);
	id = ns_fd_id(fd);
	ASSERT_EQ(0, fstat(fd, &st));
	lines = block_now(id);
	EXPECT_LINE(lines, "  inum %lu level 1 parent %d owner %llu\n", st.st_ino, PID_NS_INIT_ID,
		    ns_id(kid.pid, L_USER));
	EXPECT_LINE(lines, "  state alive pids 1 last_pid 1 pid_max ");
	EXPECT_LINE(lines, " init %d\n", kid.pid);
	EXPECT_EQ(NULL, strstr(lines, "  nr "));
	/* The child's nsproxy and pid, and this file. */
	EXPECT_LE(3, number_after(lines, "  references "));
	EXPECT_LE(3, number_after(lines, " active "));
	EXPECT_GE(NS_TIMEOUT, number_after(lines, " age "));
	EXPECT_TRUE(eventually(number_after(block_now(id), " age ") > 0));
	kid_stop(&kid);
	EXPECT_LINE(block_now(id), "  state dying pids 0 ");
	EXPECT_LINE(block(id), " active 1 age ");
	close(fd);
	EXPECT_TRUE(eventually(!*block_now(id)));

	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	EXPECT_LINE(block_now(ns_id(0, L_PID_CHILDREN)),
		    "  state waiting pids 0 last_pid 0 ");
}

TEST_F_TIMEOUT(debugfs, dying_waits_for_zombie, NS_TIMEOUT)
{
	struct kid kid;
	pid_t zombie;
	__u64 id;
	int fd;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	fd = ns_open(kid.pid, L_PID);
	id = ns_fd_id(fd);
	zombie = fork_into(fd);
	if (!zombie) {
		prctl(PR_SET_NAME, "in_the_way");
		rest_forever();
	}
	EXPECT_TRUE(task_rests(zombie));
	kill(kid.pid, SIGKILL);
	EXPECT_TRUE(eventually(in_last_wait(kid.pid)));
	EXPECT_TRUE(eventually(task_state(zombie) == 'Z'));
	EXPECT_LINE(block_now(id), "  state dying pids 2 ");
	EXPECT_LINE(block(id), "  nr 2: %d (in_the_way) state Z parent %d (pidns_debugfs_t)",
		    zombie, getpid());
	/* The init is not in its own way. */
	EXPECT_EQ(NULL, strstr(block(id), "  nr 1:"));
	EXPECT_EQ(SIGKILL, wait_status(zombie));
	kid_stop(&kid);
	close(fd);
}

TEST_F_TIMEOUT(debugfs, dying_waits_for_clone, NS_TIMEOUT)
{
	struct window w;
	struct kid kid;
	int fd;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	fd = ns_open(kid.pid, L_PID);
	ASSERT_EQ(0, window_open(&w, fd));
	kill(kid.pid, SIGKILL);
	EXPECT_TRUE(eventually(in_last_wait(kid.pid)));
	EXPECT_LINE(block_now(ns_fd_id(fd)), "  nr 2: no task\n");
	EXPECT_EQ(-ENOMEM, window_pass(&w));
	window_close(&w);
	kid_stop(&kid);
	close(fd);
}

/* An init that waits for nothing keeps its namespace until it is reaped. */
TEST_F_TIMEOUT(debugfs, dead_waits_for_its_init, NS_TIMEOUT)
{
	struct kid kid;
	__u64 id;
	int fd;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	fd = ns_open(kid.pid, L_PID);
	id = ns_fd_id(fd);
	EXPECT_EQ(NULL, strstr(block_now(id), "  nr "));
	kill(kid.pid, SIGKILL);
	ASSERT_TRUE(pidfd_ended(kid.pidfd));
	EXPECT_LINE(block_now(id), "  state dying pids 1 ");
	EXPECT_LINE(block(id), "  nr 1: %d (pidns_debugfs_t) state Z parent %d (pidns_debugfs_t)",
		    kid.pid, getpid());
	kid_stop(&kid);
	EXPECT_LINE(block_now(id), "  state dying pids 0 ");
	EXPECT_EQ(NULL, strstr(block(id), "  nr "));
	close(fd);
}

TEST_F_TIMEOUT(debugfs, dying_waits_for_traced_task, NS_TIMEOUT)
{
	struct kid kid;
	pid_t traced;
	__u64 id;
	int fd;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	fd = ns_open(kid.pid, L_PID);
	id = ns_fd_id(fd);
	traced = fork_into(fd);
	if (!traced)
		rest_forever();
	/* It stops before it exits, and is not to be killed there. */
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, traced, NULL, PTRACE_O_TRACEEXIT));
	kill(kid.pid, SIGKILL);
	EXPECT_EQ(SIGTRAP | PTRACE_EVENT_EXIT << 8, wait_status(traced) >> 8);
	EXPECT_TRUE(eventually(in_last_wait(kid.pid)));
	EXPECT_LINE(block_now(id), "  nr 2: %d (pidns_debugfs_t) state t tracer %d (pidns_",
		    traced, getpid());
	EXPECT_EQ(0, ptrace(PTRACE_CONT, traced, NULL, NULL));
	EXPECT_EQ(SIGKILL, wait_status(traced));
	kid_stop(&kid);
	close(fd);
}

/* The function that a task sleeps in, "" if that is not known. */
static const char *wchan_of(pid_t pid)
{
	static char wchan[128];
	char path[64];
	ssize_t nr;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/wchan", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	nr = read(fd, wchan, sizeof(wchan) - 1);
	close(fd);
	wchan[nr > 0 ? nr : 0] = 0;
	return strcmp(wchan, "0") ? wchan : "";
}

/* A process is gone, but another one outside sleeps in its group. */
TEST_F_TIMEOUT(debugfs, dying_waits_for_group, NS_TIMEOUT)
{
	struct kid kid, member;
	const char *wchan;
	pid_t leader;
	__u64 id;
	int fd;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	fd = ns_open(kid.pid, L_PID);
	id = ns_fd_id(fd);
	leader = fork_into(fd);
	if (!leader)
		rest_forever();
	ASSERT_EQ(0, setpgid(leader, 0));
	ASSERT_EQ(0, kid_hold(&member, 0));
	ASSERT_EQ(0, setpgid(member.pid, leader));
	kill(leader, SIGKILL);
	EXPECT_EQ(SIGKILL, wait_status(leader));
	EXPECT_TRUE(task_rests(member.pid));
	kill(kid.pid, SIGKILL);
	EXPECT_TRUE(eventually(in_last_wait(kid.pid)));
	wchan = wchan_of(member.pid);
	EXPECT_LINE(block_now(id),
		    "  nr 2: group of %d (pidns_debugfs_t) state S parent %d (pidns_debugfs_t)%s%s\n",
		    member.pid, getpid(), *wchan ? " wchan " : "", wchan);
	kid_stop(&member);
	kid_stop(&kid);
	close(fd);
}

static int leave_group(void *arg)
{
	setpgid(0, 0);
	rest_forever();
}

/* A session's leader is gone, but not a zombie in it, whose parent is outside. */
TEST_F_TIMEOUT(debugfs, dying_waits_for_session, NS_TIMEOUT)
{
	pid_t leader, member;
	struct kid kid;
	__u64 id;
	int fd;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	fd = ns_open(kid.pid, L_PID);
	id = ns_fd_id(fd);
	leader = fork_into(fd);
	if (!leader) {
		if (setsid() < 0 || clone_legacy(leave_group, CLONE_PARENT) < 0)
			_exit(EXIT_FAILURE);
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_status(leader));
	member = ioctl(fd, NS_GET_PID_FROM_PIDNS, 3);
	ASSERT_LT(0, member);
	EXPECT_TRUE(eventually(getpgid(member) == member));
	kill(kid.pid, SIGKILL);
	EXPECT_TRUE(eventually(in_last_wait(kid.pid)));
	EXPECT_TRUE(eventually(task_state(member) == 'Z'));
	EXPECT_LINE(block_now(id), "  state dying pids 3 ");
	EXPECT_LINE(block(id), "  nr 2: session of %d (pidns_debugfs_t) state Z parent %d (pidns_",
		    member, getpid());
	EXPECT_LINE(block(id), "  nr 3: %d (pidns_debugfs_t) state Z parent %d (pidns_",
		    member, getpid());
	EXPECT_EQ(SIGKILL, wait_status(member));
	kid_stop(&kid);
	close(fd);
}

/* A dead thread of the init, whose tracer does not wait. */
TEST_F_TIMEOUT(debugfs, dying_waits_for_own_thread, NS_TIMEOUT)
{
	struct kid kid;
	pid_t tid;
	__u64 id;
	int fd;

	tid = init_with_dead_thread(&kid, &fd);
	ASSERT_LT(0, tid);
	id = ns_fd_id(fd);
	kill(kid.pid, SIGKILL);
	EXPECT_TRUE(eventually(in_last_wait(kid.pid)));
	EXPECT_LINE(block_now(id), "  nr 2: %d (pidns_debugfs_t) state Z tracer %d (pidns_",
		    tid, getpid());
	EXPECT_EQ(NULL, strstr(block(id), "  nr 1:"));
	EXPECT_EQ(tid, waitpid(tid, NULL, __WALL));
	ASSERT_TRUE(pidfd_ended(kid.pidfd));
	kid_stop(&kid);
	close(fd);
}

/* Pieces that end anywhere: each number once, in order. */
TEST_F_TIMEOUT(debugfs, small_reads_repeat_nothing, NS_TIMEOUT)
{
	int fd, count = count_for_kernel(_metadata, 1000), i, pieces;
	const char *at;
	struct kid kid;
	__u64 id;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	fd = ns_open(kid.pid, L_PID);
	id = ns_fd_id(fd);
	for (i = 0; i < count; i++) {
		pid_t pid = fork_into(fd);

		if (!pid)
			rest_forever();
		ASSERT_LT(0, pid);
	}
	kill(kid.pid, SIGKILL);
	EXPECT_TRUE(eventually(in_last_wait(kid.pid)));
	for (pieces = 0; pieces < 2; pieces++) {
		file_read(pieces ? TEXT : 77);
		at = block(id);
		for (i = 2; i < count + 2; i++) {
			char head[32];

			snprintf(head, sizeof(head), "\n  nr %d: ", i);
			at = strstr(at, head);
			ASSERT_NE(NULL, at) {
				TH_LOG("no %d", i);
			}
			EXPECT_EQ(NULL, strstr(at + 1, head));
		}
	}
	while (waitpid(-1, NULL, 0) > 0)
		;
	close(fd);
}

TEST_F_TIMEOUT(debugfs, root_only, NS_TIMEOUT)
{
	int root = fs_root("debugfs");
	struct stat st;

	ASSERT_LE(0, root);
	/* The directory may be root's as well. */
	ASSERT_EQ(0, fstatat(root, "pidns/namespaces", &st, 0));
	EXPECT_EQ(0400, st.st_mode & 0777);
	ASSERT_EQ(0, setresuid(65534, 65534, 65534));
	EXPECT_EQ(-1, openat(root, "pidns/namespaces", O_RDONLY | O_CLOEXEC));
	EXPECT_EQ(EACCES, errno);
	close(root);
}

TEST_HARNESS_MAIN
