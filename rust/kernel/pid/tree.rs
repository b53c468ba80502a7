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
    },
    warn_on, //
};
use core::{
    mem::offset_of,
    ptr::{
        self,
        NonNull, //
    },
};

mod node;
mod reader;
mod spares;
mod writer;

use self::node::{
    Node,
    SLOTS, //
};
pub(super) use self::{
    node::create_cache,
    reader::Reader,
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

    /// Lets `nr` lead to `pid`.
    ///
    /// # Safety
    ///
    /// The caller must have taken `nr`, `pid` be complete, and stay valid until a grace period
    /// after the number is given back.
    #[inline]
    pub(super) unsafe fn publish(&self, nr: u32, pid: NonNull<bindings::pid>) {
        // SAFETY: The number is taken, so the nodes on the way to it stay, and no others are looked
        // at.
        let Some(leaf) = unsafe { self.reader() }.leaf(nr) else {
            warn_on!(true);
            return;
        };
        leaf.slot(nr % SLOTS as u32)
            .store(pid.as_ptr().cast(), Release);
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

    /// Returns what looks at the tree.
    ///
    /// # Safety
    ///
    /// No node may be freed for as long as the value, or a node that it led to, is used: it is
    /// protected as [`Protected`] says, the tree's lock is held, or a number below the node is
    /// taken and not given back.
    ///
    /// [`Protected`]: crate::tasklist::Protected
    #[inline]
    pub(super) unsafe fn reader(&self) -> Reader<'_> {
        // INVARIANT: The caller promises it.
        Reader(self)
    }

    /// Returns what changes the tree.
    ///
    /// # Safety
    ///
    /// There must be one at a time: the tree's lock is held, or nobody else knows the tree.
    #[inline]
    pub(super) unsafe fn writer(&self) -> Writer<'_> {
        // SAFETY: Nobody else takes out nodes, and who does so by this does not use them then.
        Writer(unsafe { self.reader() })
    }
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
mod tests;
