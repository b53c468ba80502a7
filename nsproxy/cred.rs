// SPDX-License-Identifier: GPL-2.0

//! The user namespace of a task, which belongs to its credentials. The task keeps it active.

use kernel::ns::{
    Active,
    UserNamespace, //
};

/// Makes `new` active for a task instead of `old`.
///
/// In this order, since either may own the other.
///
/// C counterpart: `switch_cred_namespaces()`.
pub(crate) fn switch<'a>(old: Active<'_>, new: &'a UserNamespace) -> Active<'a> {
    let new = Active::new(new);
    drop(old);
    new
}
