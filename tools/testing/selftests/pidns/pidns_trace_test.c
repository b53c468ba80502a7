// SPDX-License-Identifier: GPL-2.0
/*
 * Tracepoints: the life of a namespace, its numbers, and the sets of namespaces
 * of tasks.
 */
#define PIDNS_OWN_FIXTURE
#include "pidns_reap_util.h"
#include "pidns_window.h"
#include "trace_util.h"

static struct trace trace;

/* In the initial namespace, so that numbers are those that events show. */
FIXTURE(trace) {
};

FIXTURE_SETUP(trace)
{
	const char *why;

	if (geteuid())
		SKIP(return, "needs root");
	SKIP_IF_INSIDE(return);
	why = trace_begin(&trace, "pidns");
	if (why)
		SKIP(return, "%s", why);
}

FIXTURE_TEARDOWN(trace)
{
	trace_end(&trace);
}

static __u64 fd_inode(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : st.st_ino;
}

TEST_F_TIMEOUT(trace, create_and_init, NS_TIMEOUT)
{
	const char *create, *init;
	struct kid kid;
	__u64 id;
	int fd;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWUSER | CLONE_NEWPID));
	fd = ns_open(kid.pid, L_PID);
	id = ns_fd_id(fd);
	create = event_now(&trace, "pid_ns_create", "ns_id", id);
	ASSERT_NE(NULL, create);
	EXPECT_EQ(fd_inode(fd), event_number(create, "inum"));
	EXPECT_EQ(1, event_number(create, "level"));
	EXPECT_EQ(PID_NS_INIT_ID, event_number(create, "parent_id"));
	EXPECT_EQ(ns_id(kid.pid, L_USER), event_number(create, "owner_id"));
	init = event_find(&trace, "pid_ns_init", "ns_id", id);
	ASSERT_NE(NULL, init);
	EXPECT_EQ(kid.pid, event_number(init, "pid"));
	EXPECT_TRUE(event_is(init, "comm", "pidns_trace_tes"));
	EXPECT_LT(create, init);
	kid_stop(&kid);
	close(fd);
}

/* Other processes, and other numbers of the init, are no init. */
TEST_F_TIMEOUT(trace, one_init_per_namespace, NS_TIMEOUT)
{
	int fd;
	pid_t pid;
	__u64 id;

	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	fd = ns_open(0, L_PID_CHILDREN);
	id = ns_fd_id(fd);
	EXPECT_NE(NULL, event_now(&trace, "pid_ns_create", "ns_id", id));
	EXPECT_EQ(NULL, event_find(&trace, "pid_ns_init", "ns_id", id));
	pid = fork_resting(0, NULL);
	ASSERT_LT(0, pid);
	fork_resting(0, NULL);
	ASSERT_EQ(0, setpgid(pid, 0));
	EXPECT_EQ(pid, event_number(event_now(&trace, "pid_ns_init", "ns_id", id), "pid"));
	EXPECT_EQ(NULL, event_find(&trace, "pid_ns_init", "ns_id", PID_NS_INIT_ID));
	kill(pid, SIGKILL);
	close(fd);
}

/*
 * The event of an init's last wait: the second one, with the values of the first, which is of the
 * wait for children. It is written after the task's state is set.
 */
static const char *last_wait(__u64 id)
{
	char word[24];

	snprintf(word, sizeof(word), "%llu", (unsigned long long)id);
	if (!eventually(event_count(&trace, "pid_ns_zap_wait", "ns_id", word) >= 2))
		return NULL;
	return event_find(&trace, "pid_ns_zap_wait", "ns_id", id);
}

/* An init dies, and waits for a zombie whose parent is outside. */
TEST_F_TIMEOUT(trace, zap_waits_for_zombie, NS_TIMEOUT)
{
	const char *begin, *wait, *end;
	struct kid kid;
	pid_t zombie;
	__u64 id, inum;
	int fd;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	fd = ns_open(kid.pid, L_PID);
	id = ns_fd_id(fd);
	inum = fd_inode(fd);
	zombie = fork_into(fd);
	if (!zombie) {
		prctl(PR_SET_NAME, "in_the_way");
		rest_forever();
	}
	EXPECT_TRUE(task_rests(zombie));
	kill(kid.pid, SIGKILL);
	wait = last_wait(id);
	ASSERT_NE(NULL, wait);
	EXPECT_EQ(1, event_number(wait, "nr_pids"));
	EXPECT_EQ(2, event_number(wait, "nr"));
	EXPECT_EQ(zombie, event_number(wait, "pid"));
	EXPECT_TRUE(event_is(wait, "comm", "in_the_way"));
	begin = event_find(&trace, "pid_ns_zap_begin", "ns_id", id);
	EXPECT_EQ(2, event_number(begin, "nr_pids"));
	EXPECT_EQ(1, event_number(begin, "level"));
	EXPECT_LT(begin, wait);
	EXPECT_EQ(NULL, event_find(&trace, "pid_ns_zap_end", "ns_id", id));

	EXPECT_EQ(SIGKILL, wait_status(zombie));
	ASSERT_TRUE(pidfd_ended(kid.pidfd));
	end = event_now(&trace, "pid_ns_zap_end", "ns_id", id);
	EXPECT_EQ(1, event_number(end, "nr_pids"));
	EXPECT_EQ(1, event_number(end, "level"));
	EXPECT_EQ(inum, event_number(end, "inum"));
	kid_stop(&kid);
	EXPECT_EQ(NULL, event_now(&trace, "pid_ns_destroy", "ns_id", id));
	close(fd);
	EXPECT_TRUE(eventually(event_now(&trace, "pid_ns_destroy", "ns_id", id)));
	end = event_find(&trace, "pid_ns_destroy", "ns_id", id);
	EXPECT_EQ(0, event_number(end, "nr_pids"));
	EXPECT_EQ(1, event_number(end, "level"));
	EXPECT_EQ(inum, event_number(end, "inum"));
}

/* The init waits in kernel_wait4() for a child of its own, which is traced from outside. */
TEST_F_TIMEOUT(trace, zap_waits_for_traced_child, NS_TIMEOUT)
{
	const char *wait;
	struct kid kid;
	pid_t child;
	int fd;

	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		kid_tell(&kid, fork_resting(0, NULL));
		rest_forever();
	}
	fd = ns_open(kid.pid, L_PID);
	child = ioctl(fd, NS_GET_PID_FROM_PIDNS, kid_hear(&kid));
	ASSERT_LT(0, child);
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, child, NULL, NULL));
	kill(kid.pid, SIGKILL);
	EXPECT_TRUE(eventually(task_state(child) == 'Z'));
	EXPECT_TRUE(eventually(task_state(kid.pid) == 'S'));
	EXPECT_TRUE(init_waits(&kid));
	wait = event_now(&trace, "pid_ns_zap_wait", "ns_id", ns_fd_id(fd));
	EXPECT_EQ(1, event_number(wait, "nr_pids"));
	EXPECT_EQ(2, event_number(wait, "nr"));
	EXPECT_EQ(child, event_number(wait, "pid"));
	EXPECT_EQ(NULL, event_find(&trace, "pid_ns_zap_end", "ns_id", ns_fd_id(fd)));
	EXPECT_EQ(SIGKILL, wait_status(child));
	ASSERT_TRUE(pidfd_ended(kid.pidfd));
	kid_stop(&kid);
	close(fd);
}

/* A dead thread of the init that is traced from outside. */
TEST_F_TIMEOUT(trace, zap_waits_for_own_thread, NS_TIMEOUT)
{
	const char *wait;
	struct kid kid;
	pid_t tid;
	int fd;

	tid = init_with_dead_thread(&kid, &fd);
	ASSERT_LT(0, tid);
	kill(kid.pid, SIGKILL);
	wait = last_wait(ns_fd_id(fd));
	EXPECT_EQ(1, event_number(wait, "nr_pids"));
	EXPECT_EQ(2, event_number(wait, "nr"));
	EXPECT_EQ(tid, event_number(wait, "pid"));
	EXPECT_EQ(tid, waitpid(tid, NULL, __WALL));
	ASSERT_TRUE(pidfd_ended(kid.pidfd));
	kid_stop(&kid);
	close(fd);
}

/* A process is gone, but another one outside is in its group. */
TEST_F_TIMEOUT(trace, zap_waits_for_group, NS_TIMEOUT)
{
	struct kid kid, member;
	const char *wait;
	pid_t leader;
	int fd;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	fd = ns_open(kid.pid, L_PID);
	leader = fork_into(fd);
	if (!leader)
		rest_forever();
	ASSERT_EQ(0, setpgid(leader, 0));
	ASSERT_EQ(0, kid_hold(&member, 0));
	ASSERT_EQ(0, setpgid(member.pid, leader));
	kill(leader, SIGKILL);
	EXPECT_EQ(SIGKILL, wait_status(leader));
	kill(kid.pid, SIGKILL);
	wait = last_wait(ns_fd_id(fd));
	EXPECT_EQ(1, event_number(wait, "nr_pids"));
	EXPECT_EQ(2, event_number(wait, "nr"));
	EXPECT_EQ(member.pid, event_number(wait, "pid"));
	kid_stop(&member);
	ASSERT_TRUE(pidfd_ended(kid.pidfd));
	kid_stop(&kid);
	close(fd);
}

/* No task is attached to the pid yet. The clone then fails, since the init is dead. */
TEST_F_TIMEOUT(trace, zap_waits_for_clone, NS_TIMEOUT)
{
	const char *wait;
	struct window w;
	struct kid kid;
	int fd;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	fd = ns_open(kid.pid, L_PID);
	ASSERT_EQ(0, window_open(&w, fd));
	kill(kid.pid, SIGKILL);
	wait = last_wait(ns_fd_id(fd));
	EXPECT_EQ(1, event_number(wait, "nr_pids"));
	EXPECT_EQ(2, event_number(wait, "nr"));
	EXPECT_EQ(0, event_number(wait, "pid"));
	EXPECT_TRUE(event_is(wait, "comm", ""));
	EXPECT_EQ(-ENOMEM, window_pass(&w));
	ASSERT_TRUE(pidfd_ended(kid.pidfd));
	window_close(&w);
	kid_stop(&kid);
	close(fd);
}

/* An event with the numbers @outer and @inner, whatever zeroes they are written with. */
static bool numbers_event(const char *name, __u64 id, pid_t outer, pid_t inner)
{
	char want[64];
	const char *value = event_now(&trace, name, "ns_id", id);

	value = value ? event_value(value, "nrs") : NULL;
	snprintf(want, sizeof(want), "{0x%x,0x%x}", outer, inner);
	return value && !strncmp(value, want, strlen(want));
}

TEST_F_TIMEOUT(trace, numbers_at_each_level, NS_TIMEOUT)
{
	struct kid kid;
	pid_t pid;
	__u64 id;
	int fd;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	fd = ns_open(kid.pid, L_PID);
	id = ns_fd_id(fd);
	EXPECT_TRUE(numbers_event("pid_alloc", id, kid.pid, 1));
	pid = fork_into(fd);
	if (!pid)
		rest_forever();
	EXPECT_TRUE(numbers_event("pid_alloc", id, pid, 2));
	EXPECT_EQ(1, event_number(event_find(&trace, "pid_alloc", "ns_id", id), "level"));
	EXPECT_EQ(pid, event_number(event_find(&trace, "pid_alloc", "ns_id", id), "pid"));
	EXPECT_EQ(NULL, event_find(&trace, "pid_free", "ns_id", id));
	kill(pid, SIGKILL);
	EXPECT_EQ(SIGKILL, wait_status(pid));
	EXPECT_TRUE(numbers_event("pid_free", id, pid, 2));
	kid_stop(&kid);
	EXPECT_TRUE(numbers_event("pid_free", id, kid.pid, 1));
	close(fd);
}

/* All ids of an event but one are the task's. */
static bool others_stay(const char *event, const struct nsids *ids, int but)
{
	static const struct {
		int link;
		const char *key;
	} links[] = {
		{ L_MNT, "mnt" }, { L_UTS, "uts" }, { L_IPC, "ipc" },
		{ L_PID_CHILDREN, "pid_children" }, { L_CGROUP, "cgroup" }, { L_NET, "net" },
		{ L_TIME, "time" }, { L_TIME_CHILDREN, "time_children" },
	};
	unsigned int i;
	__u64 id;

	for (i = 0; i < ARRAY_SIZE(links); i++) {
		id = ids->id[links[i].link];
		if (links[i].link != but && !event_pair(event, links[i].key, id, id))
			return false;
	}
	return true;
}

TEST_F_TIMEOUT(trace, set_by_unshare_setns_clone_and_exit, NS_TIMEOUT)
{
	int own = ns_open(0, L_UTS);
	struct nsids ids, now;
	const char *event;
	struct kid kid;

	ASSERT_TRUE(ns_read(0, &ids));
	ASSERT_EQ(0, unshare(CLONE_NEWUTS));
	ASSERT_TRUE(ns_read(0, &now));
	event = event_now(&trace, "nsproxy_switch", "pid", getpid());
	ASSERT_NE(NULL, event);
	EXPECT_EQ(__NR_unshare, event_number(event, "syscall"));
	EXPECT_TRUE(event_pair(event, "uts", ids.id[L_UTS], now.id[L_UTS]));
	EXPECT_TRUE(others_stay(event, &ids, L_UTS));

	ASSERT_EQ(0, setns(own, CLONE_NEWUTS));
	event = event_now(&trace, "nsproxy_switch", "pid", getpid());
	EXPECT_EQ(__NR_setns, event_number(event, "syscall"));
	EXPECT_TRUE(event_pair(event, "uts", now.id[L_UTS], ids.id[L_UTS]));

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWIPC));
	event = event_now(&trace, "nsproxy_clone", "pid", getpid());
	ASSERT_NE(NULL, event);
	EXPECT_EQ(__NR_clone3, event_number(event, "syscall"));
	EXPECT_TRUE(event_pair(event, "ipc", ids.id[L_IPC], ns_id(kid.pid, L_IPC)));
	EXPECT_TRUE(others_stay(event, &ids, L_IPC));
	/* That of the parent does not change, and the child has no other. */
	event = event_find(&trace, "nsproxy_switch", "pid", getpid());
	EXPECT_EQ(__NR_setns, event_number(event, "syscall"));
	EXPECT_EQ(NULL, event_find(&trace, "nsproxy_switch", "pid", kid.pid));
	EXPECT_EQ(NULL, event_find(&trace, "nsproxy_clone", "pid", kid.pid));

	now.id[L_IPC] = ns_id(kid.pid, L_IPC);
	kid_stop(&kid);
	event = event_now(&trace, "nsproxy_switch", "pid", kid.pid);
	EXPECT_TRUE(event_pair(event, "ipc", now.id[L_IPC], 0));
	EXPECT_TRUE(event_pair(event, "mnt", ids.id[L_MNT], 0));
	close(own);
}

/* A fork that is refused after it has its namespaces is no exit. */
TEST_F_TIMEOUT(trace, refused_fork_is_no_exit, NS_TIMEOUT)
{
	int own = ns_open(0, L_PID), fd;
	const char *event;
	struct kid kid;
	__u64 ipc;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	fd = ns_open(kid.pid, L_PID);
	kid_stop(&kid);
	ASSERT_EQ(0, setns(fd, CLONE_NEWPID));
	EXPECT_EQ(-ENOMEM, fork_resting(CLONE_NEWIPC, NULL));
	ipc = ns_id(0, L_IPC);
	event = event_now(&trace, "nsproxy_clone", "pid", getpid());
	ASSERT_NE(NULL, event);
	EXPECT_FALSE(event_pair(event, "ipc", ipc, ipc));
	EXPECT_TRUE(event_pair(event, "mnt", ns_id(0, L_MNT), ns_id(0, L_MNT)));
	/* The last switch is still that of setns. */
	event = event_find(&trace, "nsproxy_switch", "pid", getpid());
	EXPECT_EQ(__NR_setns, event_number(event, "syscall"));
	EXPECT_TRUE(event_pair(event, "ipc", ipc, ipc));
	ASSERT_EQ(0, setns(own, CLONE_NEWPID));
	close(own);
	close(fd);
}

/* exec enters the time namespace for children. */
TEST_F_TIMEOUT(trace, set_by_exec, NS_TIMEOUT)
{
	const char *event = NULL;
	int status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		if (!unshare(CLONE_NEWTIME))
			execl("/bin/sleep", "sleep", "1000", NULL);
		_exit(EXIT_FAILURE);
	}
	EXPECT_TRUE(eventually(({
		event = event_now(&trace, "nsproxy_switch", "pid", pid);
		event && event_number(event, "syscall") == __NR_execve;
	})));
	EXPECT_TRUE(event_pair(event, "time", ns_id(0, L_TIME), ns_id(pid, L_TIME)));
	EXPECT_NE(ns_id(0, L_TIME), ns_id(pid, L_TIME));
	EXPECT_TRUE(event_pair(event, "time_children", ns_id(pid, L_TIME), ns_id(pid, L_TIME)));
	kill(pid, SIGKILL);
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
}

TEST_HARNESS_MAIN
