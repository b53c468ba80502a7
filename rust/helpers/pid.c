// SPDX-License-Identifier: GPL-2.0
/*
 * Inline functions and macros for struct pid, PID namespaces and the tasks
 * that use them.
 */

#include <linux/acct.h>
#include <linux/idr.h>
#include <linux/irqflags.h>
#include <linux/kallsyms.h>
#include <linux/nstree.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/ptrace.h>
#include <linux/rculist.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/string.h>
#include <linux/workqueue.h>

__rust_helper struct pid *rust_helper_get_pid(struct pid *pid)
{
	return get_pid(pid);
}

/* Tasks on the lists of their pids */

__rust_helper void rust_helper_hlist_add_head_rcu(struct hlist_node *node,
						  struct hlist_head *list)
{
	hlist_add_head_rcu(node, list);
}

__rust_helper void rust_helper_hlist_del_rcu(struct hlist_node *node)
{
	hlist_del_rcu(node);
}

__rust_helper void rust_helper_hlist_replace_rcu(struct hlist_node *old,
						 struct hlist_node *new)
{
	hlist_replace_rcu(old, new);
}

__rust_helper void rust_helper_hlists_swap_heads_rcu(struct hlist_head *left,
						     struct hlist_head *right)
{
	hlists_swap_heads_rcu(left, right);
}

/* Numbers */

__rust_helper void rust_helper_idr_preload_end(void)
{
	idr_preload_end();
}

#ifdef CONFIG_PIDNS_KUNIT_TEST
__rust_helper bool rust_helper_idr_is_empty(const struct idr *idr)
{
	return idr_is_empty(idr);
}
#endif

/* tasklist_lock */

__rust_helper void rust_helper_tasklist_read_lock(void)
{
	read_lock(&tasklist_lock);
}

__rust_helper void rust_helper_tasklist_read_unlock(void)
{
	read_unlock(&tasklist_lock);
}

__rust_helper void rust_helper_tasklist_assert_held_write(void)
{
	lockdep_assert_held_write(&tasklist_lock);
}

__rust_helper void rust_helper_tasklist_assert_not_held(void)
{
	lockdep_assert_not_held(&tasklist_lock);
}

__rust_helper void rust_helper_assert_rcu(void)
{
	RCU_LOCKDEP_WARN(!rcu_read_lock_held(),
			 "tasks are looked up without rcu_read_lock()");
}

__rust_helper void rust_helper_assert_rcu_or_tasklist(void)
{
	RCU_LOCKDEP_WARN(!rcu_read_lock_held() &&
			 !lockdep_tasklist_lock_is_held(),
			 "tasks are looked up without rcu_read_lock() or tasklist_lock");
}

/* Namespaces */

__rust_helper bool rust_helper___ns_ref_put(struct ns_common *ns)
{
	return __ns_ref_put(ns);
}

__rust_helper int rust_helper_pid_ns_common_init(struct pid_namespace *ns)
{
	return ns_common_init(ns);
}

__rust_helper void rust_helper_pid_ns_tree_add(struct pid_namespace *ns)
{
	ns_tree_add(ns);
}

__rust_helper void rust_helper_pid_ns_tree_remove(struct pid_namespace *ns)
{
	ns_tree_remove(ns);
}

__rust_helper bool rust_helper_schedule_work(struct work_struct *work)
{
	return schedule_work(work);
}

#ifndef CONFIG_USER_NS
__rust_helper bool rust_helper_in_userns(const struct user_namespace *ancestor,
					 const struct user_namespace *child)
{
	return in_userns(ancestor, child);
}
#endif

#ifndef CONFIG_BSD_PROCESS_ACCT
__rust_helper void rust_helper_acct_exit_ns(struct pid_namespace *ns)
{
	acct_exit_ns(ns);
}
#endif

/* The exit of a namespace's init */

__rust_helper int rust_helper_group_send_sig_priv(struct task_struct *p,
						  int sig)
{
	return group_send_sig_info(sig, SEND_SIG_PRIV, p, PIDTYPE_MAX);
}

__rust_helper bool rust_helper___fatal_signal_pending(struct task_struct *p)
{
	return __fatal_signal_pending(p);
}

__rust_helper void rust_helper_ignore_signal(struct task_struct *p, int sig)
{
	spin_lock_irq(&p->sighand->siglock);
	p->sighand->action[sig - 1].sa.sa_handler = SIG_IGN;
	spin_unlock_irq(&p->sighand->siglock);
}

__rust_helper bool rust_helper_thread_group_leader(struct task_struct *p)
{
	return thread_group_leader(p);
}

/*
 * Linux 7.3 has PF_NO_NOTIFY_SIGNAL: task work does not interrupt the waits of
 * zap_pid_ns_processes(), and the last of them is idle. In 7.2 each wait for a
 * child drops TIF_NOTIFY_SIGNAL, and the last one is an ordinary sleep.
 */
#ifdef PF_NO_NOTIFY_SIGNAL
__rust_helper void rust_helper_clear_sigpending(void)
{
	clear_thread_flag(TIF_SIGPENDING);
}

__rust_helper unsigned int rust_helper_no_notify_signal_save(void)
{
	return no_notify_signal_save();
}

__rust_helper void rust_helper_no_notify_signal_restore(unsigned int flags)
{
	no_notify_signal_restore(flags);
}

__rust_helper unsigned int rust_helper_zap_wait_state(void)
{
	return TASK_IDLE | TASK_FREEZABLE;
}
#else
__rust_helper void rust_helper_clear_sigpending(void)
{
	clear_thread_flag(TIF_SIGPENDING);
	clear_thread_flag(TIF_NOTIFY_SIGNAL);
}

__rust_helper unsigned int rust_helper_no_notify_signal_save(void)
{
	return 0;
}

__rust_helper void rust_helper_no_notify_signal_restore(unsigned int flags)
{
}

__rust_helper unsigned int rust_helper_zap_wait_state(void)
{
	return TASK_INTERRUPTIBLE;
}
#endif

__rust_helper void rust_helper_set_current_state(unsigned int state)
{
	set_current_state(state);
}

__rust_helper void rust_helper___set_current_state(unsigned int state)
{
	__set_current_state(state);
}

/* What tracers and the log show of tasks */

__rust_helper void rust_helper_task_comm(struct task_struct *p, char *comm)
{
	strscpy_pad(comm, p->comm, TASK_COMM_LEN);
}

__rust_helper char rust_helper_task_state_to_char(struct task_struct *p)
{
	return task_state_to_char(p);
}

__rust_helper bool rust_helper_pid_alive(const struct task_struct *p)
{
	return pid_alive(p);
}

__rust_helper struct task_struct *rust_helper_ptrace_parent(struct task_struct *p)
{
	return ptrace_parent(p);
}

__rust_helper bool rust_helper_irqs_disabled(void)
{
	return irqs_disabled();
}

__rust_helper bool rust_helper_delay_group_leader(struct task_struct *p)
{
	return delay_group_leader(p);
}

#ifndef CONFIG_KALLSYMS
__rust_helper int rust_helper_lookup_symbol_name(unsigned long addr, char *symname)
{
	return lookup_symbol_name(addr, symname);
}
#endif
