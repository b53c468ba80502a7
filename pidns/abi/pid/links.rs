// SPDX-License-Identifier: GPL-2.0

//! The functions of `kernel/pid.c`: links between tasks and pids. Prototypes:
//! `include/linux/pid.h`.

use crate::{
    links,
    raw::{
        free::UnusedPids,
        links::{
            LivePid,
            PidLink, //
        },
    },
};
use kernel::{
    bindings,
    pid::{
        Pid,
        PidType, //
    },
    prelude::*,
    task::Task,
    tasklist::{
        RcuOrTasklist,
        TasklistWrite, //
    },
    warn_on, //
};

/// Attaches a task to the pid that it points to.
///
/// # Safety
///
/// * `kind` is less than `PIDTYPE_MAX`.
/// * `tasklist_lock` is held for writing.
/// * `task` is valid, points to a published pid of type `kind`, and is not on its list.
#[export]
pub(crate) unsafe extern "C" fn attach_pid(
    task: *mut bindings::task_struct,
    kind: bindings::pid_type,
) {
    // SAFETY: The caller promises it.
    let lock = unsafe { TasklistWrite::assume_held() };
    // SAFETY: The caller promises a valid task, and a type.
    let (task, kind) = unsafe { (&*task.cast::<Task>(), PidType::from_raw(kind)) };
    let Some(pid) = task.pid_of(kind, RcuOrTasklist::from(&lock)) else {
        warn_on!(true);
        return;
    };
    // SAFETY: The pid is published, and the task is about to use it.
    let pid = unsafe { LivePid::new(pid, &lock) };
    // SAFETY: The caller promises that the task is on no list.
    links::attach_pid(unsafe { PidLink::new(task, kind, &lock) }, pid);
}

/// Detaches a task from its pid.
///
/// # Safety
///
/// * `kind` is less than `PIDTYPE_MAX`.
/// * `tasklist_lock` is held for writing.
/// * `task` is valid, and uses a pid as `kind`.
/// * `pids` has an element for each `enum pid_type`. The caller passes it to `free_pids()` later.
#[export]
pub(crate) unsafe extern "C" fn detach_pid(
    pids: *mut *mut bindings::pid,
    task: *mut bindings::task_struct,
    kind: bindings::pid_type,
) {
    // SAFETY: The caller promises it.
    let lock = unsafe { TasklistWrite::assume_held() };
    // SAFETY: The caller promises that the array is valid.
    let unused = unsafe { UnusedPids::from_ptr(pids) };
    // SAFETY: The caller promises a type, and that the task is valid and on the list.
    let link = unsafe { PidLink::new(&*task.cast::<Task>(), PidType::from_raw(kind), &lock) };
    links::detach_pid(link, unused);
}

/// Attaches a task to another pid.
///
/// # Safety
///
/// * `kind` is less than `PIDTYPE_MAX`.
/// * `tasklist_lock` is held for writing.
/// * `task` is valid, and uses a pid as `kind`.
/// * `pid` is published, and used by a task.
/// * `pids` has an element for each `enum pid_type`. The caller passes it to `free_pids()` later.
#[export]
pub(crate) unsafe extern "C" fn change_pid(
    pids: *mut *mut bindings::pid,
    task: *mut bindings::task_struct,
    kind: bindings::pid_type,
    pid: *mut bindings::pid,
) {
    // SAFETY: The caller promises it.
    let lock = unsafe { TasklistWrite::assume_held() };
    // SAFETY: The caller promises that the array is valid.
    let unused = unsafe { UnusedPids::from_ptr(pids) };
    // SAFETY: The caller promises that the pid is valid and used.
    let pid = unsafe { LivePid::new(Pid::from_ptr(pid), &lock) };
    // SAFETY: The caller promises a type, and that the task is valid and on the list.
    let link = unsafe { PidLink::new(&*task.cast::<Task>(), PidType::from_raw(kind), &lock) };
    links::change_pid(link, pid, unused);
}

/// Replaces one task by another on the list of a pid.
///
/// # Safety
///
/// * `kind` is less than `PIDTYPE_MAX`.
/// * `tasklist_lock` is held for writing.
/// * Both tasks are valid. `old` uses a pid as `kind`; `new` is on no list of that type.
#[export]
pub(crate) unsafe extern "C" fn transfer_pid(
    old: *mut bindings::task_struct,
    new: *mut bindings::task_struct,
    kind: bindings::pid_type,
) {
    // SAFETY: The caller promises it.
    let lock = unsafe { TasklistWrite::assume_held() };
    // SAFETY: The caller promises a type.
    let kind = unsafe { PidType::from_raw(kind) };
    // SAFETY: The caller promises that the task is valid and on the list.
    let from = unsafe { PidLink::new(&*old.cast::<Task>(), kind, &lock) };
    // SAFETY: The caller promises that the task is valid and on no list.
    let to = unsafe { PidLink::new(&*new.cast::<Task>(), kind, &lock) };
    links::transfer_pid(from, to);
}

/// Exchanges the pids of two threads.
///
/// # Safety
///
/// * `tasklist_lock` is held for writing.
/// * The tasks are different, valid and alive.
#[export]
pub(crate) unsafe extern "C" fn exchange_tids(
    left: *mut bindings::task_struct,
    right: *mut bindings::task_struct,
) {
    // SAFETY: The caller promises it.
    let lock = unsafe { TasklistWrite::assume_held() };
    // SAFETY: A thread that is alive is on the list of its pid.
    let left = unsafe { PidLink::new(&*left.cast::<Task>(), PidType::Pid, &lock) };
    // SAFETY: As above.
    let right = unsafe { PidLink::new(&*right.cast::<Task>(), PidType::Pid, &lock) };

    links::exchange_tids(left, right);
}
