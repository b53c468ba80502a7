// SPDX-License-Identifier: GPL-2.0
/*
 * What a container engine does: six namespaces in one clone3, a root of its own
 * with /proc, and a directory of the host bound into it.
 */
#include <dirent.h>
#include <net/if.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#define NSPROXY_OWN_FIXTURE
#include "nsproxy_util.h"

#define CONTAINER (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWPID | CLONE_NEWIPC | \
		   CLONE_NEWNET | CLONE_NEWUTS)

#define HOST "container-test"
#define KEY 0x6e737078

FIXTURE(container) {
	char dir[32];		/* all files of the test are below */
	char volume[64];	/* the host's directory that is shared */
	char root[64];		/* mount point of the container's root */
};

FIXTURE_SETUP(container)
{
	if (geteuid())
		SKIP(return, "needs root");
	snprintf(self->dir, sizeof(self->dir), "/tmp/nsproxy_container_XXXXXX");
	ASSERT_NE(0, !!mkdtemp(self->dir));
	snprintf(self->volume, sizeof(self->volume), "%s/volume", self->dir);
	snprintf(self->root, sizeof(self->root), "%s/root", self->dir);
	ASSERT_EQ(0, mkdir(self->volume, 0755));
	ASSERT_EQ(0, mkdir(self->root, 0755));
}

FIXTURE_TEARDOWN(container)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/from_inside", self->volume);
	unlink(path);
	snprintf(path, sizeof(path), "%s/from_outside", self->volume);
	unlink(path);
	rmdir(self->volume);
	rmdir(self->root);
	rmdir(self->dir);
}

static int file_make(const char *dir, const char *name)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* What an engine does before it executes the program; returns the failed step. */
static int container_root(const char *root, const char *volume)
{
	char path[96];

	if (mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL))
		return 1;
	if (mount("none", root, "tmpfs", 0, NULL))
		return 2;
	snprintf(path, sizeof(path), "%s/data", root);
	if (mkdir(path, 0755) || mount(volume, path, NULL, MS_BIND, NULL))
		return 3;
	if (mount(NULL, path, NULL, MS_PRIVATE, NULL))
		return 4;
	snprintf(path, sizeof(path), "%s/proc", root);
	if (mkdir(path, 0755) || mount("none", path, "proc", 0, NULL))
		return 5;
	if (chdir(root) || syscall(__NR_pivot_root, ".", "."))
		return 6;
	if (umount2(".", MNT_DETACH) || chdir("/"))
		return 7;
	return 0;
}

/* The number of processes that the mounted /proc shows. */
static int nr_processes(void)
{
	struct dirent *entry;
	DIR *proc = opendir("/proc");
	int nr = 0;

	if (!proc)
		return -1;
	while ((entry = readdir(proc)))
		if (atoi(entry->d_name) > 0)
			nr++;
	closedir(proc);
	return nr;
}

static int file_read(const char *path, char *buf, size_t len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got, all = 0;

	if (fd < 0)
		return -errno;
	while (all < len - 1 && (got = read(fd, buf + all, len - 1 - all)) > 0)
		all += got;
	buf[all] = 0;
	close(fd);
	return all;
}

/* What the program in the container sees. */
static void container_main(struct __test_metadata *_metadata, const char *dir)
{
	struct if_nameindex *nets;
	char cgroup[256];

	EXPECT_EQ(1, getpid());
	EXPECT_EQ(0, getppid());
	/* The volume, in both directions. */
	EXPECT_EQ(0, access("/data/from_outside", F_OK));
	EXPECT_EQ(0, file_make("/data", "from_inside"));
	/* No other directory of the host, and no other process. */
	EXPECT_NE(0, access(dir, F_OK));
	EXPECT_EQ(1, nr_processes());
	/* A hostname of its own, no shared memory, no network, no outer cgroup. */
	EXPECT_EQ(0, sethostname(HOST, strlen(HOST)));
	EXPECT_EQ(-1, shmget(KEY, 4096, 0));
	EXPECT_EQ(ENOENT, errno);
	nets = if_nameindex();
	ASSERT_NE(0, !!nets);
	EXPECT_STREQ("lo", nets[0].if_name);
	EXPECT_EQ(0, nets[1].if_index);
	if (file_read("/proc/self/cgroup", cgroup, sizeof(cgroup)) > 0 &&
	    !strncmp(cgroup, "0::", 3))
		EXPECT_STREQ("0::/\n", cgroup);
}

/* "docker exec": a second process joins and sees the same. */
static void container_visit(struct __test_metadata *_metadata, const struct kid *kid)
{
	char host[65] = {};
	pid_t pid;

	ASSERT_EQ(0, setns(kid->pidfd, CONTAINER));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		EXPECT_EQ(2, getpid());
		EXPECT_EQ(2, nr_processes());
		EXPECT_EQ(0, access("/data/from_inside", F_OK));
		EXPECT_EQ(0, gethostname(host, sizeof(host) - 1));
		EXPECT_STREQ(HOST, host);
		_exit(EXIT_SUCCESS);
	}
	_exit(wait_for_pid(pid));
}

TEST_F_TIMEOUT(container, docker_run_with_volume, NS_TIMEOUT)
{
	static char mounts[2][65536];
	char host[2][65] = {}, path[96];
	struct nsids mine, its;
	struct kid kid;
	pid_t pid;
	int shm;

	/* Keep clear of others' IPC keys, and of mounts made outside. */
	ASSERT_EQ(0, unshare(CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS));
	ASSERT_EQ(0, mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL));
	/* Mounts propagate from here, as they do where an engine runs. */
	ASSERT_EQ(0, mount(NULL, "/", NULL, MS_SHARED | MS_REC, NULL));
	shm = shmget(KEY, 4096, IPC_CREAT | 0600);
	ASSERT_LE(0, shm);
	ASSERT_EQ(0, file_make(self->volume, "from_outside"));
	ASSERT_LT(0, file_read("/proc/self/mountinfo", mounts[0], sizeof(mounts[0])));
	ASSERT_EQ(0, gethostname(host[0], sizeof(host[0]) - 1));

	ASSERT_LE(0, kid_start(&kid, CONTAINER));
	if (!kid.pid) {
		ASSERT_EQ(0, container_root(self->root, self->volume));
		container_main(_metadata, self->dir);
		kid_rest(&kid);
	}
	EXPECT_EQ(0, kid_hear(&kid));

	/* Outside only one file has changed. */
	ASSERT_TRUE(ns_read(0, &mine));
	ASSERT_TRUE(ns_read(kid.pid, &its));
	EXPECT_EQ(ns_links(CONTAINER), ns_diff(&mine, &its));
	ASSERT_LT(0, file_read("/proc/self/mountinfo", mounts[1], sizeof(mounts[1])));
	EXPECT_STREQ(mounts[0], mounts[1]);
	ASSERT_EQ(0, gethostname(host[1], sizeof(host[1]) - 1));
	EXPECT_STREQ(host[0], host[1]);
	snprintf(path, sizeof(path), "%s/from_inside", self->volume);
	EXPECT_EQ(0, access(path, F_OK));
	snprintf(path, sizeof(path), "%s/data", self->root);
	EXPECT_NE(0, access(path, F_OK));
	EXPECT_EQ(shm, shmget(KEY, 4096, 0));

	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		container_visit(_metadata, &kid);
	EXPECT_EQ(0, wait_for_pid(pid));
	kid_stop(&kid);

	/* Nothing of the container remains. */
	EXPECT_TRUE(eventually(!ns_listed(its.id[L_MNT], CLONE_NEWNS)));
	EXPECT_TRUE(eventually(!ns_listed(its.id[L_PID], CLONE_NEWPID)));
	EXPECT_TRUE(eventually(!ns_listed(its.id[L_NET], CLONE_NEWNET)));
}

TEST_HARNESS_MAIN
