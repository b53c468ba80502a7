// SPDX-License-Identifier: GPL-2.0

//! Creating PID namespaces.

use super::{
    cache::PidCache,
    destroy,
    limits::PID_MAX_LIMIT,
    numbers,
    sysctl, //
};
use core::{
    mem::ManuallyDrop,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    error::to_result,
    ns::UserNamespace,
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
    },
};

/// The slab object of a namespace, with its sysctl table and, for debugfs, its creation time.
#[repr(C)]
pub(super) struct PidNsObject {
    _ns: PidNamespace,
    #[cfg(CONFIG_SYSCTL)]
    pub(super) table: kernel::types::Opaque<bindings::ctl_table>,
    /// When it was created, in seconds of `CLOCK_MONOTONIC`.
    #[cfg(CONFIG_PIDNS_DEBUG_FS)]
    created: i64,
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

/// A PID namespace that is not yet published.
///
/// Dropping it destroys the namespace.
///
/// # Invariants
///
/// The namespace is complete and in a [`PidNsObject`], this is the only reference to it, and it is
/// not in the tree.
pub(crate) struct NewPidNamespace(NonNull<PidNamespace>);

impl NewPidNamespace {
    /// Creates a namespace below `parent`, owned by `user_ns` and counted by `count`. Its pids come
    /// from `cache`.
    ///
    /// Returns `EINVAL` if `count` or `cache` do not fit; `ENOMEM`; `ENOSPC` if no inode number is
    /// left. May sleep.
    pub(crate) fn new(
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
        // SAFETY: The memory is valid for writes and not used by anybody else. Zero is a valid
        // value of all members. The work is queued when the last reference is dropped.
        unsafe {
            numbers::init(raw, level);
            (*raw).pid_cachep = cache.as_ptr();
            (*raw).level = level;
            (*raw).pid_max = PID_MAX_LIMIT;
            (*raw).pid_allocated = bindings::PIDNS_ADDING;
            #[cfg(CONFIG_PIDNS_DEBUG_FS)]
            {
                (*slot.as_ptr()).created = bindings::ktime_get_seconds();
            }
            bindings::init_work_with_key(
                &raw mut (*raw).work,
                Some(destroy::destroy_pid_namespace_work),
                false,
                c"(work_completion)&ns->work".as_char_ptr(),
                static_lock_class!().as_ptr(),
            );
        }
        // SAFETY: The common part is zeroed, as the function requires.
        to_result(unsafe { bindings::pid_ns_common_init(raw) })?;
        // SAFETY: The memory does not move, and is freed after `unregister`. The set is not visible
        // before a task is in the namespace.
        if let Err(error) = unsafe { sysctl::register(raw) } {
            // SAFETY: The common part was just initialised, and is not visible to others.
            unsafe { bindings::__ns_common_free(&raw mut (*raw).ns) };
            return Err(error);
        }

        // No failure from here on.
        let (parent, user_ns) = (ARef::from(parent), ARef::from(user_ns));
        // SAFETY: The namespace is new, and not visible to others.
        unsafe {
            (*raw).parent = ARef::into_raw(parent).cast().as_ptr();
            (*raw).user_ns = ARef::into_raw(user_ns).cast().as_ptr();
            (*raw).ucounts = count.into_raw();
        }
        // INVARIANT: The namespace is complete.
        Ok(Self(slot.into_raw().cast()))
    }

    /// Sets `vm.memfd_noexec`.
    #[cfg(all(CONFIG_SYSCTL, CONFIG_MEMFD_CREATE))]
    pub(crate) fn with_memfd_noexec_scope(self, scope: i32) -> Self {
        // SAFETY: By the type invariants the namespace is complete.
        super::state::set_memfd_noexec_scope(unsafe { self.0.as_ref() }, scope);
        self
    }

    /// Adds the namespace to the tree.
    pub(crate) fn publish(self) -> ARef<PidNamespace> {
        let ns = ManuallyDrop::new(self).0;
        // SAFETY: The namespace is complete, and not in the tree.
        unsafe { bindings::pid_ns_tree_add(ns.cast().as_ptr()) };
        // SAFETY: By the type invariants there is one reference, which is passed on.
        unsafe { ARef::from_raw(ns) }
    }
}

impl Drop for NewPidNamespace {
    fn drop(&mut self) {
        // SAFETY: By the type invariants nobody else uses the namespace, and it is not in the tree.
        unsafe {
            drop(destroy::teardown(self.0));
            destroy::free(self.0);
        }
    }
}

/// Returns the age of `ns` in seconds. The initial namespace is as old as the boot.
#[cfg(CONFIG_PIDNS_DEBUG_FS)]
pub(crate) fn age(ns: &PidNamespace) -> i64 {
    let created = if ns.is_initial() {
        0
    } else {
        // SAFETY: Every other namespace is in a `PidNsObject`, and this member never changes.
        unsafe { (*ns.as_ptr().cast::<PidNsObject>()).created }
    };
    // SAFETY: It has no requirements.
    unsafe { bindings::ktime_get_seconds() }.saturating_sub(created)
}

/// Creates the cache of namespaces, at boot.
///
/// Returns `EEXIST` if it exists already. Panics if there is no memory.
pub(crate) fn create_cache() -> Result {
    CACHE.create(c"pid_namespace", SlabFlags::PANIC | SlabFlags::ACCOUNT)
}

/// Adds the initial namespace to the tree, at boot.
///
/// # Safety
///
/// Must be called once.
pub(crate) unsafe fn publish_initial() {
    // SAFETY: The caller promises that it is not in the tree yet.
    unsafe { bindings::pid_ns_tree_add(PidNamespace::initial().as_ptr()) };
}
