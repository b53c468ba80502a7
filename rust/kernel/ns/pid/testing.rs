// SPDX-License-Identifier: GPL-2.0

//! A PID namespace with a reaper and no process, for tests of what comes after the first one.

use crate::{
    bindings,
    current,
    pid::PidmapLock,
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

        let lock = PidmapLock::lock();
        if ns.has_reaper() {
            return Err(EBUSY);
        }
        appoint(&ns, task.as_ptr(), &lock);
        // INVARIANT: Just appointed. The reference to the task keeps the pointer valid, even if the
        // value is forgotten.
        Ok(Self { ns, _task: task })
    }
}

impl Drop for TestReaper {
    fn drop(&mut self) {
        appoint(&self.ns, ptr::null_mut(), &PidmapLock::lock());
    }
}

/// Makes `task` the reaper of `ns`, or leaves it without one.
fn appoint(ns: &PidNamespace, task: *mut bindings::task_struct, _lock: &PidmapLock) {
    // SAFETY: `ns` is valid, and the field is only accessed in one piece.
    let reaper = unsafe { Atomic::from_ptr(&raw mut (*ns.as_ptr()).child_reaper) };
    reaper.store(task, Relaxed);
}
