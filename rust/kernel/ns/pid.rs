// SPDX-License-Identifier: GPL-2.0

//! PID namespaces.
//!
//! C header: [`include/linux/pid_namespace.h`](srctree/include/linux/pid_namespace.h)

use super::{
    impl_namespace,
    Namespace,
    NsType,
    UserNamespace, //
};
use crate::{
    bindings,
    pid::PidType,
    pid_namespace::PidNamespace,
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

mod idr;
mod state;

pub use self::{
    idr::{
        IdrNode,
        PidIdr, //
    },
    state::{
        PidAllocated,
        PidNsLife, //
    },
};

impl_namespace!(PidNamespace, NsType::Pid, common: |ptr| &raw const (*ptr).ns);

impl PartialEq for PidNamespace {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        core::ptr::eq(self, other)
    }
}

impl Eq for PidNamespace {}

impl PidNamespace {
    /// Highest level of a namespace. The initial one is at level 0.
    #[doc(alias = "MAX_PID_NS_LEVEL")]
    pub const MAX_LEVEL: u32 = bindings::MAX_PID_NS_LEVEL;

    /// Returns the initial namespace.
    #[doc(alias = "init_pid_ns")]
    #[inline]
    pub fn initial() -> &'static Self {
        // SAFETY: It is static.
        unsafe { Self::from_ptr(&raw const bindings::init_pid_ns) }
    }

    /// Returns whether this is the initial namespace.
    #[inline]
    pub fn is_initial(&self) -> bool {
        self == Self::initial()
    }

    /// Returns the number of ancestors.
    #[inline]
    pub fn level(&self) -> u32 {
        // SAFETY: The field never changes.
        unsafe { (*self.as_ptr()).level }
    }

    /// Returns the parent. The initial namespace has none.
    #[inline]
    pub fn parent(&self) -> Option<&Self> {
        // SAFETY: The field never changes. A namespace holds a reference to its parent until its
        // own last reference is dropped. For RCU readers that still see it after that, the parent's
        // memory is freed at least a grace period later.
        unsafe { (*self.as_ptr()).parent.cast::<Self>().as_ref() }
    }

    /// Returns this namespace and its ancestors, the innermost first.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::pid_namespace::PidNamespace;
    ///
    /// let initial = PidNamespace::initial();
    /// assert!(initial.is_initial());
    /// assert_eq!(initial.level(), 0);
    /// assert!(initial.pid_max() > 0);
    /// assert_eq!(initial.parent(), None);
    /// assert_eq!(initial.self_and_ancestors().count(), 1);
    /// ```
    #[inline]
    pub fn self_and_ancestors(&self) -> impl Iterator<Item = &Self> {
        core::iter::successors(Some(self), |ns| ns.parent())
    }

    /// Returns the user namespace that owns this one.
    #[inline]
    pub fn user_ns(&self) -> &UserNamespace {
        // SAFETY: The field never changes, and its reference is dropped when the namespace is
        // freed.
        unsafe { UserNamespace::from_ptr((*self.as_ptr()).user_ns) }
    }

    /// Returns `kernel.pid_max` of the namespace.
    #[inline]
    pub fn pid_max(&self) -> i32 {
        // SAFETY: `self` is valid, and the field is only accessed with single loads and stores.
        unsafe { Atomic::from_ptr(&raw mut (*self.as_ptr()).pid_max) }.load(Relaxed)
    }

    /// Returns the active PID namespace of `task`, or [`None`] if the task has been reaped.
    ///
    /// Unlike [`Task::get_pid_ns`] this also returns [`None`] if the namespace has lost its last
    /// reference, rather than reviving it.
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
    pub fn active_of(task: &Task, rcu: &rcu::Guard) -> Option<ARef<Self>> {
        task.pid_of(PidType::Pid, rcu)?.ns().get_unless_zero()
    }

    /// Takes a reference, or returns [`None`] if the last one has been dropped: RCU keeps no more
    /// than the memory of a namespace.
    pub fn get_unless_zero(&self) -> Option<ARef<Self>> {
        if !self.common().try_inc_ref() {
            return None;
        }
        // SAFETY: The reference was just taken.
        Some(unsafe { ARef::from_raw(core::ptr::NonNull::from(self)) })
    }
}
