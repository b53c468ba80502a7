// SPDX-License-Identifier: GPL-2.0

//! PID namespaces as procfs, nsfs and setns reach them. Declarations: `include/linux/proc_ns.h` and
//! `include/linux/pid_namespace.h`.

use crate::nsops::{
    self,
    Active,
    ForChildren, //
};
use kernel::{
    bindings,
    ns::NsOperationsTable,
    pid_namespace::PidNamespace,
    prelude::*, //
};

/// What `/proc/PID/ns/pid` and every PID namespace itself refer to.
#[no_mangle]
#[allow(non_upper_case_globals)]
pub(crate) static pidns_operations: NsOperationsTable = NsOperationsTable::new::<Active>();

/// What `/proc/PID/ns/pid_for_children` refers to.
#[no_mangle]
#[allow(non_upper_case_globals)]
pub(crate) static pidns_for_children_operations: NsOperationsTable =
    NsOperationsTable::new::<ForChildren>();

/// Tells whether `ancestor` is `child` or above it.
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
