// SPDX-License-Identifier: GPL-2.0

//! The user namespace of a task's credentials, which the task keeps active.

use kernel::ns::{
    Active,
    UserNamespace, //
};

/// Takes an active reference to `new` and drops the one to `old`.
///
/// In this order, since one may own the other.
pub(crate) fn switch_cred_namespaces<'a>(old: Active<'_>, new: &'a UserNamespace) -> Active<'a> {
    let new = Active::new(new);
    drop(old);
    new
}
