// SPDX-License-Identifier: GPL-2.0

//! The tracepoints of PID namespaces. A disabled one is a NOP.
//!
//! C header: [`include/trace/events/pidns.h`](srctree/include/trace/events/pidns.h)

use core::ptr;
use kernel::{
    bindings,
    pid::Pid,
    pid_namespace::PidNamespace,
    prelude::*,
    task::Task, //
};

/// Why a fork, or the namespace that it was to create, was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Refused {
    /// PID allocation is disabled in the namespace or in an ancestor.
    DeadInit = bindings::pidns_refused_PIDNS_REFUSED_DEAD_INIT,
    /// The first process of a namespace would not get number 1.
    NoInit = bindings::pidns_refused_PIDNS_REFUSED_NO_INIT,
    /// A namespace has no free number.
    PidMax = bindings::pidns_refused_PIDNS_REFUSED_PID_MAX,
    /// A requested number is in use or out of range, or the caller may not choose it.
    SetTid = bindings::pidns_refused_PIDNS_REFUSED_SET_TID,
    /// The namespace would be too deep.
    Depth = bindings::pidns_refused_PIDNS_REFUSED_DEPTH,
    /// The limit `user.max_pid_namespaces` is reached.
    Ucount = bindings::pidns_refused_PIDNS_REFUSED_UCOUNT,
    /// The user namespace is not that of the parent namespace or a descendant.
    Owner = bindings::pidns_refused_PIDNS_REFUSED_OWNER,
    /// The task has unshared or joined another PID namespace before.
    Unshared = bindings::pidns_refused_PIDNS_REFUSED_UNSHARED,
    /// There is no memory.
    Memory = bindings::pidns_refused_PIDNS_REFUSED_MEMORY,
}

/// The tracepoints, as C declares them.
mod points {
    use kernel::{
        bindings,
        ffi::c_int, //
    };

    kernel::declare_trace! {
        /// # Safety
        ///
        /// `ns` must be valid, and not the initial namespace.
        pub(super) unsafe fn pid_ns_create(ns: *mut bindings::pid_namespace);

        /// # Safety
        ///
        /// Both must be valid.
        pub(super) unsafe fn pid_ns_init(
            ns: *mut bindings::pid_namespace,
            init: *mut bindings::task_struct,
        );

        /// # Safety
        ///
        /// `ns` must be valid.
        pub(super) unsafe fn pid_ns_destroy(ns: *mut bindings::pid_namespace);

        /// # Safety
        ///
        /// `ns` must be valid.
        pub(super) unsafe fn pid_ns_zap_begin(ns: *mut bindings::pid_namespace);

        /// # Safety
        ///
        /// `ns` must be valid; `task` must be valid or null.
        pub(super) unsafe fn pid_ns_zap_wait(
            ns: *mut bindings::pid_namespace,
            nr_pids: u32,
            nr: bindings::pid_t,
            task: *mut bindings::task_struct,
        );

        /// # Safety
        ///
        /// `ns` must be valid.
        pub(super) unsafe fn pid_ns_zap_end(ns: *mut bindings::pid_namespace);

        /// # Safety
        ///
        /// `pid` must be valid, with numbers.
        pub(super) unsafe fn pid_alloc(pid: *mut bindings::pid);

        /// # Safety
        ///
        /// `pid` must be valid, with numbers.
        pub(super) unsafe fn pid_free(pid: *mut bindings::pid);

        /// # Safety
        ///
        /// Both namespaces must be valid.
        pub(super) unsafe fn pid_ns_fork_refused(
            ns: *mut bindings::pid_namespace,
            refused: *mut bindings::pid_namespace,
            reason: u32,
            error: c_int,
        );
    }
}

/// Declares a function that returns whether a tracepoint is enabled, to compute arguments for it.
macro_rules! enabled {
    ($($name:ident: $point:ident;)*) => {$(
        #[inline(always)]
        pub(crate) fn $name() -> bool {
            #[cfg(CONFIG_TRACEPOINTS)]
            // SAFETY: It is the static key of a tracepoint.
            let enabled = unsafe {
                kernel::jump_label::static_branch_unlikely!(
                    bindings::$point,
                    bindings::tracepoint,
                    key
                )
            };
            #[cfg(not(CONFIG_TRACEPOINTS))]
            let enabled = false;
            enabled
        }
    )*};
}

enabled! {
    ns_init_enabled: __tracepoint_pid_ns_init;
    zap_wait_enabled: __tracepoint_pid_ns_zap_wait;
}

/// `ns`, which is not the initial one, was created.
#[inline(always)]
pub(crate) fn ns_create(ns: &PidNamespace) {
    // SAFETY: It is valid.
    unsafe { points::pid_ns_create(ns.as_ptr()) };
}

/// `init` became the init of `ns`.
#[inline(always)]
pub(crate) fn ns_init(ns: &PidNamespace, init: &Task) {
    // SAFETY: Both are valid.
    unsafe { points::pid_ns_init(ns.as_ptr(), init.as_ptr()) };
}

/// `ns` is about to be destroyed.
#[inline(always)]
pub(crate) fn ns_destroy(ns: &PidNamespace) {
    // SAFETY: It is valid.
    unsafe { points::pid_ns_destroy(ns.as_ptr()) };
}

/// The init of `ns` exits, and is about to kill all others.
#[inline(always)]
pub(crate) fn zap_begin(ns: &PidNamespace) {
    // SAFETY: It is valid.
    unsafe { points::pid_ns_zap_begin(ns.as_ptr()) };
}

/// The init of `ns` is about to sleep until `nr_pids` more numbers are freed. The first is `nr`,
/// which `task` uses, if any.
pub(crate) fn zap_wait(ns: &PidNamespace, nr_pids: u32, nr: i32, task: Option<&Task>) {
    let task = task.map_or(ptr::null_mut(), Task::as_ptr);
    // SAFETY: Both are valid, or null.
    unsafe { points::pid_ns_zap_wait(ns.as_ptr(), nr_pids, nr, task) };
}

/// All numbers of `ns` but its init's are freed.
#[inline(always)]
pub(crate) fn zap_end(ns: &PidNamespace) {
    // SAFETY: It is valid.
    unsafe { points::pid_ns_zap_end(ns.as_ptr()) };
}

/// `pid` was published.
#[inline(always)]
pub(crate) fn pid_alloc(pid: &Pid) {
    // SAFETY: It is valid.
    unsafe { points::pid_alloc(pid.as_ptr()) };
}

/// The numbers of `pid` are about to be freed.
#[inline(always)]
pub(crate) fn pid_free(pid: &Pid) {
    // SAFETY: It is valid.
    unsafe { points::pid_free(pid.as_ptr()) };
}

/// A fork into `ns`, or a namespace below it, was refused, because of `refused`.
pub(crate) fn fork_refused(
    ns: &PidNamespace,
    refused: &PidNamespace,
    reason: Refused,
    error: Error,
) {
    // SAFETY: Both are valid.
    unsafe {
        points::pid_ns_fork_refused(
            ns.as_ptr(),
            refused.as_ptr(),
            reason as u32,
            error.to_errno(),
        );
    }
}
