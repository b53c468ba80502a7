// SPDX-License-Identifier: GPL-2.0

//! `struct ns_common`, which every type of namespace embeds.
//!
//! C header: [`include/linux/ns_common.h`](srctree/include/linux/ns_common.h)

use super::NsTypes;
use crate::{
    bindings,
    fs::LocalFile,
    types::Opaque, //
};

/// Wraps the kernel's `struct ns_common`. Thread safe.
///
/// # Invariants
///
/// Instances are part of a valid namespace, and live as long as it does.
///
/// # Examples
///
/// ```
/// use kernel::{
///     ns::{
///         Namespace,
///         NsType, //
///     },
///     pid_namespace::PidNamespace, //
/// };
///
/// let common = PidNamespace::initial().common();
/// assert!(common.types().contains(NsType::Pid));
/// assert!(!common.types().contains(NsType::User));
/// assert_ne!(common.inum(), 0);
/// ```
#[repr(transparent)]
pub struct NsCommon(Opaque<bindings::ns_common>);

// bindgen leaves out unnamed structures. Check that it pads for them: a namespace has fields after
// its `ns_common`.
const _: () = assert!(size_of::<bindings::ns_common>() == bindings::SIZEOF_NS_COMMON);

// SAFETY: Type and operations never change, and the counts are atomic.
unsafe impl Sync for NsCommon {}

impl NsCommon {
    /// Creates a reference from a valid pointer.
    ///
    /// # Safety
    ///
    /// `ptr` must point into a namespace that stays valid for the lifetime of the reference.
    #[inline]
    pub unsafe fn from_ptr<'a>(ptr: *const bindings::ns_common) -> &'a Self {
        // SAFETY: The caller promises validity, and the type is transparent.
        unsafe { &*ptr.cast() }
    }

    /// Returns a raw pointer to the C structure.
    #[inline]
    pub fn as_ptr(&self) -> *mut bindings::ns_common {
        self.0.get()
    }

    /// Returns the inode number of the namespace, which `/proc/PID/ns` shows.
    #[inline]
    pub fn inum(&self) -> u32 {
        // SAFETY: The field is set at creation and never changes.
        unsafe { (*self.as_ptr()).inum }
    }

    /// Returns the namespace that `file` refers to, or [`None`] if it is not a namespace file.
    ///
    /// In C, `get_net_ns_by_fd()` does this for network drivers.
    #[doc(alias = "proc_ns_file")]
    #[doc(alias = "get_proc_ns")]
    #[inline]
    pub fn from_file(file: &LocalFile) -> Option<&Self> {
        // SAFETY: `file` is a valid file.
        if !unsafe { bindings::proc_ns_file(file.as_ptr()) } {
            return None;
        }
        // SAFETY: The inode of a namespace file holds a reference to the namespace while the file
        // is open, which the borrow of `file` guarantees.
        Some(unsafe { Self::from_ptr(bindings::get_proc_ns((*file.as_ptr()).f_inode)) })
    }

    /// Returns the type, as a set with one member.
    #[inline]
    pub fn types(&self) -> NsTypes {
        // SAFETY: The field never changes.
        let bits = unsafe { (*self.as_ptr()).ns_type };
        NsTypes::from_bits_truncate(bits.into())
    }

    /// Takes a reference unless the count is zero, and returns whether it did.
    #[doc(alias = "ns_ref_get")]
    #[inline]
    pub(super) fn try_inc_ref(&self) -> bool {
        // SAFETY: `self` is part of a namespace whose memory is valid.
        unsafe { bindings::__ns_ref_get(self.as_ptr()) }
    }
}
