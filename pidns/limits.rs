// SPDX-License-Identifier: GPL-2.0

//! The bounds and the initial value of `kernel.pid_max`, which depend on the number of CPUs.

use crate::raw::limits::{
    set_pid_max,
    PIDS_PER_CPU_DEFAULT,
    PIDS_PER_CPU_MIN,
    PID_MAX_DEFAULT,
    PID_MAX_LIMIT,
    PID_MAX_MIN,
    RESERVED_PIDS, //
};
use kernel::{
    pid_namespace::PidNamespace,
    prelude::*,
    sync::atomic::Relaxed, //
};

/// Sets the lower bound and the limit of the initial namespace for a machine with `possible_cpus`
/// CPUs, and logs both.
///
/// C counterpart: the first half of `pid_idr_init()`.
pub(crate) fn init(possible_cpus: u32) {
    let initial = PidNamespace::initial();

    set_pid_max(initial, default(possible_cpus));
    PID_MAX_MIN.store(minimum(possible_cpus), Relaxed);
    pr_info!(
        "default: {} minimum: {}\n",
        initial.pid_max(),
        PID_MAX_MIN.load(Relaxed)
    );
}

/// Returns the lower bound of `kernel.pid_max`.
fn minimum(possible_cpus: u32) -> i32 {
    (RESERVED_PIDS + 1).max(times(PIDS_PER_CPU_MIN, possible_cpus))
}

/// Returns `kernel.pid_max` of the initial namespace at boot.
fn default(possible_cpus: u32) -> i32 {
    const { assert!(PID_MAX_DEFAULT <= PID_MAX_LIMIT) };
    times(PIDS_PER_CPU_DEFAULT, possible_cpus).clamp(PID_MAX_DEFAULT, PID_MAX_LIMIT)
}

/// Returns `per_cpu` numbers for each CPU, saturating.
fn times(per_cpu: u32, possible_cpus: u32) -> i32 {
    i32::try_from(per_cpu.saturating_mul(possible_cpus)).unwrap_or(i32::MAX)
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
#[kunit_tests(pidns_limits)]
mod tests {
    use super::*;
    use crate::raw::limits::possible_cpus;

    #[test]
    fn minimum_above_reserved_pids() {
        assert_eq!(minimum(0), 301);
        assert_eq!(minimum(1), 301);
        assert_eq!(minimum(37), 301);
    }

    #[test]
    fn minimum_grows_with_cpus() {
        assert_eq!(minimum(38), 304);
        assert_eq!(minimum(8192), 65536);
    }

    #[cfg(all(CONFIG_64BIT, not(CONFIG_BASE_SMALL)))]
    #[test]
    fn default_grows_with_cpus() {
        assert_eq!(default(1), 32768);
        assert_eq!(default(32), 32768);
        assert_eq!(default(33), 33792);
        assert_eq!(default(4095), 4193280);
        assert_eq!(default(4096), 4194304);
        assert_eq!(default(8192), 4194304);
    }

    #[test]
    fn no_overflow() {
        assert_eq!(minimum(u32::MAX), i32::MAX);
        assert_eq!(default(u32::MAX), PID_MAX_LIMIT);
    }

    #[test]
    fn minimum_matches_cpus() {
        let cpus = possible_cpus();

        assert!(cpus > 0);
        assert_eq!(PID_MAX_MIN.load(Relaxed), minimum(cpus));
    }

    #[test]
    fn initial_pid_max_in_bounds() {
        let limit = PidNamespace::initial().pid_max();

        assert!(PID_MAX_MIN.load(Relaxed) > RESERVED_PIDS);
        assert!(limit >= PID_MAX_MIN.load(Relaxed));
        assert!(limit <= PID_MAX_LIMIT);
    }
}
