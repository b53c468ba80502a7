// SPDX-License-Identifier: GPL-2.0
/*
 * exec by a thread that is not the leader: it becomes the leader and takes its
 * number, the old leader is gone, and so is the thread's own number.
 */
#include <arpa/inet.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/filter.h>
#include <linux/netlink.h>

#define PIDNS_OWN_FIXTURE
#include "pidns_reap_util.h"

#define HELPER "--exec-helper"

/* Reports of the program after exec, and of the threads before it. */
static struct shared {
	pid_t tid;			/* of the thread, before */
	int go;
	int pid, ppid, tid_after;	/* of the program, after */
	int old;			/* result of kill with the old number */
	int orphan_ppid;		/* of an orphan, if it is an init */
} *shared;

/* The program: as an init it also checks that it adopts an orphan. */
static int helper(void)
{
	pid_t pid;

	shared = shared_map(sizeof(*shared));
	/* That of kid_start() was the leader's. */
	if (!shared || prctl(PR_SET_PDEATHSIG, SIGKILL))
		return EXIT_FAILURE;
	shared->tid_after = thread_id();
	shared->ppid = getppid();
	shared->old = kill(shared->tid, 0) ? errno : 0;
	if (getpid() == 1) {
		pid = fork();
		if (!pid) {
			if (!fork()) {
				while (getppid() != 1)
					usleep(1000);
				WRITE_ONCE(shared->orphan_ppid, getppid());
				_exit(EXIT_SUCCESS);
			}
			_exit(EXIT_SUCCESS);
		}
		while (wait(NULL) > 0)
			;
	}
	WRITE_ONCE(shared->pid, getpid());
	while (READ_ONCE(shared->go) < 2)
		usleep(1000);
	return 17;
}

static void *thread_exec(void *arg)
{
	WRITE_ONCE(shared->tid, thread_id());
	while (!READ_ONCE(shared->go))
		usleep(1000);
	/* Not /proc/self/exe: a leader that has exited has no program any more. */
	execl("/proc/thread-self/exe", "pidns_thread_exec_test", HELPER, NULL);
	_exit(EXIT_FAILURE);
}

static void *thread_rest(void *arg)
{
	rest_forever();
}

FIXTURE(exec) {
};

FIXTURE_VARIANT(exec)
{
	__u64 flags;
	bool leader_ended;
};

FIXTURE_VARIANT_ADD(exec, process)
{
};

FIXTURE_VARIANT_ADD(exec, init)
{
	.flags = CLONE_NEWPID,
};

/* Here another thread has become the reaper before. */
FIXTURE_VARIANT_ADD(exec, init_without_leader)
{
	.flags = CLONE_NEWPID,
	.leader_ended = true,
};

FIXTURE_SETUP(exec)
{
	if (geteuid())
		SKIP(return, "needs root");
	shared = shared_make(sizeof(*shared));
	ASSERT_NE(NULL, shared);
}

FIXTURE_TEARDOWN(exec)
{
}

union event_message {
	struct nlmsghdr head;
	char buf[256];
};

/* The offset of an event's field in the connector's messages. */
#define EVENT_AT(member)						\
	(NLMSG_HDRLEN + sizeof(struct cn_msg) + offsetof(struct proc_event, member))

/*
 * Queue this process's exec only: the events of the whole machine could
 * overflow the queue.
 */
static int events_filter(int sk, pid_t tgid)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, EVENT_AT(what)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(PROC_EVENT_EXEC), 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, EVENT_AT(event_data.exec.process_tgid)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(tgid), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog filter = { ARRAY_SIZE(code), code };

	return setsockopt(sk, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter));
}

/*
 * The kernel keeps a task's number twice; this reads the other one. -1 if the
 * kernel does not support it.
 */
static int events_open(pid_t tgid)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC };
	enum proc_cn_mcast_op op = PROC_CN_MCAST_LISTEN;
	union event_message listen = {
		.head = {
			.nlmsg_len = NLMSG_LENGTH(sizeof(struct cn_msg) + sizeof(op)),
			.nlmsg_type = NLMSG_DONE,
		},
	};
	struct cn_msg *msg = NLMSG_DATA(&listen.head);
	int sk;

	msg->id.idx = CN_IDX_PROC;
	msg->id.val = CN_VAL_PROC;
	msg->len = sizeof(op);
	memcpy(msg->data, &op, sizeof(op));

	sk = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_CONNECTOR);
	if (sk >= 0 && (events_filter(sk, tgid) ||
			bind(sk, (struct sockaddr *)&addr, sizeof(addr)) ||
			send(sk, &listen, listen.head.nlmsg_len, 0) < 0)) {
		close(sk);
		return -1;
	}
	return sk;
}

/* The number of the task that executed in a process, from the kernel's event. */
static pid_t events_exec(int sk, pid_t tgid)
{
	struct pollfd p = { .fd = sk, .events = POLLIN };
	union event_message got;
	struct cn_msg *msg = NLMSG_DATA(&got.head);
	struct proc_event event;

	while (poll(&p, 1, NS_TIMEOUT * 1000) == 1 && recv(sk, &got, sizeof(got), 0) > 0) {
		memcpy(&event, msg->data, sizeof(event));
		if (event.what == PROC_EVENT_EXEC &&
		    event.event_data.exec.process_tgid == tgid)
			return event.event_data.exec.process_pid;
	}
	return -1;
}

/* A process of three threads, of which one is to execute the program. */
static bool threads_start(struct kid *kid, __u64 flags, bool leader_ended)
{
	if (kid_start(kid, flags) < 0)
		return false;
	if (!kid->pid) {
		pthread_t second, third;

		if (pthread_create(&third, NULL, thread_rest, NULL) ||
		    pthread_create(&second, NULL, thread_exec, NULL))
			_exit(EXIT_FAILURE);
		if (leader_ended)
			thread_exit(0);
		rest_forever();
	}
	return eventually(READ_ONCE(shared->tid)) &&
	       (!leader_ended || eventually(task_state(kid->pid) == 'Z'));
}

TEST_F_TIMEOUT(exec, proc_event_of_exec, NS_TIMEOUT)
{
	struct kid kid;
	int events;

	SKIP_IF_INSIDE(return);
	ASSERT_TRUE(threads_start(&kid, variant->flags, variant->leader_ended));
	events = events_open(kid.pid);
	if (events < 0)
		SKIP(return, "no process events (CONFIG_PROC_EVENTS)");
	WRITE_ONCE(shared->go, 1);
	EXPECT_EQ(kid.pid, events_exec(events, kid.pid));
	close(events);
	WRITE_ONCE(shared->go, 2);
	EXPECT_EQ(17 << 8, wait_status(kid.pid));
	kid_stop(&kid);
}

TEST_F_TIMEOUT(exec, thread_takes_number_of_leader, NS_TIMEOUT)
{
	int before[MAX_LEVELS], after[MAX_LEVELS], levels, fd, thread, leader;
	struct stat was, is;
	struct kid kid;
	char path[64];
	pid_t tid;

	ASSERT_TRUE(threads_start(&kid, variant->flags, variant->leader_ended));
	fd = ns_open(kid.pid, L_PID);
	tid = ioctl(fd, NS_GET_PID_FROM_PIDNS, shared->tid);
	ASSERT_LT(0, tid);
	EXPECT_NE(kid.pid, tid);
	levels = task_numbers(kid.pid, "NSpid:", before);
	EXPECT_EQ(3, nr_tasks(kid.pid));
	thread = sys_pidfd_open(tid, PIDFD_THREAD);
	leader = sys_pidfd_open(kid.pid, PIDFD_THREAD);
	ASSERT_LE(0, thread);
	ASSERT_LE(0, leader);
	ASSERT_EQ(0, fstat(kid.pidfd, &was));

	WRITE_ONCE(shared->go, 1);
	ASSERT_TRUE(eventually(READ_ONCE(shared->pid)));
	/* The program has the number of the process at each level. */
	EXPECT_EQ(before[levels - 1], shared->pid);
	EXPECT_EQ(shared->pid, shared->tid_after);
	EXPECT_EQ(variant->flags ? 0 : getpid(), shared->ppid);
	EXPECT_EQ(levels, task_numbers(kid.pid, "NSpid:", after));
	EXPECT_EQ(0, memcmp(before, after, levels * sizeof(int)));
	EXPECT_EQ(levels, task_numbers(kid.pid, "NStgid:", after));
	EXPECT_EQ(0, memcmp(before, after, levels * sizeof(int)));
	EXPECT_EQ(1, nr_tasks(kid.pid));
	EXPECT_NE('Z', task_state(kid.pid));
	EXPECT_EQ(getpid(), task_ppid(kid.pid));
	/* The thread's own number is free, for kill and for /proc. */
	EXPECT_EQ(ESRCH, shared->old);
	EXPECT_TRUE(task_gone(tid));
	EXPECT_EQ(-1, syscall(__NR_tgkill, kid.pid, tid, 0));
	EXPECT_EQ(ESRCH, errno);
	snprintf(path, sizeof(path), "/proc/%d/task/%d", kid.pid, tid);
	EXPECT_NE(0, access(path, F_OK));
	EXPECT_EQ(0, syscall(__NR_tgkill, kid.pid, kid.pid, 0));
	/* Its parent sees it like any process that has executed. */
	EXPECT_EQ(-1, setpgid(kid.pid, kid.pid));
	EXPECT_EQ(EACCES, errno);
	/* A pidfd follows the number: the thread's is dead, the leader's lives. */
	EXPECT_EQ(POLLIN | POLLHUP, pidfd_events(thread));
	EXPECT_EQ(-1, sys_pidfd_send_signal(thread, 0, NULL, 0));
	EXPECT_EQ(ESRCH, errno);
	EXPECT_EQ(0, pidfd_events(leader));
	EXPECT_EQ(0, pidfd_events(kid.pidfd));
	EXPECT_EQ(0, sys_pidfd_send_signal(leader, 0, NULL, 0));
	EXPECT_EQ(0, sys_pidfd_send_signal(kid.pidfd, 0, NULL, 0));
	close(leader);
	leader = sys_pidfd_open(kid.pid, 0);
	ASSERT_EQ(0, fstat(leader, &is));
	EXPECT_EQ(was.st_ino, is.st_ino);
	if (variant->flags) {
		/* It is the reaper, and the namespace lives on. */
		EXPECT_EQ(1, shared->orphan_ppid);
		EXPECT_EQ(kid.pid, ioctl(fd, NS_GET_PID_FROM_PIDNS, 1));
		tid = fork_into(fd);
		ASSERT_LE(0, tid);
		if (!tid)
			_exit(EXIT_SUCCESS);
		EXPECT_EQ(0, wait_status(tid));
	}
	WRITE_ONCE(shared->go, 2);
	EXPECT_EQ(17 << 8, wait_status(kid.pid));
	EXPECT_EQ(POLLIN | POLLHUP, pidfd_events(leader));
	close(leader);
	close(thread);
	close(fd);
	kid_stop(&kid);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], HELPER))
		return helper();
	return test_harness_run(argc, argv);
}
