// SPDX-License-Identifier: GPL-2.0
/*
 * Prototypes of the functions that are in Rust, for BTF: pahole leaves out what
 * rustc compiles, and without a prototype BPF cannot attach fentry and fexit
 * programs. The linker replaces these weak functions by those in Rust. Tracers
 * show the names of parameters, which are C's.
 */

#include <linux/cred.h>
#include <linux/nsproxy.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>

struct pid_namespace * __weak copy_pid_ns(u64 flags, struct user_namespace *user_ns,
					  struct pid_namespace *old_ns)
{
	__builtin_trap();
}

void __weak put_pid_ns(struct pid_namespace *ns)
{
	__builtin_trap();
}

void __weak zap_pid_ns_processes(struct pid_namespace *pid_ns)
{
	__builtin_trap();
}

int __weak reboot_pid_ns(struct pid_namespace *pid_ns, int cmd)
{
	__builtin_trap();
}

struct pid * __weak alloc_pid(struct pid_namespace *ns, pid_t *arg_set_tid, size_t arg_set_tid_size)
{
	__builtin_trap();
}

void __weak free_pid(struct pid *pid)
{
	__builtin_trap();
}

void __weak free_pids(struct pid **pids)
{
	__builtin_trap();
}

void __weak put_pid(struct pid *pid)
{
	__builtin_trap();
}

void __weak disable_pid_allocation(struct pid_namespace *ns)
{
	__builtin_trap();
}

struct pid * __weak pidfd_get_pid(unsigned int fd, unsigned int *flags)
{
	__builtin_trap();
}

struct task_struct * __weak pidfd_get_task(int pidfd, unsigned int *flags)
{
	__builtin_trap();
}

struct pid * __weak find_pid_ns(int nr, struct pid_namespace *ns)
{
	__builtin_trap();
}

struct pid * __weak find_vpid(int nr)
{
	__builtin_trap();
}

struct pid * __weak find_ge_pid(int nr, struct pid_namespace *ns)
{
	__builtin_trap();
}

struct pid * __weak find_get_pid(pid_t nr)
{
	__builtin_trap();
}

struct task_struct * __weak pid_task(struct pid *pid, enum pid_type type)
{
	__builtin_trap();
}

struct task_struct * __weak get_pid_task(struct pid *pid, enum pid_type type)
{
	__builtin_trap();
}

struct task_struct * __weak find_task_by_pid_ns(pid_t nr, struct pid_namespace *ns)
{
	__builtin_trap();
}

struct task_struct * __weak find_task_by_vpid(pid_t vnr)
{
	__builtin_trap();
}

struct task_struct * __weak find_get_task_by_vpid(pid_t nr)
{
	__builtin_trap();
}

struct pid * __weak get_task_pid(struct task_struct *task, enum pid_type type)
{
	__builtin_trap();
}

pid_t __weak pid_nr_ns(struct pid *pid, struct pid_namespace *ns)
{
	__builtin_trap();
}

pid_t __weak pid_vnr(struct pid *pid)
{
	__builtin_trap();
}

pid_t __weak __task_pid_nr_ns(struct task_struct *task, enum pid_type type,
			      struct pid_namespace *ns)
{
	__builtin_trap();
}

struct pid_namespace * __weak task_active_pid_ns(struct task_struct *tsk)
{
	__builtin_trap();
}

int __weak register_pidns_sysctls(struct pid_namespace *pidns)
{
	__builtin_trap();
}

void __weak unregister_pidns_sysctls(struct pid_namespace *pidns)
{
	__builtin_trap();
}

bool __weak pidns_is_ancestor(struct pid_namespace *child, struct pid_namespace *ancestor)
{
	__builtin_trap();
}

void __weak attach_pid(struct task_struct *task, enum pid_type type)
{
	__builtin_trap();
}

void __weak detach_pid(struct pid **pids, struct task_struct *task, enum pid_type type)
{
	__builtin_trap();
}

void __weak change_pid(struct pid **pids, struct task_struct *task, enum pid_type type,
		       struct pid *pid)
{
	__builtin_trap();
}

void __weak transfer_pid(struct task_struct *old, struct task_struct *new, enum pid_type type)
{
	__builtin_trap();
}

void __weak exchange_tids(struct task_struct *left, struct task_struct *right)
{
	__builtin_trap();
}

void __weak nsproxy_free(struct nsproxy *ns)
{
	__builtin_trap();
}

void __weak deactivate_nsproxy(struct nsproxy *ns)
{
	__builtin_trap();
}

int __weak copy_namespaces(u64 flags, struct task_struct *tsk)
{
	__builtin_trap();
}

int __weak unshare_nsproxy_namespaces(unsigned long unshare_flags, struct nsproxy **new_nsp,
				      struct cred *new_cred, struct fs_struct *new_fs)
{
	__builtin_trap();
}

void __weak switch_task_namespaces(struct task_struct *p, struct nsproxy *new)
{
	__builtin_trap();
}

void __weak exit_nsproxy_namespaces(struct task_struct *p)
{
	__builtin_trap();
}

int __weak exec_task_namespaces(void)
{
	__builtin_trap();
}

void __weak switch_cred_namespaces(const struct cred *old, const struct cred *new)
{
	__builtin_trap();
}

void __weak get_cred_namespaces(struct task_struct *tsk)
{
	__builtin_trap();
}

void __weak exit_cred_namespaces(struct task_struct *tsk)
{
	__builtin_trap();
}
