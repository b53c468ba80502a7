// SPDX-License-Identifier: GPL-2.0

//! The memory of a new `struct pid`.

use super::{
    cache::PidCache,
    state::pid_cache, //
};
use core::{
    mem::ManuallyDrop,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    pid::{
        PidNr,
        Upid, //
    },
    pid_namespace::PidNamespace,
    prelude::*,
    static_lock_class,
    sync::aref::ARef, //
};

/// Memory for a pid, initialised except for the numbers.
///
/// # Invariants
///
/// `pid` is owned memory from `cache`, the cache of `ns`. Everything is initialised except
/// `numbers` and members that are written before they are read (`rcu`, those of pidfs).
pub(super) struct PidMemory {
    pid: NonNull<bindings::pid>,
    cache: PidCache,
    ns: ARef<PidNamespace>,
}

impl PidMemory {
    /// Allocates it. May sleep.
    ///
    /// Returns `ENOMEM`.
    pub(super) fn new(ns: &PidNamespace) -> Result<Self> {
        let cache = pid_cache(ns);
        let pid = cache.alloc()?;
        let raw = pid.as_ptr();

        // SAFETY: The memory is new and large enough. Each field is written before it is read.
        unsafe {
            bindings::refcount_set(&raw mut (*raw).count, 1);
            (&raw mut (*raw).level).write(ns.level());
            bindings::__spin_lock_init(
                &raw mut (*raw).lock,
                c"&pid->lock".as_char_ptr(),
                static_lock_class!().as_ptr(),
            );
            (&raw mut (*raw).tasks).write(Default::default());
            (&raw mut (*raw).inodes).write(Default::default());
            bindings::__init_waitqueue_head(
                &raw mut (*raw).wait_pidfd,
                c"&pid->wait_pidfd".as_char_ptr(),
                static_lock_class!().as_ptr(),
            );
            bindings::pidfs_prepare_pid(raw);
        }
        // SAFETY: `raw` is valid for a `struct pid`.
        unsafe { unpoison(raw) };
        // INVARIANT: Just initialised.
        Ok(Self {
            pid,
            cache,
            ns: ns.into(),
        })
    }

    /// Returns the address of the pid.
    #[inline]
    pub(super) fn as_non_null(&self) -> NonNull<bindings::pid> {
        self.pid
    }

    /// Returns the pid's own namespace.
    #[inline]
    pub(super) fn ns(&self) -> &PidNamespace {
        &self.ns
    }

    /// Gives up the memory and the reference to the namespace: the pid owns them.
    #[inline]
    pub(super) fn into_raw(self) -> NonNull<bindings::pid> {
        ManuallyDrop::new(self).pid
    }

    /// Sets the number at the level of `ns`.
    ///
    /// # Safety
    ///
    /// `ns` must be the pid's own namespace or an ancestor of it.
    #[inline]
    pub(super) unsafe fn set_number(&self, nr: PidNr, ns: &PidNamespace) {
        // SAFETY: By the type invariants the memory has room for the numbers of all levels up to
        // that of `self.ns`, and the caller promises that `ns` is not deeper.
        unsafe {
            let upid = (&raw mut (*self.pid.as_ptr()).numbers)
                .cast::<bindings::upid>()
                .add(ns.level() as usize);
            upid.write(bindings::upid {
                nr: nr.get(),
                ns: ns.as_ptr(),
            });
            unpoison(upid);
        }
    }

    /// Returns the numbers of `level` and deeper, the outermost first.
    ///
    /// # Safety
    ///
    /// They must have been set.
    #[inline]
    pub(super) unsafe fn numbers_from(&self, level: u32) -> &[Upid] {
        // SAFETY: As in `set_number`; the caller has set them.
        unsafe {
            let all = (&raw const (*self.pid.as_ptr()).numbers).cast::<Upid>();
            let count = self.ns.level().saturating_add(1).saturating_sub(level);
            core::slice::from_raw_parts(all.add(level as usize), count as usize)
        }
    }
}

impl Drop for PidMemory {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the memory is owned and comes from the cache.
        unsafe { self.cache.free(self.pid) };
    }
}

/// Marks memory as initialised for KMSAN, which does not see what Rust writes. A `struct pid` is
/// marked as a whole, with members that are set later.
///
/// # Safety
///
/// `memory` must be valid for a `T`.
#[inline]
unsafe fn unpoison<T>(_memory: *const T) {
    #[cfg(CONFIG_KMSAN)]
    // SAFETY: The caller promises it.
    unsafe {
        bindings::kmsan_unpoison_memory(_memory.cast(), size_of::<T>());
    }
}
