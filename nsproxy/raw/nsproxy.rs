// SPDX-License-Identifier: GPL-2.0

//! `struct nsproxy` before a task uses it, and after.
//!
//! C header: [`include/linux/nsproxy.h`](srctree/include/linux/nsproxy.h)

use core::{
    mem::{
        offset_of,
        ManuallyDrop, //
    },
    ptr::NonNull, //
};
use kernel::{
    bindings,
    nsproxy::{
        Namespaces,
        NsProxy, //
    },
    prelude::*,
    slab::{
        AllocFn,
        SlabBox,
        SlabCache,
        SlabFlags,
        SlabObject,
        SlabSlot, //
    },
    sync::aref::ARef,
    types::Opaque, //
};

/// A `struct nsproxy` that owns its namespaces.
#[repr(C)]
pub(super) struct Object {
    count: bindings::refcount_t,
    namespaces: Namespaces,
}

const _: () = {
    assert!(offset_of!(Object, count) == offset_of!(bindings::nsproxy, count));
    assert!(offset_of!(Object, namespaces) == Namespaces::OFFSET);
    assert!(size_of::<Object>() == size_of::<bindings::nsproxy>());
};

static CACHE: SlabCache<Object> = SlabCache::new();

// SAFETY: There is one cache, and the helper only calls `kmem_cache_alloc()`.
unsafe impl SlabObject for Object {
    const ALLOC: AllocFn = bindings::kmem_cache_alloc_nsproxy;

    fn cache() -> &'static SlabCache<Self> {
        &CACHE
    }
}

impl Object {
    /// Returns an nsproxy with one reference.
    const fn new(namespaces: Namespaces) -> Self {
        Self {
            count: bindings::refcount_t {
                refs: bindings::atomic_t { counter: 1 },
            },
            namespaces,
        }
    }
}

/// The initial nsproxy. C sets the mount namespace.
#[repr(transparent)]
pub(crate) struct InitNsProxy(Opaque<Object>);

// SAFETY: Only C uses it.
unsafe impl Sync for InitNsProxy {}

impl InitNsProxy {
    /// Returns the initial nsproxy.
    pub(crate) const fn new() -> Self {
        Self(Opaque::new(Object::new(Namespaces::INITIAL)))
    }
}

/// Uninitialised memory for an nsproxy.
pub(crate) struct NsProxySlot(SlabSlot<Object>);

impl NsProxySlot {
    /// Creates the slab cache. Panics if there is no memory.
    ///
    /// Returns `EEXIST` if it exists already.
    #[doc(alias = "nsproxy_cachep")]
    pub(crate) fn create_cache() -> Result {
        CACHE.create(c"nsproxy", SlabFlags::PANIC | SlabFlags::ACCOUNT)
    }

    /// Allocates memory.
    ///
    /// Returns `ENOMEM`. May sleep.
    #[doc(alias = "create_nsproxy")]
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(SlabSlot::new(GFP_KERNEL)?))
    }

    /// Initialises the nsproxy with `namespaces`.
    #[inline]
    pub(crate) fn init(self, namespaces: Namespaces) -> PreparedNsProxy {
        let Ok(object) = self.0.init(Object::new(namespaces));
        // INVARIANT: The nsproxy is new, its count is one, and its namespaces were not activated.
        PreparedNsProxy(object.into_raw())
    }
}

/// An nsproxy that no task uses yet.
///
/// Dropping it drops its namespaces, which may sleep.
///
/// # Invariants
///
/// The nsproxy is owned, comes from the slab cache and has a count of one. It holds no active
/// references.
pub(crate) struct PreparedNsProxy(NonNull<Object>);

impl PreparedNsProxy {
    /// Takes ownership of an nsproxy from C.
    ///
    /// # Safety
    ///
    /// `ptr` must come from [`Self::into_ptr`] and be unused since.
    #[inline]
    pub(crate) unsafe fn from_ptr(ptr: NonNull<bindings::nsproxy>) -> Self {
        // INVARIANT: The caller promises it.
        Self(ptr.cast())
    }

    /// Passes ownership of the nsproxy to C.
    #[inline]
    pub(crate) fn into_ptr(self) -> NonNull<bindings::nsproxy> {
        ManuallyDrop::new(self).0.cast()
    }

    /// Returns a pointer for C to replace namespaces through.
    #[inline]
    pub(super) fn as_ptr(&mut self) -> *mut bindings::nsproxy {
        self.0.cast().as_ptr()
    }

    /// Returns the namespaces.
    #[inline]
    pub(crate) fn namespaces(&self) -> &Namespaces {
        // SAFETY: By the type invariants the nsproxy is valid, and nobody else changes it.
        unsafe { &(*self.0.as_ptr()).namespaces }
    }

    /// Activates the namespaces, for use by a task.
    #[doc(alias = "nsproxy_ns_active_get")]
    #[inline]
    pub(crate) fn activate(self) -> ARef<NsProxy> {
        let ptr = self.into_ptr();
        // SAFETY: The nsproxy is valid.
        unsafe { bindings::nsproxy_ns_active_get(ptr.as_ptr()) };
        // SAFETY: The nsproxy is in use now, and the reference of `self` is passed on.
        unsafe { ARef::from_raw(ptr.cast()) }
    }

    /// Deactivates the namespaces of an nsproxy. Undoes [`Self::activate`].
    ///
    /// # Safety
    ///
    /// `ptr` must come from [`Self::activate`] and have no references left.
    #[doc(alias = "nsproxy_ns_active_put")]
    #[inline]
    pub(crate) unsafe fn deactivate(ptr: NonNull<bindings::nsproxy>) -> Self {
        // SAFETY: The nsproxy is valid, and its namespaces were activated.
        unsafe { bindings::nsproxy_ns_active_put(ptr.as_ptr()) };
        // INVARIANT: `activate` consumed a value of this type. No reference is left, so nobody
        // looks at the count.
        Self(ptr.cast())
    }
}

impl Drop for PreparedNsProxy {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the nsproxy is owned, and comes from `NsProxySlot::init`.
        drop(unsafe { SlabBox::from_raw(self.0) });
    }
}
