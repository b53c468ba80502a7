// SPDX-License-Identifier: GPL-2.0

//! Look-ups between numbers, pids and tasks.
//!
//! Functions without a namespace argument use that of the current task.

use kernel::{
    pid::{
        Pid,
        PidNr,
        PidType, //
    },
    pid_namespace::PidNamespace,
    sync::{
        aref::ARef,
        rcu, //
    },
    task::{
        CurrentTask,
        Task, //
    },
    tasklist::RcuOrTasklist, //
};

/// Returns the pid with number `nr` in the namespace of `current`.
#[inline]
pub(crate) fn find_vpid<'a>(
    current: &CurrentTask,
    nr: i32,
    guard: impl Into<RcuOrTasklist<'a>>,
) -> Option<&'a Pid> {
    current.active_pid_ns()?.find(nr, guard)
}

/// As [`find_vpid()`], with a reference.
#[inline]
pub(crate) fn find_get_pid(current: &CurrentTask, nr: i32) -> Option<ARef<Pid>> {
    find_vpid(current, nr, &rcu::read_lock()).map(ARef::from)
}

/// Returns the thread with number `nr` in `ns`.
#[inline]
pub(crate) fn find_task_by_pid_ns<'a>(
    nr: i32,
    ns: &PidNamespace,
    guard: RcuOrTasklist<'a>,
) -> Option<&'a Task> {
    ns.find(nr, guard)?.task(PidType::Pid, guard)
}

/// Returns the thread with number `nr` in the namespace of `current`.
#[inline]
pub(crate) fn find_task_by_vpid<'a>(
    current: &CurrentTask,
    nr: i32,
    guard: RcuOrTasklist<'a>,
) -> Option<&'a Task> {
    find_task_by_pid_ns(nr, current.active_pid_ns()?, guard)
}

/// As [`find_task_by_vpid()`], with a reference.
#[inline]
pub(crate) fn find_get_task_by_vpid(current: &CurrentTask, nr: i32) -> Option<ARef<Task>> {
    let rcu = rcu::read_lock();
    find_task_by_vpid(current, nr, RcuOrTasklist::from(&rcu)).map(ARef::from)
}

/// Returns the pid that `task` uses as `kind`, with a reference, or [`None`] if it has been
/// reaped.
#[inline]
pub(crate) fn get_task_pid(task: &Task, kind: PidType) -> Option<ARef<Pid>> {
    task.pid_of(kind, &rcu::read_lock()).map(ARef::from)
}

/// Returns the first task that uses `pid` as `kind`, with a reference.
#[inline]
pub(crate) fn get_pid_task(pid: &Pid, kind: PidType) -> Option<ARef<Task>> {
    pid.task(kind, &rcu::read_lock()).map(ARef::from)
}

/// Returns the number of `pid` in `ns`, or [`None`] if `ns` is neither the namespace of the pid nor
/// an ancestor of that.
#[inline]
pub(crate) fn pid_nr_ns(pid: &Pid, ns: &PidNamespace) -> Option<PidNr> {
    // CAST: A level is at most 32.
    let upid = pid.numbers().get(ns.level() as usize)?;
    if upid.ns() == ns {
        upid.nr()
    } else {
        None
    }
}

/// Returns the number of `pid` in the namespace of `current`, or [`None`] if it has none there.
#[inline]
pub(crate) fn pid_vnr(current: &CurrentTask, pid: &Pid) -> Option<PidNr> {
    pid_nr_ns(pid, current.active_pid_ns()?)
}

/// Returns the number of the pid that `task` uses as `kind`, in `ns` or else in the namespace of
/// `current`.
///
/// Returns [`None`] if the pid has no number there, or if `task` has been reaped.
///
/// C counterpart: `__task_pid_nr_ns()`.
#[inline]
pub(crate) fn task_pid_nr_ns(
    current: &CurrentTask,
    task: &Task,
    kind: PidType,
    ns: Option<&PidNamespace>,
) -> Option<PidNr> {
    // RCU for the current task as well: it may be a zombie that is being reaped.
    let rcu = rcu::read_lock();
    let ns = match ns {
        Some(ns) => ns,
        None => current.pid_of(PidType::Pid, &rcu)?.ns(),
    };
    pid_nr_ns(task.pid_of(kind, &rcu)?, ns)
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
mod tests;
