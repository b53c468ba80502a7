// SPDX-License-Identifier: GPL-2.0
/*
 * Threads as parents: an orphan stays with the process as long as one thread of
 * it lives, and an init is the reaper as long as one thread of it lives.
 */
#include "pidns_reap_util.h"

static struct shared {
	pid_t child, child_ppid;
	int go;
} *shared;

/* Whether @pid is a child of the calling thread, and of no other. */
static bool thread_has_child(pid_t pid)
{
	return waitpid(pid, NULL, WNOHANG | __WNOTHREAD) == 0;
}

static void shared_wait(int step)
{
	while (READ_ONCE(shared->go) < step)
		usleep(1000);
}

/* A child that reports its parent until it is killed, and then its number. */
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

/* A thread that forks, and exits when told to. */
static void *thread_parent(void *arg)
{
	fork_watcher();
	shared_wait(1);
	thread_exit(0);
}

/* In the init of a namespace: the wait status of a child that runs @be. */
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

/* The leader of a process in which another thread is the parent. */
static void __noreturn be_leader(struct __test_metadata *_metadata)
{
	pthread_t thread;

	/* The other thread might be chosen instead. */
	ASSERT_EQ(0, pthread_create(&thread, NULL, thread_parent, NULL));
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
	/* The init adopted nothing. */
	EXPECT_EQ(-1, waitpid(-1, NULL, WNOHANG));
	EXPECT_EQ(ECHILD, errno);
}

TEST_F_TIMEOUT(pidns, to_live_thread_of_parent, NS_TIMEOUT)
{
	in_namespace(_metadata, live_thread);
}

/* Exits the process with 0 if the leader's exit made this thread the parent. */
static void *thread_adopter(void *arg)
{
	shared_wait(1);
	if (!eventually(thread_has_child(shared->child)))
		syscall(__NR_exit_group, 1);
	/* The child looks now and then. */
	if (!eventually(READ_ONCE(shared->child_ppid) == getpid()))
		syscall(__NR_exit_group, 2);
	kill(shared->child, SIGKILL);
	syscall(__NR_exit_group, wait_status(shared->child) == SIGKILL ? 0 : 3);
	return NULL;
}

/* Whether the leader of the calling thread has exited. */
static bool leader_ended(void)
{
	char line[256];
	FILE *f = fopen("/proc/self/stat", "re");
	bool ended = f && fgets(line, sizeof(line), f) && strstr(line, ") Z ");

	if (f)
		fclose(f);
	return ended;
}

static void *thread_adopter_after_leader(void *arg)
{
	if (!eventually(leader_ended()))
		syscall(__NR_exit_group, 4);
	WRITE_ONCE(shared->go, 1);
	return thread_adopter(arg);
}

/* A parent whose other thread is to adopt its child. */
static void __noreturn be_ending_leader(struct __test_metadata *_metadata)
{
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, thread_adopter, NULL));
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

/* The same when the leader exits: as a zombie it is no parent. */
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
	ASSERT_EQ(0, pthread_create(&thread, NULL, thread_adopter_after_leader, NULL));
	thread_exit(9);
}

static void subreaper_ends(struct __test_metadata *_metadata)
{
	EXPECT_EQ(0, child_status(_metadata, be_ending_subreaper));
}

/* A subreaper whose leader has exited: a live thread of it is the parent. */
TEST_F_TIMEOUT(pidns, to_thread_of_subreaper, NS_TIMEOUT)
{
	in_namespace(_metadata, subreaper_ends);
}

/* The second thread of an init, once the first one has exited. */
static void *second_init(void *arg)
{
	struct kid *arena = arg;
	pid_t parent;

	shared_wait(1);
	parent = fork();
	if (!parent) {
		fork_watcher();
		_exit(EXIT_SUCCESS);
	}
	kid_tell(arena, parent);
	kid_tell(arena, wait_status(parent));
	kid_tell(arena, eventually(READ_ONCE(shared->child_ppid) == 1));
	kid_tell(arena, eventually(thread_has_child(shared->child)));
	kid_hear(arena);
	/* The last thread: with its exit the namespace ends. */
	thread_exit(3);
}

/* The leader of the init exits: the namespace lives, with another reaper. */
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
	/* A leader that exits before its threads is a zombie. */
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
	/* The exit of the last thread ends the namespace. */
	kid_tell(&arena, 0);
	EXPECT_TRUE(pidfd_ended(arena.pidfd));
	EXPECT_EQ(3 << 8, wait_status(arena.pid));
	EXPECT_TRUE(task_gone(orphan));
	EXPECT_EQ(-ENOMEM, fork_into(fd));
	close(fd);
	kid_stop(&arena);
}

TEST_HARNESS_MAIN
