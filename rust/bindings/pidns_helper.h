/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What bindgen reads for the namespace abstractions of the `kernel` crate and
 * for the functions that the Rust implementation of nsproxy provides.
 *
 * Sorted alphabetically.
 */

#include <linux/cgroup.h>
#include <linux/fs_struct.h>
#include <linux/ipc_namespace.h>
#include <linux/mnt_namespace.h>
#include <linux/ns_common.h>
#include <linux/nsfs.h>
#include <linux/nsproxy.h>
#include <linux/perf_event.h>
#include <linux/proc_fs.h>
#include <linux/proc_ns.h>
#include <linux/ptrace.h>
#include <linux/sem.h>
#include <linux/time_namespace.h>
#include <linux/user_namespace.h>
#include <linux/utsname.h>
#include <net/net_namespace.h>

#include "../../kernel/pidns/pidns/glue.h"

const slab_flags_t RUST_CONST_HELPER_SLAB_ACCOUNT = SLAB_ACCOUNT;
const slab_flags_t RUST_CONST_HELPER_SLAB_PANIC = SLAB_PANIC;
