// SPDX-License-Identifier: GPL-2.0

//! A PID namespace with a reaper and no process, for tests of what comes after the first one.

use crate::{
    bindings,
    current,
    pid::LockedNumbers,
    pid_namespace::PidNamespace,
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{
            Atomic,
            Relaxed, //
        },
    },
    task::Task, //
};
use core::ptr;

/// The current task holds the office of a namespace's reaper while this exists.
///
/// It does so in name only: it lives elsewhere, and has no number there.
///
/// # Invariants
///
/// `ns` has `_task` as its reaper.
pub struct TestReaper {
    ns: ARef<PidNamespace>,
    _task: ARef<Task>,
}

impl TestReaper {
    /// Makes the current task the reaper of `ns`.
    ///
    /// Returns `EBUSY` if it has one, which for the initial namespace is always so.
    pub fn new(ns: &PidNamespace) -> Result<Self> {
        let (ns, task) = (ARef::from(ns), ARef::from(&**current!()));

        let lock = ns.lock_numbers();
        if ns.has_reaper() {
            return Err(EBUSY);
        }
        appoint(&lock, task.as_ptr());
        drop(lock);
        // INVARIANT: Just appointed. The reference to the task keeps the pointer valid, even if the
        // value is forgotten.
        Ok(Self { ns, _task: task })
    }
}

impl Drop for TestReaper {
    fn drop(&mut self) {
        appoint(&self.ns.lock_numbers(), ptr::null_mut());
    }
}

/// Makes `task` the reaper of a namespace, or leaves it without one.
fn appoint(numbers: &LockedNumbers<'_>, task: *mut bindings::task_struct) {
    // SAFETY: The namespace is valid, and the field is only accessed in one piece.
    let reaper = unsafe { Atomic::from_ptr(&raw mut (*numbers.ns().as_ptr()).child_reaper) };
    reaper.store(task, Relaxed);
}
