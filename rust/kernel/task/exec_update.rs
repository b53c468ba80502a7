// SPDX-License-Identifier: GPL-2.0

//! `exec_update_lock`, which keeps `execve(2)` from invalidating an access check.
//!
//! C header: [`include/linux/sched/signal.h`](srctree/include/linux/sched/signal.h)

use super::Task;
use crate::{
    bindings,
    error::to_result,
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    types::NotThreadSafe, //
};

/// Evidence that the `exec_update_lock` of a task's process is held for reading.
///
/// `execve(2)` takes it for writing to change credentials and address space, so an access check and
/// the access, both under the lock, are for the same program. It excludes nothing else:
/// `commit_creds()` does not take it, so `setuid(2)` may still change the credentials.
///
/// # Invariants
///
/// This thread holds the process's `exec_update_lock` for reading while the guard exists.
pub struct ExecUpdateGuard<'a> {
    task: &'a Task,
    _not_send: NotThreadSafe,
}

impl Task {
    /// Takes the `exec_update_lock` of the task's process for reading.
    ///
    /// Returns `EINTR` if the current task gets a fatal signal while it waits. May sleep.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::current;
    ///
    /// let task = current!();
    /// let guard = task.exec_update_read_killable()?;
    /// let exiting = task.is_exiting();
    /// drop(guard);
    /// assert!(!exiting);
    /// # Ok::<(), Error>(())
    /// ```
    #[doc(alias = "exec_update_lock")]
    pub fn exec_update_read_killable(&self) -> Result<ExecUpdateGuard<'_>> {
        // SAFETY: `self` is a valid task, which keeps its `signal_struct` to its end.
        to_result(unsafe {
            bindings::down_read_killable(&raw mut (*(*self.as_ptr()).signal).exec_update_lock)
        })?;
        // INVARIANT: The lock was just taken.
        Ok(ExecUpdateGuard {
            task: self,
            _not_send: NotThreadSafe,
        })
    }

    /// Returns whether the task is exiting. If not, it may start to at any time.
    #[doc(alias = "PF_EXITING")]
    #[inline]
    pub fn is_exiting(&self) -> bool {
        // SAFETY: `self` is a valid task. Only the task itself changes its flags, the whole word at
        // a time.
        let flags = unsafe { Atomic::from_ptr(&raw mut (*self.as_ptr()).flags) }.load(Relaxed);
        flags & bindings::PF_EXITING != 0
    }
}

impl Drop for ExecUpdateGuard<'_> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants this thread holds the lock. A task keeps its
        // `signal_struct`, so it is the same lock.
        unsafe { bindings::up_read(&raw mut (*(*self.task.as_ptr()).signal).exec_update_lock) };
    }
}
