// SPDX-License-Identifier: GPL-2.0

//! System calls, seen from inside.

use crate::{
    task::CurrentTask,
    types::NotThreadSafe, //
};
use core::ops::Deref;

/// Evidence that the current task is a user task in a system call of its own.
///
/// A kernel thread, and a task on its way out that runs deferred work, is a [`CurrentTask`] too,
/// but lacks what a user task has.
///
/// # Invariants
///
/// While this exists the current task has an address space (`mm`), a descriptor table (`files`) and
/// a view of the file system (`fs`), and none of them is replaced.
pub struct Caller<'a> {
    current: &'a CurrentTask,
    _not_send: NotThreadSafe,
}

impl<'a> Caller<'a> {
    /// Declares that `current` makes a system call.
    ///
    /// # Safety
    ///
    /// For the lifetime `'a` the task must have `mm`, `files` and `fs`, and keep them.
    #[inline]
    pub unsafe fn new(current: &'a CurrentTask) -> Self {
        // INVARIANT: The caller promises it.
        Self {
            current,
            _not_send: NotThreadSafe,
        }
    }
}

impl Deref for Caller<'_> {
    type Target = CurrentTask;

    #[inline]
    fn deref(&self) -> &CurrentTask {
        self.current
    }
}
