// SPDX-License-Identifier: GPL-2.0

//! The tracepoints of nsproxies. A disabled one is a NOP.
//!
//! C header: [`include/trace/events/pidns.h`](srctree/include/trace/events/pidns.h)

use super::task::{
    NewTask,
    NsProxySwitch, //
};
use core::ptr;
use kernel::nsproxy::NsProxy;

/// The tracepoints, as C declares them.
mod points {
    use kernel::bindings;

    kernel::declare_trace! {
        /// # Safety
        ///
        /// `task` must be valid, and its nsproxy must not change; `new` must be valid or null.
        pub(super) unsafe fn nsproxy_switch(
            task: *mut bindings::task_struct,
            new: *mut bindings::nsproxy,
        );

        /// # Safety
        ///
        /// As for [`nsproxy_switch`].
        pub(super) unsafe fn nsproxy_clone(
            task: *mut bindings::task_struct,
            new: *mut bindings::nsproxy,
        );
    }
}

/// The nsproxy of a task is about to change to `new`.
#[inline(always)]
pub(crate) fn nsproxy_switch(switch: &NsProxySwitch<'_>, new: Option<&NsProxy>) {
    let new = new.map_or(ptr::null_mut(), NsProxy::as_ptr);
    // SAFETY: The task is valid, and its nsproxy does not change before `switch` is consumed. `new`
    // is valid or null.
    unsafe { points::nsproxy_switch(switch.task().as_ptr(), new) };
}

/// `new` was created for `child`, which still has its parent's nsproxy and number.
#[inline(always)]
pub(crate) fn nsproxy_clone(child: &NewTask<'_>, new: &NsProxy) {
    // SAFETY: The task is valid and has not run, so its nsproxy does not change. `new` is valid.
    unsafe { points::nsproxy_clone(child.task().as_ptr(), new.as_ptr()) };
}
