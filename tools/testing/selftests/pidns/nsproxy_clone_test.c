// SPDX-License-Identifier: GPL-2.0
/*
 * clone and clone3 create new namespaces for exactly the flags given and share
 * the rest; without a flag the whole nsproxy is shared.
 */
#include <limits.h>

#include "nsproxy_util.h"

#define CROWD 150	/* children at a time, for the slab counts */

/* Start a child with @flags and return the links that differ from the caller's. */
static int clone3_diff(unsigned int flags, unsigned int *diff)
{
	struct nsids mine, its;
	struct kid kid;
	int err;

	err = kid_hold(&kid, flags);
	if (err)
		return err;
	if (!ns_read(0, &mine) || !ns_read(kid.pid, &its))
		err = -EIO;
	*diff = ns_diff(&mine, &its);
	kid_stop(&kid);
	return err;
}

/* All 128 subsets, including the empty one and the single flags. */
TEST_F_TIMEOUT(nsproxy, clone3_any_subset_of_flags, NS_TIMEOUT)
{
	unsigned int set, flags, diff;
	struct nsids before;

	ASSERT_TRUE(ns_read(0, &before));
	for (set = 0; set < NR_SUBSETS; set++) {
		flags = ns_subset(set);
		ASSERT_EQ(0, clone3_diff(flags, &diff)) {
			TH_LOG("flags %#x", flags);
		}
		EXPECT_EQ(ns_links(flags), diff) {
			TH_LOG("flags %#x", flags);
		}
	}
	EXPECT_EQ(0, ns_moved(&before));
}

/* The new user namespace owns all the others. */
TEST_F_TIMEOUT(nsproxy, clone3_new_user_ns_owns_the_others, NS_TIMEOUT)
{
	struct nsids its;
	unsigned int diff;
	struct kid kid;
	int fd, owner, i;

	ASSERT_EQ(0, clone3_diff(CLONE_NEWUSER, &diff));
	EXPECT_EQ(BIT(L_USER), diff);

	ASSERT_EQ(0, kid_hold(&kid, ALL_NS | CLONE_NEWUSER));
	ASSERT_TRUE(ns_read(kid.pid, &its));
	for (i = 0; i < NR_LINKS; i++) {
		if (i == L_USER)
			continue;
		fd = ns_open(kid.pid, i);
		ASSERT_LE(0, fd);
		owner = ioctl(fd, NS_GET_USERNS);
		ASSERT_LE(0, owner);
		EXPECT_EQ(its.id[L_USER], ns_fd_id(owner)) {
			TH_LOG("%s", nslinks[i].name);
		}
		close(owner);
		close(fd);
	}
	kid_stop(&kid);
}

static int sleeper(void *arg)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pause();
	return 0;
}

/* clone(2) has no bit for CLONE_NEWTIME, which is an exit signal there. */
TEST_F_TIMEOUT(nsproxy, legacy_clone_flags, NS_TIMEOUT)
{
	unsigned int rest = ALL_NS & ~CLONE_NEWTIME;
	unsigned int sets[NR_TYPES + 1];
	struct nsids mine, its;
	int i, nr = 0;
	pid_t pid;

	sets[nr++] = 0;
	for (i = 0; i < NR_TYPES; i++)
		if (nstypes[i].flag & rest)
			sets[nr++] = nstypes[i].flag;
	sets[nr++] = rest;

	ASSERT_TRUE(ns_read(0, &mine));
	for (i = 0; i < nr; i++) {
		pid = clone_legacy(sleeper, sets[i]);
		ASSERT_LT(0, pid);
		ASSERT_TRUE(ns_read(pid, &its));
		EXPECT_EQ(ns_links(sets[i]), ns_diff(&mine, &its)) {
			TH_LOG("flags %#x", sets[i]);
		}
		kill(pid, SIGKILL);
		ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	}
}

/* The nsproxy is inherited: a child's new namespaces are those of its children. */
TEST_F_TIMEOUT(nsproxy, grandchild_inherits_nsproxy, NS_TIMEOUT)
{
	struct nsids ids;
	pid_t pid, inner;

	pid = fork_flags(ALL_NS, NULL);
	ASSERT_LE(0, pid);
	if (!pid) {
		ASSERT_TRUE(ns_read(0, &ids));
		inner = fork_flags(0, NULL);
		ASSERT_LE(0, inner);
		if (!inner) {
			EXPECT_EQ(0, ns_moved(&ids));
			_exit(EXIT_SUCCESS);
		}
		_exit(wait_for_pid(inner));
	}
	EXPECT_EQ(0, wait_for_pid(pid));
}

/*
 * Whether the nsproxy cache grows by more than @least and less than @most while
 * CROWD children exist. Retry: the effects of other tasks pass, those of the
 * children stay.
 */
static bool crowd_grows(struct __test_metadata *_metadata, unsigned int flags, long least,
			long most)
{
	long before = slab_active("nsproxy"), growth = 0;
	struct kid kid[CROWD];
	bool grows = false;
	int i, nr;

	for (nr = 0; nr < CROWD; nr++)
		if (kid_hold(&kid[nr], flags))
			break;
	if (nr == CROWD)
		grows = eventually(({
			growth = slab_active("nsproxy") - before;
			least < growth && growth < most;
		}));
	if (!grows)
		TH_LOG("flags %#x, %d children: %ld more", flags, nr, growth);
	for (i = 0; i < nr; i++)
		kid_stop(&kid[i]);
	return grows;
}

/* Links cannot tell a shared nsproxy from an equal copy; the slab cache can. */
TEST_F_TIMEOUT(nsproxy, no_flag_shares_nsproxy, NS_TIMEOUT)
{
	if (slab_active("nsproxy") < 0)
		SKIP(return, "no nsproxy line in /proc/slabinfo (boot with slab_nomerge)");

	EXPECT_TRUE(crowd_grows(_metadata, 0, -CROWD / 3, CROWD / 3));
	EXPECT_TRUE(crowd_grows(_metadata, CLONE_NEWUSER, -CROWD / 3, CROWD / 3));
	/* Check the count: with a new namespace it sees one nsproxy per child. */
	EXPECT_TRUE(crowd_grows(_metadata, CLONE_NEWUTS, CROWD * 2 / 3, LONG_MAX));
}

TEST_HARNESS_MAIN
