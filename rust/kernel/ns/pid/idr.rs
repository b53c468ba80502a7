// SPDX-License-Identifier: GPL-2.0

//! Reading the IDR of a PID namespace, which maps numbers to pids.
//!
//! It is a `struct idr` laid out as by `lib/idr.c`. A reserved number has a `NULL` entry and its
//! `IDR_FREE` mark cleared. The number 0 is never allocated, and `idr_base` is 0, so the head is
//! `NULL` or a node.
//!
//! C headers: [`include/linux/idr.h`](srctree/include/linux/idr.h),
//! [`include/linux/xarray.h`](srctree/include/linux/xarray.h)

use crate::{
    bindings,
    ffi::c_void,
    pid::Pid,
    pid_namespace::PidNamespace,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    tasklist::RcuOrTasklist,
    types::Opaque, //
};
use core::{
    mem::{
        offset_of,
        size_of, //
    },
    ptr::NonNull,
};

/// Number of slots in a node.
const SLOTS: u32 = ((offset_of!(bindings::xa_node, __bindgen_anon_2)
    - offset_of!(bindings::xa_node, slots))
    / size_of::<*mut c_void>()) as u32;

/// Tag of an entry that points to a node.
const INTERNAL: usize = bindings::RADIX_TREE_INTERNAL_NODE as usize;

/// Wraps the kernel's `struct xa_node`, a node of an IDR of pids.
///
/// # Invariants
///
/// * An entry is null; or a pid, if `shift` is 0; or else a node one level below, tagged with
///   `INTERNAL`.
/// * The `IDR_FREE` mark has a bit set for each slot that is free or has a free slot below it.
#[repr(transparent)]
pub struct IdrNode(Opaque<bindings::xa_node>);

const _: () = {
    // A mark is one word, and `IDR_FREE` is the first.
    assert!(SLOTS.is_power_of_two() && SLOTS <= usize::BITS);
    assert!(bindings::IDR_FREE == 0);
};

impl IdrNode {
    /// Number of slots.
    pub const SLOTS: u32 = SLOTS;

    /// Returns a raw pointer to the C structure.
    #[inline]
    pub fn as_ptr(&self) -> *mut bindings::xa_node {
        self.0.get()
    }

    #[inline]
    fn shift(&self) -> u32 {
        // SAFETY: `self` is valid, and the field never changes.
        unsafe { (*self.as_ptr()).shift.into() }
    }

    /// Returns whether the slots are entries of pids, not of nodes.
    #[inline]
    fn is_leaf(&self) -> bool {
        self.shift() == 0
    }

    /// Returns the index of the slot of `nr`.
    #[inline]
    fn index(&self, nr: u32) -> u32 {
        nr.wrapping_shr(self.shift()) % SLOTS
    }

    #[inline]
    fn entry(&self, index: u32) -> Option<NonNull<c_void>> {
        // SAFETY: `self` is valid, and an entry is only accessed by single loads and stores.
        let slot =
            unsafe { Atomic::from_ptr(&raw mut (*self.as_ptr()).slots[(index % SLOTS) as usize]) };
        NonNull::new(slot.load(Relaxed))
    }

    /// Returns the first slot at or after `index` that is not free, or [`SLOTS`]. In a leaf it may
    /// be reserved.
    #[inline]
    fn next_used(&self, index: u32) -> u32 {
        if !self.is_leaf() {
            return (index..SLOTS)
                .find(|&index| self.entry(index).is_some())
                .unwrap_or(SLOTS);
        }
        // SAFETY: `self` is valid. lib/radix-tree.c changes marks by plain `__set_bit()` and
        // `__clear_bit()`. Like `xas_find_marked()` under RCU, this relies on words being written
        // whole.
        let free =
            unsafe { Atomic::from_ptr(&raw mut (*self.as_ptr()).__bindgen_anon_2.marks[0][0]) };
        // This misses no published entry: its bit was cleared when the slot was reserved and is set
        // again only when the entry is removed. Changes of other bits write it back as it was.
        let used = !free.load(Relaxed) & usize::MAX.wrapping_shl(index);
        used.trailing_zeros().min(SLOTS)
    }

    /// Returns the first number of the slot `by` after that of `nr`, or `nr` if `by` is 0.
    #[inline]
    fn advance(&self, nr: u32, by: u32) -> u32 {
        if by == 0 {
            return nr;
        }
        // Numbers are too small for this to overflow.
        let slot = nr.wrapping_shr(self.shift()).wrapping_add(by);
        slot.wrapping_shl(self.shift())
    }
}

/// Returns the node that `entry` points to.
///
/// # Safety
///
/// `entry` must point to a node that RCU, `tasklist_lock` or the lock of the IDR protects for `'a`.
#[inline]
unsafe fn node<'a>(entry: NonNull<c_void>) -> &'a IdrNode {
    // SAFETY: The caller promises that it points to a node. The address dependency orders the reads
    // through it.
    unsafe { entry.byte_sub(INTERNAL).cast().as_ref() }
}

/// Wraps the `struct idr` of a PID namespace.
///
/// # Invariants
///
/// The entries are pids or `NULL`, and the number 0 was never allocated.
#[repr(transparent)]
pub struct PidIdr(Opaque<bindings::idr>);

impl PidIdr {
    /// Creates a reference from a valid pointer.
    ///
    /// # Safety
    ///
    /// `ptr` must be valid for the lifetime of the returned reference, and satisfy the invariants
    /// of the type.
    #[inline]
    pub unsafe fn from_ptr<'a>(ptr: *const bindings::idr) -> &'a Self {
        // SAFETY: The caller promises validity, and the type is transparent.
        unsafe { &*ptr.cast() }
    }

    /// Returns a raw pointer to the C structure.
    #[inline]
    pub fn as_ptr(&self) -> *mut bindings::idr {
        self.0.get()
    }

    /// Returns the root node, if its range includes `nr`.
    ///
    /// # Safety
    ///
    /// As for [`Self::leaf`].
    #[inline]
    unsafe fn root<'a>(&self, nr: u32) -> Option<&'a IdrNode> {
        // SAFETY: `self` is valid, and the head is only accessed by single loads and stores.
        let head = unsafe { Atomic::from_ptr(&raw mut (*self.as_ptr()).idr_rt.xa_head) };
        // SAFETY: The head is a node; the caller promises the rest.
        let root = unsafe { node(NonNull::new(head.load(Relaxed))?) };
        (nr.wrapping_shr(root.shift()) < SLOTS).then_some(root)
    }

    /// Returns the node with the slot of `nr`.
    ///
    /// # Safety
    ///
    /// The IDR must be protected for `'a` by RCU, by `tasklist_lock` or by its lock.
    #[inline]
    pub unsafe fn leaf<'a>(&self, nr: u32) -> Option<&'a IdrNode> {
        // SAFETY: The caller promises it.
        let mut leaf = unsafe { self.root(nr) }?;
        while !leaf.is_leaf() {
            // SAFETY: It is no leaf, so the entry is that of a node; the caller promises the rest.
            leaf = unsafe { node(leaf.entry(leaf.index(nr))?) };
        }
        Some(leaf)
    }

    /// Returns the entry of `nr`.
    ///
    /// # Safety
    ///
    /// As for [`Self::leaf`].
    #[doc(alias = "idr_find")]
    #[inline]
    pub unsafe fn find(&self, nr: u32) -> Option<NonNull<bindings::pid>> {
        // SAFETY: The caller promises it.
        let pid = unsafe { self.leaf(nr) }?.entry(nr)?;
        Some(pid.cast())
    }

    /// Returns the first entry at or after `nr`, and its number.
    ///
    /// # Safety
    ///
    /// As for [`Self::leaf`].
    #[doc(alias = "idr_get_next")]
    pub unsafe fn find_ge(&self, mut nr: u32) -> Option<(u32, NonNull<bindings::pid>)> {
        // SAFETY: The caller promises it, here and below.
        let mut at = unsafe { self.root(nr) }?;
        loop {
            let index = at.index(nr);
            let next = at.next_used(index);
            nr = at.advance(nr, next.wrapping_sub(index));
            if next < SLOTS {
                match at.entry(next) {
                    Some(pid) if at.is_leaf() => return Some((nr, pid.cast())),
                    Some(child) => {
                        // SAFETY: `at` is no leaf, so the entry is that of a node.
                        at = unsafe { node(child) };
                        continue;
                    }
                    // Reserved, or freed since.
                    None => nr = at.advance(nr, 1),
                }
            }
            // SAFETY: As above.
            at = unsafe { self.root(nr) }?;
        }
    }

    /// Returns where the next cyclic allocation starts its search.
    #[doc(alias = "idr_get_cursor")]
    #[inline]
    pub fn cursor(&self) -> u32 {
        // SAFETY: `self` is valid, and the field is only accessed by single loads and stores.
        unsafe { Atomic::from_ptr(&raw mut (*self.as_ptr()).idr_next) }.load(Relaxed)
    }
}

impl PidNamespace {
    /// Returns the IDR.
    #[inline]
    pub fn idr(&self) -> &PidIdr {
        // SAFETY: `self` is valid, and its IDR is initialised before it is published.
        unsafe { PidIdr::from_ptr(&raw const (*self.as_ptr()).idr) }
    }

    /// Returns where the next search for a free number starts.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::pid_namespace::PidNamespace;
    ///
    /// // The last field of `/proc/loadavg` is the number before.
    /// let ns = PidNamespace::initial();
    /// assert!(ns.cursor() > 0);
    /// ```
    #[inline]
    pub fn cursor(&self) -> u32 {
        self.idr().cursor()
    }

    /// Returns the pid with number `nr` in this namespace.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::{
    ///     pid_namespace::PidNamespace,
    ///     sync::rcu,
    ///     tasklist::TasklistRead, //
    /// };
    ///
    /// let ns = PidNamespace::initial();
    /// assert!(ns.find(1, &rcu::read_lock()).is_some());
    /// assert!(ns.find(0, &rcu::read_lock()).is_none());
    /// // `tasklist_lock` will do, too.
    /// assert!(ns.find(1, &TasklistRead::lock()).is_some());
    /// ```
    #[doc(alias = "find_pid_ns")]
    #[inline]
    pub fn find<'a>(&self, nr: i32, _guard: impl Into<RcuOrTasklist<'a>>) -> Option<&'a Pid> {
        // CAST: A negative number becomes one that is never allocated.
        // SAFETY: `_guard` protects the IDR for `'a`.
        let pid = unsafe { self.idr().find(nr as u32) }?;
        // SAFETY: The memory of a pid is freed at least a grace period after its numbers.
        Some(unsafe { pid.cast().as_ref() })
    }

    /// Returns the first pid at or after `nr` in this namespace, and its number.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::{
    ///     pid_namespace::PidNamespace,
    ///     sync::rcu, //
    /// };
    ///
    /// let ns = PidNamespace::initial();
    /// let first = ns.find_ge(0, &rcu::read_lock()).map(|(nr, _)| nr);
    /// assert_eq!(first, Some(1));
    /// assert!(ns.find_ge(i32::MAX, &rcu::read_lock()).is_none());
    /// assert!(ns.find_ge(-1, &rcu::read_lock()).is_none());
    /// ```
    #[doc(alias = "find_ge_pid")]
    #[inline]
    pub fn find_ge<'a>(
        &self,
        nr: i32,
        _guard: impl Into<RcuOrTasklist<'a>>,
    ) -> Option<(i32, &'a Pid)> {
        // SAFETY: As in `find`.
        let (nr, pid) = unsafe { self.idr().find_ge(u32::try_from(nr).ok()?) }?;
        // CAST: Numbers are positive.
        // SAFETY: As in `find`.
        Some((nr as i32, unsafe { pid.cast().as_ref() }))
    }
}
