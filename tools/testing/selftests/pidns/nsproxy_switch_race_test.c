// SPDX-License-Identifier: GPL-2.0
/*
 * A task that switches its namespaces, against tasks that read them: by setns
 * with its pidfd, /proc/PID/ns, listns and ioctls. They see one set or the other.
 */
#define NSPROXY_OF_THE_MACHINE
#include "nsproxy_util.h"

/* How often each reader looks. */
#define READS 500
#define JOINED (CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP)

static struct shared {
	bool done;
	unsigned long reads[2], wrong[2];
} *shared;

/* Whether the namespaces that are switched together all belong to one of the sets. */
static bool of_one(const struct nsids *is, const struct nsids *sets, int nr)
{
	int i;

	for (i = 0; i < nr; i++)
		if (!(ns_diff(is, &sets[i]) & ns_links(JOINED)))
			return true;
	return false;
}

/* Join what the switcher has, again and again. */
static void __noreturn join(int pidfd, const struct nsids *sets)
{
	struct nsids own;

	while (!READ_ONCE(shared->done)) {
		if (setns(pidfd, JOINED) || !ns_read(0, &own) || !of_one(&own, sets, 2))
			shared->wrong[0]++;
		WRITE_ONCE(shared->reads[0], shared->reads[0] + 1);
	}
	_exit(EXIT_SUCCESS);
}

/*
 * Open its namespaces. They are of one of the sets; without sets nothing but the open file keeps
 * them active, or makes them so again.
 */
static void __noreturn look(pid_t pid, const struct nsids *sets)
{
	static const int links[] = { L_UTS, L_IPC, L_CGROUP, L_PID_CHILDREN };
	int i, fd, link;
	__u64 id;

	for (i = 0; !READ_ONCE(shared->done); i++) {
		link = links[i % ARRAY_SIZE(links)];
		fd = ns_open(pid, link);
		id = ns_fd_id(fd);
		if (!id || !(sets ? id == sets[0].id[link] || id == sets[1].id[link] :
				    ns_listed(id, nslinks[link].flag)))
			shared->wrong[1]++;
		close(fd);
		WRITE_ONCE(shared->reads[1], shared->reads[1] + 1);
	}
	_exit(EXIT_SUCCESS);
}

/* Start readers, which join only if there are two sets to compare with, and let them read. */
static void race(struct __test_metadata *_metadata, const struct kid *switcher,
		 const struct nsids *sets)
{
	int i, first = sets ? 0 : 1, reads = reduced_rounds() ? READS / 10 : READS;
	pid_t reader[2];

	for (i = first; i < ARRAY_SIZE(reader); i++) {
		reader[i] = fork();
		ASSERT_LE(0, reader[i]);
		if (!reader[i] && !i)
			join(switcher->pidfd, sets);
		else if (!reader[i])
			look(switcher->pid, sets);
	}
	for (i = first; i < ARRAY_SIZE(reader); i++)
		EXPECT_TRUE(eventually(READ_ONCE(shared->reads[i]) >= reads));
	WRITE_ONCE(shared->done, true);
	for (i = first; i < ARRAY_SIZE(reader); i++) {
		EXPECT_EQ(0, wait_for_pid(reader[i]));
		EXPECT_EQ(0, shared->wrong[i]);
	}
	TH_LOG("joined %lu times, looked %lu times", shared->reads[0], shared->reads[1]);
}

TEST_F_TIMEOUT(nsproxy, switched_by_setns, NS_TIMEOUT)
{
	struct nsids sets[2];
	struct kid holder[2], switcher;
	int i;

	shared = shared_alloc(sizeof(*shared));
	ASSERT_NE(NULL, shared);
	for (i = 0; i < ARRAY_SIZE(holder); i++) {
		ASSERT_EQ(0, kid_hold(&holder[i], JOINED));
		ASSERT_TRUE(ns_read(holder[i].pid, &sets[i]));
	}
	ASSERT_LE(0, kid_start(&switcher, 0));
	if (!switcher.pid) {
		for (i = 0; !READ_ONCE(shared->done); i++) {
			if (setns(holder[i & 1].pidfd, JOINED))
				_exit(EXIT_FAILURE);
			if (!i)
				kid_tell(&switcher, 0);
		}
		/* The last reader may still be at it. */
		kid_rest(&switcher);
	}
	ASSERT_EQ(0, kid_hear(&switcher));
	race(_metadata, &switcher, sets);
	EXPECT_EQ(0, kid_hear(&switcher));
	kid_stop(&switcher);
	for (i = 0; i < ARRAY_SIZE(holder); i++) {
		kid_stop(&holder[i]);
		EXPECT_TRUE(eventually(ns_gone(&sets[i], ns_links(JOINED))));
	}
}

TEST_F_TIMEOUT(nsproxy, switched_by_unshare, NS_TIMEOUT)
{
	struct kid switcher;
	struct nsids last;
	int i;

	shared = shared_alloc(sizeof(*shared));
	ASSERT_NE(NULL, shared);
	ASSERT_LE(0, kid_start(&switcher, CLONE_NEWPID));
	if (!switcher.pid) {
		for (i = 0; !READ_ONCE(shared->done); i++) {
			if (unshare(JOINED))
				_exit(EXIT_FAILURE);
			if (!i)
				kid_tell(&switcher, 0);
		}
		kid_rest(&switcher);
	}
	ASSERT_EQ(0, kid_hear(&switcher));
	race(_metadata, &switcher, NULL);
	ASSERT_EQ(0, kid_hear(&switcher));
	ASSERT_TRUE(ns_read(switcher.pid, &last));
	kid_stop(&switcher);
	EXPECT_TRUE(eventually(ns_gone(&last, ns_links(JOINED | CLONE_NEWPID))));
}

TEST_HARNESS_MAIN
