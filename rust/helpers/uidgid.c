// SPDX-License-Identifier: GPL-2.0

#include <linux/uidgid.h>

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
