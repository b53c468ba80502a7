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
    /// Checkpoint and restore processes: among else, choose their identifiers.
    CheckpointRestore = bindings::CAP_CHECKPOINT_RESTORE,
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

    /// Tells whether the current task has `cap` over this namespace, without a record.
    ///
    /// This is for questions whose answer only chooses between ways to go on: they refuse nothing,
    /// so there is nothing to audit.
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
        // CAST: The numbers of capabilities are small and positive.
        // SAFETY: `self` is a valid user namespace.
        unsafe { bindings::ns_capable_noaudit(self.as_ptr(), cap as crate::ffi::c_int) }
    }

    /// Tells whether the current task may checkpoint and restore processes of this namespace.
    ///
    /// [`Capability::CheckpointRestore`] is enough for that, and so is [`Capability::SysAdmin`],
    /// which had to do before the former was split off.
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
