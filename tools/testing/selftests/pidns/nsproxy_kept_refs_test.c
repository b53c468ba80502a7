// SPDX-License-Identifier: GPL-2.0
/*
 * A setns that succeeds could drop active references as well: of namespaces in
 * which the caller stays, because it joins its own, or joins others while it
 * shares its nsproxy. All namespaces of a task stay active, with one reference
 * for each place.
 */
#define NSPROXY_OF_THE_MACHINE
#include "nsproxy_util.h"

#define TIMES 16

/* All namespaces of a task but those of the initial task, which never vanish. */
#define MINE ns_links(ALL_NS)

/* A request to the caller: join the own namespace of a link, or this. */
enum {
	JOIN_ALL = NR_LINKS,
	UNSHARE_TIME,
};

/* Runs in the caller; returns 0 or a negative errno. */
static int act(int what)
{
	unsigned int flags = ALL_NS;
	int fd, err;

	if (what == UNSHARE_TIME)
		return unshare(CLONE_NEWTIME) ? -errno : 0;
	if (what == JOIN_ALL) {
		fd = sys_pidfd_open(getpid(), 0);
	} else {
		fd = ns_open(0, what);
		flags = nslinks[what].flag;
	}
	if (fd < 0)
		return -errno;
	err = setns_errno(fd, flags);
	close(fd);
	return err;
}

/* Start a caller in namespaces of its own, and read their ids. */
static bool caller_start(struct kid *kid, struct nsids *ids)
{
	int what;

	if (kid_start(kid, ALL_NS) < 0)
		return false;
	if (!kid->pid) {
		while ((what = kid_hear(kid)) >= 0)
			kid_tell(kid, act(what));
		_exit(EXIT_SUCCESS);
	}
	return ns_read(kid->pid, ids);
}

static int ask(const struct kid *kid, int what)
{
	kid_tell(kid, what);
	return kid_hear(kid);
}

/*
 * Kill the only task in @ids. If one of these had too few references, an open
 * file would not keep it afterwards.
 */
static bool ends_balanced(struct kid *kid, const struct nsids *ids)
{
	int i, fd[NR_LINKS];
	bool there;

	for (i = 0; i < NR_LINKS; i++)
		fd[i] = ns_open(kid->pid, i);
	kid_stop(kid);
	there = ns_there(ids, MINE);
	for (i = 0; i < NR_LINKS; i++)
		close(fd[i]);
	return there && eventually(ns_gone(ids, MINE));
}

TEST_F_TIMEOUT(nsproxy, setns_to_own_keeps_active_refs, NS_TIMEOUT)
{
	struct nsids ids, now;
	struct kid caller;
	int i, link;

	/* Check each time: a negative count would become active again. */
	ASSERT_TRUE(caller_start(&caller, &ids));
	for (i = 0; i < TIMES; i++) {
		ASSERT_EQ(0, ask(&caller, JOIN_ALL));
		ASSERT_TRUE(ns_there(&ids, MINE));
	}
	ASSERT_TRUE(ns_read(caller.pid, &now));
	EXPECT_EQ(0, ns_diff(&ids, &now));
	EXPECT_TRUE(ends_balanced(&caller, &ids));

	ASSERT_TRUE(caller_start(&caller, &ids));
	for (link = 0; link < NR_LINKS; link++) {
		if (link == L_USER)
			continue;
		for (i = 0; i < TIMES; i++) {
			ASSERT_EQ(0, ask(&caller, link));
			ASSERT_TRUE(ns_there(&ids, MINE)) {
				TH_LOG("%s", nslinks[link].name);
			}
		}
	}
	ASSERT_TRUE(ns_read(caller.pid, &now));
	EXPECT_EQ(0, ns_diff(&ids, &now));
	EXPECT_TRUE(ends_balanced(&caller, &ids));
}

/* A time namespace is joined in two places, and may have been in one of them before. */
TEST_F_TIMEOUT(nsproxy, setns_to_own_time_ns_keeps_active_refs, NS_TIMEOUT)
{
	static const struct {
		int joined, left;
	} places[] = {
		{ L_TIME_CHILDREN, L_TIME },
		{ L_TIME, L_TIME_CHILDREN },
	};
	struct nsids old, now;
	struct kid caller;
	int i, joined, left;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		joined = places[i].joined;
		left = places[i].left;
		ASSERT_TRUE(caller_start(&caller, &old));
		ASSERT_EQ(0, ask(&caller, UNSHARE_TIME));
		ASSERT_TRUE(ns_read(caller.pid, &old));
		EXPECT_NE(old.id[L_TIME], old.id[L_TIME_CHILDREN]);
		EXPECT_TRUE(ns_there(&old, MINE));

		ASSERT_EQ(0, ask(&caller, joined));
		ASSERT_TRUE(ns_read(caller.pid, &now));
		EXPECT_EQ(BIT(left), ns_diff(&old, &now));
		EXPECT_EQ(old.id[joined], now.id[left]);
		EXPECT_TRUE(ns_there(&now, MINE));
		EXPECT_TRUE(eventually(ns_gone(&old, BIT(left)))) {
			TH_LOG("%s remains", nslinks[left].name);
		}
		EXPECT_TRUE(ends_balanced(&caller, &now)) {
			TH_LOG("%s joined", nslinks[joined].name);
		}
	}
}

/* A task that leaves a shared nsproxy takes references to all that it keeps. */
TEST_F_TIMEOUT(nsproxy, leaving_shared_nsproxy_keeps_active_refs, NS_TIMEOUT)
{
	struct kid target, caller, sharer;
	struct nsids old, now;

	ASSERT_EQ(0, kid_hold(&target, CLONE_NEWUTS));
	ASSERT_LE(0, kid_start(&caller, ALL_NS));
	if (!caller.pid) {
		kid_tell(&caller, kid_hold(&sharer, 0));
		kid_hear(&caller);
		kid_tell(&caller, setns_errno(target.pidfd, CLONE_NEWUTS));
		kid_hear(&caller);
		kid_stop(&sharer);
		kid_rest(&caller);
	}
	ASSERT_EQ(0, kid_hear(&caller));
	ASSERT_TRUE(ns_read(caller.pid, &old));
	kid_tell(&caller, 0);
	ASSERT_EQ(0, kid_hear(&caller));
	ASSERT_TRUE(ns_read(caller.pid, &now));
	EXPECT_EQ(BIT(L_UTS), ns_diff(&old, &now));
	EXPECT_EQ(ns_id(target.pid, L_UTS), now.id[L_UTS]);
	EXPECT_TRUE(ns_there(&old, MINE));
	EXPECT_TRUE(ns_there(&now, MINE));

	/* The old nsproxy ends with the task that still has it. */
	kid_tell(&caller, 0);
	ASSERT_EQ(0, kid_hear(&caller));
	EXPECT_TRUE(ns_there(&now, MINE));
	EXPECT_TRUE(eventually(ns_gone(&old, BIT(L_UTS))));
	kid_stop(&target);
	EXPECT_TRUE(ends_balanced(&caller, &now));
}

TEST_HARNESS_MAIN
