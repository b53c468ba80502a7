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
    prelude::*,
    slab::{
        SlabBox,
        SlabCache,
        SlabFlags,
        SlabObject,
        SlabSlot, //
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
    mem::offset_of,
    ptr::{
        self,
        NonNull, //
    },
};

/// How many bits of a number choose a slot.
const BITS: u32 = 6;
const SLOTS: usize = 1 << BITS;

/// The bits of all slots.
const ALL: u64 = u64::MAX;

/// # Invariants
///
/// * A slot is null, or leads to a node whose `shift` is less by [`BITS`], or, where `shift` is 0,
///   to an identifier.
/// * `used` has a bit for each slot that leads to a node, or whose number is given.
/// * `full` has a bit for each slot that leads to a node behind which all numbers are given.
/// * `parent` is the node with a slot that leads here, or null.
/// * What is in a [`Cell`] is only touched by the one who has the tree's [`Writer`].
pub(super) struct Node {
    slots: [Atomic<*mut c_void>; SLOTS],
    used: Atomic<u64>,
    full: Cell<u64>,
    parent: Cell<*const Node>,
    shift: u32,
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
pub(super) fn create_cache() -> Result {
    CACHE.create(c"pid_table_node", SlabFlags::PANIC)
}

impl Node {
    /// Returns the place of `nr` in this node.
    #[inline]
    fn index(&self, nr: u32) -> u32 {
        // A shift is at most 18.
        nr.wrapping_shr(self.shift) % SLOTS as u32
    }

    #[inline]
    fn slot(&self, index: u32) -> &Atomic<*mut c_void> {
        &self.slots[index as usize % SLOTS]
    }

    /// Returns where the numbers of the slot begin that is `by` behind that of `nr`, or `nr` if
    /// `by` is 0.
    #[inline]
    fn pass(&self, nr: u32, by: u32) -> u32 {
        if by == 0 {
            return nr;
        }
        // Numbers are so small that nothing overflows.
        let slot = nr.wrapping_shr(self.shift).wrapping_add(by);
        slot.wrapping_shl(self.shift)
    }

    /// Tells whether `nr` is behind one of the slots of this node, if it is the root.
    #[inline]
    fn covers(&self, nr: u32) -> bool {
        nr.wrapping_shr(self.shift) < SLOTS as u32
    }

    #[inline]
    fn is_leaf(&self) -> bool {
        self.shift == 0
    }

    /// Returns the node behind a slot of one that is no leaf.
    #[inline]
    fn child(&self, index: u32) -> Option<&Node> {
        let child = NonNull::new(self.slot(index).load(Relaxed))?;
        // SAFETY: By the type invariants it is a node. It is freed a grace period after it was
        // taken out, and who looks at this node is protected by RCU or is the writer.
        Some(unsafe { child.cast().as_ref() })
    }

    #[inline]
    fn parent(&self) -> Option<&Node> {
        // SAFETY: By the type invariants it is a node that leads here, so it is there.
        unsafe { self.parent.get().as_ref() }
    }

    /// Returns for which slots all numbers are given.
    #[inline]
    fn taken(&self) -> u64 {
        if self.is_leaf() {
            self.used.load(Relaxed)
        } else {
            self.full.get()
        }
    }

    /// Lets a slot lead to `child`.
    fn hook(&self, index: u32, child: &Node) {
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
    /// Nothing leads to it.
    unsafe fn free_later(&self) {
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
fn bit(index: u32) -> u64 {
    1u64.wrapping_shl(index)
}

/// Returns the first slot of a set that is not before `index`, or [`SLOTS`].
#[inline]
fn first_from(set: u64, index: u32) -> u32 {
    (set & ALL.wrapping_shl(index)).trailing_zeros()
}

/// Returns the shift of a root that covers `nr`, if there is none yet.
fn shift_for(nr: u32) -> u32 {
    let mut shift = 0;
    while nr.wrapping_shr(shift) >= SLOTS as u32 {
        shift += BITS;
    }
    shift
}

/// Nodes that were allocated before it is known whether they are needed.
///
/// # Invariants
///
/// `first` is null, or owns a node whose first slot leads to the next in the same way.
pub(super) struct Spares {
    first: *mut Node,
    len: u32,
}

impl Spares {
    #[inline]
    pub(super) const fn new() -> Self {
        Self {
            first: ptr::null_mut(),
            len: 0,
        }
    }

    /// Allocates until there are `count`. May sleep.
    ///
    /// Returns `ENOMEM`.
    pub(super) fn fill(&mut self, count: u32) -> Result {
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
    fn pop(&mut self, shift: u32) -> Option<&'static Node> {
        let mut node = NonNull::new(self.first)?;
        // SAFETY: By the type invariants the node is owned.
        let owned = unsafe { node.as_mut() };
        // INVARIANT: Those behind it are left.
        self.first = owned.slots[0].load(Relaxed).cast();
        self.len = self.len.saturating_sub(1);
        owned.slots[0].store(ptr::null_mut(), Relaxed);
        owned.shift = shift;
        Some(owned)
    }
}

impl Drop for Spares {
    #[inline]
    fn drop(&mut self) {
        while let Some(node) = self.pop(0) {
            // SAFETY: The node was owned, and nobody knows it.
            drop(unsafe { SlabBox::from_raw(NonNull::from(node)) });
        }
    }
}

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

/// What changes a tree. Nodes that it hands to itself are those of its tree.
pub(super) struct Writer<'a>(&'a Tree);

impl<'a> Writer<'a> {
    /// Takes the number `nr`. It leads to nothing yet.
    #[inline]
    pub(super) fn take(&mut self, nr: u32, spares: &mut Spares) -> Result<(), NotTaken> {
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
    pub(super) fn take_next(
        &mut self,
        start: u32,
        end: u32,
        spares: &mut Spares,
    ) -> Result<u32, NotTaken> {
        let from = self.0.cursor().max(start);
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
                node.child(free)
            };
        }
        None
    }

    /// Lets the search go on behind `nr`, and keeps its leaf.
    #[inline]
    fn move_to(&mut self, nr: u32) {
        self.0.set_cursor(nr.saturating_add(1));
        let first = nr & !(SLOTS as u32 - 1);
        let old = self.0.kept.load(Relaxed);
        if old != first {
            self.0.kept.store(first, Relaxed);
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
    pub(super) unsafe fn give_back(&mut self, nr: u32) {
        let Some(leaf) = self.0.leaf(nr) else { return };
        let index = nr % SLOTS as u32;
        leaf.slot(index).store(ptr::null_mut(), Relaxed);
        let used = leaf.used.load(Relaxed);
        let left = used & !bit(index);
        leaf.used.store(left, Relaxed);
        if used == ALL {
            self.mark_not_full(leaf, nr);
        }
        if left == 0 && self.0.kept.load(Relaxed) != nr & !(SLOTS as u32 - 1) {
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
            self.unhook(node, nr);
        }
    }

    /// Takes out a node that `nr` is behind.
    fn unhook(&mut self, node: &Node, nr: u32) {
        match node.parent() {
            Some(parent) => {
                let index = parent.index(nr);
                parent
                    .used
                    .store(parent.used.load(Relaxed) & !bit(index), Relaxed);
                parent.full.set(parent.full.get() & !bit(index));
                parent.slot(index).store(ptr::null_mut(), Relaxed);
            }
            None => self.0.root.store(ptr::null_mut(), Relaxed),
        }
        // SAFETY: What led to it was just cleared.
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
            node = match node.child(index) {
                Some(child) => child,
                None => {
                    let new = spares
                        .pop(node.shift.saturating_sub(BITS))
                        .ok_or(NotTaken::Used)?;
                    node.hook(index, new);
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
            match node.child(node.index(nr)) {
                Some(child) => node = child,
                None => return node.shift / BITS,
            }
        }
        0
    }

    /// Returns the root, after it was made to cover `nr`.
    fn grow_root(&mut self, nr: u32, spares: &mut Spares) -> Option<&'a Node> {
        let tree = self.0;
        if tree.root().is_none() {
            let new = spares.pop(shift_for(nr))?;
            tree.root.store(ptr::from_ref(new).cast_mut(), Release);
        }
        while let Some(root) = tree.root().filter(|root| !root.covers(nr)) {
            let new = spares.pop(root.shift.saturating_add(BITS))?;
            new.hook(0, root);
            tree.root.store(ptr::from_ref(new).cast_mut(), Release);
        }
        tree.root()
    }

    /// Takes out all nodes.
    pub(super) fn clear(&mut self) {
        let (mut next, mut nr) = (self.0.root(), 0);
        while let Some(node) = next {
            let first = node.used.load(Relaxed).trailing_zeros();
            if node.is_leaf() || first >= SLOTS as u32 {
                next = node.parent();
                self.unhook(node, nr);
            } else {
                let below = node.shift.saturating_add(BITS);
                nr = nr.wrapping_shr(below).wrapping_shl(below) | first.wrapping_shl(node.shift);
                next = node.child(first);
            }
        }
    }
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
mod tests;
