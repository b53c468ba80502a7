// SPDX-License-Identifier: GPL-2.0

//! `kernel.ns_last_pid`: where the search for the next number begins.

use core::ops::RangeInclusive;
use kernel::{
    pid_namespace::PidNamespace,
    prelude::*,
    sysctl::IntSysctl,
    task::CurrentTask, //
};

/// The number before the cursor of the caller's namespace.
///
/// Everybody may read it. To write it takes the right to checkpoint and restore in the namespace:
/// whoever restores a process chooses the number of its next child by this.
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

    fn may_write(ns: &PidNamespace) -> Result {
        if ns.user_ns().may_checkpoint_restore() {
            Ok(())
        } else {
            Err(EPERM)
        }
    }

    fn bounds(ns: &PidNamespace) -> RangeInclusive<i32> {
        0..=ns.pid_max()
    }

    fn get(ns: &PidNamespace) -> i32 {
        // CAST: Numbers fit; a cursor at 0, where no number came before, shows as -1.
        ns.cursor().wrapping_sub(1) as i32
    }

    fn set(ns: &PidNamespace, last: i32) {
        // CAST: The way back.
        ns.set_cursor((last as u32).wrapping_add(1));
    }
}
