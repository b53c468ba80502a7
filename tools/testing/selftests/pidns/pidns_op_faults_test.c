// SPDX-License-Identifier: GPL-2.0
/*
 * Each allocation of each operation on PID namespaces, pidfds and sysctls fails
 * in turn: the error is one of memory, the next try succeeds, and nothing is
 * leaked. nsproxy_faults_test has the creation of namespaces, and
 * pidns_alloc_faults_test that of numbers.
 */
#include "pidns_util.h"
#include "fault_util.h"

#define EVERY_SHOT 100
/* So many leaked objects are no noise. */
#define LEAKS_SEEN 10

/* What the executed program exits with. */
#define DONE 23

/* The target of the operations: a child that is the init of namespaces of all types. */
static struct {
	struct kid kid;
	int ns[NR_LINKS];
	struct nsids ids;
	int last_pid, pid_max, memfd_noexec;	/* files */
} on;

static int op_pidfd_open(void *flags)
{
	return fd_errno(sys_pidfd_open(on.kid.pid, (unsigned long)flags));
}

static int op_pidfd_getfd(void *arg)
{
	return fd_errno(sys_pidfd_getfd(on.kid.pidfd, 0, 0));
}

static int op_pidfd_signal(void *sig)
{
	return ret_errno(sys_pidfd_send_signal(on.kid.pidfd, (unsigned long)sig, NULL, 0));
}

static int op_pidfd_info(void *mask)
{
	struct pidfd_info info = { .mask = (unsigned long)mask };

	return ret_errno(ioctl(on.kid.pidfd, PIDFD_GET_INFO, &info));
}

static int op_pidfd_ns(void *cmd)
{
	return fd_errno(ioctl(on.kid.pidfd, (unsigned long)cmd, 0));
}

static int op_setns_file(void *link)
{
	return setns_errno(on.ns[(unsigned long)link], 0);
}

static int op_setns_pidfd(void *flags)
{
	return setns_errno(on.kid.pidfd, (unsigned long)flags);
}

static int op_ns_open(void *cmd)
{
	return fd_errno(ioctl(on.ns[L_PID], (unsigned long)cmd));
}

static int op_ns_number(void *cmd)
{
	return ret_errno(ioctl(on.ns[L_PID], (unsigned long)cmd, 1));
}

static int op_ns_info(void *arg)
{
	struct pid_ns_info info = {};

	return ret_errno(ioctl(on.ns[L_PID], NS_PID_GET_INFO, &info));
}

static int op_listns(void *arg)
{
	struct ns_id_req req = { .size = sizeof(req), .ns_type = CLONE_NEWPID };
	__u64 ids[16];

	return ret_errno(sys_listns(&req, ids, ARRAY_SIZE(ids), 0));
}

/* All the files were open before, so that only the write can fail. */
static int op_sysctl(void *fd)
{
	char text[16];
	int len = pread(*(int *)fd, text, sizeof(text), 0);

	return len > 0 ? ret_errno(pwrite(*(int *)fd, text, len, 0)) : -errno;
}

static int op_memfd(void *flags)
{
	return fd_errno(sys_memfd_create("faults", (unsigned long)flags));
}

static int op_setsid(void *arg)
{
	return ret_errno(setsid());
}

static int op_fork_pidfd(void *flags)
{
	int pidfd = -1;
	pid_t pid = fork_flags((unsigned long)flags, &pidfd);

	if (!pid)
		_exit(EXIT_SUCCESS);
	if (pid < 0)
		return pid;
	close(pidfd);
	return wait_for_pid(pid) ? -ECHILD : 0;
}

static int op_fork_tid(void *arg)
{
	pid_t pid = try_as(3000000);

	return pid < 0 ? pid : 0;
}

static const struct row {
	const char *name;
	int (*op)(void *arg);
	void *arg;
	enum {
		ALLOCATES,
		MAY_ALLOCATE,	/* nothing, on most kernels */
		FORKS,		/* fail the pid, the IDR's nodes and the pidfd only */
	} kind;
} rows[] = {
#define ROW(op, arg) { #op "(" #arg ")", op, (void *)(unsigned long)(arg), ALLOCATES }
#define MAY_ROW(op, arg) { #op "(" #arg ")", op, (void *)(unsigned long)(arg), MAY_ALLOCATE }
#define FORK_ROW(op, arg) { #op "(" #arg ")", op, (void *)(unsigned long)(arg), FORKS }
	ROW(op_pidfd_open, 0),
	ROW(op_pidfd_open, PIDFD_THREAD),
	MAY_ROW(op_pidfd_getfd, 0),
	MAY_ROW(op_pidfd_signal, 0),
	MAY_ROW(op_pidfd_signal, SIGCONT),
	MAY_ROW(op_pidfd_info, PIDFD_INFO_EXIT),
	ROW(op_pidfd_ns, PIDFD_GET_PID_NAMESPACE),
	ROW(op_pidfd_ns, PIDFD_GET_PID_FOR_CHILDREN_NAMESPACE),
	ROW(op_pidfd_ns, PIDFD_GET_TIME_NAMESPACE),
	ROW(op_setns_file, L_PID),
	ROW(op_setns_file, L_UTS),
	ROW(op_setns_file, L_TIME),
	ROW(op_setns_pidfd, CLONE_NEWPID),
	ROW(op_setns_pidfd, CHEAP_NS),
	ROW(op_ns_open, NS_GET_PARENT),
	ROW(op_ns_open, NS_GET_USERNS),
	MAY_ROW(op_ns_number, NS_GET_PID_FROM_PIDNS),
	MAY_ROW(op_ns_info, 0),
	MAY_ROW(op_listns, 0),
	ROW(op_sysctl, &on.last_pid),
	ROW(op_sysctl, &on.pid_max),
	ROW(op_sysctl, &on.memfd_noexec),
	ROW(op_memfd, MFD_NOEXEC_SEAL),
	MAY_ROW(op_setsid, 0),
	FORK_ROW(op_fork_pidfd, 0),
	FORK_ROW(op_fork_pidfd, CLONE_NEWPID),
	FORK_ROW(op_fork_tid, 0),
};

/* Besides what fault_numbers_only() fails, the file and the inode of a pidfd. */
static bool fault_fork_only(bool fork)
{
	static const char * const names[] = {
		"pid_[0-9]*", "radix_tree_node", "filp", "dentry", "inode_cache", "pid_namespace",
		"pidfs_*",
	};

	return fault_caches(names, ARRAY_SIZE(names), fork) & BIT(0) || !fork;
}

/* It succeeds without a fault. */
static void expect_passes(struct __test_metadata *_metadata, const struct row *row)
{
	struct shot shot;

	EXPECT_TRUE(fault_shot(row->op, row->arg, FAULT_NEVER, &shot) && !shot.err) {
		TH_LOG("%s: errno %d", row->name, -shot.err);
	}
}

/* All of its allocations; returns how many failures were fatal. */
static int row_sweep(struct __test_metadata *_metadata, const struct row *row)
{
	int nth, fatal = 0, most = fault_most(EVERY_SHOT);
	struct shot shot;

	for (nth = 1; nth <= most; nth++) {
		ASSERT_TRUE(fault_shot(row->op, row->arg, nth, &shot)) {
			TH_LOG("%s: allocation %d", row->name, nth);
		}
		if (shot.left)
			break;
		if (!shot.err)
			continue;
		fatal++;
		EXPECT_TRUE(fault_errno(shot.err, 0)) {
			TH_LOG("%s: allocation %d: errno %d", row->name, nth, -shot.err);
		}
		EXPECT_EQ(0, shot.moved) {
			TH_LOG("%s: allocation %d: moved %#x", row->name, nth, shot.moved);
		}
		expect_passes(_metadata, row);
	}
	EXPECT_TRUE(nth > most || !shot.err);
	return fatal;
}

/* Again and again, until a leak in each failure would be seen; the same. */
static int row_sweep_often(struct __test_metadata *_metadata, const struct row *row)
{
	int fatal = row_sweep(_metadata, row), all = fatal;

	while (fatal > 0 && all < LEAKS_SEEN) {
		fatal = row_sweep(_metadata, row);
		all += fatal;
	}
	if (row->kind != MAY_ALLOCATE) {
		EXPECT_LT(0, fatal) {
			TH_LOG("%s: no failure was fatal", row->name);
		}
	}
	TH_LOG("%s: %d failures were fatal", row->name, all);
	return all;
}

/* Returns what the machine lacks, or NULL. */
static const char *on_setup(struct __test_metadata *_metadata)
{
	const char *lacking = fault_setup();
	int i;

	if (lacking)
		return lacking;
	ASSERT_EQ(0, kid_hold(&on.kid, ALL_NS));
	for (i = 0; i < NR_LINKS; i++) {
		on.ns[i] = ns_open(on.kid.pid, i);
		ASSERT_LE(0, on.ns[i]);
	}
	ASSERT_TRUE(ns_read(on.kid.pid, &on.ids));
	on.last_pid = open("/proc/sys/kernel/ns_last_pid", O_RDWR | O_CLOEXEC);
	on.pid_max = open("/proc/sys/kernel/pid_max", O_RDWR | O_CLOEXEC);
	on.memfd_noexec = open("/proc/sys/vm/memfd_noexec", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, on.last_pid);
	ASSERT_LE(0, on.pid_max);
	ASSERT_LE(0, on.memfd_noexec);
	return NULL;
}

TEST_F_TIMEOUT(pidns, each_allocation_of_each_operation, NS_TIMEOUT)
{
	static const char * const caches[] = { "nsproxy", "pid_namespace", "pid_3" };
	long before[ARRAY_SIZE(caches)];
	const char *lacking = on_setup(_metadata);
	struct nsids now;
	int i, fatal = 0;

	if (lacking)
		SKIP(return, "%s", lacking);
	/* Once without faults, for what is allocated once only. */
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		expect_passes(_metadata, &rows[i]);
	for (i = 0; i < ARRAY_SIZE(caches); i++) {
		before[i] = slab_active(caches[i]);
		if (before[i] < 0)
			FAULT_SKIP(return, "no %s line in /proc/slabinfo (boot with slab_nomerge)",
				   caches[i]);
	}
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!fault_fork_only(rows[i].kind == FORKS))
			FAULT_SKIP(return, "slab caches are merged (boot with slab_nomerge)");
		fatal += row_sweep_often(_metadata, &rows[i]);
	}
	fault_fork_only(false);
	ASSERT_TRUE(ns_read(on.kid.pid, &now));
	EXPECT_EQ(0, ns_diff(&on.ids, &now));
	for (i = 0; i < ARRAY_SIZE(caches); i++) {
		EXPECT_TRUE(eventually(slab_active(caches[i]) - before[i] < LEAKS_SEEN)) {
			TH_LOG("%s: from %ld to %ld objects in %d failures", caches[i],
			       before[i], slab_active(caches[i]), fatal);
		}
	}
	kid_stop(&on.kid);
	fault_teardown();
}

static int op_unshare(void *flags)
{
	return ret_errno(unshare((unsigned long)flags));
}

static int op_clone(void *flags)
{
	pid_t pid = fork_done(fork_flags((unsigned long)flags, NULL));

	return pid < 0 ? pid : 0;
}

/* No memory or no namespace left: nothing is charged, and one more is possible. */
static void at_limit(struct __test_metadata *_metadata, int (*op)(void *), unsigned long flags)
{
	int nth, most = fault_most(EVERY_SHOT), no_memory = 0;
	struct shot shot;
	struct kid kid;

	ASSERT_EQ(0, ns_limit_all(1));
	ASSERT_TRUE(eventually(!kid_hold(&kid, flags)));
	for (nth = 1; nth <= most; nth++) {
		ASSERT_TRUE(fault_shot(op, (void *)flags, nth, &shot));
		EXPECT_TRUE(shot.err == -ENOMEM || shot.err == -ENOSPC) {
			TH_LOG("allocation %d: errno %d", nth, -shot.err);
		}
		EXPECT_EQ(0, shot.moved);
		if (shot.left)
			break;
		no_memory += shot.err == -ENOMEM;
	}
	EXPECT_TRUE(nth > most || shot.err == -ENOSPC);
	/* The nsproxy is allocated before any limit is checked. */
	EXPECT_LT(0, no_memory);
	kid_stop(&kid);
	ASSERT_TRUE(eventually(!kid_hold(&kid, flags))) {
		TH_LOG("a charge was leaked");
	}
	EXPECT_EQ(-ENOSPC, op((void *)flags));
	kid_stop(&kid);
	TH_LOG("flags %#lx: %d allocations, %d were fatal", flags, nth - 1, no_memory);
}

TEST_F_TIMEOUT(pidns, with_exhausted_limits, NS_TIMEOUT)
{
	const char *lacking = fault_setup();

	if (lacking)
		SKIP(return, "%s", lacking);
	ASSERT_EQ(0, userns_enter());
	at_limit(_metadata, op_unshare, CLONE_NEWPID);
	at_limit(_metadata, op_unshare, CHEAP_NS);
	if (!fault_namespaces_only(true))
		FAULT_SKIP(return, "slab caches are merged (boot with slab_nomerge)");
	at_limit(_metadata, op_clone, CLONE_NEWPID);
	at_limit(_metadata, op_clone, CHEAP_NS);
	fault_teardown();
}

/* A program executed with a pending time namespace, its nth nsproxy failing: its status. */
static int exec_status(int nth)
{
	pid_t pid = fork();

	if (!pid) {
		if (!unshare(CLONE_NEWTIME) &&
		    !file_write("/proc/thread-self/fail-nth", "%d", nth))
			execl("/proc/self/exe", "pidns_op_faults_test", "--done", NULL);
		_exit(EXIT_FAILURE);
	}
	return pid > 0 && waitpid(pid, &nth, 0) == pid ? nth : -ECHILD;
}

/* It is too late for exec to return an error: the process is killed. */
TEST_F_TIMEOUT(pidns, exec_into_time_namespace, NS_TIMEOUT)
{
	static const char * const nsproxy[] = { "nsproxy" };
	const char *lacking = fault_setup();
	int i;

	if (lacking)
		SKIP(return, "%s", lacking);
	ASSERT_EQ(0, userns_enter());
	ASSERT_EQ(0, ns_limit_all(1));
	if (!fault_caches(nsproxy, 1, true))
		FAULT_SKIP(return, "slab caches are merged (boot with slab_nomerge)");
	for (i = 0; i < 3; i++) {
		/* There is no second allocation that could fail. */
		EXPECT_TRUE(eventually(WTERMSIG(exec_status(1)) == SIGSEGV));
		EXPECT_TRUE(eventually(exec_status(2) == DONE << 8));
	}
	fault_caches(nsproxy, 1, false);
	fault_teardown();
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--done"))
		return DONE;
	return test_harness_run(argc, argv);
}
