// SPDX-License-Identifier: GPL-2.0

//! For tests: the current task, and a child reaper for PID namespaces without processes.

use super::numbers::LockedNumbers;
use core::ptr;
use kernel::{
    bindings, current,
    pid_namespace::PidNamespace,
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{
            Atomic,
            Relaxed, //
        },
    },
    task::{
        CurrentTask,
        Task, //
    },
};

/// Waits until all RCU callbacks that are queued have run. Sleeps.
// The kernel crate has this since Linux 7.3.
pub(crate) fn rcu_barrier() {
    // SAFETY: Tests run in a thread that may sleep.
    unsafe { bindings::rcu_barrier() };
}

/// Calls `f` with the current task.
pub(crate) fn with_current<R>(f: impl FnOnce(&CurrentTask) -> R) -> R {
    f(current!())
}

/// The current task is the child reaper of a namespace while this exists.
///
/// It is in another namespace, and has no number there.
///
/// # Invariants
///
/// `ns` has `_task` as its reaper.
pub(crate) struct TestReaper {
    ns: ARef<PidNamespace>,
    _task: ARef<Task>,
}

impl TestReaper {
    /// Makes the current task the child reaper of `ns`.
    ///
    /// Returns `EBUSY` if it has one, as the initial namespace always does.
    pub(crate) fn new(ns: &PidNamespace) -> Result<Self> {
        let (ns, task) = (ARef::from(ns), ARef::from(&**current!()));

        let lock = LockedNumbers::lock(&ns);
        if ns.has_reaper() {
            return Err(EBUSY);
        }
        set_child_reaper(&lock, task.as_ptr());
        drop(lock);
        // INVARIANT: Just set. The reference to the task keeps the pointer valid, even if the
        // value is forgotten.
        Ok(Self { ns, _task: task })
    }
}

impl Drop for TestReaper {
    fn drop(&mut self) {
        set_child_reaper(&LockedNumbers::lock(&self.ns), ptr::null_mut());
    }
}

/// Sets the child reaper of a namespace.
fn set_child_reaper(numbers: &LockedNumbers<'_>, task: *mut bindings::task_struct) {
    // SAFETY: The namespace is valid, and the field is only accessed by single loads and stores.
    let reaper = unsafe { Atomic::from_ptr(&raw mut (*numbers.ns().as_ptr()).child_reaper) };
    reaper.store(task, Relaxed);
}
