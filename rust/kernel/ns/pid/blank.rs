// SPDX-License-Identifier: GPL-2.0

//! What a PID namespace is made of: memory that the sysctl core knows already.

use super::sysctl::{
    self,
    PidSysctlPolicy, //
};
use crate::{
    bindings,
    pid_namespace::PidNamespace,
    prelude::*,
    slab::{
        SlabCache,
        SlabFlags,
        SlabObject,
        SlabSlot, //
    },
};
use core::{
    mem::ManuallyDrop,
    ptr::NonNull, //
};

/// The cache of namespaces.
static CACHE: SlabCache<PidNamespace> = SlabCache::new();

// SAFETY: There is one cache.
unsafe impl SlabObject for PidNamespace {
    fn cache() -> &'static SlabCache<Self> {
        &CACHE
    }
}

/// The memory of a namespace of which there is nothing yet, or nothing any more, but registered
/// sysctls.
///
/// Dropping it takes them away and gives the memory back, which may sleep.
///
/// # Invariants
///
/// The memory comes from the cache of namespaces, the sysctls in it are registered, and nobody but
/// the sysctl core knows it.
pub(super) struct Blank(NonNull<PidNamespace>);

impl Blank {
    /// Takes new memory, and registers sysctls of the policy `P` in it.
    ///
    /// Returns `ENOMEM`, and `EINVAL` if the policy is part of a module. May sleep.
    pub(super) fn new<P: PidSysctlPolicy>() -> Result<Self> {
        let slot = SlabSlot::<PidNamespace>::new(GFP_KERNEL)?;
        // SAFETY: The memory is new, stays where it is, and is given back after `unregister`: by
        // `drop`, or as `free` asks for it.
        unsafe { sysctl::register::<P>(slot.as_ptr().cast())? };
        // INVARIANT: They are registered, and nobody else knows the slot.
        Ok(Self(slot.into_raw()))
    }

    /// Takes over what `ns` was.
    ///
    /// # Safety
    ///
    /// `ns` must have come from [`Self::into_raw`], have its sysctls still, own nothing else, and
    /// nobody else use it.
    pub(super) unsafe fn from_raw(ns: NonNull<PidNamespace>) -> Self {
        // INVARIANT: The caller promises it.
        Self(ns)
    }

    /// Gives up ownership.
    pub(super) fn into_raw(self) -> NonNull<PidNamespace> {
        ManuallyDrop::new(self).0
    }

    /// Returns the address, at which nothing but the members of the sysctls means anything.
    pub(super) fn as_ptr(&self) -> *mut bindings::pid_namespace {
        self.0.as_ptr().cast()
    }

    /// Tells whether the sysctls are of the policy `P`.
    pub(super) fn is_of<P: PidSysctlPolicy>(&self) -> bool {
        // SAFETY: By the type invariants it has sysctls.
        unsafe { sysctl::is_of::<P>(self.as_ptr()) }
    }

    /// Makes all zero but the sysctls.
    pub(super) fn clear(&mut self) {
        // SAFETY: By the type invariants it has sysctls, and nobody uses it.
        unsafe { sysctl::clear_all_else(self.as_ptr()) };
    }
}

impl Drop for Blank {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the sysctls are registered, and nobody uses it.
        unsafe {
            sysctl::unregister(self.as_ptr());
            free(self.0);
        }
    }
}

/// Gives the memory of a namespace back.
///
/// # Safety
///
/// `ns` must have come from [`Blank::into_raw`], have no sysctls any more and own nothing else, and
/// nobody use it.
pub(super) unsafe fn free(ns: NonNull<PidNamespace>) {
    // SAFETY: The memory comes from a slot of this cache, and the caller promises the rest.
    drop(unsafe { SlabSlot::from_raw(ns) });
}

impl PidNamespace {
    /// Creates the cache of namespaces, at boot.
    ///
    /// Returns `EEXIST` if it has been created already; panics if there is no memory.
    pub fn create_cache() -> Result {
        CACHE.create(c"pid_namespace", SlabFlags::PANIC | SlabFlags::ACCOUNT)
    }
}
