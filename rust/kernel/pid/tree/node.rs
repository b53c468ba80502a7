// SPDX-License-Identifier: GPL-2.0

//! What the tree of numbers is made of.

use crate::{
    bindings,
    prelude::*,
    slab::{
        SlabBox,
        SlabCache,
        SlabFlags,
        SlabObject, //
    },
    sync::atomic::{
        Atomic,
        Relaxed,
        Release, //
    },
    types::Opaque, //
};
use core::{
    cell::Cell,
    ptr::{
        self,
        NonNull, //
    },
};

/// How many bits of a number choose a slot.
pub(super) const BITS: u32 = 6;
pub(super) const SLOTS: usize = 1 << BITS;

/// The bits of all slots.
pub(super) const ALL: u64 = u64::MAX;

/// # Invariants
///
/// * A slot is null, or leads to a node whose `shift` is less by [`BITS`], or, where `shift` is 0,
///   to an identifier. But the first one of a spare leads to the next spare.
/// * `used` has a bit for each slot that leads to a node, or whose number is given.
/// * `full` has a bit for each slot that leads to a node behind which all numbers are given.
/// * `parent` is the node with a slot that leads here, or null.
/// * What is in a [`Cell`] is only touched by the one who has the tree's [`Writer`].
pub(super) struct Node {
    pub(super) slots: [Atomic<*mut c_void>; SLOTS],
    pub(super) used: Atomic<u64>,
    pub(super) full: Cell<u64>,
    pub(super) parent: Cell<*const Node>,
    pub(super) shift: u32,
    rcu: Opaque<bindings::callback_head>,
}

static CACHE: SlabCache<Node> = SlabCache::new();

// SAFETY: There is one cache.
unsafe impl SlabObject for Node {
    fn cache() -> &'static SlabCache<Self> {
        &CACHE
    }
}

/// Creates the cache of nodes, at boot.
pub(in crate::pid) fn create_cache() -> Result {
    CACHE.create(c"pid_table_node", SlabFlags::PANIC)
}

impl Node {
    /// Returns the place of `nr` in this node.
    #[inline]
    pub(super) fn index(&self, nr: u32) -> u32 {
        // A shift is at most 18, since no number is taken that is beyond all.
        nr.wrapping_shr(self.shift) % SLOTS as u32
    }

    #[inline]
    pub(super) fn slot(&self, index: u32) -> &Atomic<*mut c_void> {
        &self.slots[index as usize % SLOTS]
    }

    /// Returns where the numbers of the slot begin that is `by` behind that of `nr`, or `nr` if
    /// `by` is 0.
    #[inline]
    pub(super) fn pass(&self, nr: u32, by: u32) -> u32 {
        if by == 0 {
            return nr;
        }
        // Numbers are so small that nothing overflows.
        let slot = nr.wrapping_shr(self.shift).wrapping_add(by);
        slot.wrapping_shl(self.shift)
    }

    /// Tells whether `nr` is behind one of the slots of this node, if it is the root.
    #[inline]
    pub(super) fn covers(&self, nr: u32) -> bool {
        nr.wrapping_shr(self.shift) < SLOTS as u32
    }

    #[inline]
    pub(super) fn is_leaf(&self) -> bool {
        self.shift == 0
    }

    /// Returns the node that leads here. For the [`Writer`] alone.
    ///
    /// [`Writer`]: super::Writer
    #[inline]
    pub(super) fn parent(&self) -> Option<&Node> {
        // SAFETY: By the type invariants it is a node that leads here, and is not taken out as long
        // as it does.
        unsafe { self.parent.get().as_ref() }
    }

    /// Returns for which slots all numbers are given. For the [`Writer`] alone.
    ///
    /// [`Writer`]: super::Writer
    #[inline]
    pub(super) fn taken(&self) -> u64 {
        if self.is_leaf() {
            self.used.load(Relaxed)
        } else {
            self.full.get()
        }
    }

    /// Lets a slot lead to `child`.
    ///
    /// # Safety
    ///
    /// The caller must have the tree's [`Writer`]. The slot must lead to nothing, and no slot to
    /// `child`, which must be for the numbers behind this one. If `child` is the root, this node or
    /// one above it must be made the root next.
    ///
    /// [`Writer`]: super::Writer
    pub(super) unsafe fn hook(&self, index: u32, child: &Node) {
        child.parent.set(self);
        self.used
            .store(self.used.load(Relaxed) | bit(index), Relaxed);
        if child.taken() == ALL {
            self.full.set(self.full.get() | bit(index));
        }
        self.slot(index)
            .store(ptr::from_ref(child).cast_mut().cast(), Release);
    }

    /// Frees the node when nobody can look at it any more.
    ///
    /// # Safety
    ///
    /// Nothing may lead to it, and this be called once.
    pub(super) unsafe fn free_later(&self) {
        // SAFETY: The caller promises that only those see the node who found it before, under RCU.
        unsafe { bindings::call_rcu(self.rcu.get(), Some(free_callback)) };
    }
}

/// # Safety
///
/// `head` must be the member `rcu` of a node that nobody looks at.
unsafe extern "C" fn free_callback(head: *mut bindings::callback_head) {
    let rcu = Opaque::cast_from(head);
    // SAFETY: The caller promises that it is a member.
    let node = unsafe { crate::container_of!(rcu, Node, rcu) };
    if let Some(node) = NonNull::new(node.cast_mut()) {
        // SAFETY: A node comes from such a box.
        drop(unsafe { SlabBox::from_raw(node) });
    }
}

#[inline]
pub(super) fn bit(index: u32) -> u64 {
    1u64.wrapping_shl(index)
}

/// Returns the first slot of a set that is not before `index`, or [`SLOTS`].
#[inline]
pub(super) fn first_from(set: u64, index: u32) -> u32 {
    (set & ALL.wrapping_shl(index)).trailing_zeros()
}

/// Returns the shift of a root that covers `nr`, if there is none yet.
pub(super) fn shift_for(nr: u32) -> u32 {
    let mut shift = 0;
    while nr.wrapping_shr(shift) >= SLOTS as u32 {
        shift += BITS;
    }
    shift
}
