// SPDX-License-Identifier: GPL-2.0

//! The tracepoints of nsproxies. A disabled one is a NOP.
//!
//! C header: [`include/trace/events/pidns.h`](srctree/include/trace/events/pidns.h)

use core::ptr;
use kernel::{
    nsproxy::NsProxy,
    task::Task, //
};

/// The tracepoints, as C declares them.
mod points {
    use kernel::bindings;

    kernel::declare_trace! {
        /// # Safety
        ///
        /// `task` must be valid, and both nsproxies valid or null.
        pub(super) unsafe fn nsproxy_switch(
            task: *mut bindings::task_struct,
            old: *mut bindings::nsproxy,
            new: *mut bindings::nsproxy,
        );

        /// # Safety
        ///
        /// `task` and both nsproxies must be valid.
        pub(super) unsafe fn nsproxy_clone(
            task: *mut bindings::task_struct,
            old: *mut bindings::nsproxy,
            new: *mut bindings::nsproxy,
        );
    }
}

/// The nsproxy of `task` is about to change from `old` to `new`.
#[inline(always)]
pub(crate) fn nsproxy_switch(task: &Task, old: Option<&NsProxy>, new: Option<&NsProxy>) {
    let old = old.map_or(ptr::null_mut(), NsProxy::as_ptr);
    let new = new.map_or(ptr::null_mut(), NsProxy::as_ptr);
    // SAFETY: They are valid, or null.
    unsafe { points::nsproxy_switch(task.as_ptr(), old, new) };
}

/// `new` was created from the parent's `old` for `child`, which still has the parent's number.
#[inline(always)]
pub(crate) fn nsproxy_clone(child: &Task, old: &NsProxy, new: &NsProxy) {
    // SAFETY: They are valid.
    unsafe { points::nsproxy_clone(child.as_ptr(), old.as_ptr(), new.as_ptr()) };
}
