// SPDX-License-Identifier: GPL-2.0
/*
 * setns: which files and flags it accepts, and the errors for others.
 */
#include <sys/eventfd.h>

#include "nsproxy_util.h"

#define SETNS_FLAGS (ALL_NS | CLONE_NEWUSER)

/* A pidfd takes at least one namespace flag, and no other bit. */
TEST_F_TIMEOUT(nsproxy, pidfd_bad_flags_are_einval, NS_TIMEOUT)
{
	struct nsids before;
	struct kid kid;
	unsigned int bit;
	int i;

	ASSERT_TRUE(ns_read(0, &before));
	ASSERT_EQ(0, kid_hold(&kid, ALL_NS));
	EXPECT_SETNS_FAILS(EINVAL, kid.pidfd, 0);
	EXPECT_SETNS_FAILS(EINVAL, kid.pidfd, -1);
	for (i = 0; i < 32; i++) {
		bit = BIT(i);
		if (bit & SETNS_FLAGS)
			continue;
		EXPECT_SETNS_FAILS(EINVAL, kid.pidfd, bit);
		EXPECT_SETNS_FAILS(EINVAL, kid.pidfd, bit | CLONE_NEWUTS);
		EXPECT_SETNS_FAILS(EINVAL, kid.pidfd, bit | SETNS_FLAGS);
	}
	EXPECT_EQ(0, ns_moved(&before));
	kid_stop(&kid);
}

/* Flags are checked before the target's life and the caller's permission. */
TEST_F_TIMEOUT(nsproxy, bad_flags_before_esrch_and_eperm, NS_TIMEOUT)
{
	struct kid kid;

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWUTS));
	kill(kid.pid, SIGKILL);
	waitpid(kid.pid, NULL, 0);
	EXPECT_SETNS_FAILS(EINVAL, kid.pidfd, 0);
	EXPECT_SETNS_FAILS(EINVAL, kid.pidfd, CLONE_NEWUTS | CLONE_VM);
	EXPECT_SETNS_FAILS(ESRCH, kid.pidfd, CLONE_NEWUTS);
	kid_stop(&kid);

	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWUTS));
	ASSERT_EQ(0, cap_drop(CAP_SYS_ADMIN));
	EXPECT_SETNS_FAILS(EINVAL, kid.pidfd, CLONE_NEWUTS | CLONE_VM);
	EXPECT_SETNS_FAILS(EPERM, kid.pidfd, CLONE_NEWUTS);
	kid_stop(&kid);
}

/* A namespace file takes its own flag or none. */
TEST_F_TIMEOUT(nsproxy, ns_file_takes_its_own_flag_or_none, NS_TIMEOUT)
{
	struct nsids before, its;
	struct kid kid;
	int i, bit, fd;
	pid_t pid;

	ASSERT_EQ(0, kid_hold(&kid, ALL_NS | CLONE_NEWUSER));
	ASSERT_TRUE(ns_read(kid.pid, &its));
	ASSERT_TRUE(ns_read(0, &before));
	for (i = 0; i < NR_LINKS; i++) {
		unsigned int own = nslinks[i].flag;

		fd = ns_open(kid.pid, i);
		ASSERT_LE(0, fd);
		for (bit = 0; bit < 32; bit++) {
			if (BIT(bit) == own)
				continue;
			EXPECT_SETNS_FAILS(EINVAL, fd, BIT(bit));
			EXPECT_SETNS_FAILS(EINVAL, fd, BIT(bit) | own);
		}
		EXPECT_SETNS_FAILS(EINVAL, fd, SETNS_FLAGS);
		EXPECT_EQ(0, ns_moved(&before));

		for (bit = 0; bit < 2; bit++) {
			pid = fork();
			ASSERT_LE(0, pid);
			if (!pid) {
				EXPECT_EQ(0, setns(fd, bit ? own : 0)) {
					TH_LOG("%s: %s", nslinks[i].name, strerror(errno));
				}
				EXPECT_EQ(ns_setns_links(own), ns_moved(&before));
				EXPECT_EQ(ALL_LINKS & ~ns_setns_links(own), ns_moved(&its));
				_exit(EXIT_SUCCESS);
			}
			ASSERT_EQ(0, wait_for_pid(pid));
		}
		close(fd);
	}
	kid_stop(&kid);
}

TEST_F_TIMEOUT(nsproxy, other_file_is_einval, NS_TIMEOUT)
{
	static const unsigned int flags[] = { 0, CLONE_NEWUTS, CLONE_NEWNS, SETNS_FLAGS };
	int fds[16], pipefd[2], nr = 0, i, j;
	struct nsids before;

	ASSERT_TRUE(ns_read(0, &before));
	ASSERT_EQ(0, pipe2(pipefd, O_CLOEXEC));
	fds[nr++] = pipefd[0];
	fds[nr++] = pipefd[1];
	fds[nr++] = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	fds[nr++] = open("/dev/null", O_RDWR | O_CLOEXEC);
	fds[nr++] = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fds[nr++] = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fds[nr++] = open("/proc/self/ns", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fds[nr++] = eventfd(0, EFD_CLOEXEC);
	fds[nr++] = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	fds[nr++] = sys_memfd_create("ns", MFD_CLOEXEC | MFD_NOEXEC_SEAL);
	for (i = 0; i < nr; i++) {
		ASSERT_LE(0, fds[i]) {
			TH_LOG("file %d", i);
		}
		for (j = 0; j < ARRAY_SIZE(flags); j++)
			EXPECT_SETNS_FAILS(EINVAL, fds[i], flags[j]);
		close(fds[i]);
	}
	EXPECT_EQ(0, ns_moved(&before));
}

TEST_F_TIMEOUT(nsproxy, bad_fd_is_ebadf, NS_TIMEOUT)
{
	static const unsigned int flags[] = { 0, CLONE_NEWUTS, CLONE_VM, SETNS_FLAGS };
	int path, closed, i;

	closed = ns_open(0, L_UTS);
	ASSERT_LE(0, closed);
	close(closed);
	path = open("/proc/self/ns/uts", O_PATH | O_CLOEXEC);
	ASSERT_LE(0, path);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		EXPECT_SETNS_FAILS(EBADF, -1, flags[i]);
		EXPECT_SETNS_FAILS(EBADF, -100, flags[i]);
		EXPECT_SETNS_FAILS(EBADF, closed, flags[i]);
		EXPECT_SETNS_FAILS(EBADF, path, flags[i]);
	}
	close(path);
}

/* A namespace file may be any file of the namespace, such as a bind mount. */
TEST_F_TIMEOUT(nsproxy, bind_mounted_ns_file, NS_TIMEOUT)
{
	char path[] = "/tmp/nsproxy_setns_XXXXXX";
	struct nsids its;
	struct kid kid;
	char link[64];
	int fd;

	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL));
	fd = mkstemp(path);
	ASSERT_LE(0, fd);
	close(fd);
	ASSERT_EQ(0, kid_hold(&kid, CLONE_NEWUTS));
	ASSERT_TRUE(ns_read(kid.pid, &its));
	snprintf(link, sizeof(link), "/proc/%d/ns/uts", kid.pid);
	EXPECT_EQ(0, mount(link, path, NULL, MS_BIND, NULL));
	kid_stop(&kid);

	/* The target is gone; its namespace is not. */
	fd = open(path, O_RDONLY | O_CLOEXEC);
	EXPECT_LE(0, fd);
	EXPECT_EQ(its.id[L_UTS], ns_fd_id(fd));
	EXPECT_SETNS_FAILS(EINVAL, fd, CLONE_NEWIPC);
	EXPECT_EQ(0, setns(fd, CLONE_NEWUTS));
	EXPECT_EQ(its.id[L_UTS], ns_id(0, L_UTS));
	close(fd);
	umount2(path, MNT_DETACH);
	unlink(path);
}

TEST_HARNESS_MAIN
