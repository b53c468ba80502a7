// SPDX-License-Identifier: GPL-2.0

//! The functions of `kernel/pid.c`: allocating and freeing pids. Prototypes: `include/linux/pid.h`
//! and `pidns/glue.h`.

use crate::{
    allocator, caches, limits,
    raw::{
        cache::PidCaches,
        free::{
            self,
            UnusedPid,
            UnusedPids, //
        },
        limits::possible_cpus,
        state,
    },
};
use core::ptr::{
    self,
    NonNull, //
};
use kernel::{
    bindings,
    pid::Pid,
    pid_namespace::PidNamespace,
    prelude::*, //
};

mod links;
pub(super) mod lookup;
mod pidfd;
pub(crate) mod sysctl;

/// Prepares the initial namespace for PID allocation.
///
/// # Safety
///
/// * Called once at boot, before the first clone.
#[export]
pub(crate) unsafe extern "C" fn pid_idr_init() {
    limits::init(possible_cpus());
    // SAFETY: The caller promises that this is the only call, and that no caches are used yet.
    unsafe { PidCaches::init() };
    // With `SLAB_PANIC` it never fails.
    if let Ok(cache) = caches::create_initial() {
        // SAFETY: As above.
        unsafe { state::init_initial(cache) };
    }
}

/// Allocates a pid.
///
/// # Safety
///
/// * `ns` is valid.
/// * `set_tid` has `set_tid_size` elements; it may be null if that is 0.
/// * The caller may sleep.
#[export]
pub(crate) unsafe extern "C" fn alloc_pid(
    ns: *mut bindings::pid_namespace,
    set_tid: *mut bindings::pid_t,
    set_tid_size: usize,
) -> *mut bindings::pid {
    // SAFETY: The caller promises that it is valid.
    let ns = unsafe { PidNamespace::from_ptr(ns) };
    let set_tid = if set_tid_size == 0 {
        &[]
    } else {
        // SAFETY: The caller promises that many elements.
        unsafe { core::slice::from_raw_parts(set_tid, set_tid_size) }
    };

    match allocator::alloc_pid(ns, set_tid) {
        Ok(pid) => pid.into_raw().cast().as_ptr(),
        Err(error) => error.to_ptr(),
    }
}

/// Frees the numbers of a pid.
///
/// Out of line so that a probe sees each pid that an exit frees.
///
/// # Safety
///
/// * `pid` comes from `alloc_pid()`, or from `detach_pid()` or `change_pid()` as no longer used,
///   and ownership passes to this function.
#[export]
#[inline(never)]
pub(crate) unsafe extern "C" fn free_pid(pid: *mut bindings::pid) {
    if let Some(pid) = NonNull::new(pid.cast::<Pid>()) {
        // SAFETY: The caller passes ownership.
        allocator::free_pid(unsafe { UnusedPid::from_raw(pid) });
    }
}

/// Frees the numbers of all pids in an array.
///
/// # Safety
///
/// * `pids` has an element for each `enum pid_type`, as `detach_pid()` and `change_pid()` left it.
#[export]
pub(crate) unsafe extern "C" fn free_pids(pids: *mut *mut bindings::pid) {
    // SAFETY: The caller promises that the array is valid, and its elements are owned or null.
    for pid in unsafe { UnusedPids::from_ptr(pids) }.take_all() {
        // SAFETY: Ownership of the pid passes to the function.
        unsafe { free_pid(pid.into_raw().cast().as_ptr()) };
    }
}

/// Drops a reference to a pid. Does not sleep.
///
/// # Safety
///
/// * `pid` is null, or valid with a reference that is passed.
#[export]
pub(crate) unsafe extern "C" fn put_pid(pid: *mut bindings::pid) {
    if let Some(pid) = NonNull::new(pid.cast::<Pid>()) {
        // SAFETY: The caller passes a reference.
        unsafe { free::put_pid(pid) };
    }
}

/// Disables PID allocation in a namespace.
///
/// # Safety
///
/// * `ns` is valid.
#[export]
pub(crate) unsafe extern "C" fn disable_pid_allocation(ns: *mut bindings::pid_namespace) {
    // SAFETY: The caller promises that it is valid.
    allocator::disable_pid_allocation(unsafe { PidNamespace::from_ptr(ns) });
}

/// Converts a pid for C: null if there is none.
pub(super) fn to_ptr(pid: Option<&Pid>) -> *mut bindings::pid {
    pid.map_or(ptr::null_mut(), Pid::as_ptr)
}
