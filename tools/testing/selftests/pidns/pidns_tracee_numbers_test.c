// SPDX-License-Identifier: GPL-2.0
/*
 * Numbers of new tasks that ptrace tells a tracer, and of tasks whose system
 * calls a seccomp listener answers.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>

#include "pidns_reap_util.h"

/* The message of the next stop of @pid, which must be for @event; then it goes on. */
static long event_message(pid_t pid, int event)
{
	unsigned long message;
	int status;

	if (waitpid(pid, &status, __WALL) != pid || status >> 8 != (SIGTRAP | event << 8) ||
	    ptrace(PTRACE_GETEVENTMSG, pid, NULL, &message) ||
	    ptrace(PTRACE_CONT, pid, NULL, NULL))
		return -1;
	return message;
}

static void *thread_exec(void *arg)
{
	execl("/proc/self/exe", "pidns_tracee_numbers_test", "--sleep", NULL);
	return NULL;
}

/* Forks when told to, and then lets a thread call exec. */
static void __noreturn tracee(const struct kid *kid)
{
	pthread_t thread;

	kid_tell(kid, 0);
	kid_hear(kid);
	kid_tell(kid, fork_resting(0, NULL));
	kid_hear(kid);
	pthread_create(&thread, NULL, thread_exec, NULL);
	rest_forever();
}

/* Follow one; its new tasks are @child and @thread in the caller's numbers. */
static void follow(struct __test_metadata *_metadata, struct kid *kid, pid_t child, pid_t thread)
{
	long options = PTRACE_O_TRACEFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC |
		       PTRACE_O_EXITKILL;

	EXPECT_EQ(0, kid_hear(kid));
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, kid->pid, NULL, options));
	kid_tell(kid, 0);
	EXPECT_EQ(child, event_message(kid->pid, PTRACE_EVENT_FORK));
	/* New tasks are traced and stop first. This one's init is to reap it. */
	ASSERT_EQ(child, waitpid(child, NULL, __WALL));
	ASSERT_EQ(0, ptrace(PTRACE_DETACH, child, NULL, NULL));
	/* The tracee itself gets its own namespace's number. */
	EXPECT_LT(1, kid_hear(kid));
	kid_tell(kid, 0);
	EXPECT_EQ(thread, event_message(kid->pid, PTRACE_EVENT_CLONE));
	ASSERT_EQ(thread, waitpid(thread, NULL, __WALL));
	ASSERT_EQ(0, ptrace(PTRACE_CONT, thread, NULL, NULL));
	/* The number that it had before the exec. */
	EXPECT_EQ(thread, event_message(kid->pid, PTRACE_EVENT_EXEC));
}

TEST_F_TIMEOUT(pidns, ptrace_event_messages, NS_TIMEOUT)
{
	struct kid kid, child;

	/* Nobody else takes numbers of the test's namespace, so they go up by 1. */
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid)
		tracee(&kid);
	follow(_metadata, &kid, kid.pid + 1, kid.pid + 2);
	kid_stop(&kid);
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		ASSERT_LE(0, kid_start(&child, 0));
		if (!child.pid)
			tracee(&child);
		follow(_metadata, &child, 3, 4);
		kid_rest(&kid);
	}
	EXPECT_EQ(0, kid_hear(&kid));
	kid_stop(&kid);
}

/* A listener for getpgid(), which nothing here needs. */
static int listen_to_getpgid(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_getpgid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = ARRAY_SIZE(filter), .filter = filter };
	int fd = syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER,
			 SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog);

	return fd < 0 ? -errno : fd;
}

/* Answer a call; the caller's number as the listener is told. */
static pid_t notified(int listener)
{
	struct seccomp_notif notif = {};
	struct seccomp_notif_resp resp = {};

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notif))
		return -errno;
	resp.id = notif.id;
	resp.val = 4711;
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp) ? -errno : notif.pid;
}

/* Start a child that makes one such call. */
static pid_t call_start(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(syscall(__NR_getpgid, 0) != 4711);
	return pid;
}

TEST_F_TIMEOUT(pidns, seccomp_notifications, NS_TIMEOUT)
{
	struct kid kid, sibling;
	int listener;
	pid_t pid;

	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		listener = listen_to_getpgid();
		kid_tell(&kid, listener);
		kid_hear(&kid);
		pid = call_start();
		EXPECT_EQ(pid, notified(listener));
		EXPECT_EQ(0, wait_status(pid));
		/* Two more, which others answer. */
		pid = call_start();
		kid_tell(&kid, pid);
		EXPECT_EQ(0, wait_status(pid));
		pid = call_start();
		EXPECT_EQ(0, wait_status(pid));
		kid_rest(&kid);
	}
	listener = kid_hear(&kid);
	if (listener == -EINVAL)
		SKIP(return, "no seccomp filters (CONFIG_SECCOMP_FILTER)");
	ASSERT_LE(0, listener);
	listener = sys_pidfd_getfd(kid.pidfd, listener, 0);
	ASSERT_LE(0, listener);
	kid_tell(&kid, 0);
	pid = pid_from(kid.pid, kid_hear(&kid));
	EXPECT_LT(kid.pid, pid);
	EXPECT_EQ(pid, notified(listener));
	ASSERT_LE(0, kid_start(&sibling, CLONE_NEWPID));
	if (!sibling.pid) {
		EXPECT_EQ(0, notified(listener));
		kid_rest(&sibling);
	}
	EXPECT_EQ(0, kid_hear(&sibling));
	EXPECT_EQ(0, kid_hear(&kid));
	kid_stop(&sibling);
	kid_stop(&kid);
	close(listener);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--sleep"))
		rest_forever();
	return test_harness_run(argc, argv);
}
