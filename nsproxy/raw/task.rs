// SPDX-License-Identifier: GPL-2.0

//! The pointer to a task's nsproxy, `task_struct::nsproxy`: who may read and change it.
//!
//! A task reads its own pointer without a lock, and only the task itself changes it, under its
//! `alloc_lock`. Other tasks read it under that lock. So a task may change it when it uses nothing
//! that was borrowed from the old nsproxy. [`OwnNsProxy`] and [`NewTask`] are the evidence. All
//! changes go through `switch_task_namespaces()`, which has an [`NsProxySwitch`].

use super::PreparedNsProxy;
use core::{
    mem,
    ptr::{
        null_mut,
        NonNull, //
    },
};
use kernel::{
    bindings,
    cred::Credential,
    nsproxy::NsProxy,
    sync::aref::ARef,
    syscall::Caller,
    task::Task,
    types::NotThreadSafe, //
};

/// The right to use and to change the nsproxy of a task that has one.
///
/// # Invariants
///
/// * The task is the current one, or one that does not run yet.
/// * It has an nsproxy and owns a reference to it.
/// * Nothing else that was borrowed from that nsproxy is used while this exists.
pub(crate) struct OwnNsProxy<'a>(&'a Task, NotThreadSafe);

impl<'a> OwnNsProxy<'a> {
    /// Declares the right to change the nsproxy of `task`.
    ///
    /// # Safety
    ///
    /// `task` must be the current task, or a child that does not run yet; it must have an nsproxy
    /// of its own; and the caller must use nothing that it borrowed from the nsproxy earlier until
    /// the returned value is dropped.
    #[inline]
    pub(crate) unsafe fn new(task: &'a Task) -> Self {
        // INVARIANT: The caller promises all of it.
        Self(task, NotThreadSafe)
    }

    /// Returns the nsproxy.
    #[inline]
    pub(crate) fn proxy(&self) -> &NsProxy {
        // SAFETY: By the type invariants the task has an nsproxy, which it keeps while `self` is
        // borrowed, since `switch` needs it exclusively.
        unsafe { NsProxy::from_ptr((*self.0.as_ptr()).nsproxy) }
    }

    /// Makes `new` the task's nsproxy. May sleep.
    ///
    /// Calls the C function, so that probes there see every change.
    #[doc(alias = "switch_task_namespaces")]
    #[inline]
    pub(crate) fn switch(&mut self, new: PreparedNsProxy) {
        let new = new.into_ptr().as_ptr();
        // SAFETY: By the type invariants this task's nsproxy may be changed, and nothing is
        // borrowed from it. The new one was prepared, and passes to the task.
        // INVARIANT: The task still has an nsproxy.
        unsafe { bindings::switch_task_namespaces(self.0.as_ptr(), new) };
    }
}

/// The right to replace the nsproxy of a task; only `switch_task_namespaces()` and exit have it.
///
/// # Invariants
///
/// * The task is the current one, or one that does not run yet.
/// * If it has an nsproxy it owns a reference to it, and nothing that was borrowed from the nsproxy
///   is used while this exists.
pub(crate) struct NsProxySwitch<'a>(&'a Task, NotThreadSafe);

impl<'a> NsProxySwitch<'a> {
    /// Declares the right to replace the nsproxy of `task`, or to drop it.
    ///
    /// # Safety
    ///
    /// `task` must be the current task, or a child that does not run yet and has an nsproxy of its
    /// own; and until the returned value is dropped the caller must use nothing that was borrowed
    /// from the nsproxy.
    #[inline]
    pub(crate) unsafe fn new(task: &'a Task) -> Self {
        // INVARIANT: The caller promises all of it.
        Self(task, NotThreadSafe)
    }

    /// Makes `new` the task's nsproxy, or leaves it without one, and returns the old one.
    ///
    /// Takes the task's `alloc_lock`.
    #[inline]
    #[must_use = "dropping the old nsproxy may sleep"]
    pub(crate) fn replace(self, new: Option<ARef<NsProxy>>) -> Option<ARef<NsProxy>> {
        let new = new.map_or(null_mut(), |new| ARef::into_raw(new).cast().as_ptr());
        let lock = self.0.alloc_lock();
        // SAFETY: By the type invariants only this thread changes the pointer, and the lock keeps
        // out those that read it.
        let old = unsafe { mem::replace(&mut (*lock.task().as_ptr()).nsproxy, new) };
        drop(lock);
        // SAFETY: By the type invariants the task owned a reference, which is ours now.
        NonNull::new(old.cast()).map(|old| unsafe { ARef::from_raw(old) })
    }
}

/// A task that `clone(2)` is creating.
///
/// # Invariants
///
/// * The task does not run yet, and nobody else knows it.
/// * It has credentials, and the address space that it will have, if any.
/// * Its `nsproxy` is the current task's, without a reference of its own.
pub(crate) struct NewTask<'a>(&'a Task, NotThreadSafe);

impl<'a> NewTask<'a> {
    /// Declares that `task` is being created.
    ///
    /// # Safety
    ///
    /// `task` must be as the type's invariants say, for the lifetime `'a`.
    #[inline]
    pub(crate) unsafe fn new(task: &'a Task) -> Self {
        // INVARIANT: The caller promises all of it.
        Self(task, NotThreadSafe)
    }

    /// Returns the parent's nsproxy.
    #[inline]
    pub(crate) fn parent_nsproxy(&self) -> &NsProxy {
        // SAFETY: By the type invariants this is the nsproxy of the current task, which does not
        // change it while it creates this one.
        unsafe { NsProxy::from_ptr((*self.0.as_ptr()).nsproxy) }
    }

    /// Returns the credentials that the task will have.
    #[inline]
    pub(crate) fn cred(&self) -> &Credential {
        // SAFETY: By the type invariants the task has credentials, and nobody changes them.
        unsafe { Credential::from_ptr((*self.0.as_ptr()).real_cred) }
    }

    /// Moves `proxy`, which is meant for this task, to the time namespace of the parent's children.
    ///
    /// Does nothing for a task without an address space, that is, a kernel thread. May sleep.
    #[doc(alias = "timens_on_fork")]
    #[inline]
    pub(crate) fn enter_time_ns(&self, proxy: &mut PreparedNsProxy) {
        // SAFETY: By the type invariants nobody else changes the new task.
        if unsafe { !(*self.0.as_ptr()).mm.is_null() } {
            // SAFETY: The task has an address space, which by the type invariants is not in use
            // yet, and nobody else uses `proxy`.
            unsafe { bindings::timens_on_fork(proxy.as_ptr(), self.0.as_ptr()) };
        }
    }

    /// Gives the task its nsproxy.
    #[inline]
    pub(crate) fn set_nsproxy(self, proxy: ARef<NsProxy>) {
        // SAFETY: By the type invariants nobody else knows the task, and the old pointer carries no
        // reference that would be lost.
        unsafe { (*self.0.as_ptr()).nsproxy = ARef::into_raw(proxy).cast().as_ptr() };
    }
}

/// Moves `proxy`, which is meant for the current task, to the time namespace of its children.
///
/// May sleep.
#[doc(alias = "timens_on_fork")]
#[inline]
pub(crate) fn enter_time_ns(caller: &Caller<'_>, proxy: &mut PreparedNsProxy) {
    // SAFETY: This is the current task, and by the invariants of `Caller` it has an address space.
    // Nobody else uses `proxy`.
    unsafe { bindings::timens_on_fork(proxy.as_ptr(), caller.as_ptr()) };
}
