// SPDX-License-Identifier: GPL-2.0

//! The tracepoint of nsproxies. Disabled it is a NOP.
//!
//! C header: [`include/trace/events/pidns.h`](srctree/include/trace/events/pidns.h)

use core::ptr;
use kernel::{
    nsproxy::NsProxy,
    task::Task, //
};

/// The tracepoint, as C declares it.
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
