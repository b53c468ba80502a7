// SPDX-License-Identifier: GPL-2.0

//! The count that makes a namespace visible.
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
/// It keeps the namespace visible, not its memory; that is what the borrow is for. Through a first
/// active reference a namespace takes one to the user namespace that owns it.
///
/// # Invariants
///
/// The value stands for one in the namespace's active count.
///
/// # Examples
///
/// ```
/// use kernel::{
///     ns::Active,
///     pid_namespace::PidNamespace, //
/// };
///
/// // It cannot cease to be visible meanwhile.
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

    /// Leaves the count to C, which will give it back by [`Self::from_count`].
    pub fn into_count(self) {
        let _ = ManuallyDrop::new(self);
    }

    /// Takes over a count from C.
    ///
    /// # Safety
    ///
    /// One of the active references to `ns` must be the caller's to give up, as
    /// [`Self::into_count`] left it.
    pub unsafe fn from_count<N: Namespace>(ns: &'a N) -> Self {
        // INVARIANT: The caller promises it.
        Self(ns.common())
    }
}

impl Drop for Active<'_> {
    #[doc(alias = "ns_ref_active_put")]
    fn drop(&mut self) {
        // SAFETY: The namespace is valid, and by the type invariants one of its count is ours.
        unsafe { bindings::__ns_ref_active_put(self.0.as_ptr()) };
    }
}
