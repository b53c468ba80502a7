// SPDX-License-Identifier: GPL-2.0

//! User namespaces.
//!
//! C header: [`include/linux/user_namespace.h`](srctree/include/linux/user_namespace.h)

use super::UserNamespace;
use crate::bindings;

impl UserNamespace {
    /// Returns whether `other` is this namespace or a descendant of it.
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
