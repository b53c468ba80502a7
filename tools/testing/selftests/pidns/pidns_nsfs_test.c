// SPDX-License-Identifier: GPL-2.0
/*
 * The files of PID namespaces: the two links in /proc/PID/ns, what ioctls and
 * listns() report, and file handles.
 */
#define PIDNS_OF_THE_MACHINE
#include "pidns_reap_util.h"

/* The text and the inode of a link. */
static bool link_is_sound(pid_t pid, int link)
{
	char path[64], text[64] = {}, want[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, nslinks[link].name);
	if (readlink(path, text, sizeof(text) - 1) < 0 || stat(path, &st))
		return false;
	snprintf(want, sizeof(want), "pid:[%lu]", st.st_ino);
	return !strcmp(want, text);
}

/* The id of what an ioctl opens, or a negative errno. */
static __s64 related_id(int fd, unsigned int cmd)
{
	int related = ioctl(fd, cmd);
	__s64 id;

	if (related < 0)
		return -errno;
	id = ns_fd_id(related);
	if (!(fcntl(related, F_GETFD) & FD_CLOEXEC))
		id = -EBADF;
	close(related);
	return id;
}

static int ioctl_errno(int fd, unsigned int cmd, unsigned long arg)
{
	int ret = ioctl(fd, cmd, arg);

	return ret < 0 ? -errno : ret;
}

TEST_F_TIMEOUT(pidns, links_in_proc, NS_TIMEOUT)
{
	struct kid kid, child;
	__u64 own, next;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	EXPECT_TRUE(link_is_sound(kid.pid, L_PID));
	EXPECT_TRUE(link_is_sound(kid.pid, L_PID_CHILDREN));
	EXPECT_EQ(ns_id(kid.pid, L_PID), ns_id(kid.pid, L_PID_CHILDREN));
	EXPECT_NE(ns_id(0, L_PID), ns_id(kid.pid, L_PID));
	kid_stop(&kid);

	/* The second link leads to the namespace of children, before there are any. */
	ASSERT_LE(0, kid_start(&kid, 0));
	if (!kid.pid) {
		kid_tell(&kid, 0);
		kid_hear(&kid);
		kid_tell(&kid, unshare(CLONE_NEWPID));
		kid_hear(&kid);
		kid_tell(&kid, kid_hold(&child, 0));
		kid_tell(&kid, child.pid);
		kid_hear(&kid);
		_exit(EXIT_SUCCESS);
	}
	ASSERT_EQ(0, kid_hear(&kid));
	own = ns_id(kid.pid, L_PID);
	EXPECT_EQ(own, ns_id(kid.pid, L_PID_CHILDREN));
	EXPECT_EQ(own, ns_id(0, L_PID));
	kid_tell(&kid, 0);
	ASSERT_EQ(0, kid_hear(&kid));
	next = ns_id(kid.pid, L_PID_CHILDREN);
	EXPECT_EQ(own, ns_id(kid.pid, L_PID));
	EXPECT_NE(own, next);
	EXPECT_TRUE(link_is_sound(kid.pid, L_PID_CHILDREN));
	kid_tell(&kid, 0);
	ASSERT_EQ(0, kid_hear(&kid));
	child.pid = kid_hear(&kid);
	EXPECT_EQ(next, ns_id(child.pid, L_PID));
	EXPECT_EQ(next, ns_id(child.pid, L_PID_CHILDREN));
	EXPECT_EQ(next, ns_id(kid.pid, L_PID_CHILDREN));
	kid_stop(&kid);
}

/* A zombie has its numbers, and so a PID namespace; but none for children. */
TEST_F_TIMEOUT(pidns, links_of_zombie, NS_TIMEOUT)
{
	struct kid kid;
	__u64 id;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	id = ns_id(kid.pid, L_PID);
	kill(kid.pid, SIGKILL);
	ASSERT_TRUE(pidfd_ended(kid.pidfd));
	EXPECT_EQ(id, ns_id(kid.pid, L_PID));
	EXPECT_EQ(-1, ns_open(kid.pid, L_PID_CHILDREN));
	EXPECT_EQ(ENOENT, errno);
	/* No process can be created there any more: only its numbers keep it listed. */
	EXPECT_TRUE(ns_listed(id, CLONE_NEWPID));
	EXPECT_EQ(SIGKILL, wait_status(kid.pid));
	EXPECT_EQ(-1, ns_open(kid.pid, L_PID));
	EXPECT_EQ(ENOENT, errno);
	EXPECT_TRUE(eventually(!ns_listed(id, CLONE_NEWPID)));
	kid_stop(&kid);
}

TEST_F_TIMEOUT(pidns, nstype_userns_and_id, NS_TIMEOUT)
{
	int fd, next, link;
	struct kid kid;
	__u64 id;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWUSER | CLONE_NEWPID));
	for (link = L_PID; link <= L_PID_CHILDREN; link += L_PID_CHILDREN - L_PID) {
		fd = ns_open(kid.pid, link);
		ASSERT_LE(0, fd);
		EXPECT_EQ(CLONE_NEWPID, ioctl(fd, NS_GET_NSTYPE));
		EXPECT_EQ(ns_id(kid.pid, L_USER), related_id(fd, NS_GET_USERNS));
		EXPECT_EQ(0, ioctl(fd, NS_GET_ID, &id));
		EXPECT_LT(8, id);
		EXPECT_EQ(ns_id(kid.pid, L_PID), id);
		/* These are for other types. */
		EXPECT_EQ(-EINVAL, ioctl_errno(fd, NS_GET_OWNER_UID, (unsigned long)&id));
		EXPECT_EQ(-EINVAL, ioctl_errno(fd, NS_GET_MNTNS_ID, (unsigned long)&id));
		EXPECT_EQ(-EFAULT, ioctl_errno(fd, NS_GET_ID, 8));
		close(fd);
	}
	kid_stop(&kid);

	/* Ids are unique and ascend. */
	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	fd = ns_open(0, L_PID_CHILDREN);
	next = ns_open(0, L_PID);
	EXPECT_LT(id, ns_fd_id(fd));
	EXPECT_GT(ns_fd_id(fd), ns_fd_id(next));
	EXPECT_EQ(ns_id(0, L_USER), related_id(fd, NS_GET_USERNS));
	close(fd);
	close(next);
}

/* EPERM if the owner is an ancestor of the caller's user namespace. */
TEST_F_TIMEOUT(pidns, owner_out_of_sight_is_eperm, NS_TIMEOUT)
{
	int fd = ns_open(0, L_PID);

	ASSERT_EQ(0, userns_enter());
	EXPECT_EQ(-EPERM, related_id(fd, NS_GET_USERNS));
	close(fd);
}

/*
 * Three nested namespaces: each one's parent is the next outer one, if the
 * caller sees it.
 */
TEST_F_TIMEOUT(pidns, get_parent, NS_TIMEOUT)
{
	int own, child, grandchild;
	struct kid kid, inner;

	own = ns_open(0, L_PID);
	ASSERT_LE(0, own);
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		int mine, its;

		ASSERT_EQ(0, kid_hold(&inner, CLONE_NEWPID));
		mine = ioctl(sys_pidfd_open(getpid(), 0), PIDFD_GET_PID_NAMESPACE, 0);
		its = ioctl(inner.pidfd, PIDFD_GET_PID_NAMESPACE, 0);
		/* From here: the child's parent is this one, and there is none above. */
		EXPECT_EQ(ns_fd_id(mine), related_id(its, NS_GET_PARENT));
		EXPECT_EQ(-EPERM, related_id(mine, NS_GET_PARENT));
		EXPECT_EQ(-EPERM, related_id(own, NS_GET_PARENT));
		kid_tell(&kid, its);
		kid_hear(&kid);
		_exit(EXIT_SUCCESS);
	}
	grandchild = sys_pidfd_getfd(kid.pidfd, kid_hear(&kid), 0);
	ASSERT_LE(0, grandchild);
	child = ns_open(kid.pid, L_PID);
	EXPECT_EQ(ns_fd_id(own), related_id(child, NS_GET_PARENT));
	EXPECT_EQ(ns_fd_id(child), related_id(grandchild, NS_GET_PARENT));
	EXPECT_NE(ns_fd_id(child), ns_fd_id(grandchild));
	EXPECT_EQ(-EPERM, related_id(own, NS_GET_PARENT));

	/* A sibling of the child sees neither. */
	ASSERT_LE(0, kid_start(&inner, CLONE_NEWPID));
	if (!inner.pid) {
		EXPECT_EQ(-EPERM, related_id(child, NS_GET_PARENT));
		EXPECT_EQ(-EPERM, related_id(grandchild, NS_GET_PARENT));
		kid_rest(&inner);
	}
	EXPECT_EQ(0, kid_hear(&inner));
	kid_stop(&inner);

	/* A dead namespace still has its parent. */
	kid_stop(&kid);
	EXPECT_EQ(ns_fd_id(child), related_id(grandchild, NS_GET_PARENT));
	close(child);
	child = ioctl(grandchild, NS_GET_PARENT);
	EXPECT_EQ(ns_fd_id(own), related_id(child, NS_GET_PARENT));
	close(child);
	close(grandchild);
	close(own);
}

/* How many namespaces listns() lists, the last of them in @id. */
static int listed(__u32 type, __u64 user, __u64 after, __u64 *ids, int max)
{
	struct ns_id_req req = {
		.size = sizeof(req),
		.ns_id = after,
		.ns_type = type,
		.user_ns_id = user,
	};
	int nr = sys_listns(&req, ids, max, 0);

	return nr < 0 ? -errno : nr;
}

TEST_F_TIMEOUT(pidns, listns, NS_TIMEOUT)
{
	__u64 ids[64], id, inner_id, user;
	struct kid kid, inner;
	int i, nr;

	ASSERT_LE(0, kid_start(&kid, CLONE_NEWUSER | CLONE_NEWPID));
	if (!kid.pid) {
		__u64 got[4];

		kid_hear(&kid);
		ASSERT_EQ(0, kid_hold(&inner, CLONE_NEWPID));
		/* A caller that does not see the whole machine sees its own. */
		EXPECT_EQ(1, listed(CLONE_NEWPID, 0, 0, got, ARRAY_SIZE(got)));
		EXPECT_EQ(ns_id(0, L_PID), got[0]);
		kid_rest(&kid);
	}
	kid_tell(&kid, 0);
	ASSERT_EQ(0, kid_hear(&kid));
	id = ns_id(kid.pid, L_PID);
	user = ns_id(kid.pid, L_USER);
	EXPECT_TRUE(ns_listed(id, CLONE_NEWPID));
	EXPECT_FALSE(ns_listed(id, CLONE_NEWUTS));
	/* By owner: these two, in order, and of no other type. */
	EXPECT_EQ(2, listed(CLONE_NEWPID, user, 0, ids, ARRAY_SIZE(ids)));
	EXPECT_EQ(id, ids[0]);
	inner_id = ids[1];
	EXPECT_LT(id, inner_id);
	EXPECT_EQ(2, listed(0, user, 0, ids, ARRAY_SIZE(ids)));
	EXPECT_EQ(0, listed(CLONE_NEWUTS, user, 0, ids, ARRAY_SIZE(ids)));
	EXPECT_EQ(1, listed(CLONE_NEWPID, user, id, ids, ARRAY_SIZE(ids)));
	EXPECT_EQ(inner_id, ids[0]);
	EXPECT_EQ(-ENOENT, listed(CLONE_NEWPID, user, inner_id, ids, ARRAY_SIZE(ids)));
	/* The first of all PID namespaces is the initial one. */
	nr = listed(CLONE_NEWPID, 0, 0, ids, ARRAY_SIZE(ids));
	ASSERT_LE(3, nr);
	EXPECT_EQ(PID_NS_INIT_ID, ids[0]);
	for (i = 1; i < nr; i++)
		EXPECT_LT(ids[i - 1], ids[i]);
	kid_stop(&kid);
	EXPECT_TRUE(eventually(!ns_listed(id, CLONE_NEWPID)));
	EXPECT_TRUE(eventually(!ns_listed(inner_id, CLONE_NEWPID)));
}

/* A namespace without an init is listed as long as a task has it for its children. */
TEST_F_TIMEOUT(pidns, listns_without_init, NS_TIMEOUT)
{
	__u64 id;
	int fd;

	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	id = ns_id(0, L_PID_CHILDREN);
	EXPECT_TRUE(ns_listed(id, CLONE_NEWPID));
	fd = ns_open(0, L_PID);
	ASSERT_EQ(0, setns(fd, CLONE_NEWPID));
	EXPECT_TRUE(eventually(!ns_listed(id, CLONE_NEWPID)));
	close(fd);
}

struct handle {
	struct file_handle head;
	struct nsfs_file_handle ns;
};

/* The id of what a handle opens, or a negative errno. */
static __s64 handle_id(struct handle *handle)
{
	int fd = open_by_handle_at(FD_NSFS_ROOT, &handle->head, O_RDONLY | O_CLOEXEC);
	__s64 id = fd < 0 ? -errno : ns_fd_id(fd);

	if (fd >= 0)
		close(fd);
	return id;
}

TEST_F_TIMEOUT(pidns, file_handles, NS_TIMEOUT)
{
	struct handle handle = { .head.handle_bytes = sizeof(handle.ns) }, bad;
	struct kid kid, other;
	struct stat st;
	int fd, mount;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWPID));
	fd = ns_open(kid.pid, L_PID);
	ASSERT_EQ(0, name_to_handle_at(fd, "", &handle.head, &mount, AT_EMPTY_PATH));
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(ns_fd_id(fd), handle.ns.ns_id);
	EXPECT_EQ(CLONE_NEWPID, handle.ns.ns_type);
	EXPECT_EQ(st.st_ino, handle.ns.ns_inum);
	close(fd);
	EXPECT_EQ(handle.ns.ns_id, handle_id(&handle));
	bad = handle;
	bad.ns.ns_type = CLONE_NEWUTS;
	EXPECT_EQ(-ESTALE, handle_id(&bad));
	bad = handle;
	bad.ns.ns_inum++;
	EXPECT_EQ(-ESTALE, handle_id(&bad));
	bad = handle;
	bad.ns.ns_type = 0;
	EXPECT_EQ(-ESTALE, handle_id(&bad));
	bad.ns.ns_inum = 0;
	EXPECT_EQ(handle.ns.ns_id, handle_id(&bad));

	/* The own handle can be opened from inside, another one not. */
	ASSERT_LE(0, kid_start(&other, CLONE_NEWPID));
	if (!other.pid) {
		struct handle own = handle;

		own.ns.ns_id = ns_id(0, L_PID);
		own.ns.ns_type = 0;
		own.ns.ns_inum = 0;
		EXPECT_EQ(own.ns.ns_id, handle_id(&own));
		EXPECT_EQ(-ESTALE, handle_id(&handle));
		kid_rest(&other);
	}
	EXPECT_EQ(0, kid_hear(&other));
	kid_stop(&other);
	kid_stop(&kid);
	EXPECT_TRUE(eventually(handle_id(&handle) == -ESTALE));
}

TEST_HARNESS_MAIN
