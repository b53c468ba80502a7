// SPDX-License-Identifier: GPL-2.0

//! The sysctls that every PID namespace has for itself: `kernel.pid_max`.
//!
//! Each namespace has a set of its own, and a task sees in `/proc/sys` that of the namespace it
//! lives in.
//!
//! C header: [`include/linux/pid_namespace.h`](srctree/include/linux/pid_namespace.h)

use crate::{
    ns::UserNamespace,
    pid_namespace::PidNamespace,
    prelude::*,
    sync::{
        atomic::Atomic,
        SetOnce, //
    },
    task::{
        CurrentTask,
        Kuid, //
    },
    uidgid::Kgid,
};

#[cfg(not(CONFIG_SYSCTL))]
mod no_set;
#[cfg(CONFIG_SYSCTL)]
mod set;

#[cfg(not(CONFIG_SYSCTL))]
use self::no_set as set;
pub(super) use self::set::{
    register,
    unregister, //
};

#[cfg(CONFIG_SYSCTL)]
pub use self::set::PidSysctlRoot;

/// Permission policy for per-namespace sysctls.
///
/// None of the functions may sleep: some are called with a spinlock held. And none is given the
/// namespace itself, for it may have lost its last reference.
pub trait PidSysctlPolicy: 'static {
    /// Returns the root of the sets, which must be the same every time.
    #[cfg(CONFIG_SYSCTL)]
    fn root() -> &'static PidSysctlRoot;

    /// Returns the least and the greatest value that `kernel.pid_max` may be set to.
    fn pid_max_bounds() -> (&'static Atomic<i32>, &'static i32);

    /// Returns what the current task may do with a file of the given `mode` whose namespace
    /// `user_ns` owns: permission bits, the same three for everybody.
    fn mode(current: &CurrentTask, user_ns: &UserNamespace, mode: u16) -> u16;

    /// Returns the user and the group that such a file is shown to belong to, unless it is the
    /// superuser.
    fn owner(user_ns: &UserNamespace) -> (Option<Kuid>, Option<Kgid>);
}

impl PidNamespace {
    /// Gives the initial namespace its sysctls.
    ///
    /// Returns `ENOMEM`, and `EEXIST` if this has been called before. May sleep.
    pub fn register_initial_sysctls<P: PidSysctlPolicy>() -> Result {
        static CALLED: SetOnce<()> = SetOnce::new();

        if !CALLED.populate(()) {
            return Err(EEXIST);
        }
        // SAFETY: The initial namespace is there from the beginning to the end, and this is the
        // first call.
        unsafe { register::<P>(Self::initial().as_ptr()) }
    }

    /// Gives the namespace its sysctls. Most get them when they are made.
    ///
    /// Returns `ENOMEM`, and leaves nothing behind then. May sleep.
    ///
    /// # Safety
    ///
    /// The namespace must have no sysctls, nobody else may give it some meanwhile, and they must be
    /// taken away by [`Self::unregister_sysctls`] before it ends.
    #[doc(alias = "register_pidns_sysctls")]
    pub unsafe fn register_sysctls<P: PidSysctlPolicy>(&self) -> Result {
        // SAFETY: `self` is valid and whole; the caller promises the rest.
        unsafe { register::<P>(self.as_ptr()) }
    }

    /// Takes the sysctls of the namespace away. May sleep.
    ///
    /// # Safety
    ///
    /// It must have some, and nobody else may do this.
    #[doc(alias = "unregister_pidns_sysctls")]
    pub unsafe fn unregister_sysctls(&self) {
        // SAFETY: `self` is valid; the caller promises the rest.
        unsafe { unregister(self.as_ptr()) };
    }
}
