// SPDX-License-Identifier: GPL-2.0

//! Capabilities.
//!
//! C header: [`include/linux/capability.h`](srctree/include/linux/capability.h)

use crate::{
    bindings,
    ns::UserNamespace, //
};

/// A capability.
///
/// See `capabilities(7)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Capability {
    /// System administration, including creating and joining namespaces.
    SysAdmin = bindings::CAP_SYS_ADMIN,
    /// Checkpoint and restore, including choosing PIDs.
    CheckpointRestore = bindings::CAP_CHECKPOINT_RESTORE,
}

impl UserNamespace {
    /// Returns whether the current task has `cap` in this namespace, by its subjective credentials.
    ///
    /// The check is audited, and sets `PF_SUPERPRIV` if it succeeds.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::{
    ///     capability::Capability,
    ///     current, //
    /// };
    ///
    /// // The tests run in a kernel thread, which has all capabilities.
    /// let cred = current!().cred();
    /// assert!(cred.user_ns().capable(Capability::SysAdmin));
    /// ```
    #[doc(alias = "ns_capable")]
    pub fn capable(&self, cap: Capability) -> bool {
        // CAST: Capability numbers are small and positive.
        // SAFETY: `self` is a valid user namespace.
        unsafe { bindings::ns_capable(self.as_ptr(), cap as crate::ffi::c_int) }
    }

    /// Returns whether the current task has `cap` in this namespace, without auditing the check.
    ///
    /// For checks whose failure denies nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::{
    ///     capability::Capability,
    ///     current, //
    /// };
    ///
    /// let cred = current!().cred();
    /// assert!(cred.user_ns().capable_noaudit(Capability::SysAdmin));
    /// ```
    #[doc(alias = "ns_capable_noaudit")]
    pub fn capable_noaudit(&self, cap: Capability) -> bool {
        // CAST: Capability numbers are small and positive.
        // SAFETY: `self` is a valid user namespace.
        unsafe { bindings::ns_capable_noaudit(self.as_ptr(), cap as crate::ffi::c_int) }
    }

    /// Returns whether the current task may checkpoint and restore processes of this namespace.
    ///
    /// Either [`Capability::CheckpointRestore`] or [`Capability::SysAdmin`] is enough.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::current;
    ///
    /// assert!(current!().cred().user_ns().may_checkpoint_restore());
    /// ```
    #[doc(alias = "checkpoint_restore_ns_capable")]
    pub fn may_checkpoint_restore(&self) -> bool {
        self.capable(Capability::CheckpointRestore) || self.capable(Capability::SysAdmin)
    }
}
