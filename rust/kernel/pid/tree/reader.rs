// SPDX-License-Identifier: GPL-2.0

//! Looking up numbers.

use super::{
    node::{
        first_from,
        Node,
        SLOTS, //
    },
    Tree, //
};
use crate::{
    bindings,
    sync::atomic::Relaxed, //
};
use core::ptr::NonNull;

/// What looks at a tree.
///
/// # Invariants
///
/// No node that is looked at is freed while this, or a node that it led to, is used.
#[derive(Clone, Copy)]
pub(in crate::pid) struct Reader<'a>(pub(super) &'a Tree);

impl<'a> Reader<'a> {
    #[inline]
    pub(super) fn root(self) -> Option<&'a Node> {
        // SAFETY: By the invariants of the tree it is a node, and by those of this type it stays.
        unsafe { self.0.root.load(Relaxed).as_ref() }
    }

    /// Returns the root, if `nr` can be behind it.
    #[inline]
    pub(super) fn root_for(self, nr: u32) -> Option<&'a Node> {
        self.root().filter(|root| root.covers(nr))
    }

    /// Returns the node behind a slot. Behind those of a leaf there is none.
    #[inline]
    pub(super) fn child(self, node: &Node, index: u32) -> Option<&'a Node> {
        if node.is_leaf() {
            return None;
        }
        let child = NonNull::new(node.slot(index).load(Relaxed))?;
        // SAFETY: By the invariants of nodes it is one, and by those of this type it stays.
        Some(unsafe { child.cast().as_ref() })
    }

    /// Returns the leaf with the slot of `nr`.
    #[inline]
    pub(super) fn leaf(self, nr: u32) -> Option<&'a Node> {
        let mut node = self.root_for(nr)?;
        while !node.is_leaf() {
            node = self.child(node, node.index(nr))?;
        }
        Some(node)
    }

    /// Returns what `nr` leads to.
    #[inline]
    pub(in crate::pid) fn find(self, nr: u32) -> Option<NonNull<bindings::pid>> {
        let leaf = self.leaf(nr)?;
        NonNull::new(leaf.slot(nr % SLOTS as u32).load(Relaxed).cast())
    }

    /// Returns what the lowest number from `nr` on leads to that leads to anything, and that
    /// number.
    pub(in crate::pid) fn find_from(self, mut nr: u32) -> Option<(u32, NonNull<bindings::pid>)> {
        let mut node = self.root_for(nr)?;
        loop {
            let index = node.index(nr);
            let next = first_from(node.used.load(Relaxed), index);
            nr = node.pass(nr, next - index);
            if next == SLOTS as u32 {
                node = self.root_for(nr)?;
                continue;
            }
            match NonNull::new(node.slot(next).load(Relaxed)) {
                Some(pid) if node.is_leaf() => return Some((nr, pid.cast())),
                // SAFETY: As in `child`.
                Some(child) => node = unsafe { child.cast().as_ref() },
                // It leads to nothing yet, or not any more.
                None => {
                    nr = node.pass(nr, 1);
                    if next == SLOTS as u32 - 1 {
                        node = self.root_for(nr)?;
                    }
                }
            }
        }
    }
}
