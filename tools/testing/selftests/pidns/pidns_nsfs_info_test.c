// SPDX-License-Identifier: GPL-2.0
/*
 * NS_PID_GET_INFO: what a file of a PID namespace tells about it, to whom, and
 * that fdinfo shows the same.
 */
#include "pidns_reap_util.h"

#define NS_PID_GET_INFO_SIZE(size) _IOC(_IOC_READ, NSIO, 14, size)

/* The info, or a negative errno. */
static int info_of(int fd, struct pid_ns_info *info)
{
	memset(info, 0xff, sizeof(*info));
	return ioctl(fd, NS_PID_GET_INFO, info) ? -errno : 0;
}

static int info_errno(int fd, unsigned int cmd, void *arg)
{
	return ioctl(fd, cmd, arg) ? -errno : 0;
}

/* The value of a line of a file; false if there is none. */
static bool line_value(FILE *f, const char *key, char *value, size_t size)
{
	size_t len = strlen(key);
	bool found = false;
	char line[128];

	while (f && !found && fgets(line, sizeof(line), f)) {
		found = !strncmp(line, key, len) && line[len] == ':' && line[len + 1] == '\t';
		if (found)
			snprintf(value, size, "%.*s", (int)strcspn(line + len + 2, "\n"),
				 line + len + 2);
	}
	if (f)
		fclose(f);
	return found;
}

/* Such a value as a number, -1 if there is none. */
static long long line_number(const char *path, const char *key)
{
	char value[64];

	return line_value(fopen(path, "re"), key, value, sizeof(value)) ? atoll(value) : -1;
}

static void fdinfo_path(char *path, size_t size, int fd)
{
	snprintf(path, size, "/proc/thread-self/fdinfo/%d", fd);
}

/* The value in an open file's fdinfo. */
static bool fdinfo_value(int fd, const char *key, char *value, size_t size)
{
	char path[64];

	fdinfo_path(path, sizeof(path), fd);
	return line_value(fopen(path, "re"), key, value, size);
}

static long long fdinfo_number(int fd, const char *key)
{
	char path[64];

	fdinfo_path(path, sizeof(path), fd);
	return line_number(path, key);
}

static bool fdinfo_is_silent(int fd)
{
	char value[64];

	return fdinfo_value(fd, "flags", value, sizeof(value)) &&
	       !fdinfo_value(fd, "ns_id", value, sizeof(value)) &&
	       !fdinfo_value(fd, "PidNsState", value, sizeof(value));
}

static void *thread_rest(void *arg)
{
	rest_forever();
	return arg;
}

TEST_F_TIMEOUT(pidns, own_namespace, NS_TIMEOUT)
{
	int fd = ns_open(0, L_PID);
	struct pid_ns_info info;
	pthread_t thread;

	ASSERT_EQ(0, info_of(fd, &info));
	EXPECT_EQ(sizeof(info), info.size);
	EXPECT_EQ(PID_NS_INFO_SIZE_VER0, info.size);
	EXPECT_EQ(PID_NS_INFO_ALIVE, info.state);
	EXPECT_EQ(ns_id(0, L_PID), info.ns_id);
	EXPECT_EQ(0, info.parent_id);
	EXPECT_EQ(ns_id(0, L_USER), info.owner_id);
	EXPECT_EQ(0, info.level);
	/* The init and this process. */
	EXPECT_EQ(2, info.nr_pids);
	EXPECT_EQ(getpid(), info.last_pid);
	EXPECT_EQ(file_read_int("/proc/sys/kernel/pid_max"), info.pid_max);
	EXPECT_EQ(1, info.init_pid);
	EXPECT_EQ(0, info.spare);

	/* A thread has a number. */
	ASSERT_EQ(0, pthread_create(&thread, NULL, thread_rest, NULL));
	ASSERT_EQ(0, info_of(fd, &info));
	EXPECT_EQ(3, info.nr_pids);
	EXPECT_EQ(getpid() + 1, info.last_pid);
	close(fd);
}

/* The cursor and pid_max are the namespace's own. */
TEST_F_TIMEOUT(pidns, last_pid_and_pid_max, NS_TIMEOUT)
{
	struct pid_ns_info info;
	struct kid kid;
	int fd;

	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		kid_tell(&kid, file_write("/proc/sys/kernel/pid_max", "5000"));
		kid_hear(&kid);
		kid_tell(&kid, file_write("/proc/sys/kernel/ns_last_pid", "2000"));
		kid_rest(&kid);
	}
	fd = ns_open(kid.pid, L_PID);
	ASSERT_EQ(0, kid_hear(&kid));
	ASSERT_EQ(0, info_of(fd, &info));
	EXPECT_EQ(5000, info.pid_max);
	EXPECT_EQ(1, info.last_pid);
	kid_tell(&kid, 0);
	ASSERT_EQ(0, kid_hear(&kid));
	ASSERT_EQ(0, info_of(fd, &info));
	EXPECT_EQ(2000, info.last_pid);
	EXPECT_EQ(1, info.nr_pids);
	kid_stop(&kid);
	close(fd);
}

TEST_F_TIMEOUT(pidns, descendants, NS_TIMEOUT)
{
	int own = ns_open(0, L_PID), child, grandchild;
	struct pid_ns_info info, inner;
	struct kid kid;

	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		kid_tell(&kid, fork_resting(CLONE_NEWPID, NULL));
		rest_forever();
	}
	child = ns_open(kid.pid, L_PID);
	grandchild = ns_open(ioctl(child, NS_GET_PID_FROM_PIDNS, kid_hear(&kid)), L_PID);
	ASSERT_LE(0, grandchild);

	ASSERT_EQ(0, info_of(child, &info));
	EXPECT_EQ(ns_fd_id(child), info.ns_id);
	EXPECT_EQ(ns_fd_id(own), info.parent_id);
	EXPECT_EQ(1, info.level);
	EXPECT_EQ(kid.pid, info.init_pid);
	/* The child's init is its second process. */
	EXPECT_EQ(2, info.nr_pids);

	ASSERT_EQ(0, info_of(grandchild, &inner));
	EXPECT_EQ(info.ns_id, inner.parent_id);
	EXPECT_EQ(2, inner.level);
	EXPECT_EQ(1, inner.nr_pids);
	EXPECT_EQ(ioctl(grandchild, NS_GET_PID_FROM_PIDNS, 1), inner.init_pid);
	kid_stop(&kid);
	close(grandchild);
	close(child);
	close(own);
}

TEST_F_TIMEOUT(pidns, waits_for_init, NS_TIMEOUT)
{
	struct pid_ns_info info;
	pid_t pid;
	int fd;

	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	fd = ns_open(0, L_PID_CHILDREN);
	ASSERT_EQ(0, info_of(fd, &info));
	EXPECT_EQ(PID_NS_INFO_WAITS_FOR_INIT, info.state);
	EXPECT_EQ(0, info.nr_pids);
	EXPECT_EQ(0, info.last_pid);
	EXPECT_EQ(0, info.init_pid);

	pid = fork_resting(0, NULL);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, info_of(fd, &info));
	EXPECT_EQ(PID_NS_INFO_ALIVE, info.state);
	EXPECT_EQ(1, info.nr_pids);
	EXPECT_EQ(pid, info.init_pid);
	close(fd);
}

TEST_F_TIMEOUT(pidns, dies_while_a_zombie_remains, NS_TIMEOUT)
{
	struct pid_ns_info info;
	struct kid kid;
	pid_t zombie;
	int fd;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	fd = ns_open(kid.pid, L_PID);
	zombie = fork_into(fd);
	if (!zombie)
		rest_forever();
	kill(kid.pid, SIGKILL);
	EXPECT_TRUE(eventually(in_last_wait(kid.pid)));
	ASSERT_EQ(0, info_of(fd, &info));
	EXPECT_EQ(PID_NS_INFO_DYING, info.state);
	EXPECT_EQ(2, info.nr_pids);
	EXPECT_EQ(kid.pid, info.init_pid);

	EXPECT_EQ(SIGKILL, wait_status(zombie));
	EXPECT_TRUE(pidfd_ended(kid.pidfd));
	/* Now the init itself is a zombie. */
	ASSERT_EQ(0, info_of(fd, &info));
	EXPECT_EQ(1, info.nr_pids);
	EXPECT_EQ(kid.pid, info.init_pid);
	kid_stop(&kid);
	ASSERT_EQ(0, info_of(fd, &info));
	EXPECT_EQ(PID_NS_INFO_DYING, info.state);
	EXPECT_EQ(0, info.nr_pids);
	EXPECT_EQ(0, info.init_pid);
	EXPECT_EQ(ns_id(0, L_PID), info.parent_id);
	close(fd);
}

/* A process outside is in the group of an init that is gone. */
TEST_F_TIMEOUT(pidns, number_of_dead_init_is_no_init, NS_TIMEOUT)
{
	struct pid_ns_info info;
	struct kid kid;
	pid_t member;
	int fd;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	fd = ns_open(kid.pid, L_PID);
	ASSERT_EQ(0, setpgid(kid.pid, 0));
	member = fork_resting(0, NULL);
	ASSERT_EQ(0, setpgid(member, kid.pid));
	kid_stop(&kid);
	ASSERT_EQ(0, info_of(fd, &info));
	EXPECT_EQ(PID_NS_INFO_DYING, info.state);
	EXPECT_EQ(1, info.nr_pids);
	EXPECT_EQ(0, info.init_pid);
	kill(member, SIGKILL);
	EXPECT_EQ(SIGKILL, wait_status(member));
	ASSERT_EQ(0, info_of(fd, &info));
	EXPECT_EQ(0, info.nr_pids);
	close(fd);
}

TEST_F_TIMEOUT(pidns, ancestors_and_siblings_are_eperm, NS_TIMEOUT)
{
	int own = ns_open(0, L_PID), fd;
	struct pid_ns_info info;
	struct kid kid, sibling;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	fd = ns_open(kid.pid, L_PID);
	ASSERT_LE(0, kid_with_proc(&sibling));
	if (!sibling.pid) {
		int mine = ioctl(sys_pidfd_open(getpid(), 0), PIDFD_GET_PID_NAMESPACE, 0);

		EXPECT_EQ(0, info_of(mine, &info));
		EXPECT_EQ(0, info.parent_id);
		EXPECT_EQ(0, info.level);
		EXPECT_EQ(1, info.init_pid);
		EXPECT_EQ(-EPERM, info_of(own, &info));
		EXPECT_EQ(-EPERM, info_of(fd, &info));
		EXPECT_TRUE(fdinfo_is_silent(own));
		EXPECT_TRUE(fdinfo_is_silent(fd));
		kid_rest(&sibling);
	}
	EXPECT_EQ(0, kid_hear(&sibling));
	kid_stop(&sibling);
	kid_stop(&kid);
	close(fd);
	close(own);
}

/* The owner's id is for those who are in that user namespace or above it. */
TEST_F_TIMEOUT(pidns, owner_if_visible, NS_TIMEOUT)
{
	int own = ns_open(0, L_PID), fd;
	struct pid_ns_info info;
	struct kid kid, other;
	char path[64];
	FILE *fdinfo;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWUSER | CLONE_NEWPID));
	fd = ns_open(kid.pid, L_PID);
	ASSERT_EQ(0, info_of(fd, &info));
	EXPECT_EQ(ns_id(kid.pid, L_USER), info.owner_id);
	EXPECT_NE(ns_id(0, L_USER), info.owner_id);

	fdinfo_path(path, sizeof(path), fd);
	fdinfo = fopen(path, "re");
	ASSERT_LE(0, kid_start(&other, CLONE_NEWUSER));
	if (!other.pid) {
		/* The owner of the first is an ancestor, that of the second a sibling. */
		EXPECT_EQ(0, info_of(own, &info));
		EXPECT_EQ(0, info.owner_id);
		EXPECT_EQ(0, info_of(fd, &info));
		EXPECT_EQ(0, info.owner_id);
		EXPECT_EQ(0, fdinfo_number(fd, "PidNsOwner"));
		/* Who has opened fdinfo may know it. */
		ASSERT_TRUE(line_value(fdinfo, "PidNsOwner", path, sizeof(path)));
		EXPECT_LT(0, atoll(path));
		kid_rest(&other);
	}
	fclose(fdinfo);
	EXPECT_EQ(0, kid_hear(&other));
	kid_stop(&other);
	kid_stop(&kid);
	close(fd);
	close(own);
}

TEST_F_TIMEOUT(pidns, arguments, NS_TIMEOUT)
{
	struct { struct pid_ns_info info; __u64 later; } longer;
	int fd = ns_open(0, L_PID), link;
	struct pid_ns_info info;

	EXPECT_EQ(-EINVAL, info_errno(fd, NS_PID_GET_INFO, NULL));
	EXPECT_EQ(-EFAULT, info_errno(fd, NS_PID_GET_INFO, (void *)8));
	/* Shorter than the first version, as with NS_MNT_GET_INFO. */
	EXPECT_EQ(-ENOTTY, info_errno(fd, NS_PID_GET_INFO_SIZE(48), &info));
	/* A later version of the structure: the rest stays. */
	memset(&longer, 0xff, sizeof(longer));
	EXPECT_EQ(0, info_errno(fd, NS_PID_GET_INFO_SIZE(sizeof(longer)), &longer));
	EXPECT_EQ(sizeof(info), longer.info.size);
	EXPECT_EQ(ns_id(0, L_PID), longer.info.ns_id);
	EXPECT_EQ(~0ULL, longer.later);
	close(fd);

	for (link = 0; link < NR_LINKS; link++) {
		if (nslinks[link].flag == CLONE_NEWPID)
			continue;
		fd = ns_open(0, link);
		EXPECT_EQ(-EINVAL, info_of(fd, &info));
		EXPECT_TRUE(fdinfo_is_silent(fd));
		close(fd);
	}
}

TEST_F_TIMEOUT(pidns, fdinfo_is_the_same, NS_TIMEOUT)
{
	struct pid_ns_info info;
	char value[64];
	struct kid kid;
	int fd;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	fd = ns_open(kid.pid, L_PID);
	ASSERT_EQ(0, info_of(fd, &info));
	EXPECT_EQ(info.ns_id, fdinfo_number(fd, "ns_id"));
	ASSERT_TRUE(fdinfo_value(fd, "PidNsState", value, sizeof(value)));
	EXPECT_STREQ("alive", value);
	EXPECT_EQ(info.parent_id, fdinfo_number(fd, "PidNsParent"));
	EXPECT_EQ(info.owner_id, fdinfo_number(fd, "PidNsOwner"));
	EXPECT_EQ(1, fdinfo_number(fd, "PidNsLevel"));
	EXPECT_EQ(1, fdinfo_number(fd, "PidNsPids"));
	EXPECT_EQ(1, fdinfo_number(fd, "PidNsLastPid"));
	EXPECT_EQ(info.pid_max, fdinfo_number(fd, "PidNsPidMax"));
	EXPECT_EQ(kid.pid, fdinfo_number(fd, "PidNsInit"));
	kid_stop(&kid);
	ASSERT_TRUE(fdinfo_value(fd, "PidNsState", value, sizeof(value)));
	EXPECT_STREQ("dying", value);
	EXPECT_EQ(0, fdinfo_number(fd, "PidNsInit"));
	close(fd);

	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	fd = ns_open(0, L_PID_CHILDREN);
	ASSERT_TRUE(fdinfo_value(fd, "PidNsState", value, sizeof(value)));
	EXPECT_STREQ("waiting", value);
	close(fd);
}

/* Numbers and levels are those of the namespace that a procfs is of, whoever reads it. */
TEST_F_TIMEOUT(pidns, fdinfo_is_relative_to_procfs, NS_TIMEOUT)
{
	char inner[64], outer[64];
	struct kid kid;
	int own, fd;

	own = ns_open(0, L_PID);
	ASSERT_LE(0, kid_with_proc(&kid));
	if (!kid.pid) {
		kid_tell(&kid, ns_open(0, L_PID));
		rest_forever();
	}
	fd = kid_hear(&kid);
	ASSERT_LE(0, fd);
	snprintf(inner, sizeof(inner), "/proc/%d/root/proc/1/fdinfo/%d", kid.pid, fd);
	snprintf(outer, sizeof(outer), "/proc/%d/fdinfo/%d", kid.pid, fd);
	EXPECT_EQ(ns_id(kid.pid, L_PID), line_number(inner, "ns_id"));
	EXPECT_EQ(0, line_number(inner, "PidNsLevel"));
	EXPECT_EQ(1, line_number(inner, "PidNsInit"));
	EXPECT_EQ(0, line_number(inner, "PidNsParent"));
	EXPECT_EQ(1, line_number(outer, "PidNsLevel"));
	EXPECT_EQ(kid.pid, line_number(outer, "PidNsInit"));
	EXPECT_EQ(ns_fd_id(own), line_number(outer, "PidNsParent"));

	/* The outer namespace is not to be seen in the inner procfs. */
	snprintf(inner, sizeof(inner), "/proc/%d/root/proc/1/fdinfo/%d", kid.pid, own);
	snprintf(outer, sizeof(outer), "/proc/%d/fdinfo/%d", kid.pid, own);
	EXPECT_LE(0, line_number(inner, "flags"));
	EXPECT_EQ(-1, line_number(inner, "ns_id"));
	EXPECT_EQ(0, line_number(outer, "PidNsLevel"));
	kid_stop(&kid);
	close(own);
}

TEST_HARNESS_MAIN
