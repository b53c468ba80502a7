// SPDX-License-Identifier: GPL-2.0

//! Who may look into a task.
//!
//! C header: [`include/linux/ptrace.h`](srctree/include/linux/ptrace.h)

use crate::{
    bindings,
    task::Task, //
};

/// What an access check is about, and whose credentials count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum AccessMode {
    /// Reading the task's state, judged by the caller's real credentials.
    ReadRealCreds = bindings::PTRACE_MODE_READ_REALCREDS,
    /// Taking hold of the task as a tracer does, judged by the caller's real credentials.
    AttachRealCreds = bindings::PTRACE_MODE_ATTACH_REALCREDS,
}

impl Task {
    /// Tells whether the current task may access this one as `mode` says.
    ///
    /// It takes the task's own lock inside, so the caller must not hold that. It does not sleep.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::ptrace::AccessMode;
    ///
    /// // Whoever it is may look into itself.
    /// assert!(current!().may_access(AccessMode::ReadRealCreds));
    /// assert!(current!().may_access(AccessMode::AttachRealCreds));
    /// ```
    #[doc(alias = "ptrace_may_access")]
    pub fn may_access(&self, mode: AccessMode) -> bool {
        // SAFETY: `self` is a valid task.
        unsafe { bindings::ptrace_may_access(self.as_ptr(), mode as u32) }
    }
}
