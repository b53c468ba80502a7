/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints of PID namespaces and nsproxies. See
 * Documentation/pidns/debugging.rst.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM pidns

#if !defined(_TRACE_PIDNS_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_PIDNS_H

#include <linux/tracepoint.h>

struct nsproxy;
struct pid;
struct pid_namespace;
struct task_struct;

#ifndef _TRACE_PIDNS_ONCE
#define _TRACE_PIDNS_ONCE

/* Why a fork, or the namespace that it was to create, was refused */
enum pidns_refused {
	PIDNS_REFUSED_DEAD_INIT,
	PIDNS_REFUSED_NO_INIT,
	PIDNS_REFUSED_PID_MAX,
	PIDNS_REFUSED_SET_TID,
	PIDNS_REFUSED_DEPTH,
	PIDNS_REFUSED_UCOUNT,
	PIDNS_REFUSED_OWNER,
	PIDNS_REFUSED_UNSHARED,
	PIDNS_REFUSED_MEMORY,
};

#endif /* _TRACE_PIDNS_ONCE */

#define PIDNS_REFUSED_REASONS						\
	EM(PIDNS_REFUSED_DEAD_INIT,	"dead_init")			\
	EM(PIDNS_REFUSED_NO_INIT,	"no_init")			\
	EM(PIDNS_REFUSED_PID_MAX,	"pid_max")			\
	EM(PIDNS_REFUSED_SET_TID,	"set_tid")			\
	EM(PIDNS_REFUSED_DEPTH,		"depth")			\
	EM(PIDNS_REFUSED_UCOUNT,	"ucount")			\
	EM(PIDNS_REFUSED_OWNER,		"owner")			\
	EM(PIDNS_REFUSED_UNSHARED,	"unshared")			\
	EMe(PIDNS_REFUSED_MEMORY,	"memory")

#undef EM
#undef EMe
#define EM(reason, name)	TRACE_DEFINE_ENUM(reason);
#define EMe(reason, name)	TRACE_DEFINE_ENUM(reason);

PIDNS_REFUSED_REASONS

#undef EM
#undef EMe
#define EM(reason, name)	{ reason, name },
#define EMe(reason, name)	{ reason, name }

TRACE_EVENT(pid_ns_create,

	TP_PROTO(struct pid_namespace *ns),

	TP_ARGS(ns),

	TP_STRUCT__entry(
		__field(u64,		ns_id)
		__field(u64,		parent_id)
		__field(u64,		owner_id)
		__field(unsigned int,	inum)
		__field(unsigned int,	level)
	),

	TP_fast_assign(
		__entry->ns_id		= ns->ns.ns_id;
		__entry->parent_id	= ns->parent->ns.ns_id;
		__entry->owner_id	= ns->user_ns->ns.ns_id;
		__entry->inum		= ns->ns.inum;
		__entry->level		= ns->level;
	),

	TP_printk("ns_id=%llu inum=%u level=%u parent_id=%llu owner_id=%llu",
		  __entry->ns_id, __entry->inum, __entry->level,
		  __entry->parent_id, __entry->owner_id)
);

/* The first process of a namespace; pid is its number in the initial one. */
TRACE_EVENT(pid_ns_init,

	TP_PROTO(struct pid_namespace *ns, struct task_struct *init),

	TP_ARGS(ns, init),

	TP_STRUCT__entry(
		__field(u64,	ns_id)
		__field(pid_t,	pid)
		__array(char,	comm, TASK_COMM_LEN)
	),

	TP_fast_assign(
		__entry->ns_id	= ns->ns.ns_id;
		__entry->pid	= init->pid;
		memcpy(__entry->comm, init->comm, TASK_COMM_LEN);
	),

	TP_printk("ns_id=%llu pid=%d comm=%s",
		  __entry->ns_id, __entry->pid, __entry->comm)
);

DECLARE_EVENT_CLASS(pidns_count,

	TP_PROTO(struct pid_namespace *ns),

	TP_ARGS(ns),

	TP_STRUCT__entry(
		__field(u64,		ns_id)
		__field(unsigned int,	inum)
		__field(unsigned int,	level)
		__field(unsigned int,	nr_pids)
	),

	TP_fast_assign(
		__entry->ns_id		= ns->ns.ns_id;
		__entry->inum		= ns->ns.inum;
		__entry->level		= ns->level;
		__entry->nr_pids	= READ_ONCE(ns->pid_allocated) & ~PIDNS_ADDING;
	),

	TP_printk("ns_id=%llu inum=%u level=%u nr_pids=%u",
		  __entry->ns_id, __entry->inum, __entry->level, __entry->nr_pids)
);

/* Its init exits: no fork any more, and all others are about to be killed. */
DEFINE_EVENT(pidns_count, pid_ns_zap_begin, TP_PROTO(struct pid_namespace *ns), TP_ARGS(ns));

/* All but the init are gone. */
DEFINE_EVENT(pidns_count, pid_ns_zap_end, TP_PROTO(struct pid_namespace *ns), TP_ARGS(ns));

DEFINE_EVENT(pidns_count, pid_ns_destroy, TP_PROTO(struct pid_namespace *ns), TP_ARGS(ns));

/*
 * The init is about to wait until nr_pids numbers are freed, those of itself
 * not counted. The first of them is nr, with a task that has the number pid in
 * the initial namespace, or that uses nr for its group or session.
 */
TRACE_EVENT(pid_ns_zap_wait,

	TP_PROTO(struct pid_namespace *ns, unsigned int nr_pids, pid_t nr,
		 struct task_struct *task),

	TP_ARGS(ns, nr_pids, nr, task),

	TP_STRUCT__entry(
		__field(u64,		ns_id)
		__field(unsigned int,	nr_pids)
		__field(pid_t,		nr)
		__field(pid_t,		pid)
		__array(char,		comm, TASK_COMM_LEN)
	),

	TP_fast_assign(
		__entry->ns_id		= ns->ns.ns_id;
		__entry->nr_pids	= nr_pids;
		__entry->nr		= nr;
		__entry->pid		= task ? task->pid : 0;
		memset(__entry->comm, 0, TASK_COMM_LEN);
		if (task)
			memcpy(__entry->comm, task->comm, TASK_COMM_LEN);
	),

	TP_printk("ns_id=%llu nr_pids=%u nr=%d pid=%d comm=%s",
		  __entry->ns_id, __entry->nr_pids, __entry->nr, __entry->pid, __entry->comm)
);

/* The numbers of a pid, the one in the initial namespace (pid) first. */
DECLARE_EVENT_CLASS(pidns_numbers,

	TP_PROTO(struct pid *pid),

	TP_ARGS(pid),

	TP_STRUCT__entry(
		__field(u64,		ns_id)
		__field(unsigned int,	level)
		__field(pid_t,		pid)
		__dynamic_array(pid_t,	nrs, pid->level + 1)
	),

	TP_fast_assign(
		pid_t *nrs = __get_dynamic_array(nrs);

		__entry->ns_id		= ns_of_pid(pid)->ns.ns_id;
		__entry->level		= pid->level;
		__entry->pid		= pid->numbers[0].nr;
		for (unsigned int i = 0; i <= pid->level; i++)
			nrs[i] = pid->numbers[i].nr;
	),

	TP_printk("ns_id=%llu level=%u pid=%d nrs=%s",
		  __entry->ns_id, __entry->level, __entry->pid,
		  __print_array(__get_dynamic_array(nrs), __entry->level + 1, 4))
);

DEFINE_EVENT(pidns_numbers, pid_alloc, TP_PROTO(struct pid *pid), TP_ARGS(pid));

DEFINE_EVENT(pidns_numbers, pid_free, TP_PROTO(struct pid *pid), TP_ARGS(pid));

/*
 * A fork into ns was refused, or the creation of a namespace below ns. For
 * dead_init, refused_id is the namespace whose init is dead: ns or an ancestor.
 */
TRACE_EVENT(pid_ns_fork_refused,

	TP_PROTO(struct pid_namespace *ns, struct pid_namespace *refused,
		 unsigned int reason, int error),

	TP_ARGS(ns, refused, reason, error),

	TP_STRUCT__entry(
		__field(u64,		ns_id)
		__field(u64,		refused_id)
		__field(unsigned int,	reason)
		__field(int,		error)
	),

	TP_fast_assign(
		__entry->ns_id		= ns->ns.ns_id;
		__entry->refused_id	= refused->ns.ns_id;
		__entry->reason		= reason;
		__entry->error		= error;
	),

	TP_printk("ns_id=%llu refused_id=%llu reason=%s error=%d",
		  __entry->ns_id, __entry->refused_id,
		  __print_symbolic(__entry->reason, PIDNS_REFUSED_REASONS),
		  __entry->error)
);

#ifdef CREATE_TRACE_POINTS

#define pidns_ns_id(set, member) \
	((set) && (set)->member ? (set)->member->ns.ns_id : 0)

static inline u64 pidns_mnt_ns_id(const struct nsproxy *set)
{
	return set && set->mnt_ns ? from_mnt_ns(set->mnt_ns)->ns_id : 0;
}

/* The number of the system call that a task is in, -1 if it is in none. */
static inline int pidns_syscall_nr(void)
{
	return current->flags & (PF_KTHREAD | PF_USER_WORKER) ? -1 :
	       syscall_get_nr(current, current_pt_regs());
}

#endif /* CREATE_TRACE_POINTS */

#define PIDNS_SET_FIELDS(set)						\
	__field(u64,	set##_mnt)					\
	__field(u64,	set##_uts)					\
	__field(u64,	set##_ipc)					\
	__field(u64,	set##_pid_children)				\
	__field(u64,	set##_cgroup)					\
	__field(u64,	set##_net)					\
	__field(u64,	set##_time)					\
	__field(u64,	set##_time_children)

#define PIDNS_SET_ASSIGN(set)						\
	do {								\
		__entry->set##_mnt	= pidns_mnt_ns_id(set);		\
		__entry->set##_uts	= pidns_ns_id(set, uts_ns);	\
		__entry->set##_ipc	= pidns_ns_id(set, ipc_ns);	\
		__entry->set##_pid_children =				\
			pidns_ns_id(set, pid_ns_for_children);		\
		__entry->set##_cgroup	= pidns_ns_id(set, cgroup_ns);	\
		__entry->set##_net	= pidns_ns_id(set, net_ns);	\
		__entry->set##_time	= pidns_ns_id(set, time_ns);	\
		__entry->set##_time_children =				\
			pidns_ns_id(set, time_ns_for_children);		\
	} while (0)

DECLARE_EVENT_CLASS(pidns_sets,

	TP_PROTO(struct task_struct *task, struct nsproxy *new),

	TP_ARGS(task, new),

	TP_STRUCT__entry(
		PIDNS_SET_FIELDS(old)
		PIDNS_SET_FIELDS(new)
		__field(pid_t,	pid)
		__field(int,	syscall)
	),

	TP_fast_assign(
		struct nsproxy *old = task->nsproxy;

		PIDNS_SET_ASSIGN(old);
		PIDNS_SET_ASSIGN(new);
		__entry->pid		= task->pid;
		__entry->syscall	= pidns_syscall_nr();
	),

	TP_printk("pid=%d syscall=%d mnt=%llu:%llu uts=%llu:%llu ipc=%llu:%llu pid_children=%llu:%llu cgroup=%llu:%llu net=%llu:%llu time=%llu:%llu time_children=%llu:%llu",
		  __entry->pid, __entry->syscall,
		  __entry->old_mnt, __entry->new_mnt,
		  __entry->old_uts, __entry->new_uts,
		  __entry->old_ipc, __entry->new_ipc,
		  __entry->old_pid_children, __entry->new_pid_children,
		  __entry->old_cgroup, __entry->new_cgroup,
		  __entry->old_net, __entry->new_net,
		  __entry->old_time, __entry->new_time,
		  __entry->old_time_children, __entry->new_time_children)
);

/*
 * The set of namespaces of a task changes: by unshare, setns, exec, and exit,
 * where the new ids are zero. An exit by a signal is not a system call's.
 */
DEFINE_EVENT(pidns_sets, nsproxy_switch,

	TP_PROTO(struct task_struct *task, struct nsproxy *new),

	TP_ARGS(task, new)
);

/* A clone by pid has made a set for its child. It may still fail. */
DEFINE_EVENT(pidns_sets, nsproxy_clone,

	TP_PROTO(struct task_struct *task, struct nsproxy *new),

	TP_ARGS(task, new)
);

#endif /* _TRACE_PIDNS_H */

/* This part must be outside protection */
#include <trace/define_trace.h>
