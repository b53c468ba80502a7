// SPDX-License-Identifier: GPL-2.0

//! The common part of namespaces, as the log and debugfs show it.
//!
//! C header: [`include/linux/ns_common.h`](srctree/include/linux/ns_common.h)

use kernel::{
    bindings,
    ns::NsCommon, //
};

/// Returns the id of a namespace.
pub(crate) fn id(ns: &NsCommon) -> u64 {
    // SAFETY: It is valid.
    unsafe { bindings::ns_common_id(ns.as_ptr()) }
}

/// Returns how many references a namespace has, and how many that make it active.
#[cfg(CONFIG_PIDNS_DEBUG_FS)]
pub(crate) fn references(ns: &NsCommon) -> (i32, i32) {
    // SAFETY: It is valid.
    unsafe {
        (
            bindings::__ns_ref_read(ns.as_ptr()),
            bindings::__ns_ref_active_read(ns.as_ptr()),
        )
    }
}
