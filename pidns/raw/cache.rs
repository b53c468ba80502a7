// SPDX-License-Identifier: GPL-2.0

//! The slab caches of `struct pid`, one for each level of namespaces: a pid has a number for each
//! level, and its size depends on it.

use core::{
    mem::{
        align_of,
        size_of, //
    },
    ptr::NonNull,
};
use kernel::{
    bindings,
    pid_namespace::PidNamespace,
    prelude::*,
    slab::SlabFlags,
    sync::{
        global_lock,
        SetOnce, //
    },
};

global_lock! {
    // SAFETY: `PidCaches::init()` is called at boot, before the first namespace is created.
    unsafe(uninit) static PID_CACHES_LOCK: Mutex<()> = ();
}

/// Number of caches below that of the initial namespace.
const NR_CACHES: usize = PidNamespace::MAX_LEVEL as usize;

/// The cache for the pids of one level. Never destroyed.
///
/// # Invariants
///
/// `cache` is a valid cache whose objects have room for a header and the numbers of `level`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct PidCache {
    cache: NonNull<bindings::kmem_cache>,
    level: u32,
}

// SAFETY: All operations on a cache may be called from any thread.
unsafe impl Send for PidCache {}

// SAFETY: All operations on a cache may be called from several threads at once.
unsafe impl Sync for PidCache {}

impl PidCache {
    /// Creates the cache for `level`, shown as `name` in `/proc/slabinfo`.
    ///
    /// Returns `EINVAL` if there is no such level, and `ENOMEM`. May sleep.
    pub(crate) fn create(level: u32, name: &CStr, flags: SlabFlags) -> Result<Self> {
        const {
            assert!(size_of::<bindings::pid>() % align_of::<bindings::upid>() == 0);
        }
        if level > PidNamespace::MAX_LEVEL {
            return Err(EINVAL);
        }
        // CAST: A level is at most 32; nothing overflows.
        let numbers = (level as usize)
            .saturating_add(1)
            .saturating_mul(size_of::<bindings::upid>());
        let mut args = bindings::kmem_cache_args {
            align: align_of::<bindings::pid>() as u32,
            ..Default::default()
        };
        // CAST: The size is a few hundred bytes.
        // SAFETY: The name is a valid string, of which the function makes a copy, and `args` is
        // valid for the call.
        let cache = unsafe {
            bindings::__kmem_cache_create_args(
                name.as_char_ptr(),
                size_of::<bindings::pid>().saturating_add(numbers) as u32,
                &raw mut args,
                flags.as_raw(),
            )
        };
        // INVARIANT: The cache was created with this size.
        NonNull::new(cache)
            .map(|cache| Self { cache, level })
            .ok_or(ENOMEM)
    }

    /// Takes a cache from a C structure.
    ///
    /// # Safety
    ///
    /// `cache` must come from [`Self::as_ptr`] of the cache of `level`.
    #[inline]
    pub(super) unsafe fn from_raw(cache: NonNull<bindings::kmem_cache>, level: u32) -> Self {
        // INVARIANT: The caller promises it.
        Self { cache, level }
    }

    /// Returns the level that the cache is for.
    #[inline]
    pub(super) fn level(self) -> u32 {
        self.level
    }

    /// Returns a raw pointer to the C structure.
    #[inline]
    pub(super) fn as_ptr(self) -> *mut bindings::kmem_cache {
        self.cache.as_ptr()
    }

    /// Allocates uninitialised memory for a pid. May sleep.
    #[inline]
    pub(super) fn alloc(self) -> Result<NonNull<bindings::pid>> {
        // SAFETY: By the type invariants the cache is valid.
        let memory = unsafe { bindings::kmem_cache_alloc_pid(self.as_ptr(), bindings::GFP_KERNEL) };
        NonNull::new(memory.cast()).ok_or(ENOMEM)
    }

    /// Frees the memory of a pid.
    ///
    /// # Safety
    ///
    /// `memory` must come from [`Self::alloc`] of this cache and not be used any more.
    #[inline]
    pub(super) unsafe fn free(self, memory: NonNull<bindings::pid>) {
        // SAFETY: The caller promises that the memory is from this cache.
        unsafe { bindings::kmem_cache_free(self.as_ptr(), memory.as_ptr().cast()) };
    }
}

/// The caches of the levels below the initial namespace.
pub(crate) struct PidCaches([SetOnce<PidCache>; NR_CACHES]);

impl PidCaches {
    /// Returns a set without caches, for use in a `static`.
    pub(crate) const fn new() -> Self {
        Self([const { SetOnce::new() }; NR_CACHES])
    }

    /// Initialises the lock.
    ///
    /// # Safety
    ///
    /// Must be called once at boot, before the first [`Self::create`].
    pub(crate) unsafe fn init() {
        // SAFETY: The caller promises that this is the only call.
        unsafe { PID_CACHES_LOCK.init() };
    }

    /// Returns the cache of `level`, if it has been created.
    ///
    /// Returns `EINVAL` if there is no such level below the initial namespace.
    pub(crate) fn get(&self, level: u32) -> Result<Option<PidCache>> {
        Ok(self.slot(level)?.copy())
    }

    /// Creates the cache of `level` as `name`, if it does not exist yet.
    ///
    /// Returns `EINVAL` if there is no such level, and `ENOMEM`. May sleep.
    pub(crate) fn create(&self, level: u32, name: &CStr, flags: SlabFlags) -> Result<PidCache> {
        let slot = self.slot(level)?;
        // Two caches must never have the same name.
        let _lock = PID_CACHES_LOCK.lock();
        if let Some(cache) = slot.copy() {
            return Ok(cache);
        }
        let cache = PidCache::create(level, name, flags)?;
        slot.populate(cache);
        Ok(cache)
    }

    fn slot(&self, level: u32) -> Result<&SetOnce<PidCache>> {
        let index = level.checked_sub(1).ok_or(EINVAL)?;
        self.0.get(index as usize).ok_or(EINVAL)
    }
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
#[kunit_tests(pidns_raw_cache)]
mod tests {
    use super::*;

    #[test]
    fn einval_beyond_max_level() {
        let level = PidNamespace::MAX_LEVEL + 1;
        let cache = PidCache::create(level, c"pidns_test", SlabFlags::default());
        assert_eq!(cache.err(), Some(EINVAL));
    }

    #[test]
    fn einval_for_initial_level() {
        static CACHES: PidCaches = PidCaches::new();

        assert!(matches!(CACHES.get(1), Ok(None)));
        for level in [0, PidNamespace::MAX_LEVEL + 1] {
            assert_eq!(CACHES.get(level).err(), Some(EINVAL));
            let created = CACHES.create(level, c"pidns_test", SlabFlags::default());
            assert_eq!(created.err(), Some(EINVAL));
        }
    }
}
