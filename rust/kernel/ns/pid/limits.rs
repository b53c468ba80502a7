// SPDX-License-Identifier: GPL-2.0

//! The limits of numbers.
//!
//! C headers: [`include/linux/threads.h`](srctree/include/linux/threads.h),
//! [`include/linux/pid.h`](srctree/include/linux/pid.h)

use crate::{
    bindings,
    pid_namespace::PidNamespace,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
};

impl PidNamespace {
    /// No number reaches this, whatever a namespace allows.
    #[doc(alias = "PID_MAX_LIMIT")]
    pub const NUMBER_LIMIT: i32 = bindings::PID_MAX_LIMIT;

    /// What the initial namespace allows on a machine with few CPUs.
    #[doc(alias = "PID_MAX_DEFAULT")]
    pub const DEFAULT_PID_MAX: i32 = bindings::PID_MAX_DEFAULT;

    /// How many numbers the initial namespace allows for each CPU, if that is more.
    #[doc(alias = "PIDS_PER_CPU_DEFAULT")]
    pub const DEFAULT_PER_CPU: u32 = bindings::PIDS_PER_CPU_DEFAULT;

    /// How many numbers every namespace allows for each CPU.
    #[doc(alias = "PIDS_PER_CPU_MIN")]
    pub const MIN_PER_CPU: u32 = bindings::PIDS_PER_CPU_MIN;

    /// Lower numbers than this are given once: after the wrap the search for a free number begins
    /// here.
    #[doc(alias = "RESERVED_PIDS")]
    pub const RESERVED: i32 = bindings::RESERVED_PIDS as i32;

    /// Changes the limit below which numbers are given.
    #[inline]
    pub fn set_pid_max(&self, limit: i32) {
        // SAFETY: `self` is valid, and the field is only accessed with single loads and stores.
        unsafe { Atomic::from_ptr(&raw mut (*self.as_ptr()).pid_max) }.store(limit, Relaxed);
    }
}

/// Returns how many CPUs the machine may come to have.
///
/// # Examples
///
/// ```
/// use kernel::ns::pid::possible_cpus;
///
/// assert!(possible_cpus() >= 1);
/// ```
#[doc(alias = "num_possible_cpus")]
pub fn possible_cpus() -> u32 {
    // SAFETY: It may be called at any time after the first lines of boot.
    unsafe { bindings::num_possible_cpus() }
}
