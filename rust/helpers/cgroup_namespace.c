// SPDX-License-Identifier: GPL-2.0

#include <linux/cgroup.h>

__rust_helper void rust_helper_put_cgroup_ns(struct cgroup_namespace *ns)
{
	put_cgroup_ns(ns);
}

#ifndef CONFIG_CGROUPS
__rust_helper struct cgroup_namespace *
rust_helper_copy_cgroup_ns(u64 flags, struct user_namespace *user_ns,
			   struct cgroup_namespace *old_ns)
{
	return copy_cgroup_ns(flags, user_ns, old_ns);
}
#endif
