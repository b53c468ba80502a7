// SPDX-License-Identifier: GPL-2.0

//! The functions of `kernel/pid.c`: pidfds. Prototypes: `include/linux/pid.h` and `pidns/glue.h`.

use crate::pidfd;
use kernel::{
    bindings,
    current,
    error::from_result,
    prelude::*,
    sync::aref::ARef,
    syscall::Caller, //
};

/// Returns the pid of a pidfd, with a reference, or an error pointer.
///
/// # Safety
///
/// * `flags` is valid for writes. It is written only on success.
#[export]
pub(crate) unsafe extern "C" fn pidfd_get_pid(
    fd: c_uint,
    flags: *mut c_uint,
) -> *mut bindings::pid {
    match pidfd::get_pid(fd) {
        Ok((pid, file_flags)) => {
            // SAFETY: The caller promises that it is valid for writes.
            unsafe { *flags = file_flags };
            ARef::into_raw(pid).cast().as_ptr()
        }
        Err(err) => err.to_ptr(),
    }
}

/// Returns the task of a pidfd, with a reference, or an error pointer.
///
/// # Safety
///
/// * `flags` is valid for writes. It is written only on success.
#[export]
pub(crate) unsafe extern "C" fn pidfd_get_task(
    pidfd: c_int,
    flags: *mut c_uint,
) -> *mut bindings::task_struct {
    match pidfd::get_task(current!(), pidfd) {
        Ok((task, file_flags)) => {
            // SAFETY: The caller promises that it is valid for writes.
            unsafe { *flags = file_flags };
            ARef::into_raw(task).cast().as_ptr()
        }
        Err(err) => err.to_ptr(),
    }
}

/// Implements `pidfd_open(2)`.
///
/// # Safety
///
/// * Called by the system call's entry only.
#[export]
pub(crate) unsafe extern "C" fn pidns_pidfd_open(nr: bindings::pid_t, flags: c_uint) -> c_int {
    let current = current!();
    // SAFETY: The caller promises that the task is in `pidfd_open(2)`, which keeps its address
    // space, files and `fs`. Credentials are not overridden at a system call's entry.
    let caller = unsafe { Caller::new(current) };

    // CAST: Descriptors fit.
    from_result(|| pidfd::open(&caller, nr, flags).map(|fd| fd as c_int))
}

/// Implements `pidfd_getfd(2)`.
///
/// # Safety
///
/// * Called by the system call's entry only.
#[export]
pub(crate) unsafe extern "C" fn pidns_pidfd_getfd(pidfd: c_int, fd: c_int, flags: c_uint) -> c_int {
    let current = current!();
    // SAFETY: The caller promises that the task is in `pidfd_getfd(2)`, which keeps its address
    // space, files and `fs`. Credentials are not overridden at a system call's entry.
    let caller = unsafe { Caller::new(current) };

    // CAST: A negative number becomes one that no descriptor has; descriptors fit.
    from_result(|| pidfd::getfd(&caller, pidfd as u32, fd as u32, flags).map(|fd| fd as c_int))
}
