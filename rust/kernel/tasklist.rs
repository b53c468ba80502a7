// SPDX-License-Identifier: GPL-2.0

//! The lock of the task list, which relations between tasks change under.
//!
//! C header: [`include/linux/sched/task.h`](srctree/include/linux/sched/task.h)

use crate::{
    bindings,
    sync::rcu,
    types::NotThreadSafe, //
};
use core::marker::PhantomData;

/// Evidence that `tasklist_lock` is held for reading.
///
/// Nothing may sleep under it.
///
/// # Invariants
///
/// The lock is held by this thread while the guard exists.
pub struct TasklistRead(NotThreadSafe);

impl TasklistRead {
    /// Takes the lock for reading.
    #[inline]
    pub fn lock() -> Self {
        // SAFETY: The lock exists from the beginning to the end.
        unsafe { bindings::tasklist_read_lock() };
        // INVARIANT: The lock was just taken.
        Self(NotThreadSafe)
    }
}

impl Drop for TasklistRead {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: By the type invariants this thread holds the lock.
        unsafe { bindings::tasklist_read_unlock() };
    }
}

/// Evidence that `tasklist_lock` is held for writing, taken by a caller in C.
///
/// # Invariants
///
/// The lock is held by this thread while the value exists.
pub struct TasklistWrite(NotThreadSafe);

impl TasklistWrite {
    /// Declares that the lock is held. Lockdep reports it if that is not so.
    ///
    /// # Safety
    ///
    /// The lock must be held for writing by this thread for as long as the value exists.
    #[inline]
    pub unsafe fn assume_held() -> Self {
        // SAFETY: It only looks at the lock.
        unsafe { bindings::tasklist_assert_held_write() };
        // INVARIANT: The caller promises it.
        Self(NotThreadSafe)
    }
}

/// Lets lockdep report it if this thread holds the lock.
///
/// # Examples
///
/// ```
/// use kernel::tasklist::{
///     self,
///     TasklistRead, //
/// };
///
/// drop(TasklistRead::lock());
/// tasklist::assert_not_held();
/// ```
#[inline]
pub fn assert_not_held() {
    // SAFETY: It only looks at the lock.
    unsafe { bindings::tasklist_assert_not_held() };
}

/// Evidence that a process identifier or a task found now stays in memory for the lifetime `'a`,
/// because an RCU read-side section or the lock of the task list protects it.
///
/// The lock does so since it is a read-side section, too: who holds it cannot be preempted, and RCU
/// waits for that, or with `PREEMPT_RT` it is within one. So what was found under it is not freed
/// before it is released.
///
/// # Invariants
///
/// One of the two is held by this thread for the lifetime `'a`, or what is found stays, and all
/// that leads to it, as if that were so.
///
/// # Examples
///
/// ```
/// use kernel::{
///     pid::PidType,
///     pid_namespace::PidNamespace,
///     tasklist::{
///         Protected,
///         TasklistRead, //
///     },
/// };
///
/// let tasklist = TasklistRead::lock();
/// let protected = Protected::from(&tasklist);
/// let init = PidNamespace::initial().find(1, protected);
/// let found = init.is_some_and(|init| init.task(PidType::Tgid, protected).is_some());
/// drop(tasklist);
/// assert!(found);
/// ```
#[derive(Clone, Copy)]
pub struct Protected<'a>(PhantomData<&'a ()>, NotThreadSafe);

impl Protected<'_> {
    /// Declares that the RCU read side lock or the lock of the task list is held by a caller in C.
    /// Lockdep reports it if neither is.
    ///
    /// # Safety
    ///
    /// One of the two must be held by this thread for the lifetime that the caller chooses.
    #[inline]
    pub unsafe fn assume() -> Self {
        // SAFETY: It only looks at the locks.
        unsafe { bindings::assert_rcu_or_tasklist() };
        // INVARIANT: The caller promises it.
        Self(PhantomData, NotThreadSafe)
    }

    /// Declares that the RCU read side lock is held by a caller in C. Lockdep reports it if not.
    ///
    /// # Safety
    ///
    /// It must be held by this thread for the lifetime that the caller chooses.
    #[inline]
    pub unsafe fn assume_rcu() -> Self {
        // SAFETY: It only looks at the lock.
        unsafe { bindings::assert_rcu() };
        // INVARIANT: The caller promises it.
        Self(PhantomData, NotThreadSafe)
    }

    /// Declares that what is found stays in memory for a reason that lockdep does not know.
    ///
    /// # Safety
    ///
    /// What is found by this evidence must stay in memory for the lifetime that the caller chooses,
    /// and so must the nodes of a table that lead to it.
    #[inline]
    pub unsafe fn assume_unchecked() -> Self {
        // INVARIANT: The caller promises it.
        Self(PhantomData, NotThreadSafe)
    }
}

impl<'a> From<&'a rcu::Guard> for Protected<'a> {
    #[inline]
    fn from(_: &'a rcu::Guard) -> Self {
        // INVARIANT: The guard is held for `'a`.
        Self(PhantomData, NotThreadSafe)
    }
}

impl<'a> From<&'a TasklistRead> for Protected<'a> {
    #[inline]
    fn from(_: &'a TasklistRead) -> Self {
        // INVARIANT: The guard is held for `'a`.
        Self(PhantomData, NotThreadSafe)
    }
}

impl<'a> From<&'a TasklistWrite> for Protected<'a> {
    #[inline]
    fn from(_: &'a TasklistWrite) -> Self {
        // INVARIANT: The lock is held for `'a`.
        Self(PhantomData, NotThreadSafe)
    }
}
