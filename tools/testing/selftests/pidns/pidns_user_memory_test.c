// SPDX-License-Identifier: GPL-2.0
/*
 * Arguments in memory that changes while the kernel reads it: userfaultfd holds
 * a call where it copies them, and a thread changes them again and again. What
 * was checked is what is used, and a call that fails has allocated nothing.
 */
#include <pthread.h>

#include "pidns_util.h"
#include "uffd_util.h"

#define ROUNDS 2000

/* The number of threads that were started: each takes the next number. */
static int threads;

/* A call by a thread that waits for its page. */
struct held {
	char *page;
	int uffd;
	pthread_t thread;
	int (*call)(struct held *held);
	int pidfd;
	int result;
};

static void *held_main(void *arg)
{
	struct held *held = arg;

	held->result = held->call(held);
	return NULL;
}

/* Start it; returns 0 when it waits. */
static int held_start(struct held *held, int (*call)(struct held *held))
{
	struct uffd_msg msg;

	held->call = call;
	held->page = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (held->page == MAP_FAILED)
		return -errno;
	held->uffd = uffd_register(held->page, getpagesize(), 0, 0);
	if (held->uffd < 0)
		return held->uffd;
	if (pthread_create(&held->thread, NULL, held_main, held))
		return -EAGAIN;
	threads++;
	return read(held->uffd, &msg, sizeof(msg)) == sizeof(msg) ? 0 : -errno;
}

static int held_end(struct held *held)
{
	pthread_join(held->thread, NULL);
	close(held->uffd);
	return held->result;
}

/* Provide the page, with this in it; returns the result of the call. */
static int held_give(struct held *held, const void *data, size_t size)
{
	struct uffdio_copy copy = {
		.dst = (unsigned long)held->page,
		.len = getpagesize(),
	};
	void *content = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int err = 0;

	if (content == MAP_FAILED)
		return -errno;
	memcpy(content, data, size);
	copy.src = (unsigned long)content;
	if (ioctl(held->uffd, UFFDIO_COPY, &copy))
		err = -errno;
	munmap(content, getpagesize());
	if (err)
		return err;
	err = held_end(held);
	munmap(held->page, getpagesize());
	return err;
}

/* Unmap the page instead. */
static int held_fail(struct held *held)
{
	struct uffdio_range range = {
		.start = (unsigned long)held->page,
		.len = getpagesize(),
	};

	munmap(held->page, getpagesize());
	if (ioctl(held->uffd, UFFDIO_WAKE, &range))
		return -errno;
	return held_end(held);
}

static int call_tids(struct held *held)
{
	return fork_done(fork_tids(0, (pid_t *)held->page, 1));
}

#define HELD_GIVE_TIDS(...)						\
({									\
	ASSERT_EQ(0, held_start(&held, call_tids));			\
	held_give(&held, __tids(__VA_ARGS__), sizeof(__tids(__VA_ARGS__))); \
})

TEST_F_TIMEOUT(pidns, set_tid_that_comes_late, NS_TIMEOUT)
{
	struct held held;
	pid_t other;

	ASSERT_EQ(0, last_pid_set(1000));
	EXPECT_EQ(4711, HELD_GIVE_TIDS(4711));
	EXPECT_EQ(-EINVAL, HELD_GIVE_TIDS(0));
	EXPECT_EQ(-EINVAL, HELD_GIVE_TIDS(-1));
	EXPECT_EQ(-EINVAL, HELD_GIVE_TIDS(PID_MAX_LIMIT));
	EXPECT_EQ(-EEXIST, HELD_GIVE_TIDS(1));

	/* The owner of the number and the limit are those after the copy. */
	ASSERT_EQ(0, held_start(&held, call_tids));
	other = hold_as(4711);
	EXPECT_EQ(4711, other);
	EXPECT_EQ(-EEXIST, held_give(&held, &other, sizeof(other)));
	ASSERT_EQ(0, held_start(&held, call_tids));
	hold_end(other);
	EXPECT_EQ(4711, held_give(&held, &other, sizeof(other)));
	ASSERT_EQ(0, held_start(&held, call_tids));
	EXPECT_EQ(0, pid_limit_set(4711));
	EXPECT_EQ(-EINVAL, held_give(&held, &other, sizeof(other)));

	ASSERT_EQ(0, held_start(&held, call_tids));
	EXPECT_EQ(-EFAULT, held_fail(&held));
	/* Only the threads moved the cursor. */
	EXPECT_EQ(1000 + threads, last_pid());
}

static int call_clone(struct held *held)
{
	pid_t pid = sys_clone3((void *)held->page, sizeof(struct __clone_args));

	return fork_done(pid < 0 ? -errno : pid);
}

TEST_F_TIMEOUT(pidns, clone_args_that_come_late, NS_TIMEOUT)
{
	struct __clone_args args = { .exit_signal = SIGCHLD };
	struct held held;

	ASSERT_EQ(0, held_start(&held, call_clone));
	ASSERT_EQ(0, last_pid_set(1000));
	EXPECT_EQ(1001, held_give(&held, &args, sizeof(args)));
	threads = 0;
	args.flags = ~0ULL;
	ASSERT_EQ(0, held_start(&held, call_clone));
	EXPECT_EQ(-EINVAL, held_give(&held, &args, sizeof(args)));
	args.flags = 0;
	args.set_tid = 8;
	ASSERT_EQ(0, held_start(&held, call_clone));
	EXPECT_EQ(-EINVAL, held_give(&held, &args, sizeof(args)));
	args.set_tid_size = 1;
	ASSERT_EQ(0, held_start(&held, call_clone));
	EXPECT_EQ(-EFAULT, held_give(&held, &args, sizeof(args)));
	args.set_tid_size = ~0ULL;
	ASSERT_EQ(0, held_start(&held, call_clone));
	EXPECT_EQ(-EINVAL, held_give(&held, &args, sizeof(args)));
	ASSERT_EQ(0, held_start(&held, call_clone));
	EXPECT_EQ(-EFAULT, held_fail(&held));
	EXPECT_EQ(1001 + threads, last_pid());
}

static int call_last_pid(struct held *held)
{
	int fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
	int err = write(fd, held->page, 4) == 4 ? 0 : -errno;

	close(fd);
	return err;
}

static int call_info(struct held *held)
{
	return ioctl(held->pidfd, PIDFD_GET_INFO, held->page) ? -errno : 0;
}

TEST_F_TIMEOUT(pidns, written_and_asked_late, NS_TIMEOUT)
{
	struct pidfd_info info = { .mask = PIDFD_INFO_EXIT };
	struct held held;
	struct kid kid;

	ASSERT_EQ(0, held_start(&held, call_last_pid));
	EXPECT_EQ(0, last_pid_set(1000));
	EXPECT_EQ(0, held_give(&held, "2000", 4));
	EXPECT_EQ(2000, last_pid());
	threads = 0;
	ASSERT_EQ(0, held_start(&held, call_last_pid));
	EXPECT_EQ(-EINVAL, held_give(&held, "\0\0\0\0", 4));
	ASSERT_EQ(0, held_start(&held, call_last_pid));
	EXPECT_EQ(-EFAULT, held_fail(&held));
	EXPECT_EQ(2000 + threads, last_pid());

	/* The process is gone by the time the request is read. */
	ASSERT_EQ(0, kid_hold(&kid, 0));
	held.pidfd = kid.pidfd;
	ASSERT_EQ(0, held_start(&held, call_info));
	hold_end(kid.pid);
	EXPECT_EQ(0, held_give(&held, &info, sizeof(info)));
	ASSERT_EQ(0, held_start(&held, call_info));
	info.mask = PIDFD_INFO_PID;
	EXPECT_EQ(-ESRCH, held_give(&held, &info, sizeof(info)));
	kid_stop(&kid);
}

/*
 * The kernel may copy byte by byte: one byte only differs between what is
 * there at one time and at another, in the address of the numbers as well.
 */
#define CHOSEN 60
#define TIDS ((pid_t *)(1UL << 32))

static struct {
	struct __clone_args args;
	int stop;
} changing;

#define CHANGE(place, value) __atomic_store_n(&changing.place, value, __ATOMIC_RELAXED)

/* No two of the three fit together for long. */
static void *change(void *arg)
{
	static const pid_t tids[] = { CHOSEN, 0, CHOSEN + 1, CHOSEN, 1, CHOSEN + 1, 0 };
	unsigned int i;

	for (i = 0; !__atomic_load_n(&changing.stop, __ATOMIC_RELAXED); i++) {
		__atomic_store_n(TIDS, tids[i % ARRAY_SIZE(tids)], __ATOMIC_RELAXED);
		CHANGE(args.set_tid_size, i % 3 ? 1 : 0);
		CHANGE(args.set_tid, i % 3 ? ptr_to_u64(TIDS) : 0);
	}
	return NULL;
}

/* How often each outcome was seen. */
struct outcomes {
	int chosen, next, refused;
};

/* Fork with what is there just then. Returns whether each outcome was seen by now. */
static bool fork_changing(struct __test_metadata *_metadata, struct outcomes *seen)
{
	int before = last_pid();
	pid_t pid = sys_clone3(&changing.args, sizeof(changing.args));

	if (!pid)
		_exit(getpid() == CHOSEN || getpid() == CHOSEN + 1 || getpid() == before + 1 ?
		      EXIT_SUCCESS : EXIT_FAILURE);
	if (pid < 0) {
		EXPECT_TRUE(errno == EINVAL || errno == EEXIST || errno == EFAULT);
		EXPECT_EQ(before, last_pid());
		seen->refused++;
	} else {
		EXPECT_EQ(0, wait_for_pid(pid));
		if (pid == before + 1) {
			seen->next++;
		} else {
			EXPECT_TRUE(pid == CHOSEN || pid == CHOSEN + 1);
			EXPECT_EQ(before, last_pid());
			seen->chosen++;
		}
	}
	return seen->chosen && seen->next && seen->refused;
}

/* Whatever is read, the child has a number that was asked for, or the next one. */
TEST_F_TIMEOUT(pidns, arguments_that_change, NS_TIMEOUT)
{
	int rounds = reduced_rounds() ? ROUNDS / 10 : ROUNDS, i;
	struct outcomes seen = {};
	pthread_t thread;

	changing.args.exit_signal = SIGCHLD;
	ASSERT_EQ(TIDS, mmap(TIDS, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
	ASSERT_EQ(0, last_pid_set(1000));
	ASSERT_EQ(0, pthread_create(&thread, NULL, change, NULL));
	for (i = 0; i < rounds; i++)
		fork_changing(_metadata, &seen);
	/* With one CPU the thread may have run seldom: let it, before each of some more. */
	EXPECT_TRUE(eventually(fork_changing(_metadata, &seen)));
	CHANGE(stop, 1);
	pthread_join(thread, NULL);
	TH_LOG("%d numbers as chosen, %d the next, %d refused", seen.chosen, seen.next,
	       seen.refused);
}

TEST_HARNESS_MAIN
