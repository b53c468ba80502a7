// SPDX-License-Identifier: GPL-2.0
/*
 * What has to be in C: system call entries with their per-architecture stubs
 * and metadata, exports, initcalls, and two objects with a layout or parts that
 * Rust does not see.
 */

#include <linux/export.h>
#include <linux/idr.h>
#include <linux/init.h>
#include <linux/init_task.h>
#include <linux/moduleparam.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/proc_ns.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>
#include <linux/syscalls.h>
#include <linux/user_namespace.h>

#include "glue.h"

/* The pid of the idle tasks. It has no number. */
struct pid init_struct_pid = {
	.count = REFCOUNT_INIT(1),
	.numbers = { { .nr = 0, .ns = &init_pid_ns } },
};

struct pid_namespace init_pid_ns = {
	.ns = NS_COMMON_INIT(init_pid_ns),
	.idr = IDR_INIT(init_pid_ns.idr),
	.pid_allocated = PIDNS_ADDING,
	.child_reaper = &init_task,
	.user_ns = &init_user_ns,
	.pid_max = PID_MAX_DEFAULT,
};
EXPORT_SYMBOL_GPL(init_pid_ns);

/* The functions are in Rust. */
#define EXPORT_RUST EXPORT_SYMBOL
#define EXPORT_RUST_GPL EXPORT_SYMBOL_GPL

EXPORT_RUST_GPL(put_pid);
EXPORT_RUST_GPL(find_pid_ns);
EXPORT_RUST_GPL(find_vpid);
EXPORT_RUST(pid_task);
EXPORT_RUST_GPL(get_task_pid);
EXPORT_RUST_GPL(get_pid_task);
EXPORT_RUST_GPL(find_get_pid);
EXPORT_RUST_GPL(pid_nr_ns);
EXPORT_RUST_GPL(pid_vnr);
EXPORT_RUST(__task_pid_nr_ns);
EXPORT_RUST_GPL(task_active_pid_ns);
EXPORT_RUST_GPL(find_ge_pid);
EXPORT_RUST_GPL(put_pid_ns);

SYSCALL_DEFINE2(pidfd_open, pid_t, pid, unsigned int, flags)
{
	return pidns_pidfd_open(pid, flags);
}

SYSCALL_DEFINE3(pidfd_getfd, int, pidfd, int, fd, unsigned int, flags)
{
	return pidns_pidfd_getfd(pidfd, fd, flags);
}

SYSCALL_DEFINE2(setns, int, fd, int, flags)
{
	return pidns_setns(fd, flags);
}

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "pidns."

/* 0: no warning, however long a dying init waits. */
unsigned int pidns_zap_warn_seconds;
module_param_named(zap_warn_seconds, pidns_zap_warn_seconds, uint, 0644);
MODULE_PARM_DESC(zap_warn_seconds,
		 "Log which tasks block an init that exits for longer (0: never)");

bool pidns_log_refused_forks;
module_param_named(log_refused_forks, pidns_log_refused_forks, bool, 0644);
MODULE_PARM_DESC(log_refused_forks,
		 "Log why a fork, or a new namespace, is refused");
DEFINE_RATELIMIT_STATE(pidns_refused_forks_ratelimit, DEFAULT_RATELIMIT_INTERVAL,
		       DEFAULT_RATELIMIT_BURST);
DEFINE_RATELIMIT_STATE(pidns_dead_init_ratelimit, DEFAULT_RATELIMIT_INTERVAL,
		       DEFAULT_RATELIMIT_BURST);

subsys_initcall(pidns_sysctl_init);
device_initcall(pidns_init);
