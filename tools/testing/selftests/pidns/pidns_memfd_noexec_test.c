// SPDX-License-Identifier: GPL-2.0
/*
 * vm.memfd_noexec: the strictest value of a namespace and its ancestors counts,
 * and memfd_create obeys it.
 */
#include <linux/memfd.h>

#define PIDNS_OWN_FIXTURE
#include "pidns_reap_util.h"

#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020
#endif

#define SYSCTL "/proc/sys/vm/memfd_noexec"

/* The caller's own namespace counts, wherever /proc was mounted. */
static int scope_read(void)
{
	char buf[16] = {};
	int fd = open(SYSCTL, O_RDONLY | O_CLOEXEC);
	int len = read(fd, buf, sizeof(buf) - 1);

	close(fd);
	return len > 0 ? atoi(buf) : -1;
}

static int scope_write(int scope)
{
	return file_write(SYSCTL, "%d", scope);
}

/* The result of memfd_create: 0 plain, 1 sealed and not executable, or an error. */
static int memfd_kind(unsigned int flags)
{
	int fd = sys_memfd_create("memfd", flags | MFD_CLOEXEC), seals, kind = -1;
	struct stat st;

	if (fd < 0)
		return -errno;
	seals = fcntl(fd, F_GET_SEALS);
	if (!fstat(fd, &st) && !!(seals & F_SEAL_EXEC) == !(st.st_mode & 0111))
		kind = !!(seals & F_SEAL_EXEC);
	close(fd);
	return kind;
}

/* Requests to a process in a child namespace. */
enum { READ, DEFAULT, EXEC, NOEXEC, SET_0, SET_1, SET_2, SET_3, SET_MINUS, CLONE, NR_ASKS };

static void scope_answer(const struct kid *kid)
{
	int ask = kid_hear(kid), ret = -1;

	switch (ask) {
	case READ:
		ret = scope_read();
		break;
	case DEFAULT:
		ret = memfd_kind(0);
		break;
	case EXEC:
		ret = memfd_kind(MFD_EXEC);
		break;
	case NOEXEC:
		ret = memfd_kind(MFD_NOEXEC_SEAL);
		break;
	case SET_0:
	case SET_1:
	case SET_2:
	case SET_3:
		ret = scope_write(ask - SET_0);
		break;
	case SET_MINUS:
		ret = scope_write(-1);
		break;
	default:
		_exit(EXIT_FAILURE);
	}
	kid_tell(kid, ret);
}

/* A kid in a new namespace that serves requests; in the caller's without the flag. */
static pid_t scope_kid(struct kid *kid, __u64 flags)
{
	pid_t pid = kid_start(kid, flags);

	while (!pid)
		scope_answer(kid);
	return pid;
}

static int asked(const struct kid *kid, int ask)
{
	kid_tell(kid, ask);
	return kid_hear(kid);
}

FIXTURE(memfd) {
};

FIXTURE_SETUP(memfd)
{
	if (geteuid())
		SKIP(return, "needs root");
	if (scope_read() < 0)
		SKIP(return, "no vm.memfd_noexec (CONFIG_MEMFD_CREATE)");
	if (scope_read() > 0)
		SKIP(return, "vm.memfd_noexec is already %d, and cannot be lowered",
		     scope_read());
}

FIXTURE_TEARDOWN(memfd)
{
}

static void values(struct __test_metadata *_metadata)
{
	int scope;

	for (scope = 0; scope <= 2; scope++) {
		EXPECT_EQ(0, scope_write(scope));
		EXPECT_EQ(scope, scope_read());
		EXPECT_EQ(scope >= 1, memfd_kind(0));
		EXPECT_EQ(scope == 2 ? -EACCES : 0, memfd_kind(MFD_EXEC));
		EXPECT_EQ(1, memfd_kind(MFD_NOEXEC_SEAL));
		EXPECT_EQ(-EINVAL, scope_write(3));
		EXPECT_EQ(-EINVAL, scope_write(-1));
		EXPECT_EQ(scope, scope_read());
	}
	/* The own value may be lowered again, down to the parent's. */
	EXPECT_EQ(0, scope_write(0));
	EXPECT_EQ(0, memfd_kind(0));
}

TEST_F_TIMEOUT(memfd, each_value_is_obeyed, NS_TIMEOUT)
{
	in_namespace(_metadata, values);
	EXPECT_EQ(0, scope_read());
}

static void parent_binds(struct __test_metadata *_metadata)
{
	struct kid child, grandchild;

	ASSERT_LE(0, scope_kid(&child, CLONE_NEWPID));
	ASSERT_EQ(0, asked(&child, READ));
	/* The parent raises it: the child is bound at once, and cannot go below. */
	EXPECT_EQ(0, scope_write(1));
	EXPECT_EQ(1, asked(&child, READ));
	EXPECT_EQ(1, asked(&child, DEFAULT));
	EXPECT_EQ(0, asked(&child, EXEC));
	EXPECT_EQ(-EINVAL, asked(&child, SET_0));
	EXPECT_EQ(0, asked(&child, SET_1));
	EXPECT_EQ(0, scope_write(2));
	EXPECT_EQ(2, asked(&child, READ));
	EXPECT_EQ(-EACCES, asked(&child, EXEC));
	EXPECT_EQ(-EINVAL, asked(&child, SET_1));
	EXPECT_EQ(-EINVAL, asked(&child, SET_3));
	EXPECT_EQ(-EINVAL, asked(&child, SET_MINUS));
	/* A stricter child does not bind its parent. */
	EXPECT_EQ(0, scope_write(0));
	EXPECT_EQ(1, asked(&child, READ));
	EXPECT_EQ(0, asked(&child, SET_2));
	EXPECT_EQ(-EACCES, asked(&child, EXEC));
	EXPECT_EQ(0, scope_read());
	EXPECT_EQ(0, memfd_kind(0));
	EXPECT_EQ(0, asked(&child, SET_0));
	EXPECT_EQ(0, asked(&child, DEFAULT));
	kid_stop(&child);

	/* A new child copies the effective value. */
	EXPECT_EQ(0, scope_write(2));
	ASSERT_LE(0, scope_kid(&child, CLONE_NEWPID));
	EXPECT_EQ(2, asked(&child, READ));
	EXPECT_EQ(0, scope_write(0));
	EXPECT_EQ(2, asked(&child, READ));
	EXPECT_EQ(-EACCES, asked(&child, EXEC));
	ASSERT_LE(0, scope_kid(&grandchild, CLONE_NEWPID));
	EXPECT_EQ(0, asked(&grandchild, READ));
	kid_stop(&grandchild);
	EXPECT_EQ(0, asked(&child, SET_0));
	EXPECT_EQ(0, asked(&child, EXEC));
	kid_stop(&child);
}

TEST_F_TIMEOUT(memfd, parent_binds_child, NS_TIMEOUT)
{
	in_namespace(_metadata, parent_binds);
}

/* The strictest of all ancestors counts, not the parent's alone. */
static void grandparent_binds(struct __test_metadata *_metadata)
{
	struct kid middle;

	ASSERT_LE(0, kid_start(&middle, CLONE_NEWPID));
	if (!middle.pid) {
		struct kid inner;

		ASSERT_LE(0, scope_kid(&inner, CLONE_NEWPID));
		kid_tell(&middle, 0);
		kid_hear(&middle);
		/* The outermost value, above the middle's own, counts for both. */
		EXPECT_EQ(2, scope_read());
		EXPECT_EQ(2, asked(&inner, READ));
		EXPECT_EQ(-EACCES, asked(&inner, EXEC));
		EXPECT_EQ(-EINVAL, asked(&inner, SET_1));
		/* A new namespace copies that value. */
		kid_stop(&inner);
		ASSERT_LE(0, scope_kid(&inner, CLONE_NEWPID));
		kid_tell(&middle, 0);
		kid_hear(&middle);
		EXPECT_EQ(0, scope_read());
		EXPECT_EQ(2, asked(&inner, READ));
		kid_stop(&inner);
		kid_rest(&middle);
	}
	ASSERT_EQ(0, kid_hear(&middle));
	EXPECT_EQ(0, scope_write(2));
	kid_tell(&middle, 0);
	EXPECT_EQ(0, kid_hear(&middle));
	EXPECT_EQ(0, scope_write(0));
	kid_tell(&middle, 0);
	EXPECT_EQ(0, kid_hear(&middle));
	kid_stop(&middle);
}

TEST_F_TIMEOUT(memfd, strictest_ancestor_binds, NS_TIMEOUT)
{
	in_namespace(_metadata, grandparent_binds);
}

/* Capabilities count over the owner of the namespace, and are checked first. */
static void permission(struct __test_metadata *_metadata)
{
	pid_t pid = fork();

	if (!pid) {
		EXPECT_EQ(0, cap_drop(CAP_SYS_ADMIN));
		EXPECT_EQ(-EPERM, scope_write(1));
		EXPECT_EQ(-EPERM, scope_write(3));
		EXPECT_EQ(0, scope_read());
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_status(pid));
	pid = fork();
	if (!pid) {
		int fd = open(SYSCTL, O_WRONLY | O_CLOEXEC);

		EXPECT_EQ(0, userns_enter());
		EXPECT_EQ(-1, write(fd, "1", 1));
		EXPECT_EQ(EPERM, errno);
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_status(pid));
	EXPECT_EQ(0, scope_read());
}

TEST_F_TIMEOUT(memfd, needs_capability_over_owner, NS_TIMEOUT)
{
	in_namespace(_metadata, permission);
}

TEST_HARNESS_MAIN
