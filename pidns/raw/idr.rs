// SPDX-License-Identifier: GPL-2.0

//! Writing the IDR of a PID namespace, which maps numbers to pids.
//!
//! It is a `struct idr` as `lib/idr.c` leaves it, and all functions of that file may read it. A
//! reserved number has a `NULL` entry and its `IDR_FREE` mark cleared.
//!
//! Adding and removing nodes is left to `lib/idr.c`. This file only handles the rest: reserving,
//! storing to and freeing a slot of an existing leaf, if the marks above the leaf do not change. To
//! make that the common case, the leaf of the last cyclic allocation, the one before the cursor, is
//! kept even if it is empty: the next process gets a slot there. It is freed when the cursor moves
//! to another leaf, or with the last number.
//!
//! C headers: [`include/linux/idr.h`](srctree/include/linux/idr.h),
//! [`include/linux/xarray.h`](srctree/include/linux/xarray.h)

use core::{
    mem::{
        offset_of,
        size_of, //
    },
    ops::Range,
    ptr::{
        self,
        NonNull, //
    },
};
use kernel::{
    bindings,
    error::to_result,
    ns::pid::{
        IdrNode,
        PidIdr, //
    },
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed,
            Release, //
        },
        LockClassKey, //
    },
    types::NotThreadSafe,
    warn_on, //
};

const SLOTS: u32 = IdrNode::SLOTS;

/// Number of bits of a slot index.
const SHIFT: u32 = SLOTS.trailing_zeros();

const _: () = {
    type Node = bindings::xa_node;
    // The marks follow the slots. `IdrNode` asserts that each is one word, `IDR_FREE` the first.
    assert!(
        offset_of!(Node, __bindgen_anon_2)
            == offset_of!(Node, slots) + SLOTS as usize * size_of::<*mut c_void>()
    );
    assert!(size_of::<Node>() == offset_of!(Node, __bindgen_anon_2) + 3 * size_of::<usize>());
};

/// A leaf of the IDR, with the lock held.
///
/// # Invariants
///
/// * The lock that protects the IDR is held.
/// * `count` is the number of slots that are not free.
#[derive(Clone, Copy)]
struct Leaf<'a>(&'a IdrNode);

impl Leaf<'_> {
    #[inline]
    fn slot(&self, index: u32) -> &Atomic<*mut c_void> {
        // SAFETY: The node is valid, and an entry is only accessed by single loads and stores.
        unsafe { Atomic::from_ptr(&raw mut (*self.0.as_ptr()).slots[(index % SLOTS) as usize]) }
    }

    /// Returns the mark `IDR_FREE`, which has a bit set for each free slot.
    #[inline]
    fn free(&self) -> &Atomic<usize> {
        // SAFETY: The node is valid. By the type invariants the lock is held, under which all
        // writes are, also the plain ones of lib/radix-tree.c; others only load the word.
        unsafe { Atomic::from_ptr((&raw mut (*self.0.as_ptr()).__bindgen_anon_2).cast::<usize>()) }
    }

    #[inline]
    fn count(&self) -> u8 {
        // SAFETY: The node is valid, and by the type invariants the lock is held.
        unsafe { (*self.0.as_ptr()).count }
    }

    #[inline]
    fn set_count(&self, count: u8) {
        // SAFETY: As in `count`.
        unsafe { (*self.0.as_ptr()).count = count };
    }

    /// Returns whether this is the only leaf.
    #[inline]
    fn is_only_leaf(&self) -> bool {
        // SAFETY: The node is valid, and by the type invariants the lock is held.
        let mut parent = unsafe { (*self.0.as_ptr()).parent };
        while !parent.is_null() {
            // SAFETY: `parent` points to a node, which is valid while the lock is held.
            unsafe {
                if (*parent).count != 1 {
                    return false;
                }
                parent = (*parent).parent;
            }
        }
        true
    }

    /// Reserves a slot, if it is free and not the last free one.
    #[inline]
    fn reserve(&self, index: u32) -> bool {
        let free = self.free().load(Relaxed);
        let left = free & !bit(index);
        // The marks above would change with the last free slot.
        if left == free || left == 0 {
            return false;
        }
        self.free().store(left, Relaxed);
        self.set_count(self.count().wrapping_add(1));
        true
    }

    /// Frees a slot, if it is reserved and another one is free.
    #[inline]
    fn release(&self, index: u32) -> bool {
        let free = self.free().load(Relaxed);
        if free == 0 || free & bit(index) != 0 {
            return false;
        }
        self.slot(index).store(ptr::null_mut(), Relaxed);
        self.free().store(free | bit(index), Relaxed);
        self.set_count(self.count().wrapping_sub(1));
        true
    }
}

#[inline]
fn bit(index: u32) -> usize {
    1usize.wrapping_shl(index)
}

/// Initialises an empty IDR. `key` is the class of its lock.
///
/// # Safety
///
/// `idr` must be valid for writes and not be used by anybody else.
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

/// Frees all nodes.
///
/// # Safety
///
/// Nobody may use the IDR any more.
#[doc(alias = "idr_destroy")]
pub(super) unsafe fn destroy(idr: &PidIdr) {
    // SAFETY: `idr` is valid, and the caller promises the rest.
    unsafe { bindings::idr_destroy(idr.as_ptr()) };
}

/// An IDR whose lock is held.
///
/// # Invariants
///
/// * The lock is held.
/// * All leaves are at one depth. Removed nodes are freed after a grace period.
/// * No leaf is empty except, if there are numbers, that of the number before the cursor.
#[derive(Clone, Copy)]
pub(super) struct LockedIdr<'a>(&'a PidIdr);

impl<'a> LockedIdr<'a> {
    /// Declares that the lock of `idr` is held.
    ///
    /// # Safety
    ///
    /// The current task must hold it for as long as the value is used.
    #[inline]
    pub(super) unsafe fn assume(idr: &'a PidIdr) -> Self {
        // INVARIANT: The caller promises it.
        Self(idr)
    }

    #[inline]
    fn leaf(&self, nr: u32) -> Option<Leaf<'a>> {
        // INVARIANT: The lock is held.
        // SAFETY: The lock protects the nodes.
        unsafe { self.0.leaf(nr) }.map(Leaf)
    }

    #[inline]
    fn store_cursor(&self, nr: u32) {
        // SAFETY: The IDR is valid, and the field is only accessed by single loads and stores.
        unsafe { Atomic::from_ptr(&raw mut (*self.0.as_ptr()).idr_next) }.store(nr, Relaxed);
    }

    /// Sets where the next cyclic allocation starts its search.
    #[doc(alias = "idr_set_cursor")]
    #[inline]
    pub(super) fn set_cursor(&self, nr: u32) {
        let old = self.0.cursor();
        self.store_cursor(nr);
        self.free_kept_leaf(old);
    }

    /// Returns whether the leaf of `nr` is the one that is kept when empty.
    #[inline]
    fn is_kept(&self, nr: u32) -> bool {
        self.0.cursor().wrapping_sub(1).wrapping_shr(SHIFT) == nr.wrapping_shr(SHIFT)
    }

    /// Frees the leaf kept for the cursor `old`, if it is empty and another one is kept now.
    #[inline]
    fn free_kept_leaf(&self, old: u32) {
        if !self.is_kept(old.wrapping_sub(1)) {
            self.prune(old.wrapping_sub(1));
        }
    }

    /// Frees the leaf of `nr`, if it is empty and either another one is kept or no number is left.
    #[cold]
    fn prune(&self, nr: u32) {
        let Some(leaf) = self.leaf(nr) else {
            return;
        };
        let unused = leaf.count() == 0 && (!self.is_kept(nr) || leaf.is_only_leaf());
        // Removing a number that was reserved in an empty leaf frees the leaf.
        if unused && leaf.reserve(nr % SLOTS) {
            // SAFETY: The lock is held. The leaf is not used after this.
            unsafe { bindings::idr_remove(self.0.as_ptr(), nr as usize) };
        }
    }

    /// Reserves `nr`, if that needs no node.
    #[inline]
    fn reserve_in_leaf(&self, nr: u32) -> bool {
        self.leaf(nr).is_some_and(|leaf| leaf.reserve(nr % SLOTS))
    }

    /// Reserves `nr`.
    ///
    /// Returns `ENOSPC` if it is not free, and `ENOMEM`: then try again with a [`Preload`].
    #[doc(alias = "idr_alloc")]
    #[inline]
    pub(super) fn alloc(&self, nr: i32) -> Result {
        // CAST: Numbers are positive.
        if self.reserve_in_leaf(nr as u32) {
            return Ok(());
        }
        let (null, end) = (ptr::null_mut(), nr.saturating_add(1));
        // SAFETY: The lock is held.
        let nr =
            unsafe { bindings::idr_alloc(self.0.as_ptr(), null, nr, end, bindings::GFP_ATOMIC) };
        to_result(nr)
    }

    /// Reserves the first free number of the range at or after the cursor, or else the first of
    /// all, and sets the cursor after it. The range must not start below 1.
    ///
    /// Returns the same errors as [`Self::alloc`].
    #[doc(alias = "idr_alloc_cyclic")]
    #[inline]
    pub(super) fn alloc_cyclic(&self, range: Range<i32>) -> Result<i32> {
        let old = self.0.cursor();
        let nr = (old as i32).max(range.start);
        if nr < range.end && self.reserve_in_leaf(nr as u32) {
            self.store_cursor((nr as u32).wrapping_add(1));
            self.free_kept_leaf(old);
            return Ok(nr);
        }
        self.alloc_cyclic_slow(range)
    }

    #[cold]
    fn alloc_cyclic_slow(&self, range: Range<i32>) -> Result<i32> {
        let (old, null, gfp) = (self.0.cursor(), ptr::null_mut(), bindings::GFP_ATOMIC);
        // For C, an end below 1 means no limit.
        let end = range.end.max(1);
        // SAFETY: The lock is held.
        let nr =
            unsafe { bindings::idr_alloc_cyclic(self.0.as_ptr(), null, range.start, end, gfp) };
        to_result(nr)?;
        self.free_kept_leaf(old);
        Ok(nr)
    }

    /// Stores a pid for a reserved number.
    ///
    /// # Safety
    ///
    /// The caller must have reserved `nr`. `pid` must be complete, and stay valid until a grace
    /// period after the number is freed.
    #[doc(alias = "idr_replace")]
    #[inline]
    pub(super) unsafe fn publish(&self, nr: u32, pid: NonNull<bindings::pid>) {
        match self.leaf(nr) {
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
    /// The caller must have reserved `nr`.
    #[doc(alias = "idr_remove")]
    #[inline]
    pub(super) unsafe fn remove(&self, nr: u32) {
        if let Some(leaf) = self.leaf(nr) {
            let keep = leaf.count() > 1 || (self.is_kept(nr) && !leaf.is_only_leaf());
            if keep && leaf.release(nr % SLOTS) {
                return;
            }
        }
        self.remove_slow(nr);
    }

    #[cold]
    fn remove_slow(&self, nr: u32) {
        // SAFETY: The lock is held.
        unsafe { bindings::idr_remove(self.0.as_ptr(), nr as usize) };
        // With the last number, the kept leaf is freed as well.
        self.prune(self.0.cursor().wrapping_sub(1));
    }
}

/// Preloaded nodes, for the next allocation on this CPU if `GFP_ATOMIC` fails. Holds a
/// `local_lock`, as `idr_preload()` does.
pub(super) struct Preload(NotThreadSafe);

impl Preload {
    /// Allocates nodes, if possible. May sleep.
    #[doc(alias = "idr_preload")]
    pub(super) fn new() -> Self {
        // SAFETY: The caller may sleep.
        unsafe { bindings::idr_preload(bindings::GFP_KERNEL) };
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
