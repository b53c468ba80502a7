// SPDX-License-Identifier: GPL-2.0

//! Tasks and their proxies: who may read and who may change `task_struct::nsproxy`.
//!
//! A task reads its own pointer without a lock, and nobody else changes it. Others read it under
//! the task's lock. So a change needs to be made by the task itself, under its lock, while nothing
//! borrowed from the old proxy is in use. [`OwnNsProxy`] and [`NewTask`] are the evidence.

use super::{
    NsProxy,
    PreparedNsProxy, //
};
use crate::{
    bindings,
    cred::Credential,
    sync::aref::ARef,
    syscall::Caller,
    task::Task,
    task_lock::TaskLock,
    types::NotThreadSafe, //
};
use core::{
    mem,
    ptr::{
        self,
        NonNull, //
    },
};

impl TaskLock<'_> {
    /// Returns the proxy of the task, or [`None`] if the task is exiting and has left it.
    #[inline]
    pub fn nsproxy(&self) -> Option<&NsProxy> {
        // SAFETY: The lock protects the pointer against the task, whose reference makes the proxy
        // valid for as long as the lock is held.
        unsafe { (*self.task().as_ptr()).nsproxy.cast::<NsProxy>().as_ref() }
    }
}

impl Task {
    /// Returns the proxy of this task, or [`None`] if the task is exiting and has left it.
    ///
    /// Takes the task's `alloc_lock`. Dropping the reference may sleep.
    pub fn nsproxy(&self) -> Option<ARef<NsProxy>> {
        self.alloc_lock().nsproxy().map(ARef::from)
    }
}

/// The right to use and to change the proxy of a task.
///
/// # Invariants
///
/// * `task` is the current task, or one that does not run yet.
/// * It has a proxy and owns a reference to it.
/// * Nothing else that was borrowed from that proxy is used while this exists.
pub struct OwnNsProxy<'a> {
    task: &'a Task,
    _not_send: NotThreadSafe,
}

impl<'a> OwnNsProxy<'a> {
    /// Declares the right to change the proxy of `task`.
    ///
    /// # Safety
    ///
    /// `task` must be the current task, or a child that does not run yet; it must have a proxy of
    /// its own; and the caller must use nothing that it borrowed from the proxy earlier until the
    /// returned value is dropped.
    #[inline]
    pub unsafe fn new(task: &'a Task) -> Self {
        // INVARIANT: The caller promises all of it.
        Self {
            task,
            _not_send: NotThreadSafe,
        }
    }

    /// Returns the proxy.
    #[inline]
    pub fn proxy(&self) -> &NsProxy {
        // SAFETY: By the type invariants the task has a proxy, which it keeps while this borrow of
        // `self` lasts, since `replace` and `leave` need more than that.
        unsafe { NsProxy::from_ptr((*self.task.as_ptr()).nsproxy) }
    }

    /// Returns the task.
    #[inline]
    pub(super) fn task(&self) -> &'a Task {
        self.task
    }

    /// Gives the task another proxy, and returns the old one.
    #[must_use = "dropping the old proxy may sleep"]
    pub fn replace(&mut self, new: ARef<NsProxy>) -> ARef<NsProxy> {
        // INVARIANT: The task goes on having a proxy.
        let old = self.swap(ARef::into_raw(new).cast().as_ptr());
        // SAFETY: By the type invariants the task had a proxy, and owned a reference.
        unsafe { ARef::from_raw(NonNull::new_unchecked(old.cast())) }
    }

    /// Takes the proxy from the task, which does not use namespaces any more.
    pub fn leave(mut self) -> Option<ARef<NsProxy>> {
        // INVARIANT: The evidence ends here, with the proxy.
        let old = self.swap(ptr::null_mut());
        // SAFETY: The task owned a reference, which is ours now.
        NonNull::new(old.cast()).map(|old| unsafe { ARef::from_raw(old) })
    }

    /// Exchanges the pointer, with its reference.
    fn swap(&mut self, new: *mut bindings::nsproxy) -> *mut bindings::nsproxy {
        let lock = self.task.alloc_lock();
        // SAFETY: By the type invariants only this thread changes the pointer, and the lock keeps
        // out those that read it.
        unsafe { mem::replace(&mut (*lock.task().as_ptr()).nsproxy, new) }
    }
}

impl Caller<'_> {
    /// Moves `proxy`, which is meant for the current task, to the time namespace of its children.
    ///
    /// May sleep.
    #[inline]
    pub fn enter_time_ns(&self, proxy: &mut PreparedNsProxy) {
        // SAFETY: This is the current task, and by the type invariants it has an address space.
        unsafe { proxy.enter_time_ns(self) };
    }
}

/// A task that `clone(2)` is making.
///
/// # Invariants
///
/// * The task does not run yet, and nobody else knows it.
/// * It has credentials, and the address space that it will have, if any.
/// * Its `nsproxy` is the current task's, without a reference of its own.
pub struct NewTask<'a> {
    task: &'a Task,
    _not_send: NotThreadSafe,
}

impl<'a> NewTask<'a> {
    /// Declares that `task` is being made.
    ///
    /// # Safety
    ///
    /// `task` must be as the type's invariants say, for the lifetime `'a`.
    #[inline]
    pub unsafe fn new(task: &'a Task) -> Self {
        // INVARIANT: The caller promises all of it.
        Self {
            task,
            _not_send: NotThreadSafe,
        }
    }

    /// Returns the parent's proxy.
    #[inline]
    pub fn inherited(&self) -> &NsProxy {
        // SAFETY: By the type invariants this is the proxy of the current task, which does nothing
        // but make this one meanwhile.
        unsafe { NsProxy::from_ptr((*self.task.as_ptr()).nsproxy) }
    }

    /// Returns the credentials that the task will have.
    #[inline]
    pub fn cred(&self) -> &Credential {
        // SAFETY: By the type invariants the task has credentials, and nobody changes them.
        unsafe { Credential::from_ptr((*self.task.as_ptr()).real_cred) }
    }

    /// Moves `proxy`, which is meant for this task, to the time namespace of the parent's children.
    ///
    /// Without an address space, which is to say for a kernel thread, it does nothing. May sleep.
    #[inline]
    pub fn enter_time_ns(&self, proxy: &mut PreparedNsProxy) {
        // SAFETY: By the type invariants nobody else changes the new task.
        if unsafe { !(*self.task.as_ptr()).mm.is_null() } {
            // SAFETY: By the type invariants the task does not run yet, and it has an address
            // space.
            unsafe { proxy.enter_time_ns(self.task) };
        }
    }

    /// Gives the task its proxy.
    #[inline]
    pub fn adopt(self, proxy: ARef<NsProxy>) {
        // SAFETY: By the type invariants nobody else knows the task, and the pointer there now
        // carries no reference that would be lost.
        unsafe { (*self.task.as_ptr()).nsproxy = ARef::into_raw(proxy).cast().as_ptr() };
    }
}
