// SPDX-License-Identifier: GPL-2.0

//! The numbers of a namespace and `pid_allocated`, under one lock.

use super::{
    idr::{
        self,
        LockedIdr, //
    },
    limits::PID_MAX_LIMIT,
    state::pid_allocated_field, //
};
use core::{
    ops::Range,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    ns::pid::PidAllocated,
    pid::PidNr,
    pid_namespace::PidNamespace,
    prelude::*,
    sync::{
        atomic::Relaxed,
        lock::{
            spinlock::SpinLockBackend,
            Backend, //
        },
        LockClassKey, //
    },
    types::NotThreadSafe, //
};

/// Whether all namespaces share the lock of the initial one: with `PREEMPT_RT`, as in C.
///
/// Spinlocks sleep there, and each is an RCU read-side section as well: nesting 33 of them exceeds
/// what lockdep can track, and makes long chains of priority inheritance.
pub(super) const ONE_LOCK: bool = cfg!(CONFIG_PREEMPT_RT);

/// The numbers of a namespace, locked.
///
/// Nothing may sleep while it exists. Unless there is [`ONE_LOCK`], the locks of a namespace and
/// its ancestors nest, the innermost first. Inside are only those of a wake-up, the slab allocator
/// and `call_rcu()`. Lockdep shows them as `pidns_numbers`, with a class for each level.
///
/// # Invariants
///
/// The lock is held.
pub(crate) struct LockedNumbers<'a>(&'a PidNamespace, NotThreadSafe);

fn lock_of(ns: &PidNamespace) -> *mut bindings::spinlock_t {
    let ns = if ONE_LOCK {
        PidNamespace::initial()
    } else {
        ns
    };
    // SAFETY: `ns` is valid.
    unsafe { &raw mut (*ns.as_ptr()).idr.idr_rt.xa_lock }
}

impl<'a> LockedNumbers<'a> {
    /// Locks the numbers of `ns`.
    #[inline]
    pub(crate) fn lock(ns: &'a PidNamespace) -> Self {
        // SAFETY: The lock is initialised by `init`.
        let () = unsafe { SpinLockBackend::lock(lock_of(ns)) };
        // INVARIANT: The lock was just taken.
        Self(ns, NotThreadSafe)
    }

    /// Declares that the numbers of `ns` are locked.
    ///
    /// # Safety
    ///
    /// The current task must hold the lock, and no other value may release it.
    #[inline]
    pub(super) unsafe fn assume(ns: &'a PidNamespace) -> Self {
        // INVARIANT: The caller promises it.
        Self(ns, NotThreadSafe)
    }

    /// Returns the namespace.
    #[inline]
    pub(crate) fn ns(&self) -> &'a PidNamespace {
        self.0
    }

    #[inline]
    fn idr(&self) -> LockedIdr<'a> {
        // SAFETY: By the type invariants the lock is held, and the value is only used here.
        unsafe { LockedIdr::assume(self.0.idr()) }
    }

    #[inline]
    fn change_allocated(&mut self, change: impl Fn(u32) -> u32) -> PidAllocated {
        let allocated = pid_allocated_field(self.0);
        let changed = change(allocated.load(Relaxed));
        allocated.store(changed, Relaxed);
        PidAllocated::from_raw(changed)
    }

    /// Clears `PIDNS_ADDING`: disables PID allocation.
    #[doc(alias = "disable_pid_allocation")]
    #[inline]
    pub(crate) fn disable_allocation(&mut self) {
        self.change_allocated(|count| count & !bindings::PIDNS_ADDING);
    }

    /// Sets where the next search for a free number starts.
    #[doc(alias = "idr_set_cursor")]
    #[inline]
    pub(crate) fn set_cursor(&mut self, nr: u32) {
        self.idr().set_cursor(nr);
    }

    /// Reserves the number `nr`.
    ///
    /// Returns `ENOSPC` if it is not free, and `ENOMEM`.
    ///
    /// # Safety
    ///
    /// The caller must call [`Self::remove`] or [`Self::publish`] before the lock is released.
    #[inline]
    pub(super) unsafe fn alloc(&mut self, nr: PidNr) -> Result {
        if nr.get() >= PID_MAX_LIMIT {
            return Err(ENOSPC);
        }
        self.idr().alloc(nr.get())
    }

    /// Reserves the first free number of the range at or after the cursor, or else the first of
    /// all, and sets the cursor after it. Never reserves a number below 1.
    ///
    /// Returns `ENOSPC` if there is none, and `ENOMEM`.
    ///
    /// # Safety
    ///
    /// As for [`Self::alloc`].
    #[inline]
    pub(super) unsafe fn alloc_cyclic(&mut self, range: Range<i32>) -> Result<PidNr> {
        let (start, end) = (range.start.max(1), range.end.min(PID_MAX_LIMIT));
        let nr = self.idr().alloc_cyclic(start..end)?;
        PidNr::new(nr).ok_or(ENOSPC)
    }

    /// Frees a number.
    ///
    /// # Safety
    ///
    /// The caller must have reserved `nr`, and if it is published, own the pid and have called
    /// [`Self::uncount`] for it.
    #[doc(alias = "idr_remove")]
    #[inline]
    pub(super) unsafe fn remove(&mut self, nr: PidNr) {
        // SAFETY: The caller promises it.
        unsafe { self.idr().remove(nr.index()) };
    }

    /// Counts a reserved number and publishes `pid` as its entry.
    ///
    /// # Safety
    ///
    /// The caller must have reserved `nr`, and PID allocation must be enabled. `pid` must be
    /// complete, and its numbers must be freed a grace period before their reference is dropped.
    #[inline]
    pub(super) unsafe fn publish(&mut self, nr: PidNr, pid: NonNull<bindings::pid>) {
        // SAFETY: The caller promises it.
        unsafe { self.idr().publish(nr.index(), pid) };
        // The count never reaches the flag.
        const { assert!((PID_MAX_LIMIT as u32) < bindings::PIDNS_ADDING) };
        self.change_allocated(|count| count.wrapping_add(1));
    }

    /// Subtracts a published number from the count, and returns what is left.
    ///
    /// # Safety
    ///
    /// The caller must own the pid with the number, and call [`Self::remove`] for it before the
    /// lock is released.
    #[inline]
    pub(super) unsafe fn uncount(&mut self) -> PidAllocated {
        self.change_allocated(|count| count.wrapping_sub(1))
    }
}

impl Drop for LockedNumbers<'_> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: By the type invariants the lock is held.
        unsafe { SpinLockBackend::unlock(lock_of(self.0), &()) };
    }
}

/// Initialises the numbers of a new namespace at `level`.
///
/// # Safety
///
/// `ns` must be valid for writes and not be used by anybody else.
pub(super) unsafe fn init(ns: *mut bindings::pid_namespace, level: u32) {
    const LEVELS: usize = PidNamespace::MAX_LEVEL as usize + 1;
    static CLASSES: [LockClassKey; LEVELS] = [const {
        // SAFETY: It is static and never dropped.
        unsafe { LockClassKey::new_static() }
    }; LEVELS];
    let class = &CLASSES[level as usize % LEVELS];
    // SAFETY: The caller promises it.
    unsafe { idr::init(&raw mut (*ns).idr, Pin::static_ref(class)) };
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
#[kunit_tests(pidns_numbers)]
mod tests {
    use super::*;

    #[test]
    fn drop_unlocks() {
        let numbers = LockedNumbers::lock(PidNamespace::initial());
        assert!(numbers.ns().is_initial());
        drop(numbers);
        drop(LockedNumbers::lock(PidNamespace::initial()));
    }

    #[test]
    fn count_fits_below_pidns_adding() {
        assert!(PID_MAX_LIMIT as u32 <= bindings::PIDNS_ADDING);
    }
}
