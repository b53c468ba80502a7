// SPDX-License-Identifier: GPL-2.0

//! Active references, which make a namespace visible to userspace.
//!
//! C header: [`include/linux/ns_common.h`](srctree/include/linux/ns_common.h)

use super::{
    Namespace,
    NsCommon, //
};
use crate::bindings;
use core::mem::ManuallyDrop;

/// An active reference: while there is one, userspace can see and open the namespace.
///
/// The borrow keeps the namespace in memory. A namespace that becomes active takes an active
/// reference to the user namespace that owns it.
///
/// # Invariants
///
/// The value owns one reference of the namespace's active count.
///
/// # Examples
///
/// ```
/// use kernel::{
///     ns::Active,
///     pid_namespace::PidNamespace, //
/// };
///
/// // It stays visible while `active` exists.
/// let active = Active::new(PidNamespace::initial());
/// drop(active);
/// ```
pub struct Active<'a>(&'a NsCommon);

impl<'a> Active<'a> {
    /// Takes an active reference. Does not sleep.
    #[doc(alias = "ns_ref_active_get")]
    pub fn new<N: Namespace>(ns: &'a N) -> Self {
        let common = ns.common();
        // SAFETY: The namespace is valid.
        unsafe { bindings::__ns_ref_active_get(common.as_ptr()) };
        // INVARIANT: Just counted.
        Self(common)
    }

    /// Gives up ownership: the reference stays in the count.
    pub fn into_count(self) {
        let _ = ManuallyDrop::new(self);
    }

    /// Takes ownership of a reference in the count.
    ///
    /// # Safety
    ///
    /// The caller must own one active reference to `ns`, as left by [`Self::into_count`].
    pub unsafe fn from_count<N: Namespace>(ns: &'a N) -> Self {
        // INVARIANT: The caller promises it.
        Self(ns.common())
    }
}

impl Drop for Active<'_> {
    #[doc(alias = "ns_ref_active_put")]
    fn drop(&mut self) {
        // SAFETY: The namespace is valid, and by the type invariants the reference is ours to drop.
        unsafe { bindings::__ns_ref_active_put(self.0.as_ptr()) };
    }
}
