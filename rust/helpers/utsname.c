// SPDX-License-Identifier: GPL-2.0

#include <linux/utsname.h>

__rust_helper void rust_helper_put_uts_ns(struct uts_namespace *ns)
{
	put_uts_ns(ns);
}

#ifndef CONFIG_UTS_NS
__rust_helper struct uts_namespace *
rust_helper_copy_utsname(u64 flags, struct user_namespace *user_ns,
			 struct uts_namespace *old_ns)
{
	return copy_utsname(flags, user_ns, old_ns);
}
#endif
