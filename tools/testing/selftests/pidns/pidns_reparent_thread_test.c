// SPDX-License-Identifier: GPL-2.0
/*
 * Threads as fathers: an orphan stays with the process as long as one thread
 * of it lives, and an init is a reaper as long as one thread of it lives.
 */
#include "pidns_reap_util.h"

static struct shared {
	pid_t child, child_ppid;
	int go;
} *shared;

/* Whether @pid is a child of the calling thread, and not of another one. */
static bool thread_has_child(pid_t pid)
{
	return waitpid(pid, NULL, WNOHANG | __WNOTHREAD) == 0;
}

static void shared_wait(int step)
{
	while (READ_ONCE(shared->go) < step)
		usleep(1000);
}

/* A child that tells of its father until the end; its number is told with that. */
static void fork_watcher(void)
{
	pid_t pid = fork();

	while (!pid) {
		WRITE_ONCE(shared->child_ppid, getppid());
		usleep(2000);
	}
	WRITE_ONCE(shared->child, pid);
}

static bool watcher_is_there(void)
{
	return eventually(READ_ONCE(shared->child) && READ_ONCE(shared->child_ppid));
}

/* A thread that becomes a father, and ends when it is told to. */
static void *thread_father(void *arg)
{
	fork_watcher();
	shared_wait(1);
	thread_exit(0);
}

/* In the init of a namespace: how a child of it ends that does @be. */
static int child_status(struct __test_metadata *_metadata,
			void (*be)(struct __test_metadata *_metadata))
{
	pid_t pid;

	shared = shared_alloc(sizeof(*shared));
	ASSERT_NE(0, !!shared);
	pid = fork();
	if (!pid)
		be(_metadata);
	return wait_status(pid);
}

/* The leader of a process one thread of which is a father. */
static void __noreturn be_leader(struct __test_metadata *_metadata)
{
	pthread_t thread;

	/* There is somebody else who might take it. */
	ASSERT_EQ(0, pthread_create(&thread, NULL, thread_father, NULL));
	ASSERT_TRUE(watcher_is_there());
	EXPECT_FALSE(thread_has_child(shared->child));
	EXPECT_EQ(getpid(), shared->child_ppid);
	WRITE_ONCE(shared->go, 1);
	EXPECT_TRUE(eventually(thread_has_child(shared->child)));
	WRITE_ONCE(shared->child_ppid, 0);
	EXPECT_TRUE(eventually(READ_ONCE(shared->child_ppid)));
	EXPECT_EQ(getpid(), READ_ONCE(shared->child_ppid));
	kill(shared->child, SIGKILL);
	EXPECT_EQ(SIGKILL, wait_status(shared->child));
	_exit(EXIT_SUCCESS);
}

static void live_thread(struct __test_metadata *_metadata)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	EXPECT_EQ(0, child_status(_metadata, be_leader));
	/* None came to the init. */
	EXPECT_EQ(-1, waitpid(-1, NULL, WNOHANG));
	EXPECT_EQ(ECHILD, errno);
}

TEST_F_TIMEOUT(pidns, to_live_thread_of_parent, NS_TIMEOUT)
{
	in_namespace(_metadata, live_thread);
}

/* End the process with 0 if its leader's end gave the child to this thread. */
static void *thread_stepfather(void *arg)
{
	shared_wait(1);
	if (!eventually(thread_has_child(shared->child)))
		syscall(__NR_exit_group, 1);
	/* The child itself looks from time to time. */
	if (!eventually(READ_ONCE(shared->child_ppid) == getpid()))
		syscall(__NR_exit_group, 2);
	kill(shared->child, SIGKILL);
	syscall(__NR_exit_group, wait_status(shared->child) == SIGKILL ? 0 : 3);
	return NULL;
}

/* Whether the leader of the calling thread has ended. */
static bool leader_ended(void)
{
	char line[256];
	FILE *f = fopen("/proc/self/stat", "re");
	bool ended = f && fgets(line, sizeof(line), f) && strstr(line, ") Z ");

	if (f)
		fclose(f);
	return ended;
}

static void *thread_stepgrandfather(void *arg)
{
	if (!eventually(leader_ended()))
		syscall(__NR_exit_group, 4);
	WRITE_ONCE(shared->go, 1);
	return thread_stepfather(arg);
}

/* A father whose other thread is to take over. */
static void __noreturn be_ending_leader(struct __test_metadata *_metadata)
{
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, thread_stepfather, NULL));
	fork_watcher();
	ASSERT_TRUE(watcher_is_there());
	EXPECT_TRUE(thread_has_child(shared->child));
	WRITE_ONCE(shared->go, 1);
	thread_exit(9);
}

static void leader_ends(struct __test_metadata *_metadata)
{
	EXPECT_EQ(0, child_status(_metadata, be_ending_leader));
}

/* The same when it is the leader that ends: its zombie is no father. */
TEST_F_TIMEOUT(pidns, to_thread_when_leader_exits, NS_TIMEOUT)
{
	in_namespace(_metadata, leader_ends);
}

static void __noreturn be_ending_subreaper(struct __test_metadata *_metadata)
{
	pthread_t thread;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (!fork()) {
		fork_watcher();
		shared_wait(1);
		_exit(EXIT_SUCCESS);
	}
	ASSERT_TRUE(watcher_is_there());
	ASSERT_EQ(0, pthread_create(&thread, NULL, thread_stepgrandfather, NULL));
	thread_exit(9);
}

static void subreaper_ends(struct __test_metadata *_metadata)
{
	EXPECT_EQ(0, child_status(_metadata, be_ending_subreaper));
}

/* A subreaper whose leader has ended: a thread of it that lives is the father. */
TEST_F_TIMEOUT(pidns, to_thread_of_subreaper, NS_TIMEOUT)
{
	in_namespace(_metadata, subreaper_ends);
}

/* What the second thread of an init does once the first has ended. */
static void *second_init(void *arg)
{
	struct kid *arena = arg;
	pid_t father;

	shared_wait(1);
	father = fork();
	if (!father) {
		fork_watcher();
		_exit(EXIT_SUCCESS);
	}
	kid_tell(arena, father);
	kid_tell(arena, wait_status(father));
	kid_tell(arena, eventually(READ_ONCE(shared->child_ppid) == 1));
	kid_tell(arena, eventually(thread_has_child(shared->child)));
	kid_hear(arena);
	/* The last thread: what is left ends with it. */
	thread_exit(3);
}

/* The leader of the init ends: the namespace lives, and has another reaper. */
TEST_F_TIMEOUT(pidns, init_leader_exit_keeps_reaper, NS_TIMEOUT)
{
	struct kid arena;
	pid_t orphan;
	int fd;

	shared = shared_alloc(sizeof(*shared));
	ASSERT_NE(0, !!shared);
	ASSERT_LE(0, kid_start(&arena, CLONE_NEWPID));
	if (!arena.pid) {
		pthread_t thread;

		ASSERT_EQ(0, pthread_create(&thread, NULL, second_init, &arena));
		thread_exit(3);
	}
	/* A leader that has ended before its threads is a zombie. */
	ASSERT_TRUE(eventually(task_state(arena.pid) == 'Z'));
	EXPECT_EQ(0, waitpid(arena.pid, NULL, WNOHANG));
	EXPECT_EQ(0, pidfd_events(arena.pidfd));
	WRITE_ONCE(shared->go, 1);
	EXPECT_LT(1, kid_hear(&arena));
	EXPECT_EQ(0, kid_hear(&arena));
	EXPECT_EQ(1, kid_hear(&arena));
	EXPECT_EQ(1, kid_hear(&arena));

	fd = ns_open(arena.pid, L_PID);
	ASSERT_LE(0, fd);
	orphan = ioctl(fd, NS_GET_PID_FROM_PIDNS, READ_ONCE(shared->child));
	ASSERT_LT(0, orphan);
	EXPECT_EQ(arena.pid, task_ppid(orphan));
	/* The end of the last thread is the end of the namespace. */
	kid_tell(&arena, 0);
	EXPECT_TRUE(pidfd_ended(arena.pidfd));
	EXPECT_EQ(3 << 8, wait_status(arena.pid));
	EXPECT_TRUE(task_gone(orphan));
	EXPECT_EQ(-ENOMEM, fork_into(fd));
	close(fd);
	kid_stop(&arena);
}

TEST_HARNESS_MAIN
