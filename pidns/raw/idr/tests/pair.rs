// SPDX-License-Identifier: GPL-2.0

//! An IDR and one by `lib/idr.c`, for comparison.

use super::super::*;
use crate::raw::limits::PID_MAX_LIMIT;
use core::num::NonZero;
use kernel::{
    static_lock_class,
    types::Opaque, //
};

type RawNode = bindings::xa_node;

/// Fails the test from a helper function.
macro_rules! check {
    ($condition:expr) => {
        if !$condition {
            pr_err!(
                "line {}: {} does not hold\n",
                line!(),
                stringify!($condition)
            );
            return Err(EINVAL);
        }
    };
}

macro_rules! check_eq {
    ($left:expr, $right:expr $(,)?) => {
        check!($left == $right)
    };
}

/// The limit of all numbers.
pub(super) const LIMIT: i32 = PID_MAX_LIMIT;

/// Numbers at the edges of nodes.
pub(super) const EDGES: [i32; 10] = [
    1,
    63,
    64,
    65,
    4095,
    4096,
    262_143,
    262_144,
    262_207,
    LIMIT - 1,
];

/// An IDR, C's with the same content, and the content: numbers in order, and whether they are
/// published.
pub(super) struct Pair {
    ours: Pin<KBox<Opaque<bindings::idr>>>,
    c: Pin<KBox<Opaque<bindings::idr>>>,
    pub(super) model: KVec<(i32, bool)>,
}

fn new_idr() -> Result<Pin<KBox<Opaque<bindings::idr>>>> {
    // Zeroed, for KMSAN: it does not see what Rust writes.
    let idr = KBox::pin(Opaque::<bindings::idr>::uninit(), GFP_KERNEL | __GFP_ZERO)?;
    // SAFETY: The memory is valid, and nobody else uses it.
    unsafe { init(idr.get(), static_lock_class!()) };
    Ok(idr)
}

fn address(nr: i32) -> NonNull<bindings::pid> {
    let address = (nr as usize).wrapping_add(1).wrapping_mul(64);
    NonNull::dangling().with_addr(NonZero::new(address).unwrap_or(NonZero::<usize>::MIN))
}

fn entry(nr: i32, published: bool) -> *mut c_void {
    if published {
        address(nr).as_ptr().cast()
    } else {
        ptr::null_mut()
    }
}

impl Pair {
    pub(super) fn new() -> Result<Self> {
        Ok(Self {
            ours: new_idr()?,
            c: new_idr()?,
            model: KVec::new(),
        })
    }

    fn read(&self) -> &PidIdr {
        // SAFETY: It was initialised, and is borrowed.
        unsafe { PidIdr::from_ptr(self.ours.get()) }
    }

    fn idr(&self) -> LockedIdr<'_> {
        // SAFETY: Nobody else uses the IDR.
        unsafe { LockedIdr::assume(self.read()) }
    }

    /// Preloads nodes after `ENOMEM`, as an allocation in a namespace does.
    fn with_nodes<R>(alloc: impl Fn() -> Result<R>) -> Result<R> {
        match alloc() {
            Err(ENOMEM) => {
                let _preload = Preload::new();
                alloc()
            }
            done => done,
        }
    }

    fn insert(&mut self, nr: i32) -> Result {
        let at = self.model.partition_point(|&(other, _)| other < nr);
        self.model.push((nr, false), GFP_KERNEL)?;
        if let Some(tail) = self.model.get_mut(at..) {
            tail.rotate_right(1);
        }
        Ok(())
    }

    pub(super) fn alloc(&mut self, nr: i32) -> Result {
        let done = Self::with_nodes(|| self.idr().alloc(nr));
        // SAFETY: Nobody else uses the IDR.
        let c = to_result(unsafe {
            bindings::idr_alloc(
                self.c.get(),
                ptr::null_mut(),
                nr,
                nr + 1,
                bindings::GFP_KERNEL,
            )
        });
        check_eq!(done, c);
        done?;
        self.insert(nr)
    }

    pub(super) fn alloc_cyclic(&mut self, range: Range<i32>) -> Result<i32> {
        let done = Self::with_nodes(|| self.idr().alloc_cyclic(range.clone()));
        // SAFETY: Nobody else uses the IDR.
        let c = unsafe {
            bindings::idr_alloc_cyclic(
                self.c.get(),
                ptr::null_mut(),
                range.start,
                range.end,
                bindings::GFP_KERNEL,
            )
        };
        check_eq!(done, to_result(c).map(|()| c));
        let nr = done?;
        self.insert(nr)?;
        Ok(nr)
    }

    pub(super) fn publish(&mut self, nr: i32) {
        // SAFETY: Nobody else uses the IDR, and the entry is not dereferenced.
        unsafe {
            self.idr().publish(nr as u32, address(nr));
            bindings::idr_replace(self.c.get(), address(nr).as_ptr().cast(), nr as usize);
        }
        let number = self.model.iter_mut().find(|number| number.0 == nr);
        if let Some((_, published)) = number {
            *published = true;
        }
    }

    pub(super) fn add(&mut self, nr: i32) -> Result {
        self.alloc(nr)?;
        self.publish(nr);
        Ok(())
    }

    pub(super) fn remove(&mut self, nr: i32) -> Result {
        let at = self.model.iter().position(|&(other, _)| other == nr);
        self.model.remove(at.ok_or(ENOENT)?)?;
        // SAFETY: Nobody else uses the IDR.
        unsafe {
            self.idr().remove(nr as u32);
            bindings::idr_remove(self.c.get(), nr as usize);
        }
        Ok(())
    }

    pub(super) fn set_cursor(&self, nr: u32) {
        self.idr().set_cursor(nr);
        // SAFETY: Nobody else uses the IDR.
        unsafe { (*self.c.get()).idr_next = nr };
    }

    /// Compares what readers see with the model, and all nodes with C's.
    pub(super) fn check(&self) -> Result {
        self.check_readers()?;
        self.check_root()?;
        self.check_nodes()
    }

    fn check_readers(&self) -> Result {
        let raw = self.ours.get();
        // SAFETY: The IDR is valid, here and below.
        let xa = unsafe { &raw mut (*raw).idr_rt };
        // SAFETY: As above.
        let find = |nr: i32| unsafe { bindings::idr_find(raw, nr as usize) };
        for &(nr, published) in &self.model {
            let expected = entry(nr, published);
            check_eq!(find(nr), expected);
            // SAFETY: As above.
            check_eq!(unsafe { bindings::xa_load(xa, nr as usize) }, expected);
            // SAFETY: As above.
            let found = unsafe { self.read().find(nr as u32) };
            check_eq!(found, NonNull::new(expected.cast()));
        }
        for nr in Iterator::chain(EDGES.into_iter(), [0, LIMIT, i32::MAX]) {
            if !self.model.iter().any(|&(other, _)| other == nr) {
                check!(find(nr).is_null());
                // SAFETY: As above.
                check!(unsafe { self.read().find(nr as u32) }.is_none());
            }
        }

        let get_next = |nr: &mut i32| {
            // KMSAN does not see what Rust writes.
            #[cfg(CONFIG_KMSAN)]
            // SAFETY: `nr` is a valid reference.
            unsafe {
                bindings::kmsan_unpoison_memory(ptr::from_mut(nr).cast(), size_of::<i32>());
            }
            // SAFETY: As above.
            unsafe { bindings::idr_get_next(raw, nr) }
        };
        // SAFETY: As above.
        let find_ge = |nr: i32| unsafe { self.read().find_ge(nr as u32) };
        let published = || self.model.iter().filter(|&&(_, published)| published);
        let mut next = 0;
        for &(nr, _) in published() {
            check_eq!(find_ge(next), Some((nr as u32, address(nr))));
            check_eq!(get_next(&mut next), entry(nr, true));
            check_eq!(next, nr);
            next += 1;
        }
        check!(find_ge(next).is_none());
        check!(get_next(&mut next).is_null());

        let mut seen = 0usize;
        // SAFETY: As above. The function gets the counter that it expects.
        unsafe { bindings::idr_for_each(raw, Some(count_entry), (&raw mut seen).cast()) };
        check_eq!(seen, published().count());
        // SAFETY: As above.
        let is_empty = unsafe { bindings::idr_is_empty(raw) };
        check_eq!(is_empty, self.model.is_empty());
        Ok(())
    }

    fn check_root(&self) -> Result {
        // SAFETY: Both are valid, and nobody else uses them.
        let (ours, c) = unsafe { (&*self.ours.get(), &*self.c.get()) };
        check_eq!(ours.idr_rt.xa_flags, bindings::IDR_RT_MARKER);
        check_eq!(ours.idr_rt.xa_flags, c.idr_rt.xa_flags);
        check_eq!((ours.idr_base, ours.idr_next), (0, c.idr_next));
        Ok(())
    }

    pub(super) fn check_nodes(&self) -> Result {
        // C has the kept leaf as soon as there is a number in it.
        let last = self.read().cursor().wrapping_sub(1);
        let kept = self.idr().leaf(last).filter(|leaf| leaf.count() == 0);
        let (c, nr) = (self.c.get(), last as i32);
        if kept.is_some() {
            check!(!self.model.is_empty());
            // SAFETY: Nobody else uses the IDR, here and below.
            to_result(unsafe {
                bindings::idr_alloc(c, ptr::null_mut(), nr, nr + 1, bindings::GFP_KERNEL)
            })?;
        }
        // SAFETY: The same.
        let same = unsafe { compare(Slot::root(self.ours.get()), Slot::root(c)) };
        if kept.is_some() {
            // SAFETY: The same.
            unsafe { bindings::idr_remove(c, last as usize) };
        }
        same
    }

    /// Returns the number of nodes.
    pub(super) fn nodes(&self) -> usize {
        // SAFETY: The IDR is valid, and nobody else uses it.
        unsafe { count_nodes((*self.ours.get()).idr_rt.xa_head) }
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        // SAFETY: Nobody else uses the IDR.
        unsafe {
            destroy(self.read());
            bindings::idr_destroy(self.c.get());
        }
    }
}

/// # Safety
///
/// `seen` must be a counter that nobody else uses.
unsafe extern "C" fn count_entry(nr: c_int, entry: *mut c_void, seen: *mut c_void) -> c_int {
    if entry == address(nr).as_ptr().cast() {
        // SAFETY: The caller passes the counter.
        unsafe { *seen.cast::<usize>() += 1 };
    }
    0
}

/// Returns the node that an entry points to.
fn node_of(entry: *mut c_void) -> *mut RawNode {
    entry
        .cast::<RawNode>()
        .wrapping_byte_sub(bindings::RADIX_TREE_INTERNAL_NODE as usize)
}

/// # Safety
///
/// The entry must be null or point to a valid node.
unsafe fn count_nodes(entry: *mut c_void) -> usize {
    if entry.is_null() {
        return 0;
    }
    // SAFETY: The caller promises it, and so are those below.
    unsafe {
        let node = &*node_of(entry);
        let below = node.slots.iter().filter(|_| node.shift != 0);
        1 + below.map(|&slot| count_nodes(slot)).sum::<usize>()
    }
}

/// The entry of a slot above the leaves, and its place.
#[derive(Clone, Copy)]
struct Slot {
    entry: *mut c_void,
    node: *mut RawNode,
    root: *mut bindings::xarray,
}

impl Slot {
    /// # Safety
    ///
    /// `idr` must be valid.
    unsafe fn root(idr: *mut bindings::idr) -> Self {
        // SAFETY: The caller promises it.
        let (root, entry) = unsafe { (&raw mut (*idr).idr_rt, (*idr).idr_rt.xa_head) };
        let node = ptr::null_mut();
        Self { entry, node, root }
    }

    fn below(self, entry: *mut c_void) -> Self {
        let (node, root) = (node_of(self.entry), self.root);
        Self { entry, node, root }
    }
}

/// Compares one of our nodes, and all below it, with C's.
///
/// # Safety
///
/// The entries must be null or point to valid nodes.
unsafe fn compare(our: Slot, c: Slot) -> Result {
    check_eq!(our.entry.is_null(), c.entry.is_null());
    if our.entry.is_null() {
        return Ok(());
    }
    let tag = our.entry.addr() & bindings::RADIX_TREE_ENTRY_MASK as usize;
    check_eq!(tag, bindings::RADIX_TREE_INTERNAL_NODE as usize);
    // SAFETY: The caller promises it.
    let (ours, theirs) = unsafe { (&*node_of(our.entry), &*node_of(c.entry)) };
    check_eq!((ours.shift, ours.offset), (theirs.shift, theirs.offset));
    check_eq!((ours.parent, theirs.parent), (our.node, c.node));
    check_eq!((ours.array, theirs.array), (our.root, c.root));
    check_eq!((ours.nr_values, theirs.nr_values), (0, 0));
    // By reference: KMSAN sees what is in nodes, and not what Rust copies to its stack.
    // SAFETY: Marks are words.
    let (marks, c_marks) =
        unsafe { (&ours.__bindgen_anon_2.marks, &theirs.__bindgen_anon_2.marks) };
    if ours.count == 0 {
        // The kept leaf.
        check_eq!((ours.shift, theirs.count), (0, 1));
        let [[free], others @ ..] = *marks;
        check_eq!(free, usize::MAX);
        check!(others.iter().flatten().all(|&word| word == 0));
    } else {
        check_eq!(ours.count, theirs.count);
        check_eq!(marks, c_marks);
    }
    for (&slot, &c_slot) in ours.slots.iter().zip(&theirs.slots) {
        if ours.shift == 0 {
            check_eq!(slot, c_slot);
        } else {
            // SAFETY: Slots of a node that is not a leaf are nodes or null.
            unsafe { compare(our.below(slot), c.below(c_slot))? };
        }
    }
    Ok(())
}
