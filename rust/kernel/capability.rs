// SPDX-License-Identifier: GPL-2.0

//! Capabilities.
//!
//! C header: [`include/linux/capability.h`](srctree/include/linux/capability.h)

use crate::{
    bindings,
    ns::UserNamespace, //
};

/// A capability: one of the units that the rights of the superuser are divided into.
///
/// See `capabilities(7)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Capability {
    /// Administer the system: among much else, create and join namespaces.
    SysAdmin = bindings::CAP_SYS_ADMIN,
}

impl UserNamespace {
    /// Tells whether the current task has `cap` over this namespace, and records that it was used.
    ///
    /// The task's subjective credentials count.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::{
    ///     capability::Capability,
    ///     current, //
    /// };
    ///
    /// // The tests run in a kernel thread, which may do everything.
    /// let cred = current!().cred();
    /// assert!(cred.user_ns().capable(Capability::SysAdmin));
    /// ```
    #[doc(alias = "ns_capable")]
    pub fn capable(&self, cap: Capability) -> bool {
        // CAST: The numbers of capabilities are small and positive.
        // SAFETY: `self` is a valid user namespace.
        unsafe { bindings::ns_capable(self.as_ptr(), cap as crate::ffi::c_int) }
    }
}
