// SPDX-License-Identifier: GPL-2.0

#include <linux/ipc_namespace.h>

#ifndef CONFIG_IPC_NS
__rust_helper struct ipc_namespace *
rust_helper_copy_ipcs(u64 flags, struct user_namespace *user_ns,
		      struct ipc_namespace *ns)
{
	return copy_ipcs(flags, user_ns, ns);
}

__rust_helper void rust_helper_put_ipc_ns(struct ipc_namespace *ns)
{
	put_ipc_ns(ns);
}
#endif
