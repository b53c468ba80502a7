/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the nsproxy tests share: the namespaces of a task as comparable ids,
 * children that wait in namespaces of their own, and counters that show whether
 * something was leaked.
 */
#ifndef __PIDNS_NSPROXY_UTIL_H
#define __PIDNS_NSPROXY_UTIL_H

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/memfd.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "namespaces/wrappers.h"
#include "kselftest_harness.h"
#include "kid_util.h"

#ifndef FD_NSFS_ROOT
#define FD_NSFS_ROOT -10003
#endif

/* All but the user namespace, which is not part of the nsproxy. */
#define ALL_NS (CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | \
		CLONE_NEWCGROUP | CLONE_NEWNET | CLONE_NEWTIME)

/* A network namespace costs more than all the others together. */
#define CHEAP_NS (ALL_NS & ~CLONE_NEWNET)

#define NOBODY 65534

/* The highest pid_max; all numbers are below. */
#define PID_MAX_LIMIT (4 * 1024 * 1024)

/* Seconds for a test; enough for emulated and instrumented kernels. */
#define NS_TIMEOUT 300

/* The namespaces of an nsproxy, in the order in which the kernel creates them. */
static const struct nstype {
	unsigned int flag;
	const char *name;
} nstypes[] = {
	{ CLONE_NEWNS,		"mnt" },
	{ CLONE_NEWUTS,		"uts" },
	{ CLONE_NEWIPC,		"ipc" },
	{ CLONE_NEWPID,		"pid" },
	{ CLONE_NEWCGROUP,	"cgroup" },
	{ CLONE_NEWNET,		"net" },
	{ CLONE_NEWTIME,	"time" },
};

#define NR_TYPES ARRAY_SIZE(nstypes)

enum {
	L_MNT, L_UTS, L_IPC, L_PID, L_CGROUP, L_NET, L_TIME, L_USER,
	L_PID_CHILDREN, L_TIME_CHILDREN, NR_LINKS
};

static const struct nslink {
	unsigned int flag;
	const char *name;
} nslinks[NR_LINKS] = {
	[L_MNT]			= { CLONE_NEWNS,	"mnt" },
	[L_UTS]			= { CLONE_NEWUTS,	"uts" },
	[L_IPC]			= { CLONE_NEWIPC,	"ipc" },
	[L_PID]			= { CLONE_NEWPID,	"pid" },
	[L_CGROUP]		= { CLONE_NEWCGROUP,	"cgroup" },
	[L_NET]			= { CLONE_NEWNET,	"net" },
	[L_TIME]		= { CLONE_NEWTIME,	"time" },
	[L_USER]		= { CLONE_NEWUSER,	"user" },
	[L_PID_CHILDREN]	= { CLONE_NEWPID,	"pid_for_children" },
	[L_TIME_CHILDREN]	= { CLONE_NEWTIME,	"time_for_children" },
};

/* The flags of a subset of all types, for each number from 0 to NR_SUBSETS. */
#define NR_SUBSETS BIT(NR_TYPES)

static inline unsigned int ns_subset(unsigned int set)
{
	unsigned int flags = 0;
	int i;

	for (i = 0; i < NR_TYPES; i++)
		if (set & BIT(i))
			flags |= nstypes[i].flag;
	return flags;
}

/* Sets of links are bit masks. */
#define ALL_LINKS	(BIT(NR_LINKS) - 1)

/*
 * How often eventually() looks, 10 ms apart. A number and not a time: while the
 * machine stood still, nothing happened either.
 */
#define EVENTUALLY_LOOKS 12000

/* PIDNS_LOOKS=N, for runs in which tests are expected to fail. */
static inline int eventually_looks(void)
{
	const char *looks = getenv("PIDNS_LOOKS");

	return looks ? atoi(looks) : EVENTUALLY_LOOKS;
}

/* True for interactive runs, which are frequent, and emulated ones (PIDNS_QUICK=1). */
static inline bool quick(void)
{
	return getenv("PIDNS_QUICK");
}

/* Whether to run a part of the rounds only: where that is asked for, and with lockdep. */
static inline bool reduced_rounds(void)
{
	return quick() || !access("/proc/lockdep", F_OK);
}

/* Wait for what the kernel does later (work queues, RCU), but not forever. */
#define eventually(cond)						\
({									\
	bool __done = false;						\
	int __left;							\
									\
	for (__left = eventually_looks(); __left > 0 && !__done; __left--) { \
		__done = (cond);					\
		if (!__done)						\
			usleep(10000);					\
	}								\
	__done;								\
})

/* Memory shared between a process and its descendants. */
static inline void *shared_alloc(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return mem == MAP_FAILED ? NULL : mem;
}

/* Values that another process writes. */
#define READ_ONCE(x) __atomic_load_n(&(x), __ATOMIC_ACQUIRE)
#define WRITE_ONCE(x, val) __atomic_store_n(&(x), val, __ATOMIC_RELEASE)

static inline int ns_open(pid_t pid, int link)
{
	char path[64];

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, nslinks[link].name);
	else
		snprintf(path, sizeof(path), "/proc/thread-self/ns/%s", nslinks[link].name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* The id of a namespace, which is never reused; 0 on error. */
static inline __u64 ns_fd_id(int fd)
{
	__u64 id;

	return ioctl(fd, NS_GET_ID, &id) ? 0 : id;
}

static inline __u64 ns_id(pid_t pid, int link)
{
	int fd = ns_open(pid, link);
	__u64 id;

	if (fd < 0)
		return 0;
	id = ns_fd_id(fd);
	close(fd);
	return id;
}

struct nsids {
	__u64 id[NR_LINKS];
};

/* Read the ids of all namespaces of a task (0: the calling thread). */
static inline bool ns_read(pid_t pid, struct nsids *ids)
{
	int i;

	for (i = 0; i < NR_LINKS; i++) {
		ids->id[i] = ns_id(pid, i);
		if (!ids->id[i])
			return false;
	}
	return true;
}

/* The links in which two tasks differ, as bits. */
static inline unsigned int ns_diff(const struct nsids *a, const struct nsids *b)
{
	unsigned int diff = 0;
	int i;

	for (i = 0; i < NR_LINKS; i++)
		if (a->id[i] != b->id[i])
			diff |= BIT(i);
	return diff;
}

/* The namespaces of @ids that the caller has left; ALL_LINKS on error. */
static inline unsigned int ns_moved(const struct nsids *ids)
{
	struct nsids now;

	return ns_read(0, &now) ? ns_diff(ids, &now) : ALL_LINKS;
}

/* The links that clone with these flags changes in the child. */
static inline unsigned int ns_links(unsigned int flags)
{
	unsigned int links = 0;
	int i;

	for (i = 0; i < NR_LINKS; i++)
		if (nslinks[i].flag & flags)
			links |= BIT(i);
	return links;
}

/* The links that unshare changes in the caller: only children enter the other two. */
static inline unsigned int ns_unshare_links(unsigned int flags)
{
	return ns_links(flags) & ~(BIT(L_PID) | BIT(L_TIME));
}

/*
 * The links that setns changes in the caller: like unshare, but a time
 * namespace is entered.
 */
static inline unsigned int ns_setns_links(unsigned int flags)
{
	return ns_links(flags) & ~BIT(L_PID);
}

/* The result of a system call as 0 or a negative errno. */
static inline int ret_errno(long ret)
{
	return ret < 0 ? -errno : 0;
}

/* The same of one that returns a file, which is closed. */
static inline int fd_errno(int fd)
{
	int err = ret_errno(fd);

	if (fd >= 0)
		close(fd);
	return err;
}

static inline int setns_errno(int fd, unsigned int flags)
{
	return ret_errno(setns(fd, flags));
}

#define EXPECT_SETNS_FAILS(error, fd, flags)				\
do {									\
	unsigned int __flags = (flags);					\
									\
	EXPECT_EQ(-(error), setns_errno(fd, __flags)) {			\
		TH_LOG("flags %#x", __flags);				\
	}								\
} while (0)

/* Whether listns() lists a namespace, that is, whether it is active. */
static inline bool ns_listed(__u64 id, unsigned int type)
{
	struct ns_id_req req = {
		.size = sizeof(req),
		.ns_id = id - 1,
		.ns_type = type,
	};
	__u64 found = 0;

	return sys_listns(&req, &found, 1, 0) == 1 && found == id;
}

/* The first of @links that is not listed, NR_LINKS if all are. */
static inline int ns_unlisted(const struct nsids *ids, unsigned int links)
{
	int i;

	for (i = 0; i < NR_LINKS; i++)
		if ((links & BIT(i)) && !ns_listed(ids->id[i], nslinks[i].flag))
			break;
	return i;
}

/* Open a namespace by its id alone. This finds active ones only. */
static inline int ns_open_id(__u64 id)
{
	struct {
		struct file_handle head;
		struct nsfs_file_handle ns;
	} handle = {
		.head = {
			.handle_bytes = sizeof(handle.ns),
			.handle_type = 0xf1,	/* FILEID_NSFS */
		},
		.ns.ns_id = id,
	};

	return open_by_handle_at(FD_NSFS_ROOT, &handle.head, O_RDONLY | O_CLOEXEC);
}

/* Whether all of @links are listed and can be opened by id. */
static inline bool ns_there(const struct nsids *ids, unsigned int links)
{
	int i, fd;

	if (ns_unlisted(ids, links) != NR_LINKS)
		return false;
	for (i = 0; i < NR_LINKS; i++) {
		if (!(links & BIT(i)))
			continue;
		fd = ns_open_id(ids->id[i]);
		if (fd < 0)
			return false;
		close(fd);
	}
	return true;
}

/* Whether all of @links are gone: neither listed nor to be opened. */
static inline bool ns_gone(const struct nsids *ids, unsigned int links)
{
	int i, fd;

	for (i = 0; i < NR_LINKS; i++) {
		if (!(links & BIT(i)))
			continue;
		if (ns_listed(ids->id[i], nslinks[i].flag))
			return false;
		fd = ns_open_id(ids->id[i]);
		if (fd >= 0) {
			close(fd);
			return false;
		}
	}
	return true;
}

static inline bool task_gone(pid_t pid)
{
	return kill(pid, 0) && errno == ESRCH;
}

/* The number in a file, or a negative errno. */
static inline int file_read_int(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char buf[32] = {};
	int ret;

	if (fd < 0)
		return -errno;
	ret = read(fd, buf, sizeof(buf) - 1) > 0 ? atoi(buf) : -EIO;
	close(fd);
	return ret;
}

static inline int __printf(2, 3) file_write(const char *path, const char *fmt, ...)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int len, ret = 0;
	char buf[128];
	va_list args;

	if (fd < 0)
		return -errno;
	va_start(args, fmt);
	len = vsnprintf(buf, sizeof(buf), fmt, args);
	va_end(args);
	if (write(fd, buf, len) != len)
		ret = -errno;
	close(fd);
	return ret;
}

/*
 * Limit the namespaces of a type in the caller's user namespace. Refuse that in
 * the initial one, which others use: a test may have failed to leave it.
 */
static inline int ns_limit(const char *name, int max)
{
	char path[64];

	if (ns_id(0, L_USER) == USER_NS_INIT_ID)
		return -EBUSY;
	snprintf(path, sizeof(path), "/proc/sys/user/max_%s_namespaces", name);
	return file_write(path, "%d", max);
}

static inline int ns_limit_all(int max)
{
	int i, err = 0;

	for (i = 0; i < NR_TYPES && !err; i++)
		err = ns_limit(nstypes[i].name, max);
	return err;
}

/*
 * Become root of a new user namespace. Its ucounts start at zero and only the
 * test changes them, so a limit there shows exactly what is left.
 */
static inline int userns_enter(void)
{
	unsigned int uid = geteuid(), gid = getegid();
	int err;

	if (unshare(CLONE_NEWUSER))
		return -errno;
	err = file_write("/proc/self/setgroups", "deny");
	if (!err)
		err = file_write("/proc/self/uid_map", "0 %u 1", uid);
	if (!err)
		err = file_write("/proc/self/gid_map", "0 %u 1", gid);
	return err;
}

/* Whether this system restricts user namespaces to root. */
static inline bool userns_forbidden(void)
{
	pid_t pid = fork_flags(CLONE_NEWUSER, NULL);

	if (!pid)
		_exit(EXIT_SUCCESS);
	if (pid > 0)
		wait_for_pid(pid);
	return pid == -EPERM;
}

/*
 * Become an ordinary user for good. To access its later children the caller must be made
 * dumpable again.
 */
static inline int nobody_become(void)
{
	return setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	       setresuid(NOBODY, NOBODY, NOBODY) ? -errno : 0;
}

/* Drop a capability. */
static inline int cap_drop(int cap)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	if (syscall(__NR_capget, &head, data))
		return -errno;
	data[cap / 32].effective &= ~BIT(cap % 32);
	data[cap / 32].permitted &= ~BIT(cap % 32);
	return syscall(__NR_capset, &head, data) ? -errno : 0;
}

/*
 * Active objects of a slab cache, -1 if it has no line of its own. Objects
 * cached by CPUs count as active, so shrink the cache first; the number remains
 * a little inexact.
 */
static inline long slab_active(const char *cache)
{
	char line[256], name[64];
	long active, ret = -1;
	FILE *f;

	snprintf(line, sizeof(line), "/sys/kernel/slab/%s/shrink", cache);
	file_write(line, "1");
	f = fopen("/proc/slabinfo", "re");
	if (!f)
		return -1;
	while (ret < 0 && fgets(line, sizeof(line), f))
		if (sscanf(line, "%63s %ld", name, &active) == 2 && !strcmp(name, cache))
			ret = active;
	fclose(f);
	return ret;
}

/* Stay on the current CPU, children included. */
static inline int cpu_stay(void)
{
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(sched_getcpu(), &cpu);
	return sched_setaffinity(0, sizeof(cpu), &cpu) ? -errno : 0;
}

/* The mount of a file system that need not be mounted anywhere, or a negative errno. */
static inline int fs_root(const char *name)
{
	int fs = fsopen(name, FSOPEN_CLOEXEC), root = -1;

	if (fs >= 0 && !fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		root = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (root < 0)
		root = -errno;
	close(fs);
	return root;
}

/*
 * Start a process that undoes what the test changes of the machine, also if a timeout kills the
 * test's group: no teardown runs then. Returns twice, like fork(): in the keeper once keeper_end()
 * is called, or the caller and all its children are gone. Not within ASSERT_*(), which would fail
 * in the keeper if the test has failed.
 */
static inline pid_t keeper_start(struct kid *keeper)
{
	if (!kid_start(keeper, 0)) {
		if (prctl(PR_SET_PDEATHSIG, 0) || setpgid(0, 0))
			_exit(EXIT_FAILURE);
		kid_tell(keeper, 0);
		kid_hear(keeper);
	} else if (keeper->pid > 0 && kid_hear(keeper)) {
		keeper->pid = -ECHILD;
	}
	return keeper->pid;
}

/* Returns 0 if the keeper exits successfully. */
static inline int keeper_end(const struct kid *keeper)
{
	kid_tell(keeper, 0);
	return wait_for_pid(keeper->pid);
}

/*
 * Skip unless this is known to be the initial PID namespace: only there all
 * namespaces are listed, and machine-wide settings may be changed.
 */
#define SKIP_IF_INSIDE(statement)					\
do {									\
	if (ns_id(0, L_PID) != PID_NS_INIT_ID)				\
		SKIP(statement, "needs to run in the initial PID namespace");	\
} while (0)

#ifndef NSPROXY_OWN_FIXTURE
/* All tests here need root; each runs in a process of its own. */
FIXTURE(nsproxy) {
};

FIXTURE_SETUP(nsproxy)
{
	if (geteuid())
		SKIP(return, "needs root");
#ifdef NSPROXY_OF_THE_MACHINE
	SKIP_IF_INSIDE(return);
#endif
}

FIXTURE_TEARDOWN(nsproxy)
{
}
#endif

#endif /* __PIDNS_NSPROXY_UTIL_H */
