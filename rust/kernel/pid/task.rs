// SPDX-License-Identifier: GPL-2.0

//! Which identifiers a task uses.

use super::{
    Pid,
    PidType, //
};
use crate::{
    current,
    pid_namespace::PidNamespace,
    sync::atomic::Relaxed,
    task::{
        CurrentTask,
        Task, //
    },
    tasklist::Protected,
};

/// Calls `f` with the current task, for code that is called without it.
///
/// # Examples
///
/// ```
/// use kernel::{
///     pid::with_current,
///     pid_namespace::PidNamespace, //
/// };
///
/// let initial = with_current(|current| current.pid_ns() == Some(PidNamespace::initial()));
/// assert!(initial);
/// ```
pub fn with_current<R>(f: impl FnOnce(&CurrentTask) -> R) -> R {
    f(current!())
}

impl Task {
    /// Returns the identifier that the task uses as `kind`, or [`None`] if it has been reaped.
    #[doc(alias = "task_pid")]
    #[inline]
    pub fn pid_of<'a>(
        &self,
        kind: PidType,
        _protected: impl Into<Protected<'a>>,
    ) -> Option<&'a Pid> {
        let pid = self.pid_pointer(kind).load(Relaxed);
        // SAFETY: While a task points to an identifier its numbers are not freed, and its
        // memory stays for a grace period after that.
        unsafe { pid.cast::<Pid>().as_ref() }
    }
}

impl CurrentTask {
    /// Returns the task's identifier of its own, or [`None`] if it has been reaped.
    #[inline]
    pub fn own_pid(&self) -> Option<&Pid> {
        let pid = self.pid_pointer(PidType::Pid).load(Relaxed);
        // SAFETY: The task points to its identifier until it is reaped, and no code path is exposed
        // to Rust after which that could have happened: `CurrentTask` ends there. It is exchanged
        // with another thread's only when one of them executes a new program, and then both stay.
        unsafe { pid.cast::<Pid>().as_ref() }
    }

    /// Returns the namespace that the task lives in, or [`None`] if it has been reaped.
    #[doc(alias = "task_active_pid_ns")]
    #[inline]
    pub fn pid_ns(&self) -> Option<&PidNamespace> {
        self.own_pid().map(Pid::ns)
    }
}
