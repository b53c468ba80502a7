/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fail the nth allocation of a system call, for every n, each time in a new
 * process.
 */
#ifndef __PIDNS_FAULT_UTIL_H
#define __PIDNS_FAULT_UTIL_H

#include <glob.h>
#include <sys/mman.h>

#include "nsproxy_util.h"

#define DEBUGFS "/sys/kernel/debug"
#define SLABFS "/sys/kernel/slab"

/* More than any system call allocates. */
#define FAULT_NEVER 1000000

/*
 * Limit failures to the caches of these names, or lift that limit. Returns a
 * bit for each name for which that succeeded: caches may be merged.
 */
static inline unsigned int fault_caches(const char * const *names, int nr_names, bool on)
{
	unsigned int done = 0;
	char path[64];
	glob_t found;
	size_t nr;
	int i;

	for (i = 0; i < nr_names; i++) {
		snprintf(path, sizeof(path), SLABFS "/%s/failslab", names[i]);
		if (glob(path, 0, NULL, &found))
			continue;
		for (nr = 0; nr < found.gl_pathc; nr++)
			if (!file_write(found.gl_pathv[nr], "%d", on))
				done |= BIT(i);
		globfree(&found);
	}
	return file_write(DEBUGFS "/failslab/cache-filter", "%d", on) ? 0 : done;
}

/* Fail allocations from any cache, whatever a test that was killed had chosen. */
static inline int fault_any_cache(void)
{
	static const char * const all[] = { "*" };

	fault_caches(all, ARRAY_SIZE(all), false);
	return file_write(DEBUGFS "/failslab/cache-filter", "0");
}

/*
 * Fail sleeping allocations as well, and silently: a report of each injected
 * fault would look like the warnings that the tests search for. Returns what
 * the machine lacks, or NULL.
 */
static inline const char *fault_setup(void)
{
	if (access("/proc/thread-self/fail-nth", W_OK))
		return "no /proc/PID/fail-nth (CONFIG_FAULT_INJECTION)";
	/* The tests' own page allocations must not fail. */
	mlockall(MCL_CURRENT);
	if (access(DEBUGFS "/failslab", F_OK)) {
		/* Mounted in a mount namespace of the test, and gone with it. */
		if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) ||
		    mount("none", DEBUGFS, "debugfs", 0, NULL))
			return "no debugfs";
	}
	if (file_write(DEBUGFS "/failslab/ignore-gfp-wait", "N"))
		return "no failslab in debugfs (CONFIG_FAILSLAB, CONFIG_FAULT_INJECTION_DEBUG_FS)";
	if (file_write(DEBUGFS "/failslab/verbose", "0"))
		return "failslab cannot be made quiet";
	if (fault_any_cache())
		return "failslab has no cache filter";
	/* Uses the same fail-nth, where it is configured. */
	file_write(DEBUGFS "/fail_page_alloc/verbose", "0");
	return NULL;
}

/*
 * For fork: fail only the caches of the namespaces and of the pid. A failed
 * allocation of a kernel stack would be logged with a stack trace. Returns
 * false if these caches are merged with others.
 */
static inline bool fault_namespaces_only(bool on)
{
	static const char * const names[] = {
		"nsproxy", "*_namespace", "mnt_cache", "pid_[0-9]*", "kmalloc-cg-*",
	};

	return fault_caches(names, ARRAY_SIZE(names), on) & BIT(0);
}

/* The same for the pid and the IDR nodes of each level. */
static inline bool fault_numbers_only(bool on)
{
	static const char * const names[] = { "pid_[0-9]*", "radix_tree_node" };

	return (fault_caches(names, ARRAY_SIZE(names), on) & (BIT(0) | BIT(1))) ==
	       (BIT(0) | BIT(1));
}

/* The same for the IDR nodes alone. */
static inline bool fault_trees_only(bool on)
{
	static const char * const names[] = { "radix_tree_node" };

	return fault_caches(names, ARRAY_SIZE(names), on) & BIT(0);
}

/*
 * Fail all allocations of the caller that may fail, or none any more. In the
 * other order all tasks' allocations would fail for a moment, and programs
 * could not be paged in.
 */
static inline int fault_always(bool on)
{
	int err = on ? 0 : file_write(DEBUGFS "/failslab/probability", "0");

	err = err ?: file_write(DEBUGFS "/failslab/task-filter", on ? "Y" : "N");
	err = err ?: file_write(DEBUGFS "/failslab/times", "-1");
	err = err ?: file_write("/proc/thread-self/make-it-fail", "%d", on);
	return err || !on ? err : file_write(DEBUGFS "/failslab/probability", "100");
}

static inline void fault_teardown(void)
{
	fault_any_cache();
	file_write(DEBUGFS "/failslab/ignore-gfp-wait", "Y");
}

/* SKIP() after fault_setup(). */
#define FAULT_SKIP(statement, ...)					\
do {									\
	fault_teardown();						\
	SKIP(statement, __VA_ARGS__);					\
} while (0)

/* The result of a system call with one failed allocation. */
struct shot {
	int err;		/* negative errno, 0 for success */
	int left;		/* allocations not yet reached, 0 if one failed */
	unsigned int moved;	/* links that changed in the caller */
};

/* Run @op with its nth allocation failing. Returns false if that was not possible. */
static inline bool fault_shot(int (*op)(void *), void *arg, int nth, struct shot *out)
{
	struct shot *shot = shared_alloc(sizeof(*shot));
	bool ok = false;
	pid_t pid;

	if (!shot)
		return false;
	pid = fork();
	if (!pid) {
		struct nsids before;
		char buf[16];
		int fd, len;

		fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
		if (fd < 0 || !ns_read(0, &before))
			_exit(EXIT_FAILURE);
		len = snprintf(buf, sizeof(buf), "%d", nth);
		if (pwrite(fd, buf, len, 0) != len)
			_exit(EXIT_FAILURE);
		shot->err = op(arg);
		memset(buf, 0, sizeof(buf));
		if (pread(fd, buf, sizeof(buf) - 1, 0) <= 0)
			_exit(EXIT_FAILURE);
		shot->left = atoi(buf);
		if (pwrite(fd, "0", 1, 0) != 1)
			_exit(EXIT_FAILURE);
		shot->moved = ns_moved(&before);
		_exit(EXIT_SUCCESS);
	}
	if (pid > 0 && !wait_for_pid(pid)) {
		*out = *shot;
		ok = true;
	}
	munmap(shot, sizeof(*shot));
	return ok;
}

/* The number of allocations of @op, -1 if it fails without a fault. */
static inline int fault_points(int (*op)(void *), void *arg)
{
	struct shot shot;

	if (!fault_shot(op, arg, FAULT_NEVER, &shot) || shot.err || !shot.left)
		return -1;
	return FAULT_NEVER - shot.left;
}

struct sweep {
	int points;		/* allocations of the system call */
	int failed;		/* faults that made it fail */
	int survived;		/* faults that it survived */
};

/* The errors that a failed allocation in a namespace's own code may become. */
static inline bool fault_errno(int err, unsigned int flags)
{
	switch (-err) {
	case ENOMEM:
	case ENOSPC:	/* a ucount that cannot be allocated */
		return true;
	case EAGAIN:	/* the same for a new user's */
		return flags & CLONE_NEWUSER;
	case EPERM:
	case ENODEV:
	case EAFNOSUPPORT:
	case EEXIST:
	case EINVAL:
	case ENFILE:
	case ENOBUFS:	/* some network code knows this error only */
		return flags & CLONE_NEWNET;
	}
	return false;
}

/* With lockdep a single shot takes a second or more. */
#define FAULT_SLOW_SHOTS 40

static inline int fault_most(int most)
{
	if (!reduced_rounds())
		return most;
	return most > FAULT_SLOW_SHOTS ? FAULT_SLOW_SHOTS : most / 2;
}

/*
 * Fail the allocations of @op, which was given @flags, one after the other. If
 * there are more than @most, those in the middle are taken in strides.
 */
static inline void fault_sweep(struct __test_metadata *_metadata, struct sweep *sweep,
			       int (*op)(void *), void *arg, unsigned int flags, int most)
{
	int nth, stride, points;
	struct shot shot;

	memset(sweep, 0, sizeof(*sweep));
	most = fault_most(most);
	points = fault_points(op, arg);
	ASSERT_LT(0, points);
	sweep->points = points;
	stride = points > most ? points * 2 / most : 1;

	/* Go beyond the count: another run may allocate once more. */
	for (nth = 1; ; nth += (nth > most / 4 && nth + stride < points - most / 4) ? stride : 1) {
		ASSERT_TRUE(fault_shot(op, arg, nth, &shot)) {
			TH_LOG("allocation %d of %d", nth, points);
		}
		if (shot.left) {
			EXPECT_EQ(0, shot.err);
			break;
		}
		if (!shot.err) {
			sweep->survived++;
			continue;
		}
		sweep->failed++;
		EXPECT_TRUE(fault_errno(shot.err, flags)) {
			TH_LOG("allocation %d of %d: errno %d", nth, points, -shot.err);
		}
		EXPECT_EQ(0, shot.moved) {
			TH_LOG("allocation %d of %d: moved %#x", nth, points, shot.moved);
		}
	}
	EXPECT_LT(0, sweep->failed);
	TH_LOG("%d allocations, %d faults fatal, %d not", points, sweep->failed, sweep->survived);
}

#endif /* __PIDNS_FAULT_UTIL_H */
