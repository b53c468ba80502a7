// SPDX-License-Identifier: GPL-2.0

//! `kernel.ns_last_pid`: one less than the cursor.

use crate::raw::numbers::LockedNumbers;
use core::ops::RangeInclusive;
use kernel::{
    pid_namespace::PidNamespace,
    prelude::*,
    sysctl::IntSysctl,
    task::CurrentTask, //
};

/// `kernel.ns_last_pid` of the caller's namespace.
///
/// Writing needs `CAP_CHECKPOINT_RESTORE` or `CAP_SYS_ADMIN` over the owner of the namespace: it
/// chooses the number of the next child.
///
/// C counterpart: `pid_ns_ctl_handler()`.
pub(super) struct LastPid;

impl IntSysctl for LastPid {
    type Owner = PidNamespace;

    const NAME: &'static CStr = c"ns_last_pid";
    const MODE: u16 = 0o666;

    fn owner(current: &CurrentTask) -> Result<&PidNamespace> {
        current.active_pid_ns().ok_or(ESRCH)
    }

    fn may_write(ns: &PidNamespace) -> bool {
        ns.user_ns().may_checkpoint_restore()
    }

    fn bounds(ns: &PidNamespace) -> RangeInclusive<i32> {
        0..=ns.pid_max()
    }

    fn get(ns: &PidNamespace) -> i32 {
        // CAST: Numbers fit. A cursor of 0, in a new namespace, shows as -1.
        ns.cursor().wrapping_sub(1) as i32
    }

    fn set(ns: &PidNamespace, last: i32) {
        // CAST: As in `get`.
        LockedNumbers::lock(ns).set_cursor((last as u32).wrapping_add(1));
    }
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
#[kunit_tests(pidns_sysctl_last_pid)]
mod tests {
    use super::*;
    use crate::{
        raw::limits::{
            set_pid_max,
            PID_MAX_LIMIT, //
        },
        testing::{
            as_test_user,
            nested,
            NsChain,
            TestPid, //
        },
    };

    #[test]
    fn last_pid_is_cursor_minus_1() -> Result {
        let ns = nested(1)?;
        assert_eq!(LastPid::get(&ns), -1);

        for last in [0, 1, 300, PID_MAX_LIMIT] {
            LastPid::set(&ns, last);
            assert_eq!(LastPid::get(&ns), last);
        }
        Ok(())
    }

    #[test]
    fn write_sets_next_number() -> Result {
        let ns = NsChain::new(1)?;
        LastPid::set(&ns, 41);
        let pid = TestPid::new(&ns, &[])?;

        assert_eq!(pid.own_nr(), Some(42));
        assert_eq!(LastPid::get(&ns), 42);
        Ok(())
    }

    #[test]
    fn set_tid_keeps_last_pid() -> Result {
        let ns = NsChain::new(1)?;
        let pid = TestPid::new(&ns, &[42])?;

        assert_eq!(LastPid::get(&ns), 1);
        assert_eq!(pid.own_nr(), Some(42));
        Ok(())
    }

    #[test]
    fn bounded_by_pid_max() -> Result {
        let ns = nested(1)?;
        set_pid_max(&ns, 400);

        assert_eq!(LastPid::bounds(&ns), 0..=400);
        Ok(())
    }

    #[test]
    fn write_needs_capability() -> Result {
        let ns = nested(1)?;

        assert!(!as_test_user(false, || LastPid::may_write(&ns))?);
        assert!(as_test_user(true, || LastPid::may_write(&ns))?);
        Ok(())
    }
}
