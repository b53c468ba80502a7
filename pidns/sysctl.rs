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
        let bits = match self {
            Self::Owner => mode >> 6 & 0o7,
            Self::Group => mode >> 3 & 0o7,
            // Whoever is neither may read at most.
            Self::Other => mode & 0o4,
        };

        bits << 6 | bits << 3 | bits
    }
}

/// Gives the initial namespace its set.
///
/// Returns `ENOMEM`, and says so in the log. The kernel can go on then, since the limit holds
/// without a file to change it by. So, unlike in C, this is no reason to stop the machine. May
/// sleep.
///
/// C counterpart: `pid_namespace_sysctl_init()`.
pub(crate) fn init_pid_max() -> Result {
    logged(
        "kernel.pid_max",
        PidNamespace::register_initial_sysctls::<Sysctls>(),
    )
}

/// Makes the files that there is one of.
///
/// Returns `ENOMEM` if one of them cannot be made, and says in the log which. The other is made
/// all the same. May sleep.
///
/// C counterpart: a part of `pid_namespaces_init()`.
pub(crate) fn init_tables() -> Result {
    [
        #[cfg(all(CONFIG_SYSCTL, CONFIG_CHECKPOINT_RESTORE))]
        logged(
            "kernel.ns_last_pid",
            kernel::sysctl::register::<last_pid::LastPid>(c"kernel"),
        ),
        #[cfg(all(CONFIG_SYSCTL, CONFIG_MEMFD_CREATE))]
        logged(
            "vm.memfd_noexec",
            kernel::sysctl::register::<memfd_noexec::MemfdNoexec>(c"vm"),
        ),
    ]
    .into_iter()
    .fold(Ok(()), Result::and)
}

/// Returns `registered`, and tells the log why there is no file `name`: nobody reads what an
/// initcall returns.
fn logged(name: &str, registered: Result) -> Result {
    registered.inspect_err(|error| pr_err!("there is no sysctl {name}: {error:?}\n"))
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
#[kunit_tests(pidns_sysctl)]
mod tests {
    use super::*;
    use crate::testing::as_some_user;
    use kernel::pid::with_current;

    #[test]
    fn the_superuser_is_the_owner_and_others_need_a_capability() -> Result {
        let user_ns = PidNamespace::initial().user_ns();
        let mode = || with_current(|current| Sysctls::mode(current, user_ns, 0o640));

        assert_eq!(mode(), 0o666);
        assert_eq!(as_some_user(true, mode)?, 0o666);
        assert_eq!(as_some_user(false, mode)?, 0);
        Ok(())
    }

    #[test]
    fn a_class_gives_its_bits_to_all() {
        assert_eq!(Class::Owner.of(0o644), 0o666);
        assert_eq!(Class::Group.of(0o644), 0o444);
        assert_eq!(Class::Other.of(0o644), 0o444);
        assert_eq!(Class::Owner.of(0o421), 0o444);
        assert_eq!(Class::Group.of(0o421), 0o222);
        assert_eq!(Class::Other.of(0o426), 0o444);
        assert_eq!(Class::Other.of(0o423), 0);
    }

    #[test]
    fn what_is_no_permission_bit_is_dropped() {
        assert_eq!(Class::Owner.of(0o107000), 0);
        assert_eq!(Class::Group.of(0o107707), 0);
        assert_eq!(Class::Other.of(0o177770), 0);
    }
}
