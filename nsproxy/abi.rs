// SPDX-License-Identifier: GPL-2.0

//! The boundary to C: the functions and the object of `kernel/nsproxy.c`.
//!
//! Each function converts the arguments from C, calls the policy, and converts the result to an
//! error number. It decides nothing. Prototypes: `include/linux/nsproxy.h` and `pidns/glue.h`.

use crate::{
    create,
    cred,
    flags::Request,
    raw::{
        InitNsProxy,
        NewFs,
        NewTask,
        NsProxySlot,
        NsProxySwitch,
        OwnNsProxy,
        PreparedNsProxy, //
    },
    setns,
    switch, //
};
use core::{
    mem::forget,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    cred::Credential,
    current,
    error::from_result,
    ns::{
        Active,
        NsType, //
    },
    prelude::*,
    syscall::Caller,
    task::Task, //
};

/// The initial nsproxy, of init and kernel threads.
#[no_mangle]
#[allow(non_upper_case_globals)]
pub(crate) static init_nsproxy: InitNsProxy = InitNsProxy::new();

/// Borrows the `fs_struct` for a new mount namespace, if `request` asks for one.
///
/// # Safety
///
/// If `request` names a mount namespace, `fs` must be null, or valid and used by nobody but the
/// caller for the lifetime `'a`.
unsafe fn borrow_new_fs<'a>(request: &Request, fs: *mut bindings::fs_struct) -> NewFs<'a> {
    if request.types().contains(NsType::Mnt) {
        // SAFETY: The caller promises null, or validity and exclusive use.
        unsafe { NewFs::new(fs) }
    } else {
        NewFs::NONE
    }
}

/// Creates the slab cache.
///
/// # Safety
///
/// * Called at boot, before the first clone.
#[export]
pub(crate) unsafe extern "C" fn nsproxy_cache_init() -> c_int {
    from_result(|| NsProxySlot::create_cache().map(|()| 0))
}

/// Frees an nsproxy that was prepared but never used.
///
/// # Safety
///
/// * `ns` comes from `unshare_nsproxy_namespaces()`, and nobody else uses it.
#[export]
pub(crate) unsafe extern "C" fn nsproxy_free(ns: *mut bindings::nsproxy) {
    // SAFETY: The caller passes ownership of a prepared nsproxy.
    drop(NonNull::new(ns).map(|ns| unsafe { PreparedNsProxy::from_ptr(ns) }));
}

/// Frees an nsproxy that was in use. `put_nsproxy()` calls it.
///
/// # Safety
///
/// * The last reference to `ns` has been dropped.
#[export]
pub(crate) unsafe extern "C" fn deactivate_nsproxy(ns: *mut bindings::nsproxy) {
    // SAFETY: The caller promises that the nsproxy was in use and has no references left.
    drop(NonNull::new(ns).map(|ns| unsafe { PreparedNsProxy::deactivate(ns) }));
}

/// Sets the nsproxy of a new task.
///
/// # Safety
///
/// * `tsk` is being created by the current task and not visible to others yet.
/// * It has its credentials, its `mm`, if any, and its `fs`, but the parent's `nsproxy`.
/// * If `CLONE_NEWNS` is in `flags`, its `fs` is not shared.
#[export]
pub(crate) unsafe extern "C" fn copy_namespaces(
    flags: u64,
    tsk: *mut bindings::task_struct,
) -> c_int {
    let request = Request::of_clone(flags);
    // SAFETY: The caller promises a valid task that satisfies the invariants of `NewTask`.
    let child = unsafe { NewTask::new(&*tsk.cast::<Task>()) };
    // SAFETY: The caller promises that the new task's `fs` is not shared with `CLONE_NEWNS`.
    let fs = unsafe { borrow_new_fs(&request, (*tsk).fs) };

    from_result(|| {
        let proxy = create::copy_namespaces(&child, &request, fs)?;
        child.set_nsproxy(proxy);
        Ok(0)
    })
}

/// Prepares a new nsproxy for `unshare(2)`, if `unshare_flags` ask for one.
///
/// # Safety
///
/// * `new_nsp` is valid for writes.
/// * `new_cred` is null, or the credentials that the task will commit.
/// * If `CLONE_NEWNS` is in `unshare_flags`, nobody else uses `new_fs`.
#[export]
pub(crate) unsafe extern "C" fn unshare_nsproxy_namespaces(
    unshare_flags: c_ulong,
    new_nsp: *mut *mut bindings::nsproxy,
    new_cred: *mut bindings::cred,
    new_fs: *mut bindings::fs_struct,
) -> c_int {
    let request = Request::of_unshare(unshare_flags as u64);
    let current = current!();
    // SAFETY: A task that unshares has an nsproxy, and nothing is borrowed from it here.
    let own = unsafe { OwnNsProxy::new(current) };
    // SAFETY: The caller promises null or validity.
    let cred = unsafe { new_cred.cast::<Credential>().as_ref() };
    // SAFETY: The caller promises that nobody else uses it with `CLONE_NEWNS`.
    let fs = unsafe { borrow_new_fs(&request, new_fs) };

    from_result(|| {
        if let Some(proxy) = create::unshare_namespaces(current, own.proxy(), &request, cred, fs)? {
            // SAFETY: The caller promises that it is valid for writes.
            unsafe { *new_nsp = proxy.into_ptr().as_ptr() };
        }
        Ok(0)
    })
}

/// Replaces a task's nsproxy, or drops it if `new` is null.
///
/// Out of line so that a probe sees unshare, setns and exec, with the old nsproxy still in `p`.
///
/// # Safety
///
/// * `p` is the current task, or a child that is being created and has its own nsproxy.
/// * `new` is null, or comes from `unshare_nsproxy_namespaces()` or [`PreparedNsProxy::into_ptr`].
///   Ownership passes to the task.
#[export]
#[inline(never)]
pub(crate) unsafe extern "C" fn switch_task_namespaces(
    p: *mut bindings::task_struct,
    new: *mut bindings::nsproxy,
) {
    // SAFETY: The caller promises a valid task, whose nsproxy may be replaced.
    let task = unsafe { NsProxySwitch::new(&*p.cast::<Task>()) };
    // SAFETY: The caller passes ownership of a prepared nsproxy, if any.
    let new = NonNull::new(new).map(|new| unsafe { PreparedNsProxy::from_ptr(new) });

    switch::switch_task_namespaces(task, new);
}

/// Drops the nsproxy of a task that exits, or whose creation failed.
///
/// # Safety
///
/// * `p` is the current task, or a child that is being created and has its own nsproxy.
#[export]
pub(crate) unsafe extern "C" fn exit_nsproxy_namespaces(p: *mut bindings::task_struct) {
    // SAFETY: The caller promises a valid task, whose nsproxy may be replaced.
    switch::switch_task_namespaces(unsafe { NsProxySwitch::new(&*p.cast::<Task>()) }, None);
}

/// Enters the time namespace for children at exec.
///
/// # Safety
///
/// * The current task is in `execve(2)` and has its new `mm`.
#[export]
pub(crate) unsafe extern "C" fn exec_task_namespaces() -> c_int {
    let current = current!();
    // SAFETY: The caller promises that the task is in `execve(2)` and has its new `mm`. Its
    // credentials are not overridden where exec starts, and exec does not override them here.
    let caller = unsafe { Caller::new(current) };
    // SAFETY: A task that executes a program has an nsproxy, and nothing is borrowed from it here.
    let mut own = unsafe { OwnNsProxy::new(current) };

    from_result(|| switch::exec_task_namespaces(&caller, &mut own).map(|()| 0))
}

/// Moves the active reference of a task that commits new credentials to their user namespace.
///
/// # Safety
///
/// * Both are valid credentials. The task's active reference to the old user namespace is passed.
#[export]
pub(crate) unsafe extern "C" fn switch_cred_namespaces(
    old: *const bindings::cred,
    new: *const bindings::cred,
) {
    // SAFETY: The caller promises valid credentials.
    let (old, new) = unsafe { (Credential::from_ptr(old), Credential::from_ptr(new)) };
    // SAFETY: The task took this reference when it got the old credentials.
    let old = unsafe { Active::from_count(old.user_ns()) };

    forget(cred::switch_cred_namespaces(old, new.user_ns()));
}

/// Takes an active reference to a new task's user namespace.
///
/// # Safety
///
/// * `tsk` is valid and has its credentials, which do not change meanwhile.
#[export]
pub(crate) unsafe extern "C" fn get_cred_namespaces(tsk: *mut bindings::task_struct) {
    // SAFETY: The caller promises a valid task with credentials.
    let cred = unsafe { Credential::from_ptr((*tsk).real_cred) };

    forget(Active::new(cred.user_ns()));
}

/// Drops the active reference to a task's user namespace.
///
/// # Safety
///
/// * `tsk` is valid and has its credentials. The task's active reference is passed.
#[export]
pub(crate) unsafe extern "C" fn exit_cred_namespaces(tsk: *mut bindings::task_struct) {
    // SAFETY: The caller promises a valid task with credentials.
    let cred = unsafe { Credential::from_ptr((*tsk).real_cred) };

    // SAFETY: The task took this reference when it got its credentials.
    drop(unsafe { Active::from_count(cred.user_ns()) });
}

/// Implements `setns(2)`.
///
/// # Safety
///
/// * Called by the system call's entry only.
#[export]
pub(crate) unsafe extern "C" fn pidns_setns(fd: c_int, flags: c_int) -> c_int {
    let current = current!();
    // SAFETY: The caller promises that the task is in `setns(2)`, which keeps its address space,
    // files and `fs`. Credentials are not overridden at a system call's entry.
    let caller = unsafe { Caller::new(current) };
    // SAFETY: A task that makes a system call has an nsproxy, and nothing is borrowed from it here.
    let mut own = unsafe { OwnNsProxy::new(current) };

    // CAST: A negative number becomes one that no descriptor has.
    from_result(|| setns::setns(&caller, &mut own, fd as u32, flags).map(|()| 0))
}
