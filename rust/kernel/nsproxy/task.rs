// SPDX-License-Identifier: GPL-2.0

//! Tasks and their proxies: who may read and who may change `task_struct::nsproxy`.
//!
//! A task reads its own pointer without a lock, and nobody else changes it. Others read it under
//! the task's lock. So a change needs to be made by the task itself, under its lock, while nothing
//! borrowed from the old proxy is in use. [`OwnNsProxy`] and [`NewTask`] are the evidence. All
//! changes go through `switch_task_namespaces()`, which has an [`NsProxySwitch`].

use super::{
    NsProxy,
    PreparedNsProxy, //
};
use crate::{
    bindings,
    cred::Credential,
    sync::aref::ARef,
    syscall::Caller,
    task::{
        Task,
        TaskLock, //
    },
    types::NotThreadSafe,
};
use core::{
    mem,
    ptr::{
        null_mut,
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

/// The right to use and to change the proxy of a task that has one.
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
        // `self` lasts, since `switch` needs more than that.
        unsafe { NsProxy::from_ptr((*self.task.as_ptr()).nsproxy) }
    }

    /// Makes `new` the task's proxy. May sleep.
    ///
    /// Always calls the C function, so that whoever traces it sees every change.
    #[doc(alias = "switch_task_namespaces")]
    #[inline]
    pub fn switch(&mut self, new: PreparedNsProxy) {
        let new = new.into_raw().cast().as_ptr();
        // SAFETY: By the type invariants this task's proxy may be changed, and nothing is borrowed
        // from it. The new one was prepared, and passes to the task.
        // INVARIANT: The task goes on having a proxy.
        unsafe { bindings::switch_task_namespaces(self.task.as_ptr(), new) };
    }
}

/// The exchange of a task's proxy, which only `switch_task_namespaces()` makes.
///
/// # Invariants
///
/// * `task` is the current task, or one that does not run yet.
/// * If it has a proxy it owns a reference to it, and nothing that was borrowed from the proxy is
///   used while this exists.
pub struct NsProxySwitch<'a> {
    task: &'a Task,
    _not_send: NotThreadSafe,
}

impl<'a> NsProxySwitch<'a> {
    /// Declares the right to exchange the proxy of `task`, or to take it away.
    ///
    /// # Safety
    ///
    /// `task` must be the current task, or a child that does not run yet and has a proxy of its
    /// own; and until the returned value is dropped the caller must use nothing that was borrowed
    /// from the proxy.
    #[inline]
    pub unsafe fn new(task: &'a Task) -> Self {
        // INVARIANT: The caller promises all of it.
        Self {
            task,
            _not_send: NotThreadSafe,
        }
    }

    /// Makes `new` the task's proxy, or leaves it without one, and returns the old one.
    ///
    /// Takes the task's `alloc_lock`.
    #[inline]
    #[must_use = "dropping the old proxy may sleep"]
    pub fn exchange(self, new: Option<ARef<NsProxy>>) -> Option<ARef<NsProxy>> {
        let new = new.map_or(null_mut(), |new| ARef::into_raw(new).cast().as_ptr());
        let lock = self.task.alloc_lock();
        // SAFETY: By the type invariants only this thread changes the pointer, and the lock keeps
        // out those that read it.
        let old = unsafe { mem::replace(&mut (*lock.task().as_ptr()).nsproxy, new) };
        drop(lock);
        // SAFETY: By the type invariants the task owned a reference, which is ours now.
        NonNull::new(old.cast()).map(|old| unsafe { ARef::from_raw(old) })
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
