// SPDX-License-Identifier: GPL-2.0
/*
 * Numbers of threads that userfaultfd tells, and that timers, futexes and
 * priorities are given.
 */
#include <linux/futex.h>
#include <sys/resource.h>
#include <time.h>

#include "pidns_reap_util.h"
#include "uffd_util.h"

static struct shared {
	pid_t tid;
	int signals;
	unsigned int word;
} *shared;

static struct shared *shared_fresh(void)
{
	shared = shared_alloc(sizeof(*shared));
	return shared;
}

/* Read a byte of a page, which waits for a userfaultfd. */
static void *thread_fault(void *page)
{
	WRITE_ONCE(shared->tid, thread_id());
	READ_ONCE(*(char *)page);
	rest_forever();
}

/* Provide the page that a thread waits for; returns the thread's reported number. */
static int fault_read(int uffd, void *page)
{
	struct uffdio_zeropage zero = {
		.range = { .start = (unsigned long)page, .len = getpagesize() },
	};
	struct uffd_msg msg;

	if (read(uffd, &msg, sizeof(msg)) != sizeof(msg) || msg.event != UFFD_EVENT_PAGEFAULT)
		return -1;
	return ioctl(uffd, UFFDIO_ZEROPAGE, &zero) ? -errno : msg.arg.pagefault.feat.ptid;
}

/* Threads are reported by their number in their own namespace, whoever reads it. */
TEST_F_TIMEOUT(pidns, userfaultfd_thread_id, NS_TIMEOUT)
{
	struct kid kid;
	int uffd;

	ASSERT_NE(0, !!shared_fresh());
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		size_t len = 2 * getpagesize();
		pthread_t thread;
		char *pages;

		pages = mmap(NULL, len, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		ASSERT_NE(MAP_FAILED, pages);
		uffd = uffd_register(pages, len, UFFD_FEATURE_THREAD_ID, 0);
		ASSERT_LE(0, uffd);
		ASSERT_EQ(0, pthread_create(&thread, NULL, thread_fault, pages));
		EXPECT_EQ(2, fault_read(uffd, pages));
		EXPECT_EQ(2, READ_ONCE(shared->tid));
		kid_tell(&kid, uffd);
		send(kid.sk, &pages, sizeof(pages), MSG_NOSIGNAL);
		EXPECT_EQ(0, READ_ONCE(pages[getpagesize()]));
		kid_rest(&kid);
	}
	uffd = kid_hear(&kid);
	ASSERT_LE(0, uffd);
	uffd = sys_pidfd_getfd(kid.pidfd, uffd, 0);
	if (uffd >= 0) {
		char *pages;

		ASSERT_EQ(sizeof(pages), read_nointr(kid.sk, &pages, sizeof(pages)));
		EXPECT_EQ(1, fault_read(uffd, pages + getpagesize()));
	}
	EXPECT_LE(0, uffd);
	EXPECT_EQ(0, kid_hear(&kid));
	kid_stop(&kid);
	close(uffd);
}

/* A thread that counts the signals it gets. */
static void *thread_count(void *arg)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	WRITE_ONCE(shared->tid, thread_id());
	while (!sigwait(&set, &sig))
		__atomic_add_fetch(&shared->signals, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/* A timer that signals a thread: its result, and the timer in *id. */
static int timer_for(pid_t tid, int *id)
{
	/* Not by the C library, which takes struct sigevent apart. */
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL | SIGEV_THREAD_ID,
		.sigev_signo = SIGUSR1,
		._sigev_un._tid = tid,
	};

	return syscall(__NR_timer_create, CLOCK_MONOTONIC, &event, id) ? -errno : 0;
}

TEST_F_TIMEOUT(pidns, sigev_thread_id, NS_TIMEOUT)
{
	struct itimerspec soon = { .it_value.tv_nsec = 1 };
	char path[32], line[128];
	bool told = false;
	struct kid kid;
	sigset_t set;
	pid_t tid;
	FILE *f;

	ASSERT_NE(0, !!shared_fresh());
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		pthread_t thread;
		int id, other;

		sigemptyset(&set);
		sigaddset(&set, SIGUSR1);
		sigprocmask(SIG_BLOCK, &set, NULL);
		ASSERT_EQ(0, pthread_create(&thread, NULL, thread_count, NULL));
		ASSERT_TRUE(eventually(READ_ONCE(shared->tid)));
		EXPECT_EQ(2, shared->tid);
		EXPECT_EQ(0, timer_for(2, &id));
		EXPECT_EQ(0, syscall(__NR_timer_settime, id, 0, &soon, NULL));
		EXPECT_TRUE(eventually(READ_ONCE(shared->signals) == 1));
		EXPECT_EQ(-EINVAL, timer_for(77, &other));
		kid_tell(&kid, 0);
		/* The thread's number outside is nobody's here. */
		EXPECT_EQ(-EINVAL, timer_for(kid_hear(&kid), &other));
		/* A task of another process. */
		EXPECT_EQ(-EINVAL, timer_for(fork_resting(0, NULL), &other));
		kid_rest(&kid);
	}
	EXPECT_EQ(0, kid_hear(&kid));
	tid = pid_from(kid.pid, 2);
	EXPECT_LT(2, tid);
	kid_tell(&kid, tid);
	EXPECT_EQ(0, kid_hear(&kid));
	/* /proc translates it. */
	snprintf(path, sizeof(path), "/proc/%d/timers", kid.pid);
	f = fopen(path, "re");
	ASSERT_NE(0, !!f);
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, "notify:", 7))
			continue;
		told = true;
		EXPECT_EQ(tid, atoi(strrchr(line, '.') + 1));
	}
	EXPECT_TRUE(told);
	fclose(f);
	kid_stop(&kid);
}

/* The result of an operation on the futex that processes here share. */
static int futex_do(int op)
{
	return syscall(__NR_futex, &shared->word, op, 0, NULL, NULL, 0) ? -errno : 0;
}

/* A TID in a futex is looked up in the caller's namespace, whoever has written it. */
TEST_F_TIMEOUT(pidns, futex_with_foreign_tid, NS_TIMEOUT)
{
	struct kid kid, sibling, child;

	ASSERT_NE(0, !!shared_fresh());
	ASSERT_LE(0, kid_start(&sibling, CLONE_NEWPID));
	if (!sibling.pid) {
		kid_tell(&sibling, 0);
		kid_hear(&sibling);
		/* The other's number is this one's as well: it takes the lock for its own. */
		EXPECT_EQ(-EDEADLK, futex_do(FUTEX_LOCK_PI));
		EXPECT_EQ(0, futex_do(FUTEX_UNLOCK_PI));
		kid_rest(&sibling);
	}
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		EXPECT_EQ(0, futex_do(FUTEX_LOCK_PI));
		EXPECT_EQ(1, READ_ONCE(shared->word));
		kid_tell(&kid, 0);
		kid_hear(&kid);
		EXPECT_EQ(0, READ_ONCE(shared->word));
		ASSERT_EQ(0, file_write("/proc/sys/kernel/ns_last_pid", "4999"));
		ASSERT_LE(0, kid_start(&child, 0));
		if (!child.pid) {
			EXPECT_EQ(0, futex_do(FUTEX_LOCK_PI));
			kid_tell(&child, 0);
			kid_hear(&child);
			EXPECT_TRUE(eventually(READ_ONCE(shared->word) & FUTEX_WAITERS));
			EXPECT_EQ(0, futex_do(FUTEX_UNLOCK_PI));
			kid_rest(&child);
		}
		EXPECT_EQ(0, kid_hear(&child));
		EXPECT_EQ(5000, child.pid);
		EXPECT_EQ(5000, READ_ONCE(shared->word));
		kid_tell(&kid, 0);
		kid_hear(&kid);
		EXPECT_EQ(-EPERM, futex_do(FUTEX_UNLOCK_PI));
		/* A lock that fails with ESRCH leaves FUTEX_WAITERS set. */
		WRITE_ONCE(shared->word, child.pid);
		kid_tell(&child, 0);
		/* Here the owner is known, waited for, and hands it over. */
		EXPECT_EQ(0, futex_do(FUTEX_LOCK_PI));
		EXPECT_EQ(1, READ_ONCE(shared->word) & FUTEX_TID_MASK);
		EXPECT_EQ(0, kid_hear(&child));
		kid_rest(&kid);
	}
	EXPECT_EQ(0, kid_hear(&sibling));
	EXPECT_EQ(0, kid_hear(&kid));
	EXPECT_EQ(-EPERM, futex_do(FUTEX_UNLOCK_PI));
	kid_tell(&sibling, 0);
	EXPECT_EQ(0, kid_hear(&sibling));
	kid_tell(&kid, 0);
	EXPECT_EQ(0, kid_hear(&kid));
	/* No such number: neither here nor in the sibling. */
	EXPECT_EQ(-ESRCH, futex_do(FUTEX_LOCK_PI));
	kid_tell(&kid, 0);
	EXPECT_EQ(0, kid_hear(&kid));
	kid_stop(&sibling);
	kid_stop(&kid);
}

static int prio(int which, int who)
{
	int ret = syscall(__NR_getpriority, which, who);

	/* The kernel's value is above 0. */
	return ret < 0 ? -errno : 20 - ret;
}

static int prio_set(int which, int who, int nice)
{
	return setpriority(which, who, nice) ? -errno : 0;
}

/* PRIO_USER affects those of a user's processes that the caller sees. */
TEST_F_TIMEOUT(pidns, priorities_of_a_user, NS_TIMEOUT)
{
	struct kid kid, outside, child;
	uid_t uid = NOBODY;

	ASSERT_LE(0, kid_start(&outside, 0));
	if (!outside.pid) {
		ASSERT_EQ(0, setpriority(PRIO_PROCESS, 0, -5));
		ASSERT_EQ(0, setresuid(uid, uid, uid));
		kid_rest(&outside);
	}
	EXPECT_EQ(0, kid_hear(&outside));
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		ASSERT_LE(0, kid_start(&child, 0));
		if (!child.pid) {
			ASSERT_EQ(0, setresuid(uid, uid, uid));
			kid_rest(&child);
		}
		EXPECT_EQ(0, kid_hear(&child));
		EXPECT_EQ(0, prio(PRIO_USER, uid));
		EXPECT_EQ(0, prio_set(PRIO_USER, uid, 5));
		EXPECT_EQ(5, prio(PRIO_PROCESS, child.pid));
		EXPECT_EQ(5, prio(PRIO_USER, uid));
		EXPECT_EQ(0, prio(PRIO_PROCESS, 1));
		EXPECT_EQ(-ESRCH, prio(PRIO_PROCESS, 77));
		EXPECT_EQ(-ESRCH, prio(PRIO_PGRP, 77));
		/* A user without processes here. */
		EXPECT_EQ(-ESRCH, prio_set(PRIO_USER, uid - 1, 5));
		kid_rest(&kid);
	}
	EXPECT_EQ(0, kid_hear(&kid));
	EXPECT_EQ(-5, prio(PRIO_PROCESS, outside.pid));
	EXPECT_EQ(-5, prio(PRIO_USER, uid));
	/* From outside, all of them are affected. */
	EXPECT_EQ(0, prio_set(PRIO_USER, uid, 7));
	EXPECT_EQ(7, prio(PRIO_PROCESS, outside.pid));
	EXPECT_EQ(7, prio(PRIO_USER, uid));
	kid_stop(&kid);
	kid_stop(&outside);
}

TEST_HARNESS_MAIN
