// SPDX-License-Identifier: GPL-2.0

#include <linux/ns_common.h>

__rust_helper void rust_helper___ns_ref_inc(struct ns_common *ns)
{
	__ns_ref_inc(ns);
}

__rust_helper bool rust_helper___ns_ref_get(struct ns_common *ns)
{
	return __ns_ref_get(ns);
}

__rust_helper u64 rust_helper_ns_common_id(const struct ns_common *ns)
{
	return ns->ns_id;
}

__rust_helper int rust_helper___ns_ref_read(const struct ns_common *ns)
{
	return __ns_ref_read(ns);
}

__rust_helper int rust_helper___ns_ref_active_read(const struct ns_common *ns)
{
	return __ns_ref_active_read(ns);
}
