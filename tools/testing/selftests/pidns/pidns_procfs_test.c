// SPDX-License-Identifier: GPL-2.0
/*
 * A procfs shows the namespace that it was mounted for, whoever reads it: the
 * mounter's, or that of the option pidns=.
 */
#include <dirent.h>
#include <linux/mount.h>

#define PIDNS_OWN_FIXTURE
#include "pidns_reap_util.h"

FIXTURE(proc) {
	char dir[32];
};

FIXTURE_SETUP(proc)
{
	if (geteuid())
		SKIP(return, "needs root");
	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL));
	snprintf(self->dir, sizeof(self->dir), "/tmp/pidns_procfs_XXXXXX");
	ASSERT_NE(0, !!mkdtemp(self->dir));
}

FIXTURE_TEARDOWN(proc)
{
	while (!umount2(self->dir, MNT_DETACH))
		;
	rmdir(self->dir);
}

/* The processes that a procfs shows, in order. Returns how many. */
static int processes(const char *dir, pid_t *pids, int max)
{
	struct dirent *entry;
	DIR *d = opendir(dir);
	int nr = 0;

	if (!d)
		return -errno;
	while (nr < max && (entry = readdir(d)))
		if (atoi(entry->d_name) > 0)
			pids[nr++] = atoi(entry->d_name);
	closedir(d);
	return nr;
}

static int proc_mount(const char *dir, const char *options)
{
	return mount("none", dir, "proc", 0, options) ? -errno : 0;
}

static int proc_mount_pidns(const char *dir, const char *path)
{
	char options[128];

	snprintf(options, sizeof(options), "pidns=%s", path);
	return proc_mount(dir, options);
}

/* The path of an open file. */
static int proc_mount_fd(const char *dir, int nsfd)
{
	int fs = syscall(__NR_fsopen, "proc", FSOPEN_CLOEXEC), mnt, err = 0;

	if (syscall(__NR_fsconfig, fs, FSCONFIG_SET_FD, "pidns", NULL, nsfd) ||
	    syscall(__NR_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0)) {
		err = -errno;
		close(fs);
		return err;
	}
	mnt = syscall(__NR_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	if (mnt < 0 || syscall(__NR_move_mount, mnt, "", AT_FDCWD, dir, MOVE_MOUNT_F_EMPTY_PATH))
		err = -errno;
	close(mnt);
	close(fs);
	return err;
}

static int status_numbers(const char *dir, pid_t pid, int *nr)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%d/status", dir, pid);
	return file_numbers(path, "NSpid:", nr, MAX_LEVELS);
}

/* Mounted inside it shows the inside, to all who see the mount. */
TEST_F_TIMEOUT(proc, shows_namespace_of_mount, NS_TIMEOUT)
{
	int numbers[MAX_LEVELS];
	char link[64], text[32] = {};
	pid_t pids[8];
	struct kid kid;

	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		int inner[MAX_LEVELS];

		ASSERT_EQ(0, proc_mount(self->dir, NULL));
		fork_resting(0, NULL);
		fork_resting(CLONE_NEWPID, NULL);
		snprintf(link, sizeof(link), "%s/self", self->dir);
		EXPECT_EQ(1, readlink(link, text, sizeof(text)));
		EXPECT_STREQ("1", text);
		EXPECT_EQ(1, status_numbers(self->dir, 1, inner));
		kid_rest(&kid);
	}
	ASSERT_EQ(0, kid_hear(&kid));
	EXPECT_EQ(3, processes(self->dir, pids, ARRAY_SIZE(pids)));
	EXPECT_EQ(1, pids[0]);
	EXPECT_EQ(2, pids[1]);
	EXPECT_EQ(3, pids[2]);
	/* The lists of numbers begin at its namespace. */
	EXPECT_EQ(1, status_numbers(self->dir, 1, numbers));
	EXPECT_EQ(1, numbers[0]);
	EXPECT_EQ(2, status_numbers(self->dir, 3, numbers));
	EXPECT_EQ(3, numbers[0]);
	EXPECT_EQ(1, numbers[1]);
	/* A process outside that namespace is not found. */
	snprintf(link, sizeof(link), "%s/self", self->dir);
	EXPECT_EQ(-1, readlink(link, text, sizeof(text)));
	EXPECT_EQ(ENOENT, errno);
	snprintf(link, sizeof(link), "%s/thread-self", self->dir);
	EXPECT_EQ(-1, readlink(link, text, sizeof(text)));
	EXPECT_EQ(ENOENT, errno);
	/* A procfs outside shows the processes inside, with its own numbers. */
	EXPECT_LE(2, status_numbers("/proc", kid.pid, numbers));
	EXPECT_EQ(kid.pid, numbers[0]);
	/* Without an init it is empty. */
	kid_stop(&kid);
	EXPECT_EQ(0, processes(self->dir, pids, ARRAY_SIZE(pids)));
}

TEST_F_TIMEOUT(proc, takes_active_namespace_of_mounter, NS_TIMEOUT)
{
	pid_t pids[8];
	struct kid kid;

	/* The active namespace counts, not that of children. */
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		ASSERT_EQ(2, fork_resting(0, NULL));
		ASSERT_EQ(3, fork_resting(0, NULL));
		ASSERT_EQ(0, unshare(CLONE_NEWPID));
		ASSERT_EQ(4, fork_resting(0, NULL));
		ASSERT_EQ(0, proc_mount(self->dir, NULL));
		kid_rest(&kid);
	}
	ASSERT_EQ(0, kid_hear(&kid));
	EXPECT_EQ(4, processes(self->dir, pids, ARRAY_SIZE(pids)));
	EXPECT_EQ(1, pids[0]);
	EXPECT_EQ(4, pids[3]);
	kid_stop(&kid);
}

/* The option, as a path and as a file. */
TEST_F_TIMEOUT(proc, pidns_option, NS_TIMEOUT)
{
	int numbers[MAX_LEVELS], fd;
	char path[64];
	pid_t pids[8];
	struct kid kid;

	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		fork_resting(0, NULL);
		kid_rest(&kid);
	}
	ASSERT_EQ(0, kid_hear(&kid));
	snprintf(path, sizeof(path), "/proc/%d/ns/pid", kid.pid);
	ASSERT_EQ(0, proc_mount_pidns(self->dir, path));
	EXPECT_EQ(2, processes(self->dir, pids, ARRAY_SIZE(pids)));
	EXPECT_EQ(1, pids[0]);
	EXPECT_EQ(2, pids[1]);
	EXPECT_EQ(1, status_numbers(self->dir, 1, numbers));
	EXPECT_EQ(1, numbers[0]);
	/* It cannot be changed by a remount. */
	snprintf(path, sizeof(path), "pidns=/proc/%d/ns/pid", getpid());
	EXPECT_EQ(-1, mount("none", self->dir, "proc", MS_REMOUNT, path));
	EXPECT_EQ(EBUSY, errno);
	EXPECT_EQ(0, umount2(self->dir, MNT_DETACH));

	fd = ns_open(kid.pid, L_PID);
	ASSERT_EQ(0, proc_mount_fd(self->dir, fd));
	EXPECT_EQ(2, processes(self->dir, pids, ARRAY_SIZE(pids)));
	EXPECT_EQ(0, umount2(self->dir, MNT_DETACH));
	/* A dead namespace is shown as it is. */
	kid_stop(&kid);
	EXPECT_EQ(0, proc_mount_fd(self->dir, fd));
	EXPECT_EQ(0, processes(self->dir, pids, ARRAY_SIZE(pids)));
	EXPECT_EQ(0, umount2(self->dir, MNT_DETACH));
	close(fd);

	/* One without an init, before and after. */
	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	ASSERT_EQ(0, proc_mount_pidns(self->dir, "/proc/self/ns/pid_for_children"));
	EXPECT_EQ(0, processes(self->dir, pids, ARRAY_SIZE(pids)));
	ASSERT_EQ(0, kid_hold(&kid, 0));
	EXPECT_EQ(1, processes(self->dir, pids, ARRAY_SIZE(pids)));
	EXPECT_EQ(1, pids[0]);
	kid_stop(&kid);
}

/* A mount alone keeps a namespace. */
TEST_F_TIMEOUT(proc, mount_keeps_namespace, NS_TIMEOUT)
{
	struct kid kid, other;
	char path[64];
	int i;

	ASSERT_EQ(0, userns_enter());
	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, ns_limit("pid", 2));
	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	snprintf(path, sizeof(path), "/proc/%d/ns/pid", kid.pid);
	ASSERT_EQ(0, proc_mount_pidns(self->dir, path));
	kid_stop(&kid);
	/* One charge is kept; the other can be had again and again. */
	for (i = 0; i < 5; i++) {
		ASSERT_TRUE(eventually(!kid_hold(&kid, CLONE_NEWPID)));
		EXPECT_EQ(-ENOSPC, kid_hold(&other, CLONE_NEWPID));
		kid_stop(&kid);
	}
	EXPECT_EQ(0, umount2(self->dir, MNT_DETACH));
	ASSERT_EQ(0, ns_limit("pid", 1));
	ASSERT_TRUE(eventually(!kid_hold(&kid, CLONE_NEWPID)));
	kid_stop(&kid);
}

TEST_F_TIMEOUT(proc, pidns_option_errors, NS_TIMEOUT)
{
	int above = ns_open(0, L_PID), fd;
	char path[64], beside[64];
	struct kid kid, sibling;
	pid_t pid;

	/* No namespace file, and one of another type. */
	EXPECT_EQ(-ENOENT, proc_mount_pidns(self->dir, "/proc/self/ns/nothing"));
	EXPECT_EQ(-EINVAL, proc_mount_pidns(self->dir, "/proc/self/status"));
	EXPECT_EQ(-EINVAL, proc_mount_pidns(self->dir, "/proc/self/ns/uts"));
	EXPECT_NE(0, proc_mount(self->dir, "pidns"));
	ASSERT_EQ(0, kid_hold(&sibling, CLONE_NEWPID));
	snprintf(beside, sizeof(beside), "/proc/%d/ns/pid", sibling.pid);

	/* Neither an ancestor nor a sibling, only descendants. */
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		EXPECT_EQ(-EINVAL, proc_mount_fd(self->dir, above));
		EXPECT_EQ(-EINVAL, proc_mount_pidns(self->dir, beside));
		EXPECT_EQ(0, proc_mount_pidns(self->dir, "/proc/self/ns/pid"));
		EXPECT_EQ(0, umount2(self->dir, MNT_DETACH));
		kid_rest(&kid);
	}
	EXPECT_EQ(0, kid_hear(&kid));
	snprintf(path, sizeof(path), "/proc/%d/ns/pid", kid.pid);

	/* EPERM without a capability over its owner, whatever the mount namespace. */
	fd = ns_open(kid.pid, L_PID);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		ASSERT_EQ(0, userns_enter());
		ASSERT_EQ(0, unshare(CLONE_NEWNS));
		EXPECT_EQ(-EPERM, proc_mount_fd(self->dir, fd));
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_status(pid));
	close(fd);
	kid_stop(&kid);
	kid_stop(&sibling);
	close(above);
}

TEST_HARNESS_MAIN
