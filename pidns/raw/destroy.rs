// SPDX-License-Identifier: GPL-2.0

//! Destroying PID namespaces.

use super::{
    idr,
    new_ns::PidNsObject,
    sysctl, //
};
use core::ptr::NonNull;
use kernel::{
    bindings,
    container_of,
    ns::{
        Namespace,
        UserNamespace, //
    },
    pid_namespace::PidNamespace,
    slab::SlabSlot,
    sync::aref::ARef,
    ucount::{
        Ucount,
        UcountType, //
    }, //
};

/// Drops a reference, and returns whether that was the last one.
///
/// # Safety
///
/// The caller gives up a reference, and must destroy the namespace if it was the last one.
unsafe fn put_is_last(ns: NonNull<PidNamespace>) -> bool {
    // SAFETY: The caller's reference keeps the namespace valid until it is dropped.
    let common = unsafe { ns.as_ref() }.common().as_ptr();
    // SAFETY: The common part is valid. For the initial namespace nothing is counted.
    unsafe { bindings::__ns_ref_put(common) }
}

/// Drops a reference, and queues the work that destroys the namespace if that was the last one.
/// Does not sleep.
///
/// # Safety
///
/// The caller gives up a reference.
#[doc(alias = "put_pid_ns")]
pub(crate) unsafe fn put(ns: NonNull<PidNamespace>) {
    // SAFETY: The caller gives up a reference.
    if unsafe { put_is_last(ns) } {
        let raw = ns.cast::<bindings::pid_namespace>().as_ptr();
        // SAFETY: The work was initialised when the namespace was made, and is queued once, since
        // there is one last reference. The namespace passes to it.
        unsafe { bindings::schedule_work(&raw mut (*raw).work) };
    }
}

/// Destroys a namespace, and each ancestor to which it held the last reference.
///
/// # Safety
///
/// `work` must be the member of a namespace that has no references any more, and that passes to
/// this function.
pub(super) unsafe extern "C" fn destroy_work(work: *mut bindings::work_struct) {
    // SAFETY: The caller promises that it is the member of a namespace.
    let ns = unsafe { container_of!(work, bindings::pid_namespace, work) };
    let mut next = NonNull::new(ns.cast::<PidNamespace>());
    while let Some(ns) = next {
        // SAFETY: The caller promises it for the first; of the others the last reference was
        // dropped here.
        let parent = ARef::into_raw(unsafe { destroy(ns) });
        // SAFETY: The reference is given up.
        next = unsafe { put_is_last(parent) }.then_some(parent);
    }
}

/// Destroys a namespace, and frees it after a grace period. Returns its reference to the parent.
/// May sleep.
///
/// # Safety
///
/// `ns` must have been published, have no references any more, and be the caller's to destroy.
unsafe fn destroy(ns: NonNull<PidNamespace>) -> ARef<PidNamespace> {
    let raw = ns.cast::<bindings::pid_namespace>().as_ptr();
    // SAFETY: The namespace is in the tree, whole, and owned. It passes to the callback, which is
    // the only one to use it then.
    unsafe {
        bindings::pid_ns_tree_remove(raw);
        let parent = teardown(ns);
        bindings::call_rcu(&raw mut (*raw).rcu, Some(free_callback));
        parent
    }
}

/// Unregisters the sysctls and frees the inode number and the IDR. Returns the reference to the
/// parent. May sleep.
///
/// # Safety
///
/// `ns` must be complete and owned, and not be in the tree.
pub(super) unsafe fn teardown(ns: NonNull<PidNamespace>) -> ARef<PidNamespace> {
    let raw = ns.cast::<bindings::pid_namespace>().as_ptr();
    // SAFETY: The caller promises that all of it is there, and not used. The parent was set from a
    // reference.
    unsafe {
        sysctl::unregister(raw);
        bindings::__ns_common_free(&raw mut (*raw).ns);
        idr::destroy(ns.as_ref().idr());
        ARef::from_raw(NonNull::new_unchecked((*raw).parent).cast())
    }
}

/// Frees a namespace, with its count and the reference to its owner. Does not sleep.
///
/// # Safety
///
/// `ns` must be dismantled, and nobody use it any more.
pub(super) unsafe fn free(ns: NonNull<PidNamespace>) {
    let raw = ns.cast::<bindings::pid_namespace>().as_ptr();
    // SAFETY: Both fields were set from owned values when the namespace was made, and its memory
    // comes from a slot of this cache.
    unsafe {
        drop(Ucount::from_raw(
            NonNull::new_unchecked((*raw).ucounts),
            UcountType::PidNamespaces,
        ));
        let user_ns = NonNull::new_unchecked((*raw).user_ns).cast::<UserNamespace>();
        drop(ARef::from_raw(user_ns));
        drop(SlabSlot::<PidNsObject>::from_raw(ns.cast()));
    }
}

/// Frees a namespace a grace period after it was dismantled.
///
/// # Safety
///
/// `head` must be the member `rcu` of a namespace that [`destroy`] passed on.
unsafe extern "C" fn free_callback(head: *mut bindings::callback_head) {
    // SAFETY: The caller promises that the namespace is around it, and dismantled. Nobody who found
    // it under RCU still uses it.
    unsafe {
        let ns = container_of!(head, bindings::pid_namespace, rcu);
        free(NonNull::new_unchecked(ns).cast());
    }
}
