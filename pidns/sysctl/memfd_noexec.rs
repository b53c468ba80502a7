// SPDX-License-Identifier: GPL-2.0

//! `vm.memfd_noexec`: whether memory file descriptors may be executed.
//!
//! The strictest rule on the way from a namespace to the initial one holds.

use core::ops::RangeInclusive;
use kernel::{
    capability::Capability,
    pid_namespace::PidNamespace,
    prelude::*,
    sysctl::IntSysctl,
    task::CurrentTask, //
};

/// They may, unless whoever makes one says otherwise. This is where the initial namespace starts.
const EXEC: i32 = 0;

/// They may not, whatever is said. The value in between stands for: only if it is said.
const NOEXEC_ENFORCED: i32 = 2;

/// Returns the rule that holds in `ns`.
///
/// C counterpart: `pidns_memfd_noexec_scope()`.
pub(crate) fn effective(ns: &PidNamespace) -> i32 {
    ns.lineage()
        .map(PidNamespace::memfd_noexec_scope)
        .fold(EXEC, i32::max)
}

/// The rule of the caller's namespace, which cannot be made laxer than its parent's.
///
/// C counterpart: `pid_mfd_noexec_dointvec_minmax()`.
pub(super) struct MemfdNoexec;

impl IntSysctl for MemfdNoexec {
    type Owner = PidNamespace;

    const NAME: &'static CStr = c"memfd_noexec";
    const MODE: u16 = 0o644;

    fn owner(current: &CurrentTask) -> Result<&PidNamespace> {
        current.active_pid_ns().ok_or(ESRCH)
    }

    fn may_write(ns: &PidNamespace) -> Result {
        if ns.user_ns().capable(Capability::SysAdmin) {
            Ok(())
        } else {
            Err(EPERM)
        }
    }

    fn bounds(ns: &PidNamespace) -> RangeInclusive<i32> {
        ns.parent().map_or(EXEC, effective)..=NOEXEC_ENFORCED
    }

    fn get(ns: &PidNamespace) -> i32 {
        effective(ns)
    }

    fn set(ns: &PidNamespace, scope: i32) {
        ns.set_memfd_noexec_scope(scope);
    }
}
