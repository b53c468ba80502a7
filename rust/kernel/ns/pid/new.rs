// SPDX-License-Identifier: GPL-2.0

//! How a PID namespace comes to be, up to its being visible.

use super::{
    dead,
    sysctl::{
        self,
        PidSysctlPolicy, //
    }, //
};
use crate::{
    bindings,
    error::to_result,
    ns::UserNamespace,
    pid::PidCache,
    pid_namespace::PidNamespace,
    prelude::*,
    slab::{
        AllocFn,
        SlabCache,
        SlabFlags,
        SlabObject,
        SlabSlot, //
    },
    static_lock_class,
    sync::aref::ARef,
    ucount::{
        Ucount,
        UcountType, //
    }, //
};
use core::{
    mem::ManuallyDrop,
    ptr::NonNull, //
};

/// What is in an object of the cache: a namespace, and behind it the table of its sysctls.
#[repr(C)]
pub(super) struct PidNsObject {
    _ns: PidNamespace,
    #[cfg(CONFIG_SYSCTL)]
    pub(super) table: crate::types::Opaque<bindings::ctl_table>,
}

/// The cache of namespaces.
static CACHE: SlabCache<PidNsObject> = SlabCache::new();

// SAFETY: There is one cache, and the helper only calls `kmem_cache_alloc()`.
unsafe impl SlabObject for PidNsObject {
    const ALLOC: AllocFn = bindings::kmem_cache_alloc_pid_ns;

    fn cache() -> &'static SlabCache<Self> {
        &CACHE
    }
}

/// A PID namespace that is complete, but that nobody can see.
///
/// Dropping it undoes all.
///
/// # Invariants
///
/// The namespace is complete and in a [`PidNsObject`], this is the only reference to it, and it is
/// in no tree.
pub struct NewPidNamespace(NonNull<PidNamespace>);

impl NewPidNamespace {
    /// Makes a namespace below `parent`, owned by `user_ns` and counted by `count`, whose pids come
    /// from `cache`. `S` says who may use its sysctls.
    ///
    /// Returns `EINVAL` if `count`, `cache` or the policy do not fit; `ENOMEM`, and `ENOSPC` if
    /// there is no inode number left. May sleep.
    ///
    /// The namespace may live longer than a module, so the policy must be built in.
    pub fn new<S: PidSysctlPolicy>(
        parent: &PidNamespace,
        user_ns: &UserNamespace,
        count: Ucount,
        cache: PidCache,
    ) -> Result<Self> {
        let level = cache.level();
        if parent.level().checked_add(1) != Some(level) || count.kind() != UcountType::PidNamespaces
        {
            return Err(EINVAL);
        }
        let slot = SlabSlot::<PidNsObject>::new(GFP_KERNEL | __GFP_ZERO)?;
        let raw = slot.as_ptr().cast::<bindings::pid_namespace>();
        // SAFETY: The memory is valid for writes, and nobody uses these members, for all of which
        // zero is a valid value. The work is queued when the last reference is dropped.
        unsafe {
            PidNamespace::init_numbers(raw, level);
            (*raw).pid_cachep = cache.as_ptr();
            (*raw).level = level;
            (*raw).pid_max = bindings::PID_MAX_LIMIT;
            (*raw).pid_allocated = bindings::PIDNS_ADDING;
            bindings::init_work_with_key(
                &raw mut (*raw).work,
                Some(dead::destroy_work),
                false,
                c"(work_completion)&ns->work".as_char_ptr(),
                static_lock_class!().as_ptr(),
            );
        }
        // SAFETY: The common part is all zeroes, as the function wants it.
        to_result(unsafe { bindings::pid_ns_common_init(raw) })?;
        // SAFETY: The memory stays where it is, and is freed after `unregister`. The set is not
        // seen by anybody before somebody lives in the namespace.
        if let Err(error) = unsafe { sysctl::register::<S>(raw) } {
            // SAFETY: The common part was just initialised, and nobody has seen it.
            unsafe { bindings::__ns_common_free(&raw mut (*raw).ns) };
            return Err(error);
        }

        // Nothing fails from here on.
        let (parent, user_ns) = (ARef::from(parent), ARef::from(user_ns));
        // SAFETY: The namespace is new, and nobody knows it.
        unsafe {
            (*raw).parent = ARef::into_raw(parent).cast().as_ptr();
            (*raw).user_ns = ARef::into_raw(user_ns).cast().as_ptr();
            (*raw).ucounts = count.into_raw();
        }
        // INVARIANT: All is in place.
        Ok(Self(slot.into_raw().cast()))
    }

    /// Sets what the namespace makes of memory file descriptors that may be executed.
    #[cfg(all(CONFIG_SYSCTL, CONFIG_MEMFD_CREATE))]
    pub fn with_memfd_noexec_scope(self, scope: i32) -> Self {
        // SAFETY: By the type invariants the namespace is complete.
        unsafe { self.0.as_ref() }.set_memfd_noexec_scope(scope);
        self
    }

    /// Makes the namespace visible.
    pub fn publish(self) -> ARef<PidNamespace> {
        let ns = ManuallyDrop::new(self).0;
        // SAFETY: The namespace is complete, and not in the tree.
        unsafe { bindings::pid_ns_tree_add(ns.cast().as_ptr()) };
        // SAFETY: By the type invariants there is one reference, which is passed on.
        unsafe { ARef::from_raw(ns) }
    }
}

impl Drop for NewPidNamespace {
    fn drop(&mut self) {
        // SAFETY: By the type invariants nobody else knows the namespace, and it is in no tree.
        unsafe {
            drop(dead::dismantle(self.0));
            dead::free(self.0);
        }
    }
}

impl PidNamespace {
    /// Creates the cache of namespaces, at boot.
    ///
    /// Returns `EEXIST` if it has been created already; panics if there is no memory.
    pub fn create_cache() -> Result {
        CACHE.create(c"pid_namespace", SlabFlags::PANIC | SlabFlags::ACCOUNT)
    }

    /// Makes the initial namespace visible, at boot.
    ///
    /// # Safety
    ///
    /// It must be called once.
    pub unsafe fn publish_initial() {
        // SAFETY: The caller promises that it is not in the tree yet.
        unsafe { bindings::pid_ns_tree_add(Self::initial().as_ptr()) };
    }
}
