// SPDX-License-Identifier: GPL-2.0

//! Permissions and ownership of per-namespace sysctls.

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
use kernel::prelude::*;
use kernel::{
    capability::Capability,
    ns::UserNamespace,
    task::{
        CurrentTask,
        Kuid, //
    },
    uidgid::Kgid,
};

/// Returns the permission bits of `current` for a file with mode `mode` in the set of a namespace
/// owned by `user_ns`, repeated for user, group and others.
///
/// Root of `user_ns`, and a task with `CAP_SYS_ADMIN` over it, count as the owner of the file. Does
/// not sleep.
///
/// C counterpart: `pid_table_root_permissions()`.
pub(crate) fn mode(current: &CurrentTask, user_ns: &UserNamespace, mode: u16) -> u16 {
    let class = if user_ns.capable_noaudit(Capability::SysAdmin)
        || user_ns.kuid(0) == Some(Kuid::current_euid())
    {
        Class::Owner
    } else if user_ns
        .kgid(0)
        .is_some_and(|root| current.in_effective_group(root))
    {
        Class::Group
    } else {
        Class::Other
    };

    class.of(mode)
}

/// Returns the owner of such a file: root of `user_ns`, or [`None`] for the global root. Does not
/// sleep.
///
/// C counterpart: `pid_table_root_set_ownership()`.
pub(crate) fn owner(user_ns: &UserNamespace) -> (Option<Kuid>, Option<Kgid>) {
    (user_ns.kuid(0), user_ns.kgid(0))
}

/// The permission bits that apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// The owner's.
    Owner,
    /// The group's.
    Group,
    /// The others'.
    Other,
}

impl Class {
    /// Returns the bits of `mode` for this class, repeated for all three.
    fn of(self, mode: u16) -> u16 {
        let bits = match self {
            Self::Owner => mode >> 6 & 0o7,
            Self::Group => mode >> 3 & 0o7,
            // Others may at most read.
            Self::Other => mode & 0o4,
        };

        bits << 6 | bits << 3 | bits
    }
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
#[kunit_tests(pidns_sysctl)]
mod tests {
    use super::*;
    use crate::testing::as_test_user;
    use kernel::{
        pid::with_current,
        pid_namespace::PidNamespace, //
    };

    #[test]
    fn root_is_owner_others_need_capability() -> Result {
        let user_ns = PidNamespace::initial().user_ns();
        let mode = || with_current(|current| super::mode(current, user_ns, 0o640));

        assert_eq!(mode(), 0o666);
        assert_eq!(as_test_user(true, mode)?, 0o666);
        assert_eq!(as_test_user(false, mode)?, 0);
        Ok(())
    }

    #[test]
    fn class_bits_repeated() {
        assert_eq!(Class::Owner.of(0o644), 0o666);
        assert_eq!(Class::Group.of(0o644), 0o444);
        assert_eq!(Class::Other.of(0o644), 0o444);
        assert_eq!(Class::Owner.of(0o421), 0o444);
        assert_eq!(Class::Group.of(0o421), 0o222);
        assert_eq!(Class::Other.of(0o426), 0o444);
        assert_eq!(Class::Other.of(0o423), 0);
    }

    #[test]
    fn non_permission_bits_dropped() {
        assert_eq!(Class::Owner.of(0o107000), 0);
        assert_eq!(Class::Group.of(0o107707), 0);
        assert_eq!(Class::Other.of(0o177770), 0);
    }
}
