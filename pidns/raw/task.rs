// SPDX-License-Identifier: GPL-2.0

//! What the log and debugfs show of a task.
//!
//! C header: [`include/linux/sched.h`](srctree/include/linux/sched.h)

use kernel::{
    bindings,
    ffi::c_char,
    fmt,
    str::CStr,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        rcu, //
    },
    task::Task, //
};

/// The name of a task.
pub(crate) struct Comm([u8; bindings::TASK_COMM_LEN as usize]);

impl Comm {
    /// Returns the name of `task`.
    pub(crate) fn of(task: &Task) -> Self {
        let mut name = [0; bindings::TASK_COMM_LEN as usize];
        // SAFETY: The task is valid, and the buffer has this length.
        unsafe { bindings::task_comm(task.as_ptr(), name.as_mut_ptr().cast::<c_char>()) };
        Self(name)
    }
}

impl fmt::Display for Comm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = CStr::from_bytes_until_nul(&self.0).unwrap_or_default();
        fmt::Display::fmt(name, f)
    }
}

/// Returns the letter for the state of `task` that `/proc/PID/stat` shows.
pub(crate) fn state(task: &Task) -> char {
    // SAFETY: The task is valid.
    char::from(unsafe { bindings::task_state_to_char(task.as_ptr()) })
}

/// Returns whether `task` is hashed: it was not reaped yet.
fn alive(task: &Task) -> bool {
    // SAFETY: The task is valid.
    unsafe { bindings::pid_alive(task.as_ptr()) }
}

/// Returns the tracer of `task`, or [`None`] without one and once it is reaped.
pub(crate) fn tracer<'a>(task: &Task, _rcu: &'a rcu::Guard) -> Option<&'a Task> {
    if !alive(task) {
        return None;
    }
    // SAFETY: The task is valid. It was hashed in this RCU critical section, so its tracer was not
    // freed before it, and RCU keeps it until the end.
    unsafe {
        bindings::ptrace_parent(task.as_ptr())
            .cast::<Task>()
            .as_ref()
    }
}

/// Returns the parent of `task`, whether it is traced or not, or [`None`] once it is reaped.
pub(crate) fn parent<'a>(task: &Task, _rcu: &'a rcu::Guard) -> Option<&'a Task> {
    if !alive(task) {
        return None;
    }
    // SAFETY: The task is valid, and the field is only written whole.
    let parent = unsafe { Atomic::from_ptr(&raw mut (*task.as_ptr()).real_parent) }.load(Relaxed);
    // SAFETY: The task was hashed in this RCU critical section, so its parent was not freed before
    // it, and RCU keeps it until the end. What is read of it depends on the pointer.
    unsafe { parent.cast::<Task>().as_ref() }
}

/// Returns whether `task` has exited, and its parent or tracer may reap it.
///
/// A leader waits for the other threads of its group before that.
pub(crate) fn is_zombie(task: &Task, _rcu: &rcu::Guard) -> bool {
    // SAFETY: The task is valid, and the field is only written whole.
    let state = unsafe { Atomic::from_ptr(&raw mut (*task.as_ptr()).exit_state) }.load(Relaxed);
    // SAFETY: The task is valid, and RCU keeps its thread group.
    state != 0 && !unsafe { bindings::delay_group_leader(task.as_ptr()) }
}

/// The name of the function that a task sleeps in.
pub(crate) struct Wchan([u8; bindings::KSYM_NAME_LEN as usize]);

impl Wchan {
    /// Returns where `task` sleeps, or [`None`] if it does not, it is not known, or interrupts are
    /// disabled.
    pub(crate) fn of(task: &Task) -> Option<Self> {
        // `get_wchan()` would enable them.
        // SAFETY: An FFI call with no requirements.
        if unsafe { bindings::irqs_disabled() } {
            return None;
        }
        let mut name = [0; bindings::KSYM_NAME_LEN as usize];
        // SAFETY: The task is valid.
        let address = unsafe { bindings::get_wchan(task.as_ptr()) };
        if address == 0 {
            return None;
        }
        // SAFETY: The buffer has this length.
        let status =
            unsafe { bindings::lookup_symbol_name(address, name.as_mut_ptr().cast::<c_char>()) };
        (status == 0).then_some(Self(name))
    }
}

impl fmt::Display for Wchan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = CStr::from_bytes_until_nul(&self.0).unwrap_or_default();
        fmt::Display::fmt(name, f)
    }
}
