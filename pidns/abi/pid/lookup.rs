// SPDX-License-Identifier: GPL-2.0

//! The functions of `kernel/pid.c`: look-ups and translations. Prototypes: `include/linux/pid.h`
//! and `include/linux/sched.h`.

use super::to_ptr;
use crate::lookup;
use core::ptr;
use kernel::{
    bindings,
    current,
    pid::{
        Pid,
        PidNr,
        PidType, //
    },
    pid_namespace::PidNamespace,
    prelude::*,
    sync::aref::ARef,
    task::Task,
    tasklist::RcuOrTasklist, //
};

/// Converts a number for C: 0 if there is none.
fn to_number(nr: Option<PidNr>) -> bindings::pid_t {
    nr.map_or(0, PidNr::get)
}

/// Converts a task for C: null if there is none.
fn to_task(task: Option<&Task>) -> *mut bindings::task_struct {
    task.map_or(ptr::null_mut(), Task::as_ptr)
}

/// Passes a reference to a task to C: null if there is none.
fn into_task(task: Option<ARef<Task>>) -> *mut bindings::task_struct {
    task.map_or(ptr::null_mut(), |task| ARef::into_raw(task).cast().as_ptr())
}

/// Passes a reference to a pid to C: null if there is none.
fn into_pid(pid: Option<ARef<Pid>>) -> *mut bindings::pid {
    pid.map_or(ptr::null_mut(), |pid| ARef::into_raw(pid).cast().as_ptr())
}

/// Borrows a pid from C, unless it is null.
///
/// # Safety
///
/// `pid` is null, or valid for the lifetime `'a`.
unsafe fn pid<'a>(pid: *mut bindings::pid) -> Option<&'a Pid> {
    // SAFETY: The caller promises null or validity, and the type is transparent.
    unsafe { pid.cast::<Pid>().as_ref() }
}

/// Borrows a namespace from C, unless it is null.
///
/// # Safety
///
/// `ns` is null, or valid for the lifetime `'a`.
unsafe fn namespace<'a>(ns: *mut bindings::pid_namespace) -> Option<&'a PidNamespace> {
    // SAFETY: The caller promises null or validity, and the type is transparent.
    unsafe { ns.cast::<PidNamespace>().as_ref() }
}

/// Returns the pid with a number in a namespace, or null.
///
/// # Safety
///
/// * `ns` is valid.
/// * RCU, `tasklist_lock` or something else keeps the pid and the nodes of the IDR above it in
///   memory.
#[export]
pub(crate) unsafe extern "C" fn find_pid_ns(
    nr: c_int,
    ns: *mut bindings::pid_namespace,
) -> *mut bindings::pid {
    // SAFETY: The caller promises it.
    let (ns, guard) = unsafe {
        (
            PidNamespace::from_ptr(ns),
            RcuOrTasklist::assume_unchecked(),
        )
    };
    to_ptr(ns.find(nr, guard))
}

/// Returns the pid with a number in the current task's namespace, or null.
///
/// # Safety
///
/// * As for `find_pid_ns()`.
#[export]
pub(crate) unsafe extern "C" fn find_vpid(nr: c_int) -> *mut bindings::pid {
    // SAFETY: The caller promises it.
    to_ptr(lookup::find_vpid(current!(), nr, unsafe {
        RcuOrTasklist::assume_unchecked()
    }))
}

/// Returns the first pid at or after `nr`, or null.
///
/// # Safety
///
/// * As for `find_pid_ns()`.
#[export]
pub(crate) unsafe extern "C" fn find_ge_pid(
    nr: c_int,
    ns: *mut bindings::pid_namespace,
) -> *mut bindings::pid {
    // SAFETY: The caller promises it.
    let (ns, guard) = unsafe {
        (
            PidNamespace::from_ptr(ns),
            RcuOrTasklist::assume_unchecked(),
        )
    };
    to_ptr(ns.find_ge(nr, guard).map(|(_, pid)| pid))
}

/// Returns the pid with a number in the current task's namespace, with a reference, or null.
///
/// # Safety
///
/// * None.
#[export]
pub(crate) unsafe extern "C" fn find_get_pid(nr: bindings::pid_t) -> *mut bindings::pid {
    into_pid(lookup::find_get_pid(current!(), nr))
}

/// Returns the first task that uses a pid as `kind`, or null.
///
/// # Safety
///
/// * `pid` is null or valid, and `kind` less than `PIDTYPE_MAX`.
/// * The RCU read-side lock or `tasklist_lock` is held.
#[export]
pub(crate) unsafe extern "C" fn pid_task(
    pid: *mut bindings::pid,
    kind: bindings::pid_type,
) -> *mut bindings::task_struct {
    // SAFETY: The caller promises null or validity, and a type.
    let (pid, kind) = unsafe { (self::pid(pid), PidType::from_raw(kind)) };
    to_task(pid.and_then(|pid| {
        // SAFETY: The caller promises it.
        pid.task(kind, unsafe { RcuOrTasklist::assume() })
    }))
}

/// Returns the first task that uses a pid as `kind`, with a reference, or null.
///
/// # Safety
///
/// * `pid` is null or valid, and `kind` less than `PIDTYPE_MAX`.
#[export]
pub(crate) unsafe extern "C" fn get_pid_task(
    pid: *mut bindings::pid,
    kind: bindings::pid_type,
) -> *mut bindings::task_struct {
    // SAFETY: The caller promises null or validity, and a type.
    let (pid, kind) = unsafe { (self::pid(pid), PidType::from_raw(kind)) };
    into_task(pid.and_then(|pid| lookup::get_pid_task(pid, kind)))
}

/// Returns the thread with a number in a namespace, or null.
///
/// # Safety
///
/// * `ns` is valid.
/// * The RCU read-side lock is held.
#[export]
pub(crate) unsafe extern "C" fn find_task_by_pid_ns(
    nr: bindings::pid_t,
    ns: *mut bindings::pid_namespace,
) -> *mut bindings::task_struct {
    // SAFETY: The caller promises it.
    let (ns, guard) = unsafe { (PidNamespace::from_ptr(ns), RcuOrTasklist::assume_rcu()) };
    to_task(lookup::find_task_by_pid_ns(nr, ns, guard))
}

/// Returns the thread with a number in the current task's namespace, or null.
///
/// # Safety
///
/// * The RCU read-side lock is held.
#[export]
pub(crate) unsafe extern "C" fn find_task_by_vpid(
    nr: bindings::pid_t,
) -> *mut bindings::task_struct {
    // SAFETY: The caller promises it.
    let guard = unsafe { RcuOrTasklist::assume_rcu() };
    to_task(lookup::find_task_by_vpid(current!(), nr, guard))
}

/// Returns the thread with a number in the current task's namespace, with a reference, or null.
///
/// # Safety
///
/// * None.
#[export]
pub(crate) unsafe extern "C" fn find_get_task_by_vpid(
    nr: bindings::pid_t,
) -> *mut bindings::task_struct {
    into_task(lookup::find_get_task_by_vpid(current!(), nr))
}

/// Returns the pid that a task uses as `kind`, with a reference, or null.
///
/// # Safety
///
/// * `task` is valid, and `kind` less than `PIDTYPE_MAX`.
#[export]
pub(crate) unsafe extern "C" fn get_task_pid(
    task: *mut bindings::task_struct,
    kind: bindings::pid_type,
) -> *mut bindings::pid {
    // SAFETY: The caller promises a valid task, and a type.
    let (task, kind) = unsafe { (&*task.cast::<Task>(), PidType::from_raw(kind)) };
    into_pid(lookup::get_task_pid(task, kind))
}

/// Returns the number of a pid in a namespace, or 0.
///
/// # Safety
///
/// * Each is null or valid.
#[export]
pub(crate) unsafe extern "C" fn pid_nr_ns(
    pid: *mut bindings::pid,
    ns: *mut bindings::pid_namespace,
) -> bindings::pid_t {
    // SAFETY: The caller promises null or validity.
    let (pid, ns) = unsafe { (self::pid(pid), namespace(ns)) };
    to_number(pid.zip(ns).and_then(|(pid, ns)| lookup::pid_nr_ns(pid, ns)))
}

/// Returns the number of a pid in the current task's namespace, or 0.
///
/// # Safety
///
/// * `pid` is null or valid.
#[export]
pub(crate) unsafe extern "C" fn pid_vnr(pid: *mut bindings::pid) -> bindings::pid_t {
    // SAFETY: The caller promises null or validity.
    let pid = unsafe { self::pid(pid) };
    to_number(pid.and_then(|pid| lookup::pid_vnr(current!(), pid)))
}

/// Returns the number of a task's pid of type `kind` in a namespace, by default the current task's,
/// or 0.
///
/// # Safety
///
/// * `task` is valid; `ns` is null or valid; `kind` is less than `PIDTYPE_MAX`.
#[export]
pub(crate) unsafe extern "C" fn __task_pid_nr_ns(
    task: *mut bindings::task_struct,
    kind: bindings::pid_type,
    ns: *mut bindings::pid_namespace,
) -> bindings::pid_t {
    // SAFETY: The caller promises that they are valid.
    let (task, ns) = unsafe { (&*task.cast::<Task>(), namespace(ns)) };
    // SAFETY: The caller promises a type.
    let kind = unsafe { PidType::from_raw(kind) };
    to_number(lookup::task_pid_nr_ns(current!(), task, kind, ns))
}

/// Returns the active PID namespace of a task, or null if it has been reaped.
///
/// # Safety
///
/// * `task` is valid.
/// * It is the current task, or RCU or something else keeps its pid in memory.
#[export]
pub(crate) unsafe extern "C" fn task_active_pid_ns(
    task: *mut bindings::task_struct,
) -> *mut bindings::pid_namespace {
    // SAFETY: The caller promises that it is valid.
    let task = unsafe { &*task.cast::<Task>() };
    // SAFETY: The caller promises that the pid stays in memory.
    let pid = task.pid_of(PidType::Pid, unsafe { RcuOrTasklist::assume_unchecked() });
    pid.map_or(ptr::null_mut(), |pid| pid.ns().as_ptr())
}
