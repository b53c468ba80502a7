// SPDX-License-Identifier: GPL-2.0

//! Nodes in store, since none can be allocated under a lock.

use super::node::Node;
use crate::{
    prelude::*,
    slab::{
        SlabBox,
        SlabSlot, //
    },
    sync::atomic::Relaxed, //
};
use core::ptr::{
    self,
    NonNull, //
};

/// Nodes that were allocated before it is known whether they are needed.
///
/// # Invariants
///
/// `first` is null, or owns a node whose first slot leads to the next in the same way.
pub(in crate::pid) struct Spares {
    first: *mut Node,
    pub(super) len: u32,
}

impl Spares {
    #[inline]
    pub(in crate::pid) const fn new() -> Self {
        Self {
            first: ptr::null_mut(),
            len: 0,
        }
    }

    /// Allocates until there are `count`. May sleep.
    ///
    /// Returns `ENOMEM`.
    pub(in crate::pid) fn fill(&mut self, count: u32) -> Result {
        while self.len < count {
            // SAFETY: Zeroes are a valid node: a leaf with all slots free.
            let zeroed = unsafe {
                pin_init::init_from_closure(|node: *mut Node| {
                    node.write_bytes(0, 1);
                    Ok::<(), Error>(())
                })
            };
            let node = SlabSlot::<Node>::new(GFP_KERNEL)?.init(zeroed)?;
            node.slots[0].store(self.first.cast(), Relaxed);
            // INVARIANT: The node leads to those from before.
            self.first = node.into_raw().as_ptr();
            self.len = self.len.saturating_add(1);
        }
        Ok(())
    }

    /// Takes one, for numbers that are told apart by the bits from `shift` upwards.
    pub(super) fn pop(&mut self, shift: u32) -> Option<SlabBox<Node>> {
        let mut node = NonNull::new(self.first)?;
        // SAFETY: By the type invariants the node is owned.
        let owned = unsafe { node.as_mut() };
        // INVARIANT: Those behind it are left.
        self.first = owned.slots[0].load(Relaxed).cast();
        self.len = self.len.saturating_sub(1);
        owned.slots[0].store(ptr::null_mut(), Relaxed);
        owned.shift = shift;
        // SAFETY: It comes from such a box, and nothing leads to it any more.
        Some(unsafe { SlabBox::from_raw(node) })
    }
}

impl Drop for Spares {
    #[inline]
    fn drop(&mut self) {
        while self.pop(0).is_some() {}
    }
}
