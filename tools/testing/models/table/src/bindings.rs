// SPDX-License-Identifier: GPL-2.0

//! C's structures, and what `lib/idr.c` and `lib/radix-tree.c` of Linux 7.3 do to an IDR, function
//! by function, under their names.
//!
//! `rcu_assign_pointer()` is a release. So is the store of a root in `radix_tree_shrink()`, which
//! is plain there: what it publishes was published before, under the same lock, and stores
//! in one critical section are ordered after those in earlier ones. Marks are plain there, and
//! relaxed here. A mark has as many bits as a node has slots, as with 64 on 64 bits.

#![allow(non_camel_case_types)]

use crate::{
    ffi::c_void,
    memory::{
        self,
        atomic::{Atomic, Relaxed, Release},
        Constant,
    },
};
use core::{mem::offset_of, ptr};

pub const XA_CHUNK_SHIFT: u32 = 2;
pub const SLOTS: usize = 1 << XA_CHUNK_SHIFT;
const ALL_FREE: usize = (1 << SLOTS) - 1;

pub const RADIX_TREE_INTERNAL_NODE: u32 = 2;
pub const IDR_FREE: u32 = 0;
/// The mark IDR_FREE of the root.
pub const IDR_RT_MARKER: u32 = 1;
pub const GFP_ATOMIC: u32 = 0;
pub const GFP_KERNEL: u32 = 1;

const ENOSPC: i32 = 28;

#[repr(C)]
#[derive(Clone, Copy)]
pub union Marks {
    pub marks: [[usize; 1]; 3],
}

#[repr(C)]
pub struct xa_node {
    pub shift: Constant<u8>,
    pub offset: u8,
    pub count: u8,
    pub parent: *mut xa_node,
    pub slots: [*mut c_void; SLOTS],
    pub __bindgen_anon_2: Marks,
}

#[repr(C)]
pub struct xarray {
    pub xa_lock: (),
    pub xa_flags: u32,
    pub xa_head: *mut c_void,
}

#[repr(C)]
pub struct idr {
    pub idr_rt: xarray,
    pub idr_base: u32,
    pub idr_next: u32,
}

#[repr(C)]
pub struct pid_namespace {
    pub idr: idr,
}

#[repr(C)]
pub struct pid {
    pub nr: Constant<u32>,
}

pub unsafe fn __spin_lock_init(_: *mut (), _: *const core::ffi::c_char, _: ()) {}

type Node = *mut xa_node;

unsafe fn head<'a>(idr: *mut idr) -> &'a Atomic<*mut c_void> {
    unsafe { Atomic::from_ptr(&raw mut (*idr).idr_rt.xa_head) }
}

unsafe fn slot<'a>(node: Node, offset: usize) -> &'a Atomic<*mut c_void> {
    unsafe { Atomic::from_ptr(&raw mut (*node).slots[offset]) }
}

unsafe fn mark<'a>(node: Node) -> &'a Atomic<usize> {
    unsafe { Atomic::from_ptr((&raw mut (*node).__bindgen_anon_2).cast::<usize>()) }
}

unsafe fn shift(node: Node) -> u32 {
    unsafe { (*node).shift.into() }
}

fn node_to_entry(node: Node) -> *mut c_void {
    node.wrapping_byte_add(RADIX_TREE_INTERNAL_NODE as usize)
        .cast()
}

fn entry_to_node(entry: *mut c_void) -> Node {
    entry
        .wrapping_byte_sub(RADIX_TREE_INTERNAL_NODE as usize)
        .cast()
}

fn is_node(entry: *mut c_void) -> bool {
    entry as usize & 3 == RADIX_TREE_INTERNAL_NODE as usize
}

fn shift_maxindex(shift: u32) -> usize {
    (SLOTS << shift) - 1
}

unsafe fn tag_get(node: Node, offset: usize) -> bool {
    unsafe { mark(node) }.load(Relaxed) & (1 << offset) != 0
}

unsafe fn root_tag_get(idr: *mut idr) -> bool {
    unsafe { (*idr).idr_rt.xa_flags & IDR_RT_MARKER != 0 }
}

unsafe fn root_tag_set(idr: *mut idr, free: bool) {
    unsafe { (*idr).idr_rt.xa_flags = if free { IDR_RT_MARKER } else { 0 } };
}

unsafe fn radix_tree_node_alloc(parent: Node, shift: u32, offset: usize, count: u8) -> Node {
    let node = xa_node {
        shift: Constant {
            value: shift as u8,
            block: 0,
        },
        offset: offset as u8,
        count,
        parent,
        slots: [ptr::null_mut(); SLOTS],
        __bindgen_anon_2: Marks { marks: [[0]; 3] },
    };
    let slots = (0..SLOTS).map(|slot| offset_of!(xa_node, slots) + slot * size_of::<usize>());
    let words = slots.chain([offset_of!(xa_node, __bindgen_anon_2)]);
    let node = memory::alloc(node, words.map(|word| (word, 0)));
    unsafe { (*node).shift.block = node as usize };
    node
}

unsafe fn radix_tree_node_free(node: Node) {
    memory::call_rcu(node as usize);
}

unsafe fn radix_tree_load_root(idr: *mut idr) -> (*mut c_void, usize, u32) {
    let entry = unsafe { head(idr) }.load(Relaxed);
    if is_node(entry) {
        let shift = unsafe { shift(entry_to_node(entry)) };
        return (entry, shift_maxindex(shift), shift + XA_CHUNK_SHIFT);
    }
    (entry, 0, 0)
}

unsafe fn radix_tree_extend(idr: *mut idr, index: usize, mut shift: u32) -> u32 {
    let mut maxshift = shift;
    while index > shift_maxindex(maxshift) {
        maxshift += XA_CHUNK_SHIFT;
    }
    unsafe {
        let mut entry = head(idr).load(Relaxed);
        if entry.is_null() && root_tag_get(idr) {
            return maxshift + XA_CHUNK_SHIFT;
        }
        while shift <= maxshift {
            let node = radix_tree_node_alloc(ptr::null_mut(), shift, 0, 1);
            mark(node).store(ALL_FREE, Relaxed);
            if !root_tag_get(idr) {
                mark(node).store(ALL_FREE & !1, Relaxed);
                root_tag_set(idr, true);
            }
            if is_node(entry) {
                (*entry_to_node(entry)).parent = node;
            }
            slot(node, 0).store(entry, Relaxed);
            entry = node_to_entry(node);
            head(idr).store(entry, Release);
            shift += XA_CHUNK_SHIFT;
        }
    }
    maxshift + XA_CHUNK_SHIFT
}

unsafe fn node_tag_set(idr: *mut idr, mut node: Node, mut offset: usize) {
    unsafe {
        while !node.is_null() {
            if tag_get(node, offset) {
                return;
            }
            mark(node).store(mark(node).load(Relaxed) | (1 << offset), Relaxed);
            offset = (*node).offset.into();
            node = (*node).parent;
        }
        root_tag_set(idr, true);
    }
}

unsafe fn node_tag_clear(idr: *mut idr, mut node: Node, mut offset: usize) {
    unsafe {
        while !node.is_null() {
            if !tag_get(node, offset) {
                return;
            }
            let left = mark(node).load(Relaxed) & !(1 << offset);
            mark(node).store(left, Relaxed);
            if left != 0 {
                return;
            }
            offset = (*node).offset.into();
            node = (*node).parent;
        }
        root_tag_set(idr, false);
    }
}

unsafe fn radix_tree_shrink(idr: *mut idr) {
    unsafe {
        loop {
            let entry = head(idr).load(Relaxed);
            if !is_node(entry) {
                return;
            }
            let node = entry_to_node(entry);
            if (*node).count != 1 {
                return;
            }
            let child = slot(node, 0).load(Relaxed);
            if child.is_null() || shift(node) == 0 {
                return;
            }
            if is_node(child) {
                (*entry_to_node(child)).parent = ptr::null_mut();
            }
            head(idr).store(child, Release);
            if !tag_get(node, 0) {
                root_tag_set(idr, false);
            }
            (*node).count = 0;
            radix_tree_node_free(node);
        }
    }
}

unsafe fn delete_node(idr: *mut idr, mut node: Node) {
    unsafe {
        loop {
            if (*node).count != 0 {
                if node_to_entry(node) == head(idr).load(Relaxed) {
                    radix_tree_shrink(idr);
                }
                return;
            }
            let parent = (*node).parent;
            if parent.is_null() {
                head(idr).store(ptr::null_mut(), Relaxed);
            } else {
                slot(parent, (*node).offset.into()).store(ptr::null_mut(), Relaxed);
                (*parent).count -= 1;
            }
            radix_tree_node_free(node);
            if parent.is_null() {
                return;
            }
            node = parent;
        }
    }
}

/// `radix_tree_find_next_bit()`.
unsafe fn find_next_free(node: Node, offset: usize) -> usize {
    (offset..SLOTS)
        .find(|offset| unsafe { tag_get(node, *offset) })
        .unwrap_or(SLOTS)
}

/// Returns the node, the offset of the slot, and the index.
unsafe fn idr_get_free(
    idr: *mut idr,
    mut start: usize,
    max: usize,
) -> Option<(Node, usize, usize)> {
    unsafe {
        'grow: loop {
            let (mut child, maxindex, mut shift) = radix_tree_load_root(idr);
            let (mut node, mut offset): (Node, usize) = (ptr::null_mut(), 0);
            if !root_tag_get(idr) {
                start = start.max(maxindex + 1);
            }
            if start > max {
                return None;
            }
            if start > maxindex {
                shift = radix_tree_extend(idr, start, shift);
                child = head(idr).load(Relaxed);
            }
            if start == 0 && shift == 0 {
                shift = XA_CHUNK_SHIFT;
            }
            while shift != 0 {
                shift -= XA_CHUNK_SHIFT;
                if child.is_null() {
                    let new = radix_tree_node_alloc(node, shift, offset, 0);
                    mark(new).store(ALL_FREE, Relaxed);
                    child = node_to_entry(new);
                    if node.is_null() {
                        head(idr).store(child, Release);
                    } else {
                        slot(node, offset).store(child, Release);
                        (*node).count += 1;
                    }
                }
                node = entry_to_node(child);
                offset = (start >> shift) & (SLOTS - 1);
                child = slot(node, offset).load(Relaxed);
                if !tag_get(node, offset) {
                    offset = find_next_free(node, offset + 1);
                    start = (start & !shift_maxindex(shift)) + (offset << shift);
                    if start > max || start == 0 {
                        return None;
                    }
                    while offset == SLOTS {
                        offset = usize::from((*node).offset) + 1;
                        node = (*node).parent;
                        if node.is_null() {
                            continue 'grow;
                        }
                        shift = self::shift(node);
                    }
                    child = slot(node, offset).load(Relaxed);
                }
            }
            return Some((node, offset, start));
        }
    }
}

unsafe fn idr_alloc_u32(idr: *mut idr, id: u32, max: usize) -> i32 {
    unsafe {
        let Some((node, offset, index)) = idr_get_free(idr, id as usize, max) else {
            return -ENOSPC;
        };
        // radix_tree_iter_replace() with NULL; the slot was free.
        (*node).count += 1;
        slot(node, offset).store(ptr::null_mut(), Release);
        node_tag_clear(idr, node, offset);
        index as i32
    }
}

fn inclusive(end: i32) -> usize {
    if end > 0 {
        end as usize - 1
    } else {
        i32::MAX as usize
    }
}

pub unsafe fn idr_alloc(idr: *mut idr, _: *mut c_void, start: i32, end: i32, _: u32) -> i32 {
    unsafe { idr_alloc_u32(idr, start as u32, inclusive(end)) }
}

pub unsafe fn idr_alloc_cyclic(idr: *mut idr, _: *mut c_void, start: i32, end: i32, _: u32) -> i32 {
    unsafe {
        let next = Atomic::from_ptr(&raw mut (*idr).idr_next);
        let id = next.load(Relaxed).max(start as u32);
        let mut nr = idr_alloc_u32(idr, id, inclusive(end));
        if nr == -ENOSPC && id > start as u32 {
            nr = idr_alloc_u32(idr, start as u32, inclusive(end));
        }
        if nr >= 0 {
            next.store(nr as u32 + 1, Relaxed);
        }
        nr
    }
}

pub unsafe fn idr_remove(idr: *mut idr, id: usize) {
    unsafe {
        // __radix_tree_lookup()
        let (mut entry, maxindex, _) = radix_tree_load_root(idr);
        if id > maxindex || !is_node(entry) {
            return;
        }
        loop {
            let node = entry_to_node(entry);
            let offset = (id >> shift(node)) & (SLOTS - 1);
            entry = slot(node, offset).load(Relaxed);
            if shift(node) == 0 {
                if entry.is_null() && tag_get(node, offset) {
                    return;
                }
                // __radix_tree_delete()
                node_tag_set(idr, node, offset);
                (*node).count -= 1;
                slot(node, offset).store(ptr::null_mut(), Release);
                delete_node(idr, node);
                return;
            }
            if entry.is_null() {
                return;
            }
        }
    }
}

pub unsafe fn idr_destroy(_: *mut idr) {}

pub unsafe fn idr_preload(_: u32) {}

pub unsafe fn idr_preload_end() {}

/// A node as a check sees it.
pub struct View {
    pub root: bool,
    pub shift: u32,
    /// The first number below it.
    pub first: u32,
    pub count: u8,
    /// Slots that are not free in a leaf, or have a child.
    pub used: Vec<usize>,
    pub free: usize,
    /// Slots that are free, or have something free below.
    pub expected_free: usize,
}

/// Returns all nodes.
pub fn nodes(idr: *mut idr) -> Vec<View> {
    let mut views = Vec::new();
    // SAFETY: The IDR is valid, and nobody changes it.
    let entry = unsafe { head(idr) }.load(Relaxed);
    if !entry.is_null() {
        view(entry_to_node(entry), true, 0, &mut views);
    }
    views
}

fn view(node: Node, root: bool, first: u32, views: &mut Vec<View>) -> usize {
    // SAFETY: The node is valid, and nobody changes it.
    let (shift, count, free) = unsafe { (shift(node), (*node).count, mark(node).load(Relaxed)) };
    let (mut used, mut expected_free) = (Vec::new(), 0);
    for offset in 0..SLOTS {
        // SAFETY: As above.
        let entry = unsafe { slot(node, offset) }.load(Relaxed);
        let is_free = if shift == 0 {
            free & (1 << offset) != 0
        } else if entry.is_null() {
            true
        } else {
            view(
                entry_to_node(entry),
                false,
                first + ((offset as u32) << shift),
                views,
            ) != 0
        };
        let is_used = if shift == 0 {
            !is_free
        } else {
            !entry.is_null()
        };
        if is_used {
            used.push(offset);
        }
        expected_free |= usize::from(is_free) << offset;
    }
    views.push(View {
        root,
        shift,
        first,
        count,
        used,
        free,
        expected_free,
    });
    free
}
