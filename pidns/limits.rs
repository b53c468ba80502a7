// SPDX-License-Identifier: GPL-2.0

//! How many numbers a namespace may give: the bounds of `kernel.pid_max`, and what it starts with.
//!
//! They depend on the number of CPUs and are settled at boot.

use kernel::{
    pid_namespace::PidNamespace,
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
};

/// The least value that `kernel.pid_max` may be set to, in every namespace.
///
/// The reserved numbers must be among those that are given, and so must be one more.
pub(crate) static PID_MAX_MIN: Atomic<i32> = Atomic::new(minimum(0));

/// The greatest value that `kernel.pid_max` may be set to, in every namespace.
pub(crate) static PID_MAX_MAX: i32 = PidNamespace::NUMBER_LIMIT;

/// Settles the bounds for a machine that may come to have `possible_cpus` CPUs, sets the limit of
/// the initial namespace, and tells both in the log.
///
/// C counterpart: the first half of `pid_idr_init()`.
pub(crate) fn init(possible_cpus: u32) {
    let initial = PidNamespace::initial();

    initial.set_pid_max(default(possible_cpus));
    PID_MAX_MIN.store(minimum(possible_cpus), Relaxed);
    pr_info!(
        "default: {} minimum: {}\n",
        initial.pid_max(),
        PID_MAX_MIN.load(Relaxed)
    );
}

/// Returns the least limit that makes sense.
const fn minimum(possible_cpus: u32) -> i32 {
    greater(
        PidNamespace::RESERVED.saturating_add(1),
        times(PidNamespace::MIN_PER_CPU, possible_cpus),
    )
}

/// Returns the limit that the initial namespace starts with.
const fn default(possible_cpus: u32) -> i32 {
    let limit = greater(
        PidNamespace::DEFAULT_PID_MAX,
        times(PidNamespace::DEFAULT_PER_CPU, possible_cpus),
    );

    if limit < PidNamespace::NUMBER_LIMIT {
        limit
    } else {
        PidNamespace::NUMBER_LIMIT
    }
}

/// Returns so many numbers for each CPU.
const fn times(per_cpu: u32, possible_cpus: u32) -> i32 {
    let numbers = per_cpu.saturating_mul(possible_cpus);

    if numbers > i32::MAX as u32 {
        i32::MAX
    } else {
        // CAST: Just checked to fit.
        numbers as i32
    }
}

/// Returns the greater of two numbers.
const fn greater(a: i32, b: i32) -> i32 {
    if a > b {
        a
    } else {
        b
    }
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
#[kunit_tests(pidns_limits)]
mod tests {
    use super::*;

    #[test]
    fn minimum_is_above_the_reserved_numbers() {
        assert_eq!(minimum(0), 301);
        assert_eq!(minimum(1), 301);
        assert_eq!(minimum(37), 301);
    }

    #[test]
    fn minimum_grows_with_the_cpus() {
        assert_eq!(minimum(38), 304);
        assert_eq!(minimum(8192), 65536);
    }

    #[cfg(all(CONFIG_64BIT, not(CONFIG_BASE_SMALL)))]
    #[test]
    fn default_grows_with_the_cpus_up_to_the_limit() {
        assert_eq!(default(1), 32768);
        assert_eq!(default(32), 32768);
        assert_eq!(default(33), 33792);
        assert_eq!(default(4095), 4193280);
        assert_eq!(default(4096), 4194304);
        assert_eq!(default(8192), 4194304);
    }

    #[test]
    fn no_number_of_cpus_overflows() {
        assert_eq!(minimum(u32::MAX), i32::MAX);
        assert_eq!(default(u32::MAX), PidNamespace::NUMBER_LIMIT);
    }

    #[test]
    fn initial_namespace_is_within_the_bounds() {
        let limit = PidNamespace::initial().pid_max();

        assert!(PID_MAX_MIN.load(Relaxed) > PidNamespace::RESERVED);
        assert!(limit >= PID_MAX_MIN.load(Relaxed));
        assert!(limit <= PID_MAX_MAX);
    }
}
