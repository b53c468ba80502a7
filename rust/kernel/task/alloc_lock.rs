// SPDX-License-Identifier: GPL-2.0

//! A task's `alloc_lock`.
//!
//! C header: [`include/linux/sched/task.h`](srctree/include/linux/sched/task.h)

use super::Task;
use crate::{
    bindings,
    types::NotThreadSafe, //
};

/// Evidence that a task's `alloc_lock` is held.
///
/// This spinlock protects, among others, the pointers `fs`, `files`, `mm` and `nsproxy` of the
/// task: the task changes them under it, and other tasks dereference them under it. The holder must
/// not sleep, nor take the lock again.
///
/// # Invariants
///
/// The lock is held by this thread while the guard exists.
pub struct TaskLock<'a> {
    task: &'a Task,
    _not_send: NotThreadSafe,
}

impl Task {
    /// Takes the task's `alloc_lock`.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::current;
    ///
    /// let task = current!();
    /// let lock = task.alloc_lock();
    /// let same = *lock.task() == **task;
    /// drop(lock);
    /// assert!(same);
    /// ```
    #[doc(alias = "task_lock")]
    #[inline]
    pub fn alloc_lock(&self) -> TaskLock<'_> {
        // SAFETY: `self` is a valid task.
        unsafe { bindings::task_lock(self.as_ptr()) };
        // INVARIANT: The lock was just taken.
        TaskLock {
            task: self,
            _not_send: NotThreadSafe,
        }
    }
}

impl<'a> TaskLock<'a> {
    /// Returns the task whose lock is held.
    #[inline]
    pub fn task(&self) -> &'a Task {
        self.task
    }
}

impl Drop for TaskLock<'_> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: By the type invariants this thread holds the lock.
        unsafe { bindings::task_unlock(self.task.as_ptr()) };
    }
}
