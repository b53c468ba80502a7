// SPDX-License-Identifier: GPL-2.0
/*
 * Process accounting belongs to a PID namespace: an exit is recorded in each
 * namespace from the process's own outwards that has it on, with the numbers of
 * that namespace.
 */
#include <linux/acct.h>

#define PIDNS_OWN_FIXTURE
#include "pidns_reap_util.h"

#define RECORDS 64

/*
 * The namespaces of a test: 0 is that of the arena's init, 1 and 2 are nested
 * in it. Above may be the machine's.
 */
#define LEVELS 3
#define MACHINE LEVELS
#define NR_FILES (LEVELS + 1)

struct files {
	char dir[32];
	char name[NR_FILES][64];
	struct acct_v3 record[RECORDS];
};

FIXTURE(acct) {
	struct files files;
};

FIXTURE_SETUP(acct)
{
	struct files *files = &self->files;
	int i, fd;

	if (geteuid())
		SKIP(return, "needs root");
	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL));
	snprintf(files->dir, sizeof(files->dir), "/tmp/pidns_acct_XXXXXX");
	ASSERT_NE(0, !!mkdtemp(files->dir));
	ASSERT_EQ(0, mount("none", files->dir, "tmpfs", 0, NULL));
	for (i = 0; i < NR_FILES; i++) {
		snprintf(files->name[i], sizeof(files->name[i]), "%s/%d", files->dir, i);
		fd = open(files->name[i], O_RDWR | O_CREAT | O_CLOEXEC, 0700);
		ASSERT_LE(0, fd);
		close(fd);
	}
}

FIXTURE_TEARDOWN(acct)
{
	struct files *files = &self->files;

	umount2(files->dir, MNT_DETACH);
	rmdir(files->dir);
}

/* All records of processes called @comm; returns how many. */
static int records(struct files *files, int level, const char *comm)
{
	int fd = open(files->name[level], O_RDONLY | O_CLOEXEC), nr = 0;

	while (nr < RECORDS &&
	       read(fd, &files->record[nr], sizeof(files->record[0])) == sizeof(files->record[0]))
		if (!strncmp(files->record[nr].ac_comm, comm, ACCT_COMM))
			nr++;
	close(fd);
	return nr;
}

/* Whether accounting holds the file: a file open for writing cannot be executed. */
static bool acct_is_open(struct files *files, int level)
{
	execl(files->name[level], files->name[level], NULL);
	return errno == ETXTBSY;
}

/* Requests to each level's init, sent from outside. */
enum order {
	END = 1,	/* exit */
	CHILD,		/* fork a child that exits with the level as its status */
	ON, OFF,	/* accounting */
};

static void level_obey(struct files *files, const struct kid *kid, int level)
{
	int order = kid_hear(kid), ret = -1;
	char comm[16];
	pid_t pid;

	switch (order) {
	case CHILD:
		pid = fork();
		if (!pid) {
			snprintf(comm, sizeof(comm), "acct child %d", level);
			prctl(PR_SET_NAME, comm);
			_exit(40 + level);
		}
		ret = wait_status(pid) == (40 + level) << 8 ? pid : -1;
		break;
	case ON:
		ret = acct(files->name[level]) ? -errno : 0;
		break;
	case OFF:
		ret = acct(NULL) ? -errno : 0;
		break;
	default:
		_exit(EXIT_SUCCESS);
	}
	kid_tell(kid, ret);
}

/* Start the inits of all levels. Each reports the number of the next, as it knows it. */
static void levels_start(struct __test_metadata *_metadata, struct files *files,
			 struct kid *kids, int *nr)
{
	struct kid talk[LEVELS];
	int level, sk[2];

	for (level = 0; level < LEVELS; level++) {
		ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sk));
		kids[level] = (struct kid){ .sk = sk[0], .pidfd = -1 };
		talk[level] = (struct kid){ .sk = sk[1], .pidfd = -1 };
	}
	level = 0;
	ASSERT_LE(0, kid_start(&kids[0], CLONE_NEWPID));
	if (!kids[0].pid) {
		char comm[16];
		pid_t pid;

		talk[0] = kids[0];
		for (;;) {
			snprintf(comm, sizeof(comm), "acct init %d", level);
			prctl(PR_SET_NAME, comm);
			pid = level + 1 < LEVELS ? fork_flags(CLONE_NEWPID, NULL) : -1;
			if (pid)
				break;
			level++;
		}
		kid_tell(&talk[level], pid);
		for (;;)
			level_obey(files, &talk[level], level);
	}
	for (level = 0; level < LEVELS; level++)
		nr[level] = kid_hear(&kids[level]);
}

static int level_do(const struct kid *kid, enum order order)
{
	kid_tell(kid, order);
	return kid_hear(kid);
}

/* Whether records have numbers, as those of version 3 do. */
static bool records_have_numbers(struct files *files)
{
	return (files->record[0].ac_version & 0x7f) == 3;
}

TEST_F_TIMEOUT(acct, exit_is_recorded_at_each_level, NS_TIMEOUT)
{
	int numbers[MAX_LEVELS], nr[LEVELS], child, fd;
	struct files *files = &self->files;
	struct kid kids[LEVELS];
	pid_t init[LEVELS], pid;

	levels_start(_metadata, files, kids, nr);
	fd = ns_open(kids[0].pid, L_PID);
	init[1] = nr[0];	/* numbers in the outermost of the three */
	ASSERT_EQ(0, level_do(&kids[0], ON));
	ASSERT_EQ(0, level_do(&kids[2], ON));

	/* Its own namespace and the outermost have it on, the one between has not. */
	child = level_do(&kids[2], CHILD);
	ASSERT_LT(0, child);
	ASSERT_EQ(1, records(files, 2, "acct child 2"));
	if (!records_have_numbers(files))
		SKIP(return, "no numbers in the records (CONFIG_BSD_PROCESS_ACCT_V3)");
	EXPECT_EQ(child, files->record[0].ac_pid);
	EXPECT_EQ(1, files->record[0].ac_ppid);
	EXPECT_EQ(42 << 8, files->record[0].ac_exitcode);
	EXPECT_EQ(AFORK, files->record[0].ac_flag & (AFORK | AXSIG | ACORE));
	EXPECT_EQ(1, records(files, 0, "acct child 2"));
	EXPECT_EQ(42 << 8, files->record[0].ac_exitcode);
	/* The innermost init was created after the one between. */
	init[2] = files->record[0].ac_ppid;
	EXPECT_LT(init[1], init[2]);
	EXPECT_LT(init[2], files->record[0].ac_pid);
	pid = ioctl(fd, NS_GET_PID_FROM_PIDNS, init[2]);
	EXPECT_EQ(task_numbers(getpid(), "NSpid:", numbers) + LEVELS,
		  task_numbers(pid, "NSpid:", numbers));
	EXPECT_EQ(0, records(files, 1, "acct child 2"));

	/* Exits further out are recorded in the outermost only. */
	ASSERT_LT(0, level_do(&kids[1], CHILD));
	EXPECT_EQ(1, records(files, 0, "acct child 1"));
	EXPECT_EQ(init[1], files->record[0].ac_ppid);
	EXPECT_EQ(0, records(files, 1, "acct child 1"));
	EXPECT_EQ(0, records(files, 2, "acct child 1"));
	child = level_do(&kids[0], CHILD);
	EXPECT_EQ(1, records(files, 0, "acct child 0"));
	EXPECT_EQ(child, files->record[0].ac_pid);
	EXPECT_EQ(1, files->record[0].ac_ppid);
	EXPECT_EQ(0, records(files, 2, "acct child 0"));

	/* Turning it off here leaves it on there, and turning it on adds a record. */
	ASSERT_EQ(0, level_do(&kids[2], OFF));
	EXPECT_FALSE(acct_is_open(files, 2));
	ASSERT_EQ(0, level_do(&kids[1], ON));
	ASSERT_LT(0, level_do(&kids[2], CHILD));
	EXPECT_EQ(1, records(files, 2, "acct child 2"));
	EXPECT_EQ(1, records(files, 1, "acct child 2"));
	EXPECT_EQ(2, records(files, 0, "acct child 2"));
	close(fd);
	kid_stop(&kids[0]);
}

TEST_F_TIMEOUT(acct, closed_when_init_dies, NS_TIMEOUT)
{
	struct files *files = &self->files;
	struct kid kids[LEVELS];
	int nr[LEVELS], status;

	levels_start(_metadata, files, kids, nr);
	ASSERT_EQ(0, level_do(&kids[0], ON));
	ASSERT_EQ(0, level_do(&kids[1], ON));
	EXPECT_TRUE(acct_is_open(files, 0));
	EXPECT_TRUE(acct_is_open(files, 1));
	kid_tell(&kids[1], END);
	/* Its parent is notified only when all is done. */
	EXPECT_TRUE(eventually(records(files, 0, "acct init 1") == 1));
	EXPECT_TRUE(eventually(!acct_is_open(files, 1)));
	EXPECT_TRUE(acct_is_open(files, 0));
	/* The inner init was killed before the file was closed. */
	ASSERT_LE(1, records(files, 1, "acct init 2"));
	EXPECT_EQ(SIGKILL, files->record[0].ac_exitcode);
	EXPECT_EQ(AXSIG, files->record[0].ac_flag & AXSIG);
	EXPECT_EQ(1, records(files, 0, "acct init 2"));
	EXPECT_LE(1, records(files, 1, "acct init 1"));
	EXPECT_LT(0, level_do(&kids[0], CHILD));
	EXPECT_EQ(1, records(files, 0, "acct child 0"));
	EXPECT_EQ(0, records(files, 1, "acct child 0"));
	/* After the last one nothing holds its file. */
	kill(kids[0].pid, SIGKILL);
	status = wait_status(kids[0].pid);
	EXPECT_EQ(SIGKILL, status);
	EXPECT_FALSE(acct_is_open(files, 0));
	kid_stop(&kids[0]);
}

/*
 * The initial namespace is an ancestor of all. Whether the machine had
 * accounting on cannot be read: it is off afterwards, as after any test of
 * acct(2).
 */
TEST_F_TIMEOUT(acct, exit_is_recorded_in_initial_namespace, NS_TIMEOUT)
{
	struct files *files = &self->files;
	struct kid kids[LEVELS];
	int nr[LEVELS];
	pid_t init[LEVELS];

	SKIP_IF_INSIDE(return);
	levels_start(_metadata, files, kids, nr);
	init[1] = pid_from(kids[0].pid, nr[0]);
	init[2] = pid_from(init[1], nr[1]);
	ASSERT_LT(0, init[2]);
	ASSERT_EQ(0, level_do(&kids[2], ON));
	ASSERT_EQ(0, acct(files->name[MACHINE]));

	/* The ones between have it off, which does not end the walk up. */
	ASSERT_LT(0, level_do(&kids[2], CHILD));
	ASSERT_EQ(1, records(files, MACHINE, "acct child 2"));
	if (!records_have_numbers(files))
		SKIP(return, "no numbers in the records (CONFIG_BSD_PROCESS_ACCT_V3)");
	EXPECT_EQ(init[2], files->record[0].ac_ppid);
	EXPECT_EQ(42 << 8, files->record[0].ac_exitcode);
	EXPECT_EQ(1, records(files, 2, "acct child 2"));
	EXPECT_EQ(0, records(files, 1, "acct child 2"));
	EXPECT_EQ(0, records(files, 0, "acct child 2"));
	EXPECT_LT(0, level_do(&kids[0], CHILD));
	EXPECT_EQ(1, records(files, MACHINE, "acct child 0"));
	EXPECT_EQ(40 << 8, files->record[0].ac_exitcode);
	EXPECT_EQ(0, records(files, 2, "acct child 0"));

	/* A namespace's death is recorded in the initial one, and closes nothing there. */
	EXPECT_TRUE(acct_is_open(files, 2));
	kid_tell(&kids[1], END);
	/* The inner init is killed once the outer one has been recorded. */
	EXPECT_TRUE(eventually(records(files, MACHINE, "acct init 2") == 1));
	EXPECT_EQ(SIGKILL, files->record[0].ac_exitcode);
	EXPECT_EQ(AXSIG, files->record[0].ac_flag & AXSIG);
	EXPECT_EQ(1, records(files, MACHINE, "acct init 1"));
	EXPECT_TRUE(eventually(!acct_is_open(files, 2)));
	EXPECT_TRUE(acct_is_open(files, MACHINE));

	/* Off is off, for descendants as well. */
	ASSERT_EQ(0, acct(NULL));
	EXPECT_FALSE(acct_is_open(files, MACHINE));
	EXPECT_LT(0, level_do(&kids[0], CHILD));
	EXPECT_EQ(1, records(files, MACHINE, "acct child 0"));
	kid_stop(&kids[0]);
}

TEST_HARNESS_MAIN
