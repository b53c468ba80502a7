// SPDX-License-Identifier: GPL-2.0

//! PID namespaces: where they stand in the hierarchy, and what they limit.
//!
//! C header: [`include/linux/pid_namespace.h`](srctree/include/linux/pid_namespace.h)

use super::{
    impl_namespace,
    FromCommon,
    Namespace,
    NsType,
    UserNamespace, //
};
use crate::{
    bindings,
    pid::PidType,
    pid_namespace::PidNamespace,
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{
            Atomic,
            Relaxed, //
        },
        rcu, //
    },
    task::Task,
};

mod dead;
mod limits;
mod new;
mod reaper;
mod state;
mod sysctl;
#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
mod testing;

pub use self::{
    limits::possible_cpus,
    new::NewPidNamespace,
    reaper::{
        end_current,
        ExitingInit, //
    },
    state::{
        ExitSignal,
        PidNsLife, //
    },
    sysctl::PidSysctlPolicy,
};

#[cfg(CONFIG_SYSCTL)]
pub use self::sysctl::PidSysctlRoot;

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
pub use self::testing::TestReaper;

impl_namespace!(PidNamespace, NsType::Pid, common: |ptr| &raw const (*ptr).ns);

// SAFETY: The type is a transparent wrapper, and this is where `impl_namespace` takes it from.
unsafe impl FromCommon for PidNamespace {
    const OFFSET: usize = core::mem::offset_of!(bindings::pid_namespace, ns);
}

impl PartialEq for PidNamespace {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        core::ptr::eq(self, other)
    }
}

impl Eq for PidNamespace {}

impl PidNamespace {
    /// How deep namespaces nest below the initial one, which is at level 0.
    #[doc(alias = "MAX_PID_NS_LEVEL")]
    pub const MAX_LEVEL: u32 = bindings::MAX_PID_NS_LEVEL;

    /// Returns the initial namespace.
    #[doc(alias = "init_pid_ns")]
    #[inline]
    pub fn initial() -> &'static Self {
        // SAFETY: It exists from the beginning to the end.
        unsafe { Self::from_ptr(&raw const bindings::init_pid_ns) }
    }

    /// Tells whether this is the initial namespace.
    #[inline]
    pub fn is_initial(&self) -> bool {
        self == Self::initial()
    }

    /// Returns how many ancestors the namespace has.
    #[inline]
    pub fn level(&self) -> u32 {
        // SAFETY: The field never changes.
        unsafe { (*self.as_ptr()).level }
    }

    /// Returns the namespace that this one was created in; the initial one has none.
    #[inline]
    pub fn parent(&self) -> Option<&Self> {
        // SAFETY: The field never changes. A namespace holds a reference to its parent until it has
        // lost its own last one; for who sees it under RCU after that, the parent's memory is freed
        // a grace period later at the earliest.
        unsafe { (*self.as_ptr()).parent.cast::<Self>().as_ref() }
    }

    /// Returns this namespace and all its ancestors, from the inside out.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::pid_namespace::PidNamespace;
    ///
    /// let initial = PidNamespace::initial();
    /// assert!(initial.is_initial());
    /// assert_eq!(initial.level(), 0);
    /// assert_eq!(initial.parent(), None);
    /// assert_eq!(initial.lineage().count(), 1);
    /// ```
    #[inline]
    pub fn lineage(&self) -> impl Iterator<Item = &Self> {
        core::iter::successors(Some(self), |ns| ns.parent())
    }

    /// Creates a namespace for the current task's children, which are born into `old` so far. It is
    /// owned by `user_ns`.
    ///
    /// Calls `copy_pid_ns()` by its C name, so that a probe there sees each new namespace.
    ///
    /// Returns `EINVAL` if `old` is not the task's own namespace, or `user_ns` neither owns it nor
    /// is a descendant of its owner; `ENOSPC` beyond [`Self::MAX_LEVEL`] or the limit
    /// `user.max_pid_namespaces`; `ENOMEM`. May sleep.
    #[doc(alias = "copy_pid_ns")]
    pub fn create(user_ns: &UserNamespace, old: &Self) -> Result<ARef<Self>> {
        // SAFETY: Both namespaces are valid; the result is an error or carries a reference.
        unsafe {
            super::owned(bindings::copy_pid_ns(
                NsType::Pid as u64,
                user_ns.as_ptr(),
                old.as_ptr(),
            ))
        }
    }

    /// Returns the user namespace that owns this one.
    #[inline]
    pub fn user_ns(&self) -> &UserNamespace {
        // SAFETY: The field never changes, and the reference that it holds is given up with the
        // memory.
        unsafe { UserNamespace::from_ptr((*self.as_ptr()).user_ns) }
    }

    /// Returns the limit below which numbers are given, as `kernel.pid_max` shows it.
    #[inline]
    pub fn pid_max(&self) -> i32 {
        // SAFETY: `self` is valid, and the field is only accessed with single loads and stores.
        unsafe { Atomic::from_ptr(&raw mut (*self.as_ptr()).pid_max) }.load(Relaxed)
    }

    /// Returns what the namespace itself, regardless of its ancestors, makes of memory file
    /// descriptors that may be executed (`vm.memfd_noexec`).
    #[cfg(all(CONFIG_SYSCTL, CONFIG_MEMFD_CREATE))]
    #[inline]
    pub fn memfd_noexec_scope(&self) -> i32 {
        // SAFETY: `self` is valid, and the field is only accessed with single loads and stores.
        unsafe { Atomic::from_ptr(&raw mut (*self.as_ptr()).memfd_noexec_scope) }.load(Relaxed)
    }

    /// Changes what [`Self::memfd_noexec_scope`] returns.
    #[cfg(all(CONFIG_SYSCTL, CONFIG_MEMFD_CREATE))]
    #[inline]
    pub fn set_memfd_noexec_scope(&self, scope: i32) {
        // SAFETY: As in `memfd_noexec_scope`.
        unsafe { Atomic::from_ptr(&raw mut (*self.as_ptr()).memfd_noexec_scope) }
            .store(scope, Relaxed);
    }

    /// Returns the namespace that `task` lives in, or [`None`] if the task has been reaped.
    ///
    /// This is never the namespace of the task's future children. Unlike [`Task::get_pid_ns`] it
    /// does not bring back a namespace that has lost its last reference, whoever may have dropped
    /// it: [`None`] is the answer then, too.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::{
    ///     current,
    ///     pid_namespace::PidNamespace,
    ///     sync::rcu, //
    /// };
    ///
    /// let ns = PidNamespace::active_of(current!(), &rcu::read_lock());
    /// assert!(ns.is_some_and(|ns| ns.is_initial()));
    /// ```
    #[doc(alias = "task_active_pid_ns")]
    pub fn active_of(task: &Task, rcu: &rcu::Guard) -> Option<ARef<Self>> {
        task.pid_of(PidType::Pid, rcu)?.ns().get_unless_dead()
    }

    /// Takes a reference, unless the last one has been dropped.
    pub fn get_unless_dead(&self) -> Option<ARef<Self>> {
        if !self.common().try_inc_ref() {
            return None;
        }
        // SAFETY: The reference was just taken.
        Some(unsafe { ARef::from_raw(core::ptr::NonNull::from(self)) })
    }
}
