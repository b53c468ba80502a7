// SPDX-License-Identifier: GPL-2.0

//! `tasklist_lock`, which protects the relations between tasks.
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
/// The holder must not sleep.
///
/// # Invariants
///
/// The lock is held by this thread while the guard exists.
pub struct TasklistRead(NotThreadSafe);

impl TasklistRead {
    /// Takes the lock for reading.
    #[inline]
    pub fn lock() -> Self {
        // SAFETY: The lock is static.
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
    /// Declares that the lock is held. Lockdep checks it.
    ///
    /// # Safety
    ///
    /// The lock must be held for writing by this thread for as long as the value exists.
    #[inline]
    pub unsafe fn assume_held() -> Self {
        // SAFETY: It only checks the lock.
        unsafe { bindings::tasklist_assert_held_write() };
        // INVARIANT: The caller promises it.
        Self(NotThreadSafe)
    }
}

/// Asserts that this thread does not hold the lock, with lockdep.
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
    // SAFETY: It only checks the lock.
    unsafe { bindings::tasklist_assert_not_held() };
}

/// Evidence that RCU or `tasklist_lock` keeps pids and tasks in memory for the lifetime `'a`.
///
/// Holding `tasklist_lock` is an RCU read-side section: it disables preemption, or with
/// `PREEMPT_RT` enters one.
///
/// # Invariants
///
/// This thread holds one of the two for the lifetime `'a`, or the pids and tasks that are found
/// stay in memory for another reason.
///
/// # Examples
///
/// ```
/// use kernel::{
///     pid::PidType,
///     pid_namespace::PidNamespace,
///     tasklist::{
///         RcuOrTasklist,
///         TasklistRead, //
///     },
/// };
///
/// let tasklist = TasklistRead::lock();
/// let guard = RcuOrTasklist::from(&tasklist);
/// let init = PidNamespace::initial().find(1, guard);
/// let found = init.is_some_and(|init| init.task(PidType::Tgid, guard).is_some());
/// drop(tasklist);
/// assert!(found);
/// ```
#[derive(Clone, Copy)]
pub struct RcuOrTasklist<'a>(PhantomData<&'a ()>, NotThreadSafe);

impl RcuOrTasklist<'_> {
    /// Declares that a caller in C holds one of the two. Lockdep checks it.
    ///
    /// # Safety
    ///
    /// One of the two must be held by this thread for the lifetime that the caller chooses.
    #[inline]
    pub unsafe fn assume() -> Self {
        // SAFETY: It only checks the locks.
        unsafe { bindings::assert_rcu_or_tasklist() };
        // INVARIANT: The caller promises it.
        Self(PhantomData, NotThreadSafe)
    }

    /// Declares that a caller in C holds the RCU read-side lock. Lockdep checks it.
    ///
    /// # Safety
    ///
    /// It must be held by this thread for the lifetime that the caller chooses.
    #[inline]
    pub unsafe fn assume_rcu() -> Self {
        // SAFETY: It only checks the lock.
        unsafe { bindings::assert_rcu() };
        // INVARIANT: The caller promises it.
        Self(PhantomData, NotThreadSafe)
    }

    /// Declares that pids and tasks stay in memory for a reason that lockdep cannot check.
    ///
    /// # Safety
    ///
    /// The pids and tasks that are found, and the nodes of the IDR above them, must stay in memory
    /// for the lifetime that the caller chooses.
    #[inline]
    pub unsafe fn assume_unchecked() -> Self {
        // INVARIANT: The caller promises it.
        Self(PhantomData, NotThreadSafe)
    }
}

impl<'a> From<&'a rcu::Guard> for RcuOrTasklist<'a> {
    #[inline]
    fn from(_: &'a rcu::Guard) -> Self {
        // INVARIANT: The guard is held for `'a`.
        Self(PhantomData, NotThreadSafe)
    }
}

impl<'a> From<&'a TasklistRead> for RcuOrTasklist<'a> {
    #[inline]
    fn from(_: &'a TasklistRead) -> Self {
        // INVARIANT: The guard is held for `'a`.
        Self(PhantomData, NotThreadSafe)
    }
}

impl<'a> From<&'a TasklistWrite> for RcuOrTasklist<'a> {
    #[inline]
    fn from(_: &'a TasklistWrite) -> Self {
        // INVARIANT: The lock is held for `'a`.
        Self(PhantomData, NotThreadSafe)
    }
}
