// SPDX-License-Identifier: GPL-2.0
/*
 * Inline functions and macros behind the namespace abstractions: references,
 * the borrowed look at a file, and what a configuration leaves out.
 */

#include <linux/capability.h>
#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/ipc_namespace.h>
#include <linux/ns_common.h>
#include <linux/nsproxy.h>
#include <linux/perf_event.h>
#include <linux/pid.h>
#include <linux/proc_ns.h>
#include <linux/sched/task.h>
#include <linux/sem.h>
#include <linux/slab.h>
#include <linux/time_namespace.h>
#include <linux/user_namespace.h>
#include <linux/utsname.h>
#include <net/net_namespace.h>

/* References to namespaces */

__rust_helper void rust_helper___ns_ref_inc(struct ns_common *ns)
{
	__ns_ref_inc(ns);
}

__rust_helper bool rust_helper___ns_ref_get(struct ns_common *ns)
{
	return __ns_ref_get(ns);
}

__rust_helper void rust_helper_put_cgroup_ns(struct cgroup_namespace *ns)
{
	put_cgroup_ns(ns);
}

#ifndef CONFIG_IPC_NS
__rust_helper void rust_helper_put_ipc_ns(struct ipc_namespace *ns)
{
	put_ipc_ns(ns);
}
#endif

__rust_helper void rust_helper_put_net(struct net *net)
{
	put_net(net);
}

__rust_helper void rust_helper_put_time_ns(struct time_namespace *ns)
{
	put_time_ns(ns);
}

__rust_helper void rust_helper_put_user_ns(struct user_namespace *ns)
{
	put_user_ns(ns);
}

__rust_helper void rust_helper_put_uts_ns(struct uts_namespace *ns)
{
	put_uts_ns(ns);
}

/* The set of namespaces of a task */

__rust_helper void rust_helper_get_nsproxy(struct nsproxy *ns)
{
	get_nsproxy(ns);
}

__rust_helper void rust_helper_put_nsproxy(struct nsproxy *ns)
{
	put_nsproxy(ns);
}

__rust_helper void rust_helper_task_lock(struct task_struct *p)
{
	task_lock(p);
}

__rust_helper void rust_helper_task_unlock(struct task_struct *p)
{
	task_unlock(p);
}

#ifndef CONFIG_TIME_NS_VDSO
__rust_helper void rust_helper_timens_commit(struct task_struct *tsk,
					     struct time_namespace *ns)
{
	timens_commit(tsk, ns);
}
#endif

#ifndef CONFIG_SYSVIPC
__rust_helper void rust_helper_exit_sem(struct task_struct *tsk)
{
	exit_sem(tsk);
}
#endif

#ifndef CONFIG_PERF_EVENTS
__rust_helper void rust_helper_perf_event_namespaces(struct task_struct *tsk)
{
	perf_event_namespaces(tsk);
}
#endif

/* Credentials, identifiers and files */

__rust_helper const struct cred *rust_helper_get_current_cred(void)
{
	return get_current_cred();
}

__rust_helper const struct cred *rust_helper___task_cred(struct task_struct *tsk)
{
	return __task_cred(tsk);
}

#ifdef CONFIG_PIDNS_KUNIT_TEST
__rust_helper const struct cred *
rust_helper_override_creds(const struct cred *cred)
{
	return override_creds(cred);
}

__rust_helper const struct cred *
rust_helper_revert_creds(const struct cred *cred)
{
	return revert_creds(cred);
}
#endif

#ifndef CONFIG_MULTIUSER
__rust_helper bool rust_helper_ns_capable(struct user_namespace *ns, int cap)
{
	return ns_capable(ns, cap);
}
#endif

__rust_helper struct pid *rust_helper_get_pid(struct pid *pid)
{
	return get_pid(pid);
}

__rust_helper void rust_helper_fdput(struct fd fd)
{
	fdput(fd);
}

__rust_helper struct ns_common *rust_helper_get_proc_ns(struct inode *inode)
{
	return get_proc_ns(inode);
}

/* Slab caches */

__rust_helper void *rust_helper_kmem_cache_alloc(struct kmem_cache *s, gfp_t flags)
{
	return kmem_cache_alloc(s, flags);
}

/* One place each, which /proc/allocinfo charges the memory to. */
__rust_helper void *rust_helper_kmem_cache_alloc_pid(struct kmem_cache *s, gfp_t flags)
{
	return kmem_cache_alloc(s, flags);
}

__rust_helper void *rust_helper_kmem_cache_alloc_pid_ns(struct kmem_cache *s, gfp_t flags)
{
	return kmem_cache_alloc(s, flags);
}

__rust_helper void *rust_helper_kmem_cache_alloc_nsproxy(struct kmem_cache *s, gfp_t flags)
{
	return kmem_cache_alloc(s, flags);
}

/* What the sysctls and the limits of PID namespaces ask for */

#include <linux/cpumask.h>
#include <linux/uidgid.h>

#ifndef CONFIG_MULTIUSER
__rust_helper bool rust_helper_ns_capable_noaudit(struct user_namespace *ns, int cap)
{
	return ns_capable_noaudit(ns, cap);
}

__rust_helper int rust_helper_in_egroup_p(kgid_t grp)
{
	return in_egroup_p(grp);
}
#endif

#ifndef CONFIG_USER_NS
__rust_helper kuid_t rust_helper_make_kuid(struct user_namespace *from, uid_t uid)
{
	return make_kuid(from, uid);
}

__rust_helper kgid_t rust_helper_make_kgid(struct user_namespace *from, gid_t gid)
{
	return make_kgid(from, gid);
}
#endif

__rust_helper unsigned int rust_helper_num_possible_cpus(void)
{
	return num_possible_cpus();
}
