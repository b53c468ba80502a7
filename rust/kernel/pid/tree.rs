// SPDX-License-Identifier: GPL-2.0

//! The tree that leads from the numbers of a namespace to identifiers.
//!
//! It is a radix tree: six bits of a number choose the slot in each node, from the highest down. A
//! number is *used* once it is given to an identifier, and *leads* to it only later, when that is
//! ready to be found. Writers keep, for each node, which of its slots are used and which are full,
//! so that the next number that is free, or that is not, is found by looking at one node a level.
//! Readers look at the slots under RCU; which are used is a hint to them.
//!
//! The leaf that the last number in sequence came from is kept though it may be empty: the next
//! process finds its slot there, and nothing has to be allocated, hooked in, taken out and freed
//! for it. Any other node goes when it becomes empty.

use crate::{
    bindings,
    sync::atomic::{
        Atomic,
        Relaxed,
        Release, //
    }, //
};
use core::{
    mem::offset_of,
    ptr::{
        self,
        NonNull, //
    },
};

mod node;
mod spares;
mod writer;

use self::node::{
    first_from,
    Node,
    SLOTS, //
};
pub(super) use self::{
    node::create_cache,
    spares::Spares,
    writer::Writer, //
};

/// Why a number was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotTaken {
    /// It is used, or there is no free one.
    Used,
    /// So many [`Spares`] are needed.
    Needs(u32),
}

/// The tree, and where the search for the next number begins.
///
/// # Invariants
///
/// `root` is null or leads to a node without a parent, which is freed a grace period after that.
#[repr(C)]
pub(super) struct Tree {
    root: Atomic<*mut Node>,
    /// The first number of the leaf that is kept.
    kept: Atomic<u32>,
    cursor: Atomic<u32>,
}

impl Tree {
    /// Where the cursor is, in bytes.
    pub(super) const CURSOR_OFFSET: usize = offset_of!(Self, cursor);

    #[inline]
    fn root(&self) -> Option<&Node> {
        // SAFETY: By the type invariants it is a node; see `Node::child` for how long.
        unsafe { self.root.load(Relaxed).as_ref() }
    }

    /// Returns the root, if `nr` can be behind it.
    #[inline]
    fn root_for(&self, nr: u32) -> Option<&Node> {
        self.root().filter(|root| root.covers(nr))
    }

    /// Returns the leaf with the slot of `nr`.
    #[inline]
    fn leaf(&self, nr: u32) -> Option<&Node> {
        let mut node = self.root_for(nr)?;
        while !node.is_leaf() {
            node = node.child(node.index(nr))?;
        }
        Some(node)
    }

    /// Returns what `nr` leads to. RCU must protect the tree, or its lock be held.
    #[inline]
    pub(super) fn find(&self, nr: u32) -> Option<NonNull<bindings::pid>> {
        let leaf = self.leaf(nr)?;
        NonNull::new(leaf.slot(nr % SLOTS as u32).load(Relaxed).cast())
    }

    /// Returns what the lowest number from `nr` on leads to that leads to anything, and that
    /// number. Protection as for [`Self::find`].
    pub(super) fn find_from(&self, mut nr: u32) -> Option<(u32, NonNull<bindings::pid>)> {
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
                // SAFETY: As in `Node::child`.
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

    /// Lets `nr` lead to `pid`.
    ///
    /// # Safety
    ///
    /// The caller must have taken `nr`, `pid` be complete, and stay valid until a grace period
    /// after the number is given back.
    #[inline]
    pub(super) unsafe fn publish(&self, nr: u32, pid: NonNull<bindings::pid>) {
        // The leaf stays as long as the number is used.
        if let Some(leaf) = self.leaf(nr) {
            leaf.slot(nr % SLOTS as u32)
                .store(pid.as_ptr().cast(), Release);
        }
    }

    /// Returns where the next search begins.
    #[inline]
    pub(super) fn cursor(&self) -> u32 {
        self.cursor.load(Relaxed)
    }

    /// Sets where the next search begins.
    #[inline]
    pub(super) fn set_cursor(&self, nr: u32) {
        self.cursor.store(nr, Relaxed);
    }

    /// Makes an empty tree.
    pub(super) const fn new() -> Self {
        // INVARIANT: There is no root.
        Self {
            root: Atomic::new(ptr::null_mut()),
            kept: Atomic::new(0),
            cursor: Atomic::new(0),
        }
    }

    /// Returns what changes the tree.
    ///
    /// # Safety
    ///
    /// There must be one at a time: the tree's lock is held, or nobody else knows the tree.
    #[inline]
    pub(super) unsafe fn writer(&self) -> Writer<'_> {
        Writer(self)
    }
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
mod tests;
