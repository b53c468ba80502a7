// SPDX-License-Identifier: GPL-2.0

//! PID namespaces for procfs, nsfs and setns. Declarations: `include/linux/proc_ns.h` and
//! `include/linux/pid_namespace.h`.

use crate::{
    nsops,
    raw::nsset::NsSetMut, //
};
use core::ptr::{
    self,
    NonNull, //
};
use kernel::{
    bindings,
    container_of,
    current,
    error::from_result,
    ns::Namespace,
    pid_namespace::PidNamespace,
    prelude::*,
    str::as_char_ptr_in_const_context,
    sync::aref::ARef,
    task::Task, //
};

/// Wraps the kernel's `struct proc_ns_operations`.
#[repr(transparent)]
pub(crate) struct Operations(bindings::proc_ns_operations);

// SAFETY: The table is constant, and its functions may be called from any thread.
unsafe impl Sync for Operations {}

/// What both tables share.
const OPERATIONS: bindings::proc_ns_operations = bindings::proc_ns_operations {
    name: as_char_ptr_in_const_context(c"pid"),
    real_ns_name: ptr::null(),
    get: None,
    put: Some(put),
    install: Some(install),
    owner: Some(owner),
    get_parent: Some(get_parent),
};

/// The operations of `/proc/PID/ns/pid`, and of every PID namespace.
#[no_mangle]
#[allow(non_upper_case_globals)]
pub(crate) static pidns_operations: Operations = Operations(bindings::proc_ns_operations {
    get: Some(get),
    ..OPERATIONS
});

/// The operations of `/proc/PID/ns/pid_for_children`.
#[no_mangle]
#[allow(non_upper_case_globals)]
pub(crate) static pidns_for_children_operations: Operations =
    Operations(bindings::proc_ns_operations {
        name: as_char_ptr_in_const_context(c"pid_for_children"),
        real_ns_name: as_char_ptr_in_const_context(c"pid"),
        get: Some(get_for_children),
        ..OPERATIONS
    });

/// Returns the namespace that contains `common`.
///
/// # Safety
///
/// `common` must be part of a PID namespace that is valid for `'a`.
unsafe fn whole<'a>(common: *mut bindings::ns_common) -> &'a PidNamespace {
    // SAFETY: The caller promises it.
    unsafe { PidNamespace::from_ptr(container_of!(common, bindings::pid_namespace, ns)) }
}

/// Passes a reference to C, or null.
fn into_common(ns: Option<ARef<PidNamespace>>) -> *mut bindings::ns_common {
    ns.map_or(ptr::null_mut(), |ns| {
        let common = ns.common().as_ptr();
        let _ = ARef::into_raw(ns);
        common
    })
}

/// # Safety
///
/// * `task` is valid.
unsafe extern "C" fn get(task: *mut bindings::task_struct) -> *mut bindings::ns_common {
    // SAFETY: The caller promises a valid task, and the type is transparent.
    into_common(nsops::get(unsafe { &*task.cast::<Task>() }))
}

/// # Safety
///
/// * `task` is valid.
unsafe extern "C" fn get_for_children(
    task: *mut bindings::task_struct,
) -> *mut bindings::ns_common {
    // SAFETY: The caller promises a valid task, and the type is transparent.
    into_common(nsops::get_for_children(unsafe { &*task.cast::<Task>() }))
}

/// # Safety
///
/// * `common` is part of a PID namespace, a reference to which is passed.
unsafe extern "C" fn put(common: *mut bindings::ns_common) {
    // SAFETY: The caller promises such a namespace, and passes a reference.
    drop(unsafe { ARef::from_raw(NonNull::from(whole(common))) });
}

/// # Safety
///
/// * `set` is prepared by `setns(2)`, and satisfies the invariants of [`NsSetMut`].
/// * `common` is part of a valid PID namespace.
unsafe extern "C" fn install(set: *mut bindings::nsset, common: *mut bindings::ns_common) -> c_int {
    // SAFETY: The caller promises such a set.
    let mut set = unsafe { NsSetMut::from_ptr(set) };
    // SAFETY: The caller promises such a namespace.
    let ns = unsafe { whole(common) };

    from_result(|| nsops::install(current!(), &mut set, ns).map(|()| 0))
}

/// # Safety
///
/// * `common` is part of a PID namespace that is valid while the result is used.
unsafe extern "C" fn owner(common: *mut bindings::ns_common) -> *mut bindings::user_namespace {
    // SAFETY: The caller promises such a namespace.
    unsafe { whole(common) }.user_ns().as_ptr()
}

/// # Safety
///
/// * `common` is part of a valid PID namespace.
unsafe extern "C" fn get_parent(common: *mut bindings::ns_common) -> *mut bindings::ns_common {
    // SAFETY: The caller promises such a namespace.
    match nsops::parent(current!(), unsafe { whole(common) }) {
        Ok(parent) => into_common(Some(parent)),
        Err(error) => error.to_ptr(),
    }
}

/// Returns whether `ancestor` is `child` or one of its ancestors.
///
/// # Safety
///
/// * Both are valid.
#[export]
pub(crate) unsafe extern "C" fn pidns_is_ancestor(
    child: *mut bindings::pid_namespace,
    ancestor: *mut bindings::pid_namespace,
) -> bool {
    // SAFETY: The caller promises valid namespaces.
    let (child, ancestor) = unsafe {
        (
            PidNamespace::from_ptr(child),
            PidNamespace::from_ptr(ancestor),
        )
    };

    nsops::is_ancestor(child, ancestor)
}
