// SPDX-License-Identifier: GPL-2.0

//! `vm.memfd_noexec`: whether memfds may be executable.
//!
//! The strictest value of a namespace and its ancestors applies.

use crate::raw::state::{
    memfd_noexec_scope,
    set_memfd_noexec_scope, //
};
use core::ops::RangeInclusive;
use kernel::{
    capability::Capability,
    pid_namespace::PidNamespace,
    prelude::*,
    sysctl::IntSysctl,
    task::CurrentTask, //
};

/// `MEMFD_NOEXEC_SCOPE_EXEC`: executable unless `MFD_NOEXEC_SEAL` is given. The default.
const EXEC: i32 = 0;

/// `MEMFD_NOEXEC_SCOPE_NOEXEC_ENFORCED`: `MFD_EXEC` is refused.
const NOEXEC_ENFORCED: i32 = 2;

/// Returns the effective value in `ns`.
///
/// C counterpart: `pidns_memfd_noexec_scope()`.
pub(crate) fn effective(ns: &PidNamespace) -> i32 {
    ns.self_and_ancestors()
        .map(memfd_noexec_scope)
        .fold(EXEC, i32::max)
}

/// `vm.memfd_noexec` of the caller's namespace, which cannot be lower than its parent's.
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

    fn may_write(ns: &PidNamespace) -> bool {
        ns.user_ns().capable(Capability::SysAdmin)
    }

    fn bounds(ns: &PidNamespace) -> RangeInclusive<i32> {
        ns.parent().map_or(EXEC, effective)..=NOEXEC_ENFORCED
    }

    fn get(ns: &PidNamespace) -> i32 {
        effective(ns)
    }

    fn set(ns: &PidNamespace, scope: i32) {
        set_memfd_noexec_scope(ns, scope);
    }
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
#[kunit_tests(pidns_sysctl_memfd_noexec)]
mod tests {
    use super::*;
    use crate::testing::{
        as_test_user,
        child,
        nested,
        NsChain, //
    };

    #[test]
    fn strictest_ancestor_applies() -> Result {
        let chain = NsChain::new(4)?;
        set_memfd_noexec_scope(chain.at(1)?, 1);
        set_memfd_noexec_scope(chain.at(3)?, 2);

        for (level, rule) in [(0, 0), (1, 1), (2, 1), (3, 2), (4, 2)] {
            assert_eq!(effective(chain.at(level)?), rule);
            assert_eq!(MemfdNoexec::get(chain.at(level)?), rule);
        }
        Ok(())
    }

    #[test]
    fn laxer_child_value_ignored() -> Result {
        let chain = NsChain::new(2)?;
        set_memfd_noexec_scope(chain.at(1)?, 2);
        set_memfd_noexec_scope(chain.at(2)?, 1);

        assert_eq!(effective(&chain), 2);
        // It applies once the outer one is lower.
        set_memfd_noexec_scope(chain.at(1)?, 0);
        assert_eq!(effective(&chain), 1);
        Ok(())
    }

    #[test]
    fn child_inherits_effective_value() -> Result {
        let outer = nested(1)?;
        set_memfd_noexec_scope(&outer, 2);
        let inner = child(&*child(&outer)?)?;
        set_memfd_noexec_scope(&outer, 0);

        assert_eq!(memfd_noexec_scope(&inner), 2);
        Ok(())
    }

    #[test]
    fn stricter_than_parent() -> Result {
        let outer = nested(1)?;
        let inner = child(&outer)?;
        set_memfd_noexec_scope(&outer, 1);
        set_memfd_noexec_scope(&inner, 2);

        assert_eq!(MemfdNoexec::bounds(&outer), 0..=2);
        assert_eq!(MemfdNoexec::bounds(&inner), 1..=2);
        assert_eq!(MemfdNoexec::bounds(PidNamespace::initial()), 0..=2);
        Ok(())
    }

    #[test]
    fn write_needs_capability() -> Result {
        let ns = nested(1)?;

        assert!(!as_test_user(false, || MemfdNoexec::may_write(&ns))?);
        assert!(as_test_user(true, || MemfdNoexec::may_write(&ns))?);
        Ok(())
    }
}
