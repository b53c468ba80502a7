// SPDX-License-Identifier: GPL-2.0

//! Taking numbers and giving them back.

use super::{
    node::{
        bit,
        first_from,
        shift_for,
        Node,
        ALL,
        BITS,
        SLOTS, //
    },
    spares::Spares,
    NotTaken,
    Reader,
    Tree, //
};
use crate::{
    slab::SlabBox,
    sync::atomic::{
        Relaxed,
        Release, //
    },
    warn_on, //
};
use core::ptr;

/// What changes a tree. Nodes that it hands to itself are those of its tree.
///
/// # Invariants
///
/// It is the only one of its tree.
pub(in crate::pid) struct Writer<'a>(pub(super) Reader<'a>);

impl<'a> Writer<'a> {
    #[inline]
    fn tree(&self) -> &'a Tree {
        self.0 .0
    }

    /// Takes the number `nr`. It leads to nothing yet.
    #[inline]
    pub(in crate::pid) fn take(&mut self, nr: u32, spares: &mut Spares) -> Result<(), NotTaken> {
        let leaf = match self.0.leaf(nr) {
            Some(leaf) => leaf,
            None => self.grow(nr, spares)?,
        };
        self.take_in(leaf, nr)
    }

    #[inline]
    fn take_in(&mut self, leaf: &Node, nr: u32) -> Result<(), NotTaken> {
        let (used, nr_bit) = (leaf.used.load(Relaxed), bit(nr % SLOTS as u32));
        if used & nr_bit != 0 {
            return Err(NotTaken::Used);
        }
        leaf.used.store(used | nr_bit, Relaxed);
        if used | nr_bit == ALL {
            self.mark_full(leaf, nr);
        }
        Ok(())
    }

    /// Takes the lowest free number of `start..end` at or after the cursor, or the lowest at all if
    /// there is none, and moves the cursor behind it.
    #[inline]
    pub(in crate::pid) fn take_next(
        &mut self,
        start: u32,
        end: u32,
        spares: &mut Spares,
    ) -> Result<u32, NotTaken> {
        let from = self.tree().cursor().max(start);
        // Nearly always the number under the cursor is free, and in the leaf that is kept.
        if from < end {
            if let Some(leaf) = self.0.leaf(from) {
                if self.take_in(leaf, from).is_ok() {
                    self.move_to(from);
                    return Ok(from);
                }
            }
        }
        let nr = self
            .first_free(from, end)
            .or_else(|| self.first_free(start, end))
            .ok_or(NotTaken::Used)?;
        self.take(nr, spares)?;
        self.move_to(nr);
        Ok(nr)
    }

    /// Returns the lowest number of `nr..end` that is not used.
    fn first_free(&self, mut nr: u32, end: u32) -> Option<u32> {
        let mut next = self.0.root_for(nr);
        while nr < end {
            let Some(node) = next else {
                // There is nothing here yet.
                return Some(nr);
            };
            let index = node.index(nr);
            let free = first_from(!node.taken(), index);
            nr = node.pass(nr, free - index);
            next = if free == SLOTS as u32 {
                self.0.root_for(nr)
            } else if node.is_leaf() {
                return (nr < end).then_some(nr);
            } else {
                self.0.child(node, free)
            };
        }
        None
    }

    /// Lets the search go on behind `nr`, and keeps its leaf.
    #[inline]
    fn move_to(&mut self, nr: u32) {
        self.tree().set_cursor(nr.saturating_add(1));
        let first = nr & !(SLOTS as u32 - 1);
        let old = self.tree().kept.load(Relaxed);
        if old != first {
            self.tree().kept.store(first, Relaxed);
            if let Some(leaf) = self.0.leaf(old) {
                self.prune(leaf, old);
            }
        }
    }

    /// Makes `nr` free.
    ///
    /// # Safety
    ///
    /// The caller must be who took it. What it leads to must stay for a grace period.
    #[inline]
    pub(in crate::pid) unsafe fn give_back(&mut self, nr: u32) {
        let Some(leaf) = self.0.leaf(nr) else {
            warn_on!(true);
            return;
        };
        let index = nr % SLOTS as u32;
        leaf.slot(index).store(ptr::null_mut(), Relaxed);
        let used = leaf.used.load(Relaxed);
        let left = used & !bit(index);
        leaf.used.store(left, Relaxed);
        if used == ALL {
            self.mark_not_full(leaf, nr);
        }
        if left == 0 && self.tree().kept.load(Relaxed) != nr & !(SLOTS as u32 - 1) {
            self.prune(leaf, nr);
        }
    }

    /// Tells the nodes above that there is nothing free in `leaf`.
    #[cold]
    fn mark_full(&mut self, leaf: &Node, nr: u32) {
        let mut node = leaf;
        while let Some(parent) = node.parent() {
            parent.full.set(parent.full.get() | bit(parent.index(nr)));
            if parent.full.get() != ALL {
                break;
            }
            node = parent;
        }
    }

    /// Tells the nodes above that there is a free number in `leaf` again.
    #[cold]
    fn mark_not_full(&mut self, leaf: &Node, nr: u32) {
        let mut node = leaf;
        while let Some(parent) = node.parent() {
            let full = parent.full.get();
            parent.full.set(full & !bit(parent.index(nr)));
            if full != ALL {
                break;
            }
            node = parent;
        }
    }

    /// Takes out `leaf`, which `nr` is in, if it is empty, and what becomes empty by that.
    #[cold]
    fn prune(&mut self, leaf: &Node, nr: u32) {
        let mut next = Some(leaf);
        while let Some(node) = next.filter(|node| node.used.load(Relaxed) == 0) {
            next = node.parent();
            // SAFETY: It is of this tree and empty, and is not used after this.
            unsafe { self.unhook(node, nr) };
        }
    }

    /// Takes out a node.
    ///
    /// # Safety
    ///
    /// It must be of this tree, `nr` be behind it, and nothing else. The caller must not use it any
    /// more: where no lock is held it may be freed at once.
    unsafe fn unhook(&mut self, node: &Node, nr: u32) {
        match node.parent() {
            Some(parent) => {
                let index = parent.index(nr);
                parent
                    .used
                    .store(parent.used.load(Relaxed) & !bit(index), Relaxed);
                parent.full.set(parent.full.get() & !bit(index));
                parent.slot(index).store(ptr::null_mut(), Relaxed);
            }
            None => self.tree().root.store(ptr::null_mut(), Relaxed),
        }
        // SAFETY: What led to it was just cleared, and it is not found again.
        unsafe { node.free_later() };
    }

    /// Makes the leaf for `nr`, and all that is missing on the way to it.
    #[cold]
    fn grow(&mut self, nr: u32, spares: &mut Spares) -> Result<&'a Node, NotTaken> {
        let needs = self.missing(nr);
        if spares.len < needs {
            return Err(NotTaken::Needs(needs));
        }
        let mut node = self.grow_root(nr, spares).ok_or(NotTaken::Used)?;
        while !node.is_leaf() {
            let index = node.index(nr);
            node = match self.0.child(node, index) {
                Some(child) => child,
                None => {
                    let new = spares
                        .pop(node.shift.saturating_sub(BITS))
                        .map(Self::keep)
                        .ok_or(NotTaken::Used)?;
                    // SAFETY: The new node is for what is behind this slot, which is empty.
                    unsafe { node.hook(index, new) };
                    new
                }
            };
        }
        Ok(node)
    }

    /// Returns how many nodes are missing on the way to `nr`.
    fn missing(&self, nr: u32) -> u32 {
        let wanted = shift_for(nr);
        let Some(mut node) = self.0.root() else {
            return wanted / BITS + 1;
        };
        if !node.covers(nr) {
            // Nodes above the root, and below the new one those of another branch.
            return wanted.saturating_sub(node.shift) / BITS + wanted / BITS;
        }
        while !node.is_leaf() {
            match self.0.child(node, node.index(nr)) {
                Some(child) => node = child,
                None => return node.shift / BITS,
            }
        }
        0
    }

    /// Returns the root, after it was made to cover `nr`.
    fn grow_root(&mut self, nr: u32, spares: &mut Spares) -> Option<&'a Node> {
        let tree = self.tree();
        if self.0.root().is_none() {
            let new = Self::keep(spares.pop(shift_for(nr))?);
            tree.root.store(ptr::from_ref(new).cast_mut(), Release);
        }
        while let Some(root) = self.0.root().filter(|root| !root.covers(nr)) {
            let new = Self::keep(spares.pop(root.shift.saturating_add(BITS))?);
            // SAFETY: The root is for all numbers behind the first slot of the new one, which is
            // empty, and which takes its place.
            unsafe { new.hook(0, root) };
            tree.root.store(ptr::from_ref(new).cast_mut(), Release);
        }
        self.0.root()
    }

    /// Leaves a node to the tree, which keeps it for as long as this looks at it.
    fn keep(node: SlabBox<Node>) -> &'a Node {
        // SAFETY: It was owned, and is freed only by `unhook`.
        unsafe { node.into_raw().as_ref() }
    }

    /// Takes out all nodes.
    pub(in crate::pid) fn clear(&mut self) {
        let (mut next, mut nr) = (self.0.root(), 0);
        while let Some(node) = next {
            let first = node.used.load(Relaxed).trailing_zeros();
            if node.is_leaf() || first >= SLOTS as u32 {
                next = node.parent();
                // SAFETY: As in `prune`; what is taken leads to nothing any more.
                unsafe { self.unhook(node, nr) };
            } else {
                let below = node.shift.saturating_add(BITS);
                nr = nr.wrapping_shr(below).wrapping_shl(below) | first.wrapping_shl(node.shift);
                next = self.0.child(node, first);
            }
        }
    }
}
