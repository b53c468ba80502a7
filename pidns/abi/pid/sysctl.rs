// SPDX-License-Identifier: GPL-2.0

//! The functions of `kernel/pid.c`: sysctls. Prototypes: `include/linux/pid_namespace.h` and
//! `include/linux/sysctl.h`.

use crate::raw::sysctl::{
    self as raw,
    PidSysctlRoot, //
};
#[cfg(CONFIG_SYSCTL)]
use crate::sysctl::permissions;
#[cfg(CONFIG_SYSCTL)]
use core::ptr;
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

/// What the sets of all PID namespaces share.
#[cfg(CONFIG_SYSCTL)]
pub(crate) static ROOT: PidSysctlRoot = {
    let root = bindings::ctl_table_root {
        default_set: pin_init::zeroed(),
        lookup: Some(lookup),
        set_ownership: Some(set_ownership),
        permissions: Some(permissions),
    };
    // SAFETY: The functions take what they are given for a part of a PID namespace.
    unsafe { PidSysctlRoot::new(root, is_seen) }
};

#[cfg(not(CONFIG_SYSCTL))]
pub(crate) static ROOT: PidSysctlRoot = PidSysctlRoot;

/// Returns the set that the current task sees, or null if there is none: that of the namespace it
/// lives in.
#[cfg(CONFIG_SYSCTL)]
fn seen() -> *mut bindings::ctl_table_set {
    let ns = current!().active_pid_ns().map(|ns| ns.as_ptr());
    // SAFETY: The namespace was valid just now, and only an address is computed.
    ns.map_or(ptr::null_mut(), |ns| unsafe { &raw mut (*ns).set })
}

/// Returns the owner of the namespace that a table or folder belongs to.
///
/// # Safety
///
/// `head` must be in the set of a PID namespace, which must not be freed as long as the result is
/// used.
#[cfg(CONFIG_SYSCTL)]
unsafe fn owner<'a>(head: *mut bindings::ctl_table_header) -> &'a UserNamespace {
    // SAFETY: The caller promises a set that is part of a namespace, whose owner never changes and
    // is kept until the namespace is freed.
    unsafe {
        let ns = container_of!((*head).set, bindings::pid_namespace, set);
        UserNamespace::from_ptr((*ns).user_ns)
    }
}

/// # Safety
///
/// * `root` is that of [`ROOT`].
#[cfg(CONFIG_SYSCTL)]
unsafe extern "C" fn lookup(root: *mut bindings::ctl_table_root) -> *mut bindings::ctl_table_set {
    let set = seen();
    if set.is_null() {
        // SAFETY: The caller promises a valid root, and only an address is computed.
        unsafe { &raw mut (*root).default_set }
    } else {
        set
    }
}

/// # Safety
///
/// * None: the set is only compared.
#[cfg(CONFIG_SYSCTL)]
unsafe extern "C" fn is_seen(set: *mut bindings::ctl_table_set) -> c_int {
    c_int::from(ptr::eq(seen(), set))
}

/// # Safety
///
/// * `head` is in use, and in the set of a PID namespace.
/// * `uid` and `gid` are valid for writes.
#[cfg(CONFIG_SYSCTL)]
unsafe extern "C" fn set_ownership(
    head: *mut bindings::ctl_table_header,
    uid: *mut bindings::kuid_t,
    gid: *mut bindings::kgid_t,
) {
    // SAFETY: Such a set is part of a namespace. Somebody lives in it, or `head` has an inode; then
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

/// # Safety
///
/// * `head` is in use, and in the set of a PID namespace.
/// * `table` is valid.
#[cfg(CONFIG_SYSCTL)]
unsafe extern "C" fn permissions(
    head: *mut bindings::ctl_table_header,
    table: *const bindings::ctl_table,
) -> c_int {
    // SAFETY: As in `set_ownership`.
    let user_ns = unsafe { owner(head) };
    // SAFETY: The caller promises a valid table.
    let mode = unsafe { (*table).mode };

    c_int::from(permissions::mode(current!(), user_ns, mode))
}

/// Registers the sysctls of the initial namespace.
///
/// # Safety
///
/// * It is called once, by an initcall, when the directory `kernel` of sysctls exists.
#[export]
pub(crate) unsafe extern "C" fn pidns_sysctl_init() -> c_int {
    from_result(|| crate::sysctl::init_pid_max().map(|()| 0))
}

/// Registers the sysctls of a namespace.
///
/// The limit stays as it is: a new namespace begins with the highest, and the initial one's was
/// raised to suit the processors before it had sysctls.
///
/// # Safety
///
/// * `pidns` is valid, has its user namespace and no sysctls yet.
/// * `unregister_pidns_sysctls()` is called before it is freed.
#[export]
pub(crate) unsafe extern "C" fn register_pidns_sysctls(
    pidns: *mut bindings::pid_namespace,
) -> c_int {
    // SAFETY: The caller promises it.
    from_result(|| unsafe { raw::register(pidns, &ROOT) }.map(|()| 0))
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
