// SPDX-License-Identifier: GPL-2.0

//! The user namespace, which belongs to the credentials of a task and not to its proxy, and is kept
//! active by every task that has such credentials.

use kernel::ns::{
    Active,
    UserNamespace, //
};

/// Changes from credentials in the namespace that `old` keeps active to such in `new`.
///
/// The new one becomes active before the old one ceases to be: either may own the other.
///
/// C counterpart: `switch_cred_namespaces()`.
pub(crate) fn switch<'a>(old: Active<'_>, new: &'a UserNamespace) -> Active<'a> {
    let new = Active::new(new);
    drop(old);
    new
}
