// SPDX-License-Identifier: GPL-2.0

//! System calls of the current task.

use crate::{
    task::CurrentTask,
    types::NotThreadSafe, //
};
use core::ops::Deref;

/// Evidence that the current task is a user task in a system call.
///
/// A kernel thread, or an exiting task that runs task work, is a [`CurrentTask`] too, but lacks
/// some of the pointers that a user task has.
///
/// # Invariants
///
/// While this exists the current task has an address space (`mm`), a descriptor table (`files`) and
/// an `fs_struct` (`fs`), and none of them is replaced. Its credentials are not overridden.
pub struct Caller<'a> {
    current: &'a CurrentTask,
    _not_send: NotThreadSafe,
}

impl<'a> Caller<'a> {
    /// Declares that `current` is in a system call.
    ///
    /// # Safety
    ///
    /// For the lifetime `'a` the task must have `mm`, `files` and `fs`, and keep them, and nothing
    /// may override its credentials.
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
