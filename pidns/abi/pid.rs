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

/// Makes it possible to allocate pids in the initial namespace.
///
/// # Safety
///
/// * It is called once, at boot, before the first clone.
#[export]
pub(crate) unsafe extern "C" fn pid_idr_init() {
    limits::init(possible_cpus());
    // SAFETY: The caller promises that nothing of this is used or prepared yet.
    unsafe { PidCaches::init() };
    // Without memory this has panicked.
    let _ = caches::create_initial().map(|cache| {
        // SAFETY: As above.
        unsafe { state::init_initial(cache) }
    });
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
    let wanted = if set_tid_size == 0 {
        &[]
    } else {
        // SAFETY: The caller promises so many elements.
        unsafe { core::slice::from_raw_parts(set_tid, set_tid_size) }
    };

    match allocator::alloc(ns, wanted) {
        Ok(pid) => pid.into_raw().cast().as_ptr(),
        Err(error) => error.to_ptr(),
    }
}

/// Frees the numbers of a pid.
///
/// Out of line, so that a probe here sees each pid that an exit frees.
///
/// # Safety
///
/// * `pid` comes from `alloc_pid()`, or lost its last user by `detach_pid()` or `change_pid()`, and
///   is the caller's to free.
#[export]
#[inline(never)]
pub(crate) unsafe extern "C" fn free_pid(pid: *mut bindings::pid) {
    if let Some(pid) = NonNull::new(pid.cast::<Pid>()) {
        // SAFETY: The caller passes ownership.
        allocator::free(unsafe { UnusedPid::from_raw(pid) });
    }
}

/// Frees the numbers of all pids in an array.
///
/// # Safety
///
/// * `pids` has an element for each use of a pid, as `detach_pid()` and `change_pid()` left
///   them.
#[export]
pub(crate) unsafe extern "C" fn free_pids(pids: *mut *mut bindings::pid) {
    // SAFETY: The caller promises that the array is valid, and its elements are owned or null.
    for pid in unsafe { UnusedPids::from_ptr(pids) }.take_all() {
        // SAFETY: The pid passes to the function.
        unsafe { free_pid(pid.into_raw().cast().as_ptr()) };
    }
}

/// Drops a reference to a pid. Does not sleep.
///
/// # Safety
///
/// * `pid` is null, or valid with a reference that the caller gives up.
#[export]
pub(crate) unsafe extern "C" fn put_pid(pid: *mut bindings::pid) {
    if let Some(pid) = NonNull::new(pid.cast::<Pid>()) {
        // SAFETY: The caller gives up a reference.
        unsafe { free::put(pid) };
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
    allocator::disable(unsafe { PidNamespace::from_ptr(ns) });
}

/// Converts a pid for C: null if there is none.
pub(super) fn to_ptr(pid: Option<&Pid>) -> *mut bindings::pid {
    pid.map_or(ptr::null_mut(), Pid::as_ptr)
}
