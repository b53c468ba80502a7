// SPDX-License-Identifier: GPL-2.0

//! User namespaces.
//!
//! C header: [`include/linux/user_namespace.h`](srctree/include/linux/user_namespace.h)

use super::{
    declare_namespace,
    NsType, //
};
use crate::bindings;

declare_namespace! {
    /// Wraps the kernel's `struct user_namespace`: users, groups, and what capabilities refer to.
    ///
    /// Every other namespace is owned by one of these.
    pub struct UserNamespace(
        user_namespace,
        NsType::User,
        put: bindings::put_user_ns,
        common: |ptr| &raw const (*ptr).ns
    );
}

impl UserNamespace {
    /// Tells whether `other` is this namespace or a descendant of it.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::pid_namespace::PidNamespace;
    ///
    /// let user_ns = PidNamespace::initial().user_ns();
    /// assert!(user_ns.is_or_contains(user_ns));
    /// ```
    #[doc(alias = "in_userns")]
    pub fn is_or_contains(&self, other: &Self) -> bool {
        // SAFETY: Both namespaces are valid.
        unsafe { bindings::in_userns(self.as_ptr(), other.as_ptr()) }
    }
}
