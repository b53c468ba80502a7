// SPDX-License-Identifier: GPL-2.0

//! The sysctls of PID namespaces: which there are, and who may use them.
//!
//! `kernel.pid_max` is in a set that every namespace has of its own. `kernel.ns_last_pid` and
//! `vm.memfd_noexec` are one file each, which is about the namespace of whoever opens it up.

#[cfg(CONFIG_SYSCTL)]
use kernel::ns::pid::PidSysctlRoot;
use kernel::{
    capability::Capability,
    ns::{
        pid::PidSysctlPolicy,
        UserNamespace, //
    },
    pid_namespace::PidNamespace,
    prelude::*,
    sync::atomic::Atomic,
    task::{
        CurrentTask,
        Kuid, //
    },
    uidgid::Kgid,
};

use crate::limits;

#[cfg(all(CONFIG_SYSCTL, CONFIG_CHECKPOINT_RESTORE))]
mod last_pid;
#[cfg(all(CONFIG_SYSCTL, CONFIG_MEMFD_CREATE))]
pub(crate) mod memfd_noexec;

/// The policy of the sets of sysctls that PID namespaces have of their own.
///
/// A task sees the set of the namespace that it lives in. Who counts as a file's owner there are
/// the superuser of the user namespace that owns the namespace and whoever is capable over it.
pub(crate) struct Sysctls;

#[cfg(CONFIG_SYSCTL)]
static ROOT: PidSysctlRoot = PidSysctlRoot::new::<Sysctls>();

impl PidSysctlPolicy for Sysctls {
    #[cfg(CONFIG_SYSCTL)]
    fn root() -> &'static PidSysctlRoot {
        &ROOT
    }

    fn pid_max_bounds() -> (&'static Atomic<i32>, &'static i32) {
        (&limits::PID_MAX_MIN, &limits::PID_MAX_MAX)
    }

    fn seen_by(current: &CurrentTask) -> Option<&PidNamespace> {
        current.active_pid_ns()
    }

    fn mode(current: &CurrentTask, user_ns: &UserNamespace, mode: u16) -> u16 {
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

    fn owner(user_ns: &UserNamespace) -> (Option<Kuid>, Option<Kgid>) {
        (user_ns.kuid(0), user_ns.kgid(0))
    }
}

/// Whose permission bits of a file's mode count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// Those of the file's owner.
    Owner,
    /// Those of the file's group.
    Group,
    /// Those of everybody else.
    Other,
}

impl Class {
    /// Returns a mode in which everybody has the bits of `mode` that this class has.
    fn of(self, mode: u16) -> u16 {
        let shift = match self {
            Self::Owner => 6,
            Self::Group => 3,
            Self::Other => 0,
        };
        let bits = mode >> shift & 0o7;

        bits << 6 | bits << 3 | bits
    }
}

/// Gives the initial namespace its set.
///
/// Returns `ENOMEM`. The kernel can go on then, since the limit holds without a file to change it
/// by. So, unlike in C, this is no reason to stop the machine. May sleep.
///
/// C counterpart: `pid_namespace_sysctl_init()`.
pub(crate) fn init_pid_max() -> Result {
    PidNamespace::register_initial_sysctls::<Sysctls>()
        .inspect_err(|err| pr_err!("kernel.pid_max cannot be registered: {err:?}\n"))
}

/// Makes the files that there is one of.
///
/// What cannot be made is told in the log, and left out. May sleep.
///
/// C counterpart: a part of `pid_namespaces_init()`.
pub(crate) fn init_tables() {
    #[cfg(all(CONFIG_SYSCTL, CONFIG_CHECKPOINT_RESTORE))]
    if let Err(err) = kernel::sysctl::register::<last_pid::LastPid>(c"kernel") {
        pr_err!("kernel.ns_last_pid cannot be registered: {err:?}\n");
    }
    #[cfg(all(CONFIG_SYSCTL, CONFIG_MEMFD_CREATE))]
    if let Err(err) = kernel::sysctl::register::<memfd_noexec::MemfdNoexec>(c"vm") {
        pr_err!("vm.memfd_noexec cannot be registered: {err:?}\n");
    }
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
#[kunit_tests(pidns_sysctl)]
mod tests {
    use super::*;

    #[test]
    fn a_class_gives_its_bits_to_all() {
        assert_eq!(Class::Owner.of(0o644), 0o666);
        assert_eq!(Class::Group.of(0o644), 0o444);
        assert_eq!(Class::Other.of(0o644), 0o444);
        assert_eq!(Class::Owner.of(0o421), 0o444);
        assert_eq!(Class::Group.of(0o421), 0o222);
        assert_eq!(Class::Other.of(0o421), 0o111);
    }

    #[test]
    fn what_is_no_permission_bit_is_dropped() {
        assert_eq!(Class::Owner.of(0o107000), 0);
        assert_eq!(Class::Group.of(0o107707), 0);
        assert_eq!(Class::Other.of(0o177770), 0);
    }
}
