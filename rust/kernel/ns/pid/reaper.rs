// SPDX-License-Identifier: GPL-2.0

//! What the last thread of a namespace's init does before it is gone.
//!
//! C headers: [`include/linux/sched/signal.h`](srctree/include/linux/sched/signal.h),
//! [`include/linux/acct.h`](srctree/include/linux/acct.h)

use super::ExitSignal;
use crate::{
    bindings,
    ffi::{
        c_int,
        c_long, //
    },
    pid_namespace::PidNamespace,
    task::{
        CurrentTask,
        Task, //
    },
    tasklist::TasklistRead,
    types::NotThreadSafe,
};

/// Evidence that the current task is the last thread of a namespace's init, on its way out.
///
/// # Invariants
///
/// As just said. The task still has its identifier and its signal handlers.
pub struct ExitingInit<'a> {
    current: &'a CurrentTask,
    ns: &'a PidNamespace,
}

impl<'a> ExitingInit<'a> {
    /// Declares that the current task is the last thread of the init of `ns`.
    ///
    /// # Safety
    ///
    /// It must be in `exit()`, past the point where it can be interrupted, and before that where it
    /// is released.
    pub unsafe fn new(current: &'a CurrentTask, ns: &'a PidNamespace) -> Self {
        // INVARIANT: The caller promises it.
        Self { current, ns }
    }

    /// Returns the namespace.
    pub fn ns(&self) -> &'a PidNamespace {
        self.ns
    }

    /// Returns how many numbers the process itself has: its own, and that of its leader.
    pub fn own_numbers(&self) -> u32 {
        // SAFETY: The task is valid.
        if unsafe { bindings::thread_group_leader(self.current.as_ptr()) } {
            1
        } else {
            2
        }
    }

    /// Lets children that end from now on vanish without a word.
    pub fn ignore_children(&self) {
        // SAFETY: By the type invariants the task has signal handlers. `SIGCHLD` is a signal.
        unsafe { bindings::ignore_signal(self.current.as_ptr(), bindings::SIGCHLD as c_int) };
    }

    /// Waits for all children that do not vanish by themselves.
    ///
    /// Neither signals nor deferred work interrupt it. Sleeps.
    #[doc(alias = "kernel_wait4")]
    pub fn reap_children(&self) {
        let _quiet = NoNotifySignal::new();
        loop {
            // SAFETY: It changes a flag of the current task only.
            unsafe { bindings::clear_sigpending() };
            // SAFETY: Null stands for what is not asked for.
            let reaped = unsafe {
                bindings::kernel_wait4(
                    -1,
                    core::ptr::null_mut(),
                    bindings::__WALL as c_int,
                    core::ptr::null_mut(),
                )
            };
            if reaped == -(bindings::ECHILD as c_long) {
                break;
            }
        }
    }

    /// Sleeps until `done` holds. It is checked each time that the task is woken up.
    ///
    /// The sleep counts as idle and does not hinder suspend. `done` must not sleep.
    pub fn sleep_until(&self, done: impl Fn() -> bool) {
        // Deferred work must not turn the sleep into a spin.
        let _quiet = NoNotifySignal::new();
        loop {
            // SAFETY: The task is the current one. The state is set before the condition is
            // checked, so that no wake-up in between is lost.
            unsafe { bindings::set_current_state(bindings::TASK_IDLE | bindings::TASK_FREEZABLE) };
            if done() {
                break;
            }
            // SAFETY: The caller may sleep.
            unsafe { bindings::schedule() };
        }
        // SAFETY: The task is the current one.
        unsafe { bindings::__set_current_state(bindings::TASK_RUNNING) };
    }

    /// Lets the process be seen to have been ended by `signal`.
    pub fn set_exit_signal(&self, signal: ExitSignal) {
        // SAFETY: The task is the last one of its process, which nobody else changes the code of.
        unsafe { (*(*self.current.as_ptr()).signal).group_exit_code = signal as c_int };
    }

    /// Closes the process accounting of the namespace. Sleeps.
    #[doc(alias = "acct_exit_ns")]
    pub fn end_accounting(&self) {
        let _quiet = NoNotifySignal::new();
        // SAFETY: The namespace is valid.
        unsafe { bindings::acct_exit_ns(self.ns.as_ptr()) };
    }
}

/// While this exists, deferred work does not interrupt the current task's sleep.
///
/// # Invariants
///
/// The value is what the task's flags were.
struct NoNotifySignal(u32, NotThreadSafe);

impl NoNotifySignal {
    fn new() -> Self {
        // SAFETY: It changes the current task's own flags.
        // INVARIANT: This is what they were.
        Self(unsafe { bindings::no_notify_signal_save() }, NotThreadSafe)
    }
}

impl Drop for NoNotifySignal {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the value came from the call above, in this task.
        unsafe { bindings::no_notify_signal_restore(self.0) };
    }
}

impl Task {
    /// Tells whether the task is going to be killed by a signal that it has not taken yet.
    #[doc(alias = "__fatal_signal_pending")]
    pub fn is_being_killed(&self, _tasklist: &TasklistRead) -> bool {
        // SAFETY: `self` is valid.
        unsafe { bindings::__fatal_signal_pending(self.as_ptr()) != 0 }
    }

    /// Kills the task's process in the name of the kernel: it can neither ignore nor handle it.
    #[doc(alias = "group_send_sig_info")]
    pub fn kill_process(&self, _tasklist: &TasklistRead) {
        // SAFETY: `self` is valid, and the lock keeps its signal handlers from being released
        // without that being noticed. `SIGKILL` is a signal.
        unsafe { bindings::group_send_sig_priv(self.as_ptr(), bindings::SIGKILL as c_int) };
    }

    /// Kills the task in the name of the kernel, and with it the rest of its process.
    #[doc(alias = "send_sig")]
    pub fn kill(&self, _tasklist: &TasklistRead) {
        // SAFETY: As in `kill_process`.
        unsafe { bindings::send_sig(bindings::SIGKILL as c_int, self.as_ptr(), 1) };
    }
}

/// Ends the current task.
///
/// # Safety
///
/// Nothing that must be dropped may be alive in any caller in Rust, since control does not return.
// Out of line it would be a function that objtool does not know to have no end.
#[inline(always)]
#[doc(alias = "do_exit")]
pub unsafe fn end_current(code: isize) -> ! {
    // SAFETY: The caller promises that it may end here.
    unsafe { bindings::do_exit(code) }
}
