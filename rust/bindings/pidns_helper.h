/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Headers for the namespace abstractions of the `kernel` crate and for the C
 * functions that pidns and nsproxy implement.
 *
 * Sorted alphabetically.
 */

#include <linux/acct.h>
#include <linux/cgroup.h>
#include <linux/debugfs.h>
#include <linux/fs_struct.h>
#include <linux/idr.h>
#include <linux/ipc_namespace.h>
#include <linux/kallsyms.h>
#include <linux/mnt_namespace.h>
#include <linux/ns_common.h>
#include <linux/nsfs.h>
#include <linux/nsproxy.h>
#include <linux/nstree.h>
#include <linux/perf_event.h>
#include <linux/pidfs.h>
#include <linux/proc_fs.h>
#include <linux/proc_ns.h>
#include <linux/ptrace.h>
#include <linux/ratelimit.h>
#include <linux/reboot.h>
#include <linux/sem.h>
#include <linux/seq_file.h>
#include <linux/sysctl.h>
#include <linux/threads.h>
#include <linux/time_namespace.h>
#include <linux/user_namespace.h>
#include <linux/utsname.h>
#include <net/net_namespace.h>
#include <trace/events/pidns.h>
#include <uapi/linux/pidfd.h>
#include <uapi/linux/wait.h>

#include "../../kernel/pidns/pidns/glue.h"

const gfp_t RUST_CONST_HELPER_IDR_RT_MARKER = IDR_RT_MARKER;
const int RUST_CONST_HELPER_PID_MAX_DEFAULT = PID_MAX_DEFAULT;
const int RUST_CONST_HELPER_PID_MAX_LIMIT = PID_MAX_LIMIT;
const size_t RUST_CONST_HELPER_SIZEOF_NS_COMMON = sizeof(struct ns_common);
const slab_flags_t RUST_CONST_HELPER_SLAB_ACCOUNT = SLAB_ACCOUNT;
const slab_flags_t RUST_CONST_HELPER_SLAB_HWCACHE_ALIGN = SLAB_HWCACHE_ALIGN;
const slab_flags_t RUST_CONST_HELPER_SLAB_PANIC = SLAB_PANIC;
