// SPDX-License-Identifier: GPL-2.0

//! The IDR of a PID namespace, from numbers to pids.
//!
//! It is a `struct idr` as `lib/idr.c` leaves it, and all of that file's functions may read it. A
//! number that is reserved has a `NULL` entry, and its `IDR_FREE` mark is clear.
//!
//! Whatever adds or removes a node is left to `lib/idr.c`. This file only handles what does
//! neither: reserving, storing to and freeing a slot of an existing leaf, as long as the marks
//! above the leaf stay as they are. To make that the common case the leaf of the last cyclic
//! allocation, which is the one before the cursor, is kept though it may be empty: the next
//! process finds its slot there. It goes when the cursor passes on, or with the last number.
//!
//! C headers: [`include/linux/idr.h`](srctree/include/linux/idr.h),
//! [`include/linux/xarray.h`](srctree/include/linux/xarray.h)

use crate::{
    bindings,
    error::to_result,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed,
            Release, //
        },
        LockClassKey, //
    },
    types::{
        NotThreadSafe,
        Opaque, //
    },
    warn_on, //
};
use core::{
    ops::Range,
    ptr::{
        self,
        NonNull, //
    },
};

mod node;

use self::node::{
    Node,
    INTERNAL,
    SHIFT,
    SLOTS, //
};

/// `struct idr`.
///
/// # Invariants
///
/// * All leaves are at one depth. Nodes that are taken out stay for a grace period.
/// * No leaf is empty but, if there are numbers, that of the number before the cursor.
/// * The number 0 is never allocated, so there is always something free below the root.
#[repr(transparent)]
pub(super) struct Idr(Opaque<bindings::idr>);

impl Idr {
    /// Initialises an empty IDR whose lock is of the class `key`.
    ///
    /// # Safety
    ///
    /// `idr` must be valid for writes, and nobody else know it.
    #[doc(alias = "idr_init")]
    pub(super) unsafe fn init(idr: *mut bindings::idr, key: Pin<&'static LockClassKey>) {
        // SAFETY: The caller promises validity.
        unsafe {
            bindings::__spin_lock_init(
                &raw mut (*idr).idr_rt.xa_lock,
                c"pidns_numbers".as_char_ptr(),
                key.as_ptr(),
            );
            (*idr).idr_rt.xa_flags = bindings::IDR_RT_MARKER;
            (*idr).idr_rt.xa_head = ptr::null_mut();
            (*idr).idr_base = 0;
            (*idr).idr_next = 0;
        }
    }

    /// Returns the node that a slot points to.
    ///
    /// # Safety
    ///
    /// The slot must be one of a node that is not a leaf, or the root's, and be protected for `'a`
    /// by RCU or the lock.
    #[inline]
    unsafe fn child<'a>(slot: &Atomic<*mut c_void>) -> Option<&'a Node> {
        let entry = NonNull::new(slot.load(Relaxed))?;
        // SAFETY: By the invariants it points into a node, and the caller promises that it stays.
        // The address dependency orders what is read through it.
        Some(unsafe { entry.byte_sub(INTERNAL).cast::<Node>().as_ref() })
    }

    /// Returns the root, if `nr` may be below it.
    ///
    /// # Safety
    ///
    /// As for [`Self::child`].
    #[inline]
    unsafe fn root_for<'a>(&self, nr: u32) -> Option<&'a Node> {
        // SAFETY: `self` is valid, and the member is accessed in one piece.
        let head = unsafe { Atomic::from_ptr(&raw mut (*self.0.get()).idr_rt.xa_head) };
        // SAFETY: The number 0 is never stored, so it is a node; the caller promises the rest.
        unsafe { Self::child(head) }.filter(|root| root.covers(nr))
    }

    /// Returns the leaf with the slot of `nr`.
    ///
    /// # Safety
    ///
    /// As for [`Self::child`].
    #[inline]
    unsafe fn leaf<'a>(&self, nr: u32) -> Option<&'a Node> {
        // SAFETY: The caller promises it.
        let mut node = unsafe { self.root_for(nr) }?;
        while !node.is_leaf() {
            // SAFETY: The node is no leaf; the caller promises the rest.
            node = unsafe { Self::child(node.slot(node.index(nr))) }?;
        }
        Some(node)
    }

    /// Returns the pid with the number `nr`.
    ///
    /// # Safety
    ///
    /// RCU, `tasklist_lock` or the lock must protect the IDR meanwhile.
    #[doc(alias = "idr_find")]
    #[inline]
    pub(super) unsafe fn find(&self, nr: u32) -> Option<NonNull<bindings::pid>> {
        // SAFETY: The caller promises it.
        let leaf = unsafe { self.leaf(nr) }?;
        NonNull::new(leaf.slot(nr).load(Relaxed).cast())
    }

    /// Returns the pid with the lowest number from `nr` on, and that number.
    ///
    /// # Safety
    ///
    /// As for [`Self::find`].
    #[doc(alias = "idr_get_next")]
    pub(super) unsafe fn find_ge(&self, mut nr: u32) -> Option<(u32, NonNull<bindings::pid>)> {
        // SAFETY: The caller promises it, here and below.
        let mut node = unsafe { self.root_for(nr) }?;
        loop {
            let index = node.index(nr);
            let next = node.next_used(index);
            nr = node.advance(nr, next.wrapping_sub(index));
            if next < SLOTS {
                if node.is_leaf() {
                    if let Some(pid) = NonNull::new(node.slot(next).load(Relaxed)) {
                        return Some((nr, pid.cast()));
                    }
                // SAFETY: The node is no leaf.
                } else if let Some(child) = unsafe { Self::child(node.slot(next)) } {
                    node = child;
                    continue;
                }
                // It is reserved, or was freed a moment ago.
                nr = node.advance(nr, 1);
            }
            // SAFETY: As above.
            node = unsafe { self.root_for(nr) }?;
        }
    }

    #[inline]
    fn next(&self) -> &Atomic<u32> {
        // SAFETY: `self` is valid, and the member is accessed in one piece.
        unsafe { Atomic::from_ptr(&raw mut (*self.0.get()).idr_next) }
    }

    /// Returns where the next cyclic allocation begins its search.
    #[doc(alias = "idr_get_cursor")]
    #[inline]
    pub(super) fn cursor(&self) -> u32 {
        self.next().load(Relaxed)
    }

    /// Sets where the next cyclic allocation begins its search.
    ///
    /// # Safety
    ///
    /// The lock must be held.
    #[doc(alias = "idr_set_cursor")]
    #[inline]
    pub(super) unsafe fn set_cursor(&self, nr: u32) {
        let old = self.cursor();
        self.next().store(nr, Relaxed);
        // SAFETY: The caller promises it.
        unsafe { self.drop_kept_leaf(old) };
    }

    /// Tells whether the leaf of `nr` is the one that may be empty.
    #[inline]
    fn keeps(&self, nr: u32) -> bool {
        self.cursor().wrapping_sub(1).wrapping_shr(SHIFT) == nr.wrapping_shr(SHIFT)
    }

    /// Frees the leaf that was kept while the cursor was `old`, if it is empty, and another one is
    /// kept now.
    ///
    /// # Safety
    ///
    /// The lock must be held.
    #[inline]
    unsafe fn drop_kept_leaf(&self, old: u32) {
        if !self.keeps(old.wrapping_sub(1)) {
            // SAFETY: The caller promises it.
            unsafe { self.prune(old.wrapping_sub(1)) };
        }
    }

    /// Frees the leaf of `nr` if it is empty, and another one is kept or there is no number left.
    ///
    /// # Safety
    ///
    /// The lock must be held.
    #[cold]
    unsafe fn prune(&self, nr: u32) {
        // SAFETY: The caller promises it; the leaf is not used after it was freed.
        unsafe {
            let Some(leaf) = self.leaf(nr) else {
                return;
            };
            let goes = leaf.count() == 0 && (!self.keeps(nr) || leaf.is_alone());
            // What is reserved in an empty leaf takes the leaf along as it is freed.
            if goes && leaf.reserve(nr % SLOTS) {
                bindings::idr_remove(self.0.get(), nr as usize);
            }
        }
    }

    /// Reserves `nr` if that needs no node.
    ///
    /// # Safety
    ///
    /// The lock must be held.
    #[inline]
    unsafe fn reserve_in_leaf(&self, nr: u32) -> bool {
        // SAFETY: The caller promises it.
        unsafe { self.leaf(nr).is_some_and(|leaf| leaf.reserve(nr % SLOTS)) }
    }

    /// Reserves `nr`.
    ///
    /// Returns `ENOSPC` if it is not free, and `ENOMEM`, for which there is [`Preload`].
    ///
    /// # Safety
    ///
    /// The lock must be held.
    #[doc(alias = "idr_alloc")]
    #[inline]
    pub(super) unsafe fn alloc(&self, nr: i32) -> Result {
        // SAFETY: The caller promises it.
        if unsafe { self.reserve_in_leaf(nr as u32) } {
            return Ok(());
        }
        let (null, end) = (ptr::null_mut(), nr.saturating_add(1));
        // SAFETY: `self` is valid, and the caller promises that nobody else changes it.
        let nr = unsafe { bindings::idr_alloc(self.0.get(), null, nr, end, GFP_ATOMIC.as_raw()) };
        to_result(nr)
    }

    /// Reserves the first free number of the range from the cursor on, or the first of all if there
    /// is none, and sets the cursor behind it. The range must not begin below 1.
    ///
    /// Returns the same errors as [`Self::alloc`].
    ///
    /// # Safety
    ///
    /// The lock must be held.
    #[doc(alias = "idr_alloc_cyclic")]
    #[inline]
    pub(super) unsafe fn alloc_cyclic(&self, range: Range<i32>) -> Result<i32> {
        let old = self.cursor();
        let nr = (old as i32).max(range.start);
        // SAFETY: The caller promises it, here and below.
        if nr < range.end && unsafe { self.reserve_in_leaf(nr as u32) } {
            self.next().store((nr as u32).wrapping_add(1), Relaxed);
            // SAFETY: As above.
            unsafe { self.drop_kept_leaf(old) };
            return Ok(nr);
        }
        // SAFETY: As above.
        unsafe { self.alloc_cyclic_slow(range) }
    }

    /// # Safety
    ///
    /// As for [`Self::alloc_cyclic`].
    #[cold]
    unsafe fn alloc_cyclic_slow(&self, range: Range<i32>) -> Result<i32> {
        let (old, null, gfp) = (self.cursor(), ptr::null_mut(), GFP_ATOMIC.as_raw());
        // For C an end below 1 is no end at all.
        let end = range.end.max(1);
        // SAFETY: `self` is valid, and the caller promises that nobody else changes it.
        let nr = unsafe { bindings::idr_alloc_cyclic(self.0.get(), null, range.start, end, gfp) };
        to_result(nr)?;
        // SAFETY: The caller promises it.
        unsafe { self.drop_kept_leaf(old) };
        Ok(nr)
    }

    /// Lets a reserved number be found.
    ///
    /// # Safety
    ///
    /// The caller must have reserved `nr`, and `pid` be complete and stay valid until a grace
    /// period after the number is freed.
    #[doc(alias = "idr_replace")]
    #[inline]
    pub(super) unsafe fn publish(&self, nr: u32, pid: NonNull<bindings::pid>) {
        // SAFETY: The number is reserved, so the nodes above it stay, and no others are looked at.
        match unsafe { self.leaf(nr) } {
            Some(leaf) => leaf.slot(nr).store(pid.as_ptr().cast(), Release),
            None => {
                warn_on!(true);
            }
        }
    }

    /// Frees a number.
    ///
    /// # Safety
    ///
    /// The lock must be held, and `nr` be the caller's.
    #[doc(alias = "idr_remove")]
    #[inline]
    pub(super) unsafe fn remove(&self, nr: u32) {
        // SAFETY: The caller promises it.
        unsafe {
            if let Some(leaf) = self.leaf(nr) {
                let stays = leaf.count() > 1 || (self.keeps(nr) && !leaf.is_alone());
                if stays && leaf.release(nr % SLOTS) {
                    return;
                }
            }
            self.remove_slow(nr);
        }
    }

    /// # Safety
    ///
    /// As for [`Self::remove`].
    #[cold]
    unsafe fn remove_slow(&self, nr: u32) {
        // SAFETY: The caller promises it.
        unsafe {
            bindings::idr_remove(self.0.get(), nr as usize);
            // If that was the last one, the leaf that is kept goes as well.
            self.prune(self.cursor().wrapping_sub(1));
        }
    }

    /// Frees all nodes.
    ///
    /// # Safety
    ///
    /// Nobody may use the IDR from now on.
    #[doc(alias = "idr_destroy")]
    pub(super) unsafe fn destroy(&self) {
        // SAFETY: `self` is valid, and the caller promises the rest.
        unsafe { bindings::idr_destroy(self.0.get()) };
    }
}

/// Preloaded nodes for the next allocation on this CPU, should none be had under a lock. While this
/// exists the CPU's store is locked (`local_lock`).
pub(super) struct Preload(NotThreadSafe);

impl Preload {
    /// Allocates nodes, if it can. May sleep.
    #[doc(alias = "idr_preload")]
    pub(super) fn new() -> Self {
        // SAFETY: The caller may sleep.
        unsafe { bindings::idr_preload(GFP_KERNEL.as_raw()) };
        Self(NotThreadSafe)
    }
}

impl Drop for Preload {
    fn drop(&mut self) {
        // SAFETY: Each value comes from a call of `idr_preload()` by this task.
        unsafe { bindings::idr_preload_end() };
    }
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
mod tests;
