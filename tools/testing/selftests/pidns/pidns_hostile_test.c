// SPDX-License-Identifier: GPL-2.0
/*
 * Calls that must be refused to callers without rights: an ordinary user, the
 * root of a user namespace that this user has created, and the init of a PID
 * namespace in one more below that. A refused call changes nothing, neither in
 * its victim nor in the caller.
 */
#include <linux/kcmp.h>
#include <linux/reboot.h>

#include "pidns_reap_util.h"

/* The init of namespaces of all types, created by root. The caller has files of them. */
static struct {
	struct kid kid;
	int ns[NR_LINKS];
	int outer_ns;		/* the test's PID namespace */
	struct nsids ids;
} victim;

/* What a call must not change: sysctls inside and outside, numbers, group and namespaces. */
struct state {
	int inside[3], outside[3];
	int numbers[MAX_LEVELS], nr_numbers;
	int groups[MAX_LEVELS], nr_groups;
	struct nsids ids, own_ids;
};

/* The victim reports its sysctls on request. */
static void __noreturn victim_main(const struct kid *kid)
{
	setpgid(0, 0);
	kid_tell(kid, 0);
	while (kid_hear(kid) == 0) {
		kid_tell(kid, file_read_int("/proc/sys/kernel/ns_last_pid"));
		kid_tell(kid, file_read_int("/proc/sys/kernel/pid_max"));
		kid_tell(kid, file_read_int("/proc/sys/vm/memfd_noexec"));
	}
	_exit(EXIT_SUCCESS);
}

static bool state_read(struct state *state)
{
	int i;

	memset(state, 0, sizeof(*state));
	kid_tell(&victim.kid, 0);
	for (i = 0; i < ARRAY_SIZE(state->inside); i++)
		state->inside[i] = kid_hear(&victim.kid);
	/* The cursor here moves with each caller that is forked. */
	state->outside[0] = file_read_int("/proc/sys/kernel/pid_max");
	state->outside[1] = file_read_int("/proc/sys/vm/memfd_noexec");
	state->outside[2] = file_read_int("/proc/sys/user/max_pid_namespaces");
	state->nr_numbers = task_numbers(victim.kid.pid, "NSpid:", state->numbers);
	state->nr_groups = task_numbers(victim.kid.pid, "NSpgid:", state->groups);
	return state->nr_numbers > 0 && state->nr_groups > 0 &&
	       ns_read(victim.kid.pid, &state->ids) && ns_read(0, &state->own_ids);
}

/* Each call, given its row's argument. */
static int join_file(int link)
{
	return setns_errno(victim.ns[link], 0);
}

static int join_pidfd(int flags)
{
	return setns_errno(victim.kid.pidfd, flags);
}

static int join_outer(int flags)
{
	return setns_errno(victim.outer_ns, flags);
}

static int new_ns(int flags)
{
	return ret_errno(unshare(flags));
}

static int clone_ns(int flags)
{
	pid_t pid = fork_flags((unsigned int)flags, NULL);

	if (!pid)
		_exit(EXIT_SUCCESS);
	return pid < 0 ? pid : wait_status(pid);
}

/* A child with a number at each of the innermost @levels. */
static int clone_tids(int levels)
{
	pid_t tids[] = { 4711, 4712, 4713 };
	pid_t pid = fork_set_tid(0, NULL, tids, levels);

	if (!pid)
		_exit(EXIT_SUCCESS);
	return pid < 0 ? pid : wait_status(pid);
}

static int set_last_pid(int nr)
{
	return file_write("/proc/sys/kernel/ns_last_pid", "4711");
}

static int set_pid_max(int nr)
{
	return file_write("/proc/sys/kernel/pid_max", "4711");
}

static int set_memfd_noexec(int nr)
{
	return file_write("/proc/sys/vm/memfd_noexec", "1");
}

static int do_reboot(int cmd)
{
	return ret_errno(syscall(__NR_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, cmd, NULL));
}

static int do_acct(int arg)
{
	return ret_errno(syscall(__NR_acct, NULL));
}

static int steal_fd(int fd)
{
	return fd_errno(sys_pidfd_getfd(victim.kid.pidfd, fd, 0));
}

static int pidfd_ns(int cmd)
{
	return fd_errno(ioctl(victim.kid.pidfd, cmd, 0));
}

static int pidfd_signal(int sig)
{
	return ret_errno(sys_pidfd_send_signal(victim.kid.pidfd, sig, NULL, 0));
}

static int signal_number(int sig)
{
	return ret_errno(kill(victim.kid.pid, sig));
}

static int signal_group(int sig)
{
	return ret_errno(kill(-victim.kid.pid, sig));
}

static int signal_thread(int sig)
{
	return ret_errno(syscall(__NR_tgkill, victim.kid.pid, victim.kid.pid, sig));
}

static int move_to_group(int arg)
{
	return ret_errno(setpgid(victim.kid.pid, 0));
}

static int open_ns(int link)
{
	return fd_errno(ns_open(victim.kid.pid, link));
}

static int open_ns_by_id(int link)
{
	return fd_errno(ns_open_id(victim.ids.id[link]));
}

/* There is no error: it is just not listed. */
static int list_ns(int link)
{
	return ns_listed(victim.ids.id[link], nslinks[link].flag) ? 0 : -ENOENT;
}

static int outer_parent(int cmd)
{
	return fd_errno(ioctl(victim.outer_ns, cmd));
}

static int victim_owner(int cmd)
{
	return fd_errno(ioctl(victim.ns[L_PID], cmd));
}

static int compare(int type)
{
	return ret_errno(syscall(__NR_kcmp, victim.kid.pid, getpid(), type, 0, 0));
}

static int trace(int request)
{
	return ret_errno(ptrace(request, victim.kid.pid, NULL, NULL));
}

/* A procfs of the victim's namespace. */
static int mount_procfs(int arg)
{
	int fs = fsopen("proc", FSOPEN_CLOEXEC), err;

	if (fs < 0)
		return -errno;
	err = ret_errno(fsconfig(fs, FSCONFIG_SET_FD, "pidns", NULL, victim.ns[L_PID]));
	if (!err)
		err = ret_errno(fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	close(fs);
	return err;
}

enum caller { USER, ROOT_BELOW, INIT_INSIDE, NR_CALLERS };

static const char * const callers[NR_CALLERS] = { "user", "root below", "init inside" };

/* Not an errno: the call does not concern the victim and may succeed, so skip it. */
#define OWN (-1)

/* A call, and the errno that each caller must get. */
static const struct row {
	const char *name;
	int (*call)(int arg);
	int arg;
	int err[NR_CALLERS];
} rows[] = {
#define ROW(call, arg, ...) { #call "(" #arg ")", call, arg, { __VA_ARGS__ } }
	ROW(join_file, L_MNT, EPERM, EPERM, EPERM),
	ROW(join_file, L_UTS, EPERM, EPERM, EPERM),
	ROW(join_file, L_IPC, EPERM, EPERM, EPERM),
	ROW(join_file, L_PID, EPERM, EPERM, EPERM),
	ROW(join_file, L_CGROUP, EPERM, EPERM, EPERM),
	ROW(join_file, L_NET, EPERM, EPERM, EPERM),
	ROW(join_file, L_TIME, EPERM, EPERM, EPERM),
	ROW(join_file, L_USER, EINVAL, EPERM, EPERM),
	ROW(join_file, L_PID_CHILDREN, EPERM, EPERM, EPERM),
	ROW(join_file, L_TIME_CHILDREN, EPERM, EPERM, EPERM),
	ROW(join_pidfd, CLONE_NEWPID, EPERM, EPERM, EPERM),
	ROW(join_pidfd, CLONE_NEWUTS, EPERM, EPERM, EPERM),
	ROW(join_pidfd, CLONE_NEWUSER, EPERM, EPERM, EPERM),
	ROW(join_pidfd, CLONE_NEWUSER | CLONE_NEWPID, EPERM, EPERM, EPERM),
	ROW(join_pidfd, ALL_NS, EPERM, EPERM, EPERM),
	ROW(join_pidfd, 0, EINVAL, EINVAL, EINVAL),
	ROW(join_pidfd, CLONE_VM, EINVAL, EINVAL, EINVAL),
	ROW(join_outer, CLONE_NEWPID, EPERM, EPERM, EPERM),
	ROW(join_outer, CLONE_NEWUTS, EINVAL, EINVAL, EINVAL),
	ROW(new_ns, CLONE_NEWPID, EPERM, OWN, OWN),
	ROW(new_ns, CLONE_NEWNS, EPERM, OWN, OWN),
	ROW(new_ns, CLONE_NEWTIME, EPERM, OWN, OWN),
	ROW(clone_ns, CLONE_NEWPID, EPERM, OWN, OWN),
	ROW(clone_ns, CLONE_NEWUTS, EPERM, OWN, OWN),
	ROW(clone_ns, ALL_NS & ~CLONE_NEWTIME, EPERM, OWN, OWN),
	ROW(clone_tids, 1, EPERM, EPERM, OWN),
	ROW(clone_tids, 2, EPERM, EPERM, EPERM),
	ROW(clone_tids, 3, OWN, OWN, EPERM),
	ROW(set_last_pid, 0, EPERM, EPERM, OWN),
	ROW(set_pid_max, 0, EACCES, EACCES, OWN),
	ROW(set_memfd_noexec, 0, EACCES, EACCES, OWN),
	ROW(do_reboot, LINUX_REBOOT_CMD_RESTART, EPERM, EPERM, OWN),
	ROW(do_reboot, LINUX_REBOOT_CMD_CAD_ON, EPERM, EPERM, EINVAL),
	ROW(do_reboot, 7, EPERM, EPERM, EINVAL),
	ROW(do_acct, 0, EPERM, EPERM, EPERM),
	ROW(steal_fd, 0, EPERM, EPERM, EPERM),
	ROW(steal_fd, 999, EPERM, EPERM, EPERM),
	ROW(pidfd_ns, PIDFD_GET_PID_NAMESPACE, EACCES, EACCES, EACCES),
	ROW(pidfd_ns, PIDFD_GET_PID_FOR_CHILDREN_NAMESPACE, EACCES, EACCES, EACCES),
	ROW(pidfd_ns, PIDFD_GET_USER_NAMESPACE, EACCES, EACCES, EACCES),
	ROW(pidfd_ns, PIDFD_GET_TIME_NAMESPACE, EACCES, EACCES, EACCES),
	ROW(pidfd_signal, 0, EPERM, EPERM, EINVAL),
	ROW(pidfd_signal, SIGKILL, EPERM, EPERM, EINVAL),
	ROW(signal_number, 0, EPERM, EPERM, ESRCH),
	ROW(signal_number, SIGKILL, EPERM, EPERM, ESRCH),
	ROW(signal_group, SIGKILL, EPERM, EPERM, ESRCH),
	ROW(signal_thread, SIGKILL, EPERM, EPERM, ESRCH),
	ROW(move_to_group, 0, ESRCH, ESRCH, ESRCH),
	ROW(open_ns, L_PID, EACCES, EACCES, EACCES),
	ROW(open_ns, L_PID_CHILDREN, EACCES, EACCES, EACCES),
	ROW(open_ns, L_USER, EACCES, EACCES, EACCES),
	ROW(open_ns_by_id, L_PID, ESTALE, ESTALE, ESTALE),
	ROW(open_ns_by_id, L_UTS, ESTALE, ESTALE, ESTALE),
	ROW(list_ns, L_PID, ENOENT, ENOENT, ENOENT),
	ROW(list_ns, L_UTS, ENOENT, ENOENT, ENOENT),
	ROW(outer_parent, NS_GET_PARENT, EPERM, EPERM, EPERM),
	ROW(victim_owner, NS_GET_USERNS, OWN, EPERM, EPERM),
	ROW(compare, KCMP_FILES, EPERM, EPERM, ESRCH),
	ROW(trace, PTRACE_SEIZE, EPERM, EPERM, ESRCH),
	ROW(mount_procfs, 0, EPERM, EPERM, EPERM),
};

/* In a new process: become @caller, make the call and exit. */
static void __noreturn attack(const struct kid *kid, enum caller caller, const struct row *row)
{
	struct nsids before;
	int err;

	err = nobody_become();
	prctl(PR_SET_DUMPABLE, 1);
	if (!err && caller != USER)
		err = userns_enter();
	if (!err && caller == INIT_INSIDE)
		err = userns_enter();
	if (!err && caller == INIT_INSIDE) {
		err = fork_flags(CLONE_NEWPID, NULL);
		if (err > 0)
			_exit(wait_status(err) != 0);
	}
	/* This errno is not in the table. */
	if (err || !ns_read(0, &before)) {
		kid_tell(kid, EIO);
		_exit(EXIT_FAILURE);
	}
	/* Positive, since -1 means that the caller has exited. */
	kid_tell(kid, -row->call(row->arg));
	kid_tell(kid, ns_moved(&before));
	_exit(EXIT_SUCCESS);
}

TEST_F_TIMEOUT(pidns, refused_without_rights, NS_TIMEOUT)
{
	struct state before, after;
	const struct row *row;
	enum caller caller;
	struct kid kid;
	int err, moved, i;

	/* User namespaces may be restricted to root. */
	ASSERT_LE(0, kid_start(&kid, 0));
	if (!kid.pid) {
		if (!nobody_become())
			kid_tell(&kid, unshare(CLONE_NEWUSER) ? errno : 0);
		_exit(EXIT_SUCCESS);
	}
	err = kid_hear(&kid);
	kid_stop(&kid);
	ASSERT_LE(0, err);
	if (err)
		SKIP(return, "users cannot create user namespaces");

	ASSERT_LE(0, kid_start(&victim.kid, ALL_NS));
	if (!victim.kid.pid)
		victim_main(&victim.kid);
	ASSERT_EQ(0, kid_hear(&victim.kid));
	for (i = 0; i < NR_LINKS; i++) {
		victim.ns[i] = ns_open(victim.kid.pid, i);
		ASSERT_LE(0, victim.ns[i]);
	}
	victim.outer_ns = ns_open(0, L_PID);
	ASSERT_LE(0, victim.outer_ns);
	ASSERT_TRUE(ns_read(victim.kid.pid, &victim.ids));
	ASSERT_TRUE(state_read(&before));
	for (row = rows; row < rows + ARRAY_SIZE(rows); row++) {
		for (caller = 0; caller < NR_CALLERS; caller++) {
			if (row->err[caller] == OWN)
				continue;
			ASSERT_LE(0, kid_start(&kid, 0));
			if (!kid.pid)
				attack(&kid, caller, row);
			err = kid_hear(&kid);
			moved = kid_hear(&kid);
			kid_stop(&kid);
			EXPECT_EQ(row->err[caller], err) {
				TH_LOG("%s by %s", row->name, callers[caller]);
			}
			EXPECT_EQ(0, moved) {
				TH_LOG("%s by %s moved %#x", row->name, callers[caller], moved);
			}
			ASSERT_TRUE(state_read(&after));
			EXPECT_EQ(0, memcmp(&before, &after, sizeof(before))) {
				TH_LOG("%s by %s changed something", row->name, callers[caller]);
			}
		}
	}
	kid_stop(&victim.kid);
}

TEST_HARNESS_MAIN
