// SPDX-License-Identifier: GPL-2.0

//! The exit of a namespace's init.
//!
//! C headers: [`include/linux/sched/signal.h`](srctree/include/linux/sched/signal.h),
//! [`include/linux/acct.h`](srctree/include/linux/acct.h)

use super::state::ExitSignal;
use core::{
    marker::PhantomData,
    ptr, //
};
use kernel::{
    bindings,
    ffi::{
        c_int,
        c_long, //
    },
    pid_namespace::PidNamespace,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    task::{
        CurrentTask,
        Task, //
    },
    tasklist::TasklistRead,
    types::NotThreadSafe,
};

/// The last thread of a namespace's init, in `do_exit()`.
///
/// # Invariants
///
/// The current task is that thread, and still has its pid and its signal handlers.
pub(crate) struct ExitingInit<'a> {
    current: &'a CurrentTask,
    ns: &'a PidNamespace,
}

impl<'a> ExitingInit<'a> {
    /// Declares that the current task is the last thread of the init of `ns`.
    ///
    /// # Safety
    ///
    /// It must be in `do_exit()`, after `exit_signals()` and before `release_task()`.
    pub(crate) unsafe fn new(current: &'a CurrentTask, ns: &'a PidNamespace) -> Self {
        // INVARIANT: The caller promises it.
        Self { current, ns }
    }

    /// Returns the namespace.
    pub(crate) fn ns(&self) -> &'a PidNamespace {
        self.ns
    }

    /// Returns the task.
    pub(crate) fn task(&self) -> &'a Task {
        self.current
    }

    /// Returns how many pids the process still has: the thread's and, if that is another one, its
    /// leader's.
    pub(crate) fn init_pids(&self) -> u32 {
        // SAFETY: The task is valid.
        if unsafe { bindings::thread_group_leader(self.current.as_ptr()) } {
            1
        } else {
            2
        }
    }

    /// Ignores `SIGCHLD`: children that exit from now on are autoreaped.
    pub(crate) fn ignore_sigchld(&self) {
        // SAFETY: By the type invariants the task has signal handlers, and `SIGCHLD` is a signal.
        unsafe { bindings::ignore_signal(self.current.as_ptr(), bindings::SIGCHLD as c_int) };
    }

    /// Reschedules if needed.
    pub(crate) fn cond_resched(&self) {
        // SAFETY: `do_exit()` may sleep.
        unsafe { bindings::cond_resched() };
    }

    /// Reaps all other children.
    ///
    /// Not interrupted by signals or task work. Sleeps.
    #[doc(alias = "kernel_wait4")]
    pub(crate) fn reap_children(&self) {
        let _quiet = NoNotifySignal::new();
        loop {
            // SAFETY: It only changes a flag of the current task.
            unsafe { bindings::clear_sigpending() };
            // SAFETY: Null pointers are for results that are not wanted.
            let reaped = unsafe {
                bindings::kernel_wait4(
                    -1,
                    ptr::null_mut(),
                    bindings::__WALL as c_int,
                    ptr::null_mut(),
                )
            };
            if reaped == -(bindings::ECHILD as c_long) {
                break;
            }
        }
    }

    /// Prepares to sleep until the task is woken up.
    ///
    /// The sleep does not count as load. It is idle and freezable; in Linux 7.2 an ordinary one.
    pub(crate) fn prepare_to_wait(&self) -> IdleWait<'_> {
        let wait = IdleWait {
            _quiet: NoNotifySignal::new(),
            _init: PhantomData,
        };
        wait.prepare();
        wait
    }

    /// Sets the exit status of the process to `signal`.
    pub(crate) fn set_group_exit_code(&self, signal: ExitSignal) {
        // SAFETY: The task is the last one of its process, so nobody else changes the code.
        unsafe { (*(*self.current.as_ptr()).signal).group_exit_code = signal as c_int };
    }

    /// Closes the process accounting of the namespace. Sleeps.
    pub(crate) fn acct_exit_ns(&self) {
        let _quiet = NoNotifySignal::new();
        // SAFETY: The namespace is valid.
        unsafe { bindings::acct_exit_ns(self.ns.as_ptr()) };
    }
}

/// A sleep that the current task has prepared: a wake-up from now on is not lost.
///
/// The condition must be checked after the preparation and before each [`Self::sleep`].
pub(crate) struct IdleWait<'a> {
    // Pending task work must not turn the sleep into a busy loop.
    _quiet: NoNotifySignal,
    _init: PhantomData<&'a ExitingInit<'a>>,
}

impl IdleWait<'_> {
    fn prepare(&self) {
        // SAFETY: It only changes the state of the current task.
        unsafe { bindings::set_current_state(bindings::zap_wait_state()) };
    }

    /// Sleeps until the task is woken up, and prepares the next sleep.
    pub(crate) fn sleep(&self) {
        // SAFETY: `ExitingInit` is in `do_exit()`, where it may sleep.
        unsafe { bindings::schedule() };
        self.prepare();
    }
}

impl Drop for IdleWait<'_> {
    fn drop(&mut self) {
        // SAFETY: It only changes the state of the current task.
        unsafe { bindings::__set_current_state(bindings::TASK_RUNNING) };
    }
}

/// Sets `PF_NO_NOTIFY_SIGNAL` while it exists: a pending `TIF_NOTIFY_SIGNAL` does not interrupt a
/// sleep. Linux 7.2 has no such flag; there each turn of [`ExitingInit::reap_children`] clears
/// `TIF_NOTIFY_SIGNAL` instead.
///
/// # Invariants
///
/// The value is the task's former flags.
struct NoNotifySignal(u32, NotThreadSafe);

impl NoNotifySignal {
    fn new() -> Self {
        // SAFETY: It only changes the current task's flags.
        // INVARIANT: These are the former flags.
        Self(unsafe { bindings::no_notify_signal_save() }, NotThreadSafe)
    }
}

impl Drop for NoNotifySignal {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the value comes from the call above, in this task.
        unsafe { bindings::no_notify_signal_restore(self.0) };
    }
}

/// Sends `SIGKILL` from the kernel (`SEND_SIG_PRIV`) to the task's process, which cannot ignore or
/// handle it.
#[doc(alias = "group_send_sig_info")]
pub(crate) fn kill_process(task: &Task, _tasklist: &TasklistRead) {
    // SAFETY: `task` is valid. The function takes its `sighand` lock, which fails once the task has
    // been released.
    unsafe { bindings::group_send_sig_priv(task.as_ptr(), bindings::SIGKILL as c_int) };
}

/// Returns whether the task's process exits, and the task was sent `SIGKILL` for that. It needs no
/// other one: only the thread that dumps core does, and that has none pending.
pub(crate) fn exits(task: &Task, _tasklist: &TasklistRead) -> bool {
    // SAFETY: `task` is valid.
    let killed = unsafe { bindings::__fatal_signal_pending(task.as_ptr()) };
    // SAFETY: A task has a `signal` until it is freed, and the field is only accessed whole.
    let flags = unsafe { Atomic::from_ptr(&raw mut (*(*task.as_ptr()).signal).flags) };
    killed && flags.load(Relaxed) & bindings::SIGNAL_GROUP_EXIT != 0
}

/// Sends `SIGKILL` from the kernel to the task, which ends its process.
#[doc(alias = "send_sig")]
pub(crate) fn kill(task: &Task, _tasklist: &TasklistRead) {
    // SAFETY: As in `kill_process`.
    unsafe { bindings::send_sig(bindings::SIGKILL as c_int, task.as_ptr(), 1) };
}

/// Ends the current task.
///
/// # Safety
///
/// No caller in Rust may have anything left to drop, since control does not return.
// If it were out of line, objtool would not know that it does not return.
#[inline(always)]
pub(crate) unsafe fn do_exit(code: isize) -> ! {
    // SAFETY: The caller promises that the task may end here.
    unsafe { bindings::do_exit(code) }
}
