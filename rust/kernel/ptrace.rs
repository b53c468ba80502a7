// SPDX-License-Identifier: GPL-2.0

//! Access checks for a task.
//!
//! C header: [`include/linux/ptrace.h`](srctree/include/linux/ptrace.h)

use crate::{
    bindings,
    task::Task, //
};

/// The access that is wanted, and which credentials are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum AccessMode {
    /// Reading the task's state, with the caller's real credentials.
    ReadRealCreds = bindings::PTRACE_MODE_READ_REALCREDS,
    /// Attaching to the task, with the caller's real credentials.
    AttachRealCreds = bindings::PTRACE_MODE_ATTACH_REALCREDS,
}

impl Task {
    /// Returns whether the current task may access this one.
    ///
    /// Takes the task's `alloc_lock`, so the caller must not hold that. Does not sleep.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::ptrace::AccessMode;
    ///
    /// // Every task may access itself.
    /// assert!(current!().may_access(AccessMode::ReadRealCreds));
    /// assert!(current!().may_access(AccessMode::AttachRealCreds));
    /// ```
    #[doc(alias = "ptrace_may_access")]
    pub fn may_access(&self, mode: AccessMode) -> bool {
        // SAFETY: `self` is a valid task.
        unsafe { bindings::ptrace_may_access(self.as_ptr(), mode as u32) }
    }
}
