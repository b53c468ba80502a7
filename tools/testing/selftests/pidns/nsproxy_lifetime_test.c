// SPDX-License-Identifier: GPL-2.0
/*
 * Namespaces live as long as a task, a file or a mount holds them, and no
 * longer: afterwards they are not listed and all counts are as before.
 */
#include <linux/sockios.h>

#define NSPROXY_OF_THE_MACHINE
#include "nsproxy_util.h"

#define CYCLES 1000

TEST_F_TIMEOUT(nsproxy, gone_with_last_task, NS_TIMEOUT)
{
	unsigned int links = ns_links(ALL_NS | CLONE_NEWUSER);
	struct nsids ids;
	struct kid kid;

	ASSERT_EQ(0, kid_hold(&kid, ALL_NS | CLONE_NEWUSER));
	ASSERT_TRUE(ns_read(kid.pid, &ids));
	EXPECT_TRUE(ns_there(&ids, links));
	kid_stop(&kid);
	EXPECT_TRUE(eventually(ns_gone(&ids, links)));
}

/*
 * A task that leaves a user namespace for another does not keep it. A file
 * opened there, with its credentials, keeps its memory but is no active
 * reference.
 */
TEST_F_TIMEOUT(nsproxy, user_ns_is_gone_when_left, NS_TIMEOUT)
{
	struct nsids ids;
	struct kid kid;
	int fd;

	ASSERT_LE(0, kid_start(&kid, 0));
	if (!kid.pid) {
		kid_tell(&kid, userns_enter());
		kid_tell(&kid, open("/dev/null", O_RDONLY | O_CLOEXEC));
		kid_hear(&kid);
		kid_tell(&kid, userns_enter());
		kid_hear(&kid);
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, kid_hear(&kid));
	fd = sys_pidfd_getfd(kid.pidfd, kid_hear(&kid), 0);
	ASSERT_LE(0, fd);
	ASSERT_TRUE(ns_read(kid.pid, &ids));
	kid_tell(&kid, 0);
	EXPECT_EQ(0, kid_hear(&kid));
	/* It owns the second one, so it lives as long as that. */
	EXPECT_TRUE(ns_there(&ids, BIT(L_USER)));
	kid_stop(&kid);
	EXPECT_TRUE(eventually(ns_gone(&ids, BIT(L_USER))));
	close(fd);
}

/* Exit drops the nsproxy, not reaping: a zombie has none. */
TEST_F_TIMEOUT(nsproxy, zombie_holds_no_namespace, NS_TIMEOUT)
{
	/* Its number keeps the PID namespace, and its credentials the user namespace. */
	unsigned int links = ns_links(ALL_NS & ~CLONE_NEWPID);
	struct nsids ids;
	struct kid kid;
	siginfo_t info;
	int i;

	ASSERT_EQ(0, kid_hold(&kid, ALL_NS));
	ASSERT_TRUE(ns_read(kid.pid, &ids));
	kill(kid.pid, SIGKILL);
	ASSERT_EQ(0, sys_waitid(P_PID, kid.pid, &info, WEXITED | WNOWAIT));
	EXPECT_TRUE(eventually(ns_gone(&ids, links)));
	for (i = 0; i < NR_LINKS; i++)
		if (links & BIT(i))
			EXPECT_GT(0, ns_open(kid.pid, i));
	EXPECT_GT(0, ns_open(kid.pid, L_PID_CHILDREN));
	kid_stop(&kid);
}

/* One file at a time, opened while the task lived. */
TEST_F_TIMEOUT(nsproxy, kept_by_ns_file, NS_TIMEOUT)
{
	unsigned int links = ns_links(ALL_NS);
	struct nsids ids;
	struct kid kid;
	int i, j, fd[NR_LINKS];

	ASSERT_EQ(0, kid_hold(&kid, ALL_NS));
	ASSERT_TRUE(ns_read(kid.pid, &ids));
	for (i = 0; i < NR_LINKS; i++)
		fd[i] = ns_open(kid.pid, i);
	kid_stop(&kid);
	/* The PID and the time namespace have two links each. */
	close(fd[L_PID_CHILDREN]);
	close(fd[L_TIME_CHILDREN]);
	close(fd[L_USER]);
	for (i = 0; i < NR_LINKS; i++) {
		if (i == L_USER || i == L_PID_CHILDREN || i == L_TIME_CHILDREN)
			continue;
		for (j = i; j < L_USER; j++) {
			EXPECT_TRUE(ns_there(&ids, BIT(j))) {
				TH_LOG("%s", nslinks[j].name);
			}
		}
		EXPECT_EQ(ids.id[i], ns_fd_id(fd[i]));
		close(fd[i]);
		EXPECT_TRUE(eventually(ns_gone(&ids, BIT(i)))) {
			TH_LOG("%s", nslinks[i].name);
		}
	}
	EXPECT_TRUE(ns_gone(&ids, links));
}

TEST_F_TIMEOUT(nsproxy, kept_by_bind_mount, NS_TIMEOUT)
{
	unsigned int links = ns_links(ALL_NS);
	char dir[] = "/tmp/nsproxy_lifetime_XXXXXX", path[64], link[64];
	struct nsids ids;
	struct kid kid;
	int i, fd;

	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL));
	ASSERT_NE(0, !!mkdtemp(dir));
	ASSERT_EQ(0, mount("none", dir, "tmpfs", 0, NULL));
	ASSERT_EQ(0, kid_hold(&kid, ALL_NS));
	ASSERT_TRUE(ns_read(kid.pid, &ids));
	for (i = 0; i < L_USER; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, nslinks[i].name);
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		EXPECT_LE(0, fd);
		close(fd);
		snprintf(link, sizeof(link), "/proc/%d/ns/%s", kid.pid, nslinks[i].name);
		EXPECT_EQ(0, mount(link, path, NULL, MS_BIND, NULL));
	}
	kid_stop(&kid);
	EXPECT_TRUE(ns_there(&ids, links));
	for (i = 0; i < L_USER; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, nslinks[i].name);
		EXPECT_EQ(0, umount2(path, MNT_DETACH));
		EXPECT_TRUE(eventually(ns_gone(&ids, BIT(i)))) {
			TH_LOG("%s", nslinks[i].name);
		}
	}
	umount2(dir, MNT_DETACH);
	rmdir(dir);
}

/* A task that has joined keeps what the first one has left. */
TEST_F_TIMEOUT(nsproxy, kept_by_task_that_joined, NS_TIMEOUT)
{
	unsigned int joined = ALL_NS & ~CLONE_NEWPID;
	struct kid first, second;
	struct nsids ids;

	ASSERT_EQ(0, kid_hold(&first, ALL_NS));
	ASSERT_TRUE(ns_read(first.pid, &ids));
	ASSERT_LE(0, kid_start(&second, 0));
	if (!second.pid) {
		ASSERT_EQ(0, setns(first.pidfd, joined));
		kid_rest(&second);
	}
	EXPECT_EQ(0, kid_hear(&second));
	kid_stop(&first);
	EXPECT_TRUE(eventually(ns_gone(&ids, BIT(L_PID))));
	EXPECT_TRUE(ns_there(&ids, ns_links(joined)));
	kid_stop(&second);
	EXPECT_TRUE(eventually(ns_gone(&ids, ns_links(ALL_NS))));
}

/* Namespaces that unshare and setns replace are dropped at once. */
TEST_F_TIMEOUT(nsproxy, replaced_namespaces_are_dropped, NS_TIMEOUT)
{
	unsigned int flags = ALL_NS & ~CLONE_NEWPID;
	unsigned int links = ns_unshare_links(flags);
	struct nsids first, second;
	struct kid kid;

	ASSERT_EQ(0, kid_hold(&kid, 0));
	ASSERT_EQ(0, unshare(flags));
	ASSERT_TRUE(ns_read(0, &first));
	ASSERT_EQ(0, unshare(flags));
	ASSERT_TRUE(ns_read(0, &second));
	EXPECT_TRUE(eventually(ns_gone(&first, links)));
	EXPECT_TRUE(ns_there(&second, links));
	ASSERT_EQ(0, setns(kid.pidfd, flags));
	EXPECT_TRUE(eventually(ns_gone(&second, links)));
	kid_stop(&kid);
}

/*
 * A socket keeps the memory of its network namespace but is no active
 * reference: after the last task has left, it exists but is not listed.
 */
TEST_F_TIMEOUT(nsproxy, socket_does_not_keep_net_ns_listed, NS_TIMEOUT)
{
	static const char * const ways[] = { "exit", "unshare", "setns" };
	struct kid other, kid;
	struct nsids ids;
	int way, sk, fd;

	ASSERT_EQ(0, kid_hold(&other, CLONE_NEWNET));
	for (way = 0; way < ARRAY_SIZE(ways); way++) {
		ASSERT_LE(0, kid_start(&kid, CLONE_NEWNET));
		if (!kid.pid) {
			kid_tell(&kid, socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
			kid_hear(&kid);
			if (way == 1)
				kid_tell(&kid, unshare(CLONE_NEWNET));
			else if (way == 2)
				kid_tell(&kid, setns(other.pidfd, CLONE_NEWNET));
			kid_hear(&kid);
			_exit(EXIT_SUCCESS);
		}
		sk = sys_pidfd_getfd(kid.pidfd, kid_hear(&kid), 0);
		ASSERT_LE(0, sk);
		ASSERT_TRUE(ns_read(kid.pid, &ids));
		EXPECT_TRUE(ns_there(&ids, BIT(L_NET)));
		if (way) {
			kid_tell(&kid, 0);
			ASSERT_EQ(0, kid_hear(&kid));
			EXPECT_NE(ids.id[L_NET], ns_id(kid.pid, L_NET));
		} else {
			kid_stop(&kid);
		}
		ASSERT_TRUE(eventually(ns_gone(&ids, BIT(L_NET)))) {
			TH_LOG("left by %s, but still listed", ways[way]);
		}

		/* An open file of it is an active reference again. */
		fd = ioctl(sk, SIOCGSKNS);
		EXPECT_EQ(ids.id[L_NET], ns_fd_id(fd));
		EXPECT_TRUE(ns_there(&ids, BIT(L_NET)));
		close(fd);
		EXPECT_TRUE(eventually(ns_gone(&ids, BIT(L_NET))));
		close(sk);
		if (way)
			kid_stop(&kid);
	}
	kid_stop(&other);
}

/* After many processes every count is what it was. */
TEST_F_TIMEOUT(nsproxy, counts_return_after_many_clones, NS_TIMEOUT)
{
	static const char * const caches[] = { "nsproxy", "pid_namespace", "uts_namespace" };
	unsigned int flags = CHEAP_NS & ~CLONE_NEWNS;
	long before[ARRAY_SIZE(caches)];
	struct kid kid;
	pid_t pid;
	int i;

	ASSERT_EQ(0, userns_enter());
	for (i = 0; i < ARRAY_SIZE(caches); i++) {
		before[i] = slab_active(caches[i]);
		if (before[i] < 0)
			SKIP(return, "no %s line in /proc/slabinfo (boot with slab_nomerge)",
			     caches[i]);
	}
	for (i = 0; i < CYCLES; i++) {
		pid = fork_flags(flags, NULL);
		ASSERT_LE(0, pid);
		if (!pid) {
			/* Half of them replace their namespaces. */
			if (i & 1)
				_exit(unshare(flags) ? EXIT_FAILURE : EXIT_SUCCESS);
			_exit(EXIT_SUCCESS);
		}
		ASSERT_EQ(0, wait_for_pid(pid));
	}
	/* None of this user's is left. */
	ASSERT_EQ(0, ns_limit_all(1));
	ASSERT_TRUE(eventually(!kid_hold(&kid, ALL_NS)));
	kid_stop(&kid);
	for (i = 0; i < ARRAY_SIZE(caches); i++) {
		EXPECT_TRUE(eventually(slab_active(caches[i]) - before[i] < CYCLES / 5)) {
			TH_LOG("%s: from %ld to %ld", caches[i], before[i],
			       slab_active(caches[i]));
		}
	}
}

TEST_HARNESS_MAIN
