// SPDX-License-Identifier: GPL-2.0

#include <linux/time_namespace.h>

__rust_helper void rust_helper_put_time_ns(struct time_namespace *ns)
{
	put_time_ns(ns);
}

#ifndef CONFIG_TIME_NS
__rust_helper struct time_namespace *
rust_helper_copy_time_ns(u64 flags, struct user_namespace *user_ns,
			 struct time_namespace *old_ns)
{
	return copy_time_ns(flags, user_ns, old_ns);
}

__rust_helper void rust_helper_timens_on_fork(struct nsproxy *nsproxy,
					      struct task_struct *tsk)
{
	timens_on_fork(nsproxy, tsk);
}
#endif

#ifndef CONFIG_TIME_NS_VDSO
__rust_helper void rust_helper_timens_commit(struct task_struct *tsk,
					     struct time_namespace *ns)
{
	timens_commit(tsk, ns);
}
#endif
