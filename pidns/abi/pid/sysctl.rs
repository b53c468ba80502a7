// SPDX-License-Identifier: GPL-2.0

//! The functions of `kernel/pid.c`: sysctls. Prototypes: `include/linux/pid_namespace.h` and
//! `pidns/glue.h`.

use crate::raw::sysctl as raw;
#[cfg(CONFIG_SYSCTL)]
use crate::sysctl::permissions;
use kernel::{
    bindings,
    error::from_result,
    prelude::*, //
};
#[cfg(CONFIG_SYSCTL)]
use kernel::{
    container_of,
    current,
    ns::UserNamespace, //
};

/// Returns the user namespace that owns the PID namespace of a table.
///
/// # Safety
///
/// `head` must be in the set of a PID namespace, which must not be freed while the result is used.
#[cfg(CONFIG_SYSCTL)]
unsafe fn owner<'a>(head: *mut bindings::ctl_table_header) -> &'a UserNamespace {
    // SAFETY: The caller promises a set in a namespace. Its owner never changes, and is kept until
    // the namespace is freed.
    unsafe {
        let ns = container_of!((*head).set, bindings::pid_namespace, set);
        UserNamespace::from_ptr((*ns).user_ns)
    }
}

/// Sets the owner of a file or directory in the set of a namespace.
///
/// # Safety
///
/// * `head` is in use, and in the set of a PID namespace.
/// * `uid` and `gid` are valid for writes.
#[cfg(CONFIG_SYSCTL)]
#[export]
pub(crate) unsafe extern "C" fn pid_table_root_set_ownership(
    head: *mut bindings::ctl_table_header,
    uid: *mut bindings::kuid_t,
    gid: *mut bindings::kgid_t,
) {
    // SAFETY: The set is in a namespace. A task is in that namespace, or `head` has an inode; then
    // `unregister` waits until `head` is no longer in use before anything is freed.
    let (user, group) = permissions::owner(unsafe { owner(head) });

    if let Some(user) = user {
        // SAFETY: The caller promises that it is valid for writes.
        unsafe { *uid = user.into_raw() };
    }
    if let Some(group) = group {
        // SAFETY: As above.
        unsafe { *gid = group.into_raw() };
    }
}

/// Returns the permission bits of the current task for a file in the set of a namespace.
///
/// # Safety
///
/// * `head` is in use, and in the set of a PID namespace.
/// * `table` is valid.
#[cfg(CONFIG_SYSCTL)]
#[export]
pub(crate) unsafe extern "C" fn pid_table_root_permissions(
    head: *mut bindings::ctl_table_header,
    table: *const bindings::ctl_table,
) -> c_int {
    // SAFETY: As in `pid_table_root_set_ownership`.
    let user_ns = unsafe { owner(head) };
    // SAFETY: The caller promises a valid table.
    let mode = unsafe { (*table).mode };

    c_int::from(permissions::mode(current!(), user_ns, mode))
}

/// Registers the sysctls of the initial namespace.
///
/// # Safety
///
/// * Called once, by an initcall, after the directory `kernel` of sysctls is registered.
#[export]
pub(crate) unsafe extern "C" fn pidns_sysctl_init() -> c_int {
    from_result(|| crate::sysctl::init_pid_max().map(|()| 0))
}

/// Registers the sysctls of a namespace.
///
/// Unlike in C, `pid_max` is not set here: a new namespace starts with the maximum, and the initial
/// one's was scaled to the number of CPUs at boot.
///
/// # Safety
///
/// * `pidns` is valid, with its user namespace set and no sysctls yet.
/// * `unregister_pidns_sysctls()` is called before it is freed.
#[export]
pub(crate) unsafe extern "C" fn register_pidns_sysctls(
    pidns: *mut bindings::pid_namespace,
) -> c_int {
    // SAFETY: The caller promises it.
    from_result(|| unsafe { raw::register(pidns) }.map(|()| 0))
}

/// Unregisters the sysctls of a namespace.
///
/// # Safety
///
/// * `register_pidns_sysctls()` has succeeded for `pidns`.
#[export]
pub(crate) unsafe extern "C" fn unregister_pidns_sysctls(pidns: *mut bindings::pid_namespace) {
    // SAFETY: The caller promises it.
    unsafe { raw::unregister(pidns) };
}
