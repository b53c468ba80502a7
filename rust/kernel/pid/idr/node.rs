// SPDX-License-Identifier: GPL-2.0

//! The nodes of an IDR.

use crate::{
    bindings,
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    types::Opaque, //
};
use core::{
    cell::Cell,
    mem::{
        offset_of,
        size_of, //
    },
    ptr, //
};

pub(super) type RawNode = bindings::xa_node;

/// How many slots a node has.
pub(super) const SLOTS: u32 = ((offset_of!(RawNode, __bindgen_anon_2) - offset_of!(RawNode, slots))
    / size_of::<*mut c_void>()) as u32;

/// How many bits of a number choose one.
pub(super) const SHIFT: u32 = SLOTS.trailing_zeros();

/// What is added to the address of a node in a slot that points to one.
pub(super) const INTERNAL: usize = bindings::RADIX_TREE_INTERNAL_NODE as usize;

/// `struct xa_node`, as far as it is looked at.
///
/// # Invariants
///
/// * A slot is null, or has the address of a node whose `shift` is less by [`SHIFT`], plus
///   [`INTERNAL`], or, where `shift` is 0, of a pid.
/// * `free`, the mark `IDR_FREE`, has a bit for each slot that is free or has something free below.
/// * `count` slots are not free, or point to nodes.
/// * `parent` is the node with a slot that points here, or null.
/// * What is in a [`Cell`] is only accessed with the lock of the IDR held.
#[repr(C)]
pub(super) struct Node {
    shift: u8,
    _offset: Cell<u8>,
    count: Cell<u8>,
    _nr_values: Cell<u8>,
    parent: Cell<*const Node>,
    _array: Cell<*const c_void>,
    _list: Opaque<bindings::list_head>,
    slots: [Atomic<*mut c_void>; SLOTS as usize],
    free: Atomic<usize>,
    _marks: [Cell<usize>; 2],
}

const _: () = {
    assert!(size_of::<Node>() == size_of::<RawNode>());
    assert!(offset_of!(Node, shift) == offset_of!(RawNode, shift));
    assert!(offset_of!(Node, count) == offset_of!(RawNode, count));
    assert!(offset_of!(Node, parent) == offset_of!(RawNode, parent));
    assert!(offset_of!(Node, slots) == offset_of!(RawNode, slots));
    // A mark is one word, and this is the first of them.
    assert!(SLOTS.is_power_of_two() && SLOTS <= usize::BITS);
    assert!(offset_of!(Node, free) == offset_of!(RawNode, __bindgen_anon_2));
    assert!(bindings::IDR_FREE == 0);
};

impl Node {
    /// Returns the slot of `nr` in this node.
    #[inline]
    pub(super) fn index(&self, nr: u32) -> u32 {
        nr.wrapping_shr(self.shift.into()) % SLOTS
    }

    #[inline]
    pub(super) fn slot(&self, index: u32) -> &Atomic<*mut c_void> {
        &self.slots[(index % SLOTS) as usize]
    }

    /// Tells whether `nr` is below one of the slots of this node, if it is the root.
    #[inline]
    pub(super) fn covers(&self, nr: u32) -> bool {
        nr.wrapping_shr(self.shift.into()) < SLOTS
    }

    #[inline]
    pub(super) fn is_leaf(&self) -> bool {
        self.shift == 0
    }

    /// Returns the first slot from `index` on that is not null, or [`SLOTS`]. In a leaf one that is
    /// reserved counts.
    #[inline]
    pub(super) fn next_used(&self, index: u32) -> u32 {
        if self.is_leaf() {
            let used = !self.free.load(Relaxed) & usize::MAX.wrapping_shl(index);
            return used.trailing_zeros().min(SLOTS);
        }
        (index..SLOTS)
            .find(|&index| !self.slot(index).load(Relaxed).is_null())
            .unwrap_or(SLOTS)
    }

    /// Returns the first number below the slot that is `by` after that of `nr`, or `nr` if `by` is
    /// 0.
    #[inline]
    pub(super) fn advance(&self, nr: u32, by: u32) -> u32 {
        if by == 0 {
            return nr;
        }
        // Numbers are so small that nothing overflows.
        let slot = nr.wrapping_shr(self.shift.into()).wrapping_add(by);
        slot.wrapping_shl(self.shift.into())
    }

    /// Returns how many slots are reserved or not null.
    ///
    /// # Safety
    ///
    /// The lock must be held.
    #[inline]
    pub(super) unsafe fn count(&self) -> u8 {
        self.count.get()
    }

    /// Tells whether there is no other leaf in the IDR.
    ///
    /// # Safety
    ///
    /// The lock must be held.
    #[inline]
    pub(super) unsafe fn is_alone(&self) -> bool {
        let mut node = self;
        // SAFETY: By the type invariants it is null or a node, which stays under the lock.
        while let Some(parent) = unsafe { node.parent.get().as_ref() } {
            if parent.count.get() != 1 {
                return false;
            }
            node = parent;
        }
        true
    }

    /// Reserves a slot of a leaf, if it is free, and not the last free one.
    ///
    /// # Safety
    ///
    /// The lock must be held.
    #[inline]
    pub(super) unsafe fn reserve(&self, index: u32) -> bool {
        let free = self.free.load(Relaxed);
        let left = free & !bit(index);
        // Of the last free one the nodes above have to know.
        if left == free || left == 0 {
            return false;
        }
        self.free.store(left, Relaxed);
        self.count.set(self.count.get().wrapping_add(1));
        true
    }

    /// Frees a slot of a leaf, if it is reserved, and another one is free.
    ///
    /// # Safety
    ///
    /// The lock must be held.
    #[inline]
    pub(super) unsafe fn release(&self, index: u32) -> bool {
        let free = self.free.load(Relaxed);
        if free == 0 || free & bit(index) != 0 {
            return false;
        }
        self.slot(index).store(ptr::null_mut(), Relaxed);
        self.free.store(free | bit(index), Relaxed);
        self.count.set(self.count.get().wrapping_sub(1));
        true
    }
}

#[inline]
fn bit(index: u32) -> usize {
    1usize.wrapping_shl(index)
}
