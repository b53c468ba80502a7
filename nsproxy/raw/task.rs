// SPDX-License-Identifier: GPL-2.0

//! `task->nsproxy`, and the right to change it.
//!
//! A task reads its own pointer without a lock. Only the task itself changes it, under its
//! `alloc_lock`; other tasks read it under that lock. So a task may change it when nothing borrowed
//! from the old nsproxy is in use. [`OwnNsProxy`] and [`NewTask`] are evidence of that. All changes
//! go through `switch_task_namespaces()`, by an [`NsProxySwitch`].

use super::PreparedNsProxy;
use core::{
    mem,
    ptr::{
        self,
        null_mut,
        NonNull, //
    },
};
use kernel::{
    bindings,
    cred::Credential,
    current,
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
/// * Nothing else borrowed from that nsproxy is in use while this exists.
pub(crate) struct OwnNsProxy<'a>(&'a Task, NotThreadSafe);

impl<'a> OwnNsProxy<'a> {
    /// Declares that the nsproxy of `task` may be changed.
    ///
    /// # Safety
    ///
    /// `task` must be the current task, or a child that does not run yet, and have an nsproxy of
    /// its own. Until the value is dropped, the caller must use nothing that it borrowed from the
    /// nsproxy before.
    #[inline]
    pub(crate) unsafe fn new(task: &'a Task) -> Self {
        // INVARIANT: The caller promises all of it.
        Self(task, NotThreadSafe)
    }

    /// Returns the nsproxy.
    #[inline]
    pub(crate) fn proxy(&self) -> &NsProxy {
        // SAFETY: By the type invariants the task has an nsproxy. It keeps it while `self` is
        // borrowed, since `switch` takes `&mut self`.
        unsafe { NsProxy::from_ptr((*self.0.as_ptr()).nsproxy) }
    }

    /// Switches the task to `new`. May sleep.
    ///
    /// Deliberately calls the function by its C name, so that probes see every change.
    #[doc(alias = "switch_task_namespaces")]
    #[inline]
    pub(crate) fn switch(&mut self, new: PreparedNsProxy) {
        let new = new.into_ptr().as_ptr();
        // SAFETY: By the type invariants the task's nsproxy may be changed, and nothing is borrowed
        // from it. Ownership of the new one passes to the task.
        // INVARIANT: The task still has an nsproxy.
        unsafe { bindings::switch_task_namespaces(self.0.as_ptr(), new) };
    }
}

/// The right to replace or drop a task's nsproxy, for `switch_task_namespaces()` and exit.
///
/// # Invariants
///
/// * The task is the current one, or one that does not run yet.
/// * If it has an nsproxy, it owns a reference to it, and nothing borrowed from it is in use while
///   this exists.
pub(crate) struct NsProxySwitch<'a>(&'a Task, NotThreadSafe);

impl<'a> NsProxySwitch<'a> {
    /// Declares that the nsproxy of `task` may be replaced or dropped.
    ///
    /// # Safety
    ///
    /// `task` must be the current task, or a child that does not run yet and has an nsproxy of its
    /// own. Until the value is dropped, the caller must use nothing borrowed from the nsproxy.
    #[inline]
    pub(crate) unsafe fn new(task: &'a Task) -> Self {
        // INVARIANT: The caller promises all of it.
        Self(task, NotThreadSafe)
    }

    /// Returns the task.
    #[inline]
    pub(crate) fn task(&self) -> &'a Task {
        self.0
    }

    /// Returns whether it is the current task.
    #[inline]
    pub(crate) fn is_current(&self) -> bool {
        ptr::eq::<Task>(self.0, &**current!())
    }

    /// Sets the pointer to `new`, or to null, and returns the old nsproxy.
    ///
    /// Takes the task's `alloc_lock`.
    #[inline]
    #[must_use = "dropping the old nsproxy may sleep"]
    pub(crate) fn replace(self, new: Option<ARef<NsProxy>>) -> Option<ARef<NsProxy>> {
        let new = new.map_or(null_mut(), |new| ARef::into_raw(new).cast().as_ptr());
        let lock = self.0.alloc_lock();
        // SAFETY: By the type invariants only this thread changes the pointer, and the lock
        // excludes readers.
        let old = unsafe { mem::replace(&mut (*lock.task().as_ptr()).nsproxy, new) };
        drop(lock);
        // SAFETY: By the type invariants the task owned a reference, which is passed on.
        NonNull::new(old.cast()).map(|old| unsafe { ARef::from_raw(old) })
    }
}

/// A task that `clone(2)` is creating.
///
/// # Invariants
///
/// * The task does not run yet, and is not visible to others.
/// * It has its credentials, and its `mm`, if any.
/// * Its `nsproxy` is the current task's, without a reference of its own.
pub(crate) struct NewTask<'a>(&'a Task, NotThreadSafe);

impl<'a> NewTask<'a> {
    /// Declares that `task` is being created.
    ///
    /// # Safety
    ///
    /// `task` must satisfy the type invariants for the lifetime `'a`.
    #[inline]
    pub(crate) unsafe fn new(task: &'a Task) -> Self {
        // INVARIANT: The caller promises all of it.
        Self(task, NotThreadSafe)
    }

    /// Returns the task.
    #[inline]
    pub(crate) fn task(&self) -> &'a Task {
        self.0
    }

    /// Returns the parent's nsproxy.
    #[inline]
    pub(crate) fn parent_nsproxy(&self) -> &NsProxy {
        // SAFETY: By the type invariants this is the current task's nsproxy, which does not change
        // while it creates this task.
        unsafe { NsProxy::from_ptr((*self.0.as_ptr()).nsproxy) }
    }

    /// Returns the new task's credentials.
    #[inline]
    pub(crate) fn cred(&self) -> &Credential {
        // SAFETY: By the type invariants the task has credentials, and they do not change.
        unsafe { Credential::from_ptr((*self.0.as_ptr()).real_cred) }
    }

    /// Switches `proxy`, which is for this task, to the time namespace for children.
    ///
    /// Does nothing without an `mm`, that is, for a kernel thread. May sleep.
    #[doc(alias = "timens_on_fork")]
    #[inline]
    pub(crate) fn enter_time_ns(&self, proxy: &mut PreparedNsProxy) {
        // SAFETY: By the type invariants nobody else changes the new task.
        if unsafe { !(*self.0.as_ptr()).mm.is_null() } {
            // SAFETY: The task has an `mm`, which by the type invariants is not in use yet, and
            // nobody else uses `proxy`.
            unsafe { bindings::timens_on_fork(proxy.as_ptr(), self.0.as_ptr()) };
        }
    }

    /// Sets the task's nsproxy.
    #[inline]
    pub(crate) fn set_nsproxy(self, proxy: ARef<NsProxy>) {
        // SAFETY: By the type invariants nobody else sees the task, and the old pointer owns no
        // reference.
        unsafe { (*self.0.as_ptr()).nsproxy = ARef::into_raw(proxy).cast().as_ptr() };
    }
}

/// Switches `proxy`, which is for the current task, to the time namespace for children.
///
/// May sleep.
#[doc(alias = "timens_on_fork")]
#[inline]
pub(crate) fn enter_time_ns(caller: &Caller<'_>, proxy: &mut PreparedNsProxy) {
    // SAFETY: This is the current task, and by the invariants of `Caller` it has an `mm`. Nobody
    // else uses `proxy`.
    unsafe { bindings::timens_on_fork(proxy.as_ptr(), caller.as_ptr()) };
}
