// SPDX-License-Identifier: GPL-2.0

//! Limits of PIDs: C's constants, and `pid_max` of a namespace.
//!
//! C headers: [`include/linux/threads.h`](srctree/include/linux/threads.h),
//! [`include/linux/pid.h`](srctree/include/linux/pid.h)

use kernel::{
    bindings,
    pid_namespace::PidNamespace,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
};

/// Upper limit of `kernel.pid_max`.
pub(crate) const PID_MAX_LIMIT: i32 = bindings::PID_MAX_LIMIT;

/// Lower bound of `kernel.pid_max`, set at boot.
pub(crate) static PID_MAX_MIN: Atomic<i32> = Atomic::new(RESERVED_PIDS + 1);

/// Upper bound of `kernel.pid_max`.
#[cfg(CONFIG_SYSCTL)]
pub(crate) static PID_MAX_MAX: i32 = PID_MAX_LIMIT;

/// `kernel.pid_max` of the initial namespace with few CPUs.
pub(crate) const PID_MAX_DEFAULT: i32 = bindings::PID_MAX_DEFAULT;

/// Numbers per CPU that the initial namespace's limit is raised to.
pub(crate) const PIDS_PER_CPU_DEFAULT: u32 = bindings::PIDS_PER_CPU_DEFAULT;

/// Numbers per CPU that `kernel.pid_max` must allow.
pub(crate) const PIDS_PER_CPU_MIN: u32 = bindings::PIDS_PER_CPU_MIN;

/// The number of a namespace's init, the lowest that is allocated.
pub(crate) const INIT: i32 = 1;

/// Lower numbers are not reused: after a wrap the search starts here.
pub(crate) const RESERVED_PIDS: i32 = bindings::RESERVED_PIDS as i32;

/// Sets `kernel.pid_max` of `ns`.
#[inline]
pub(crate) fn set_pid_max(ns: &PidNamespace, limit: i32) {
    // SAFETY: `ns` is valid, and the field is only accessed by single loads and stores.
    unsafe { Atomic::from_ptr(&raw mut (*ns.as_ptr()).pid_max) }.store(limit, Relaxed);
}

/// Returns the number of possible CPUs.
#[doc(alias = "num_possible_cpus")]
pub(crate) fn possible_cpus() -> u32 {
    // SAFETY: The mask is set early at boot.
    unsafe { bindings::num_possible_cpus() }
}
