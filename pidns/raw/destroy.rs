// SPDX-License-Identifier: GPL-2.0

//! Destroying PID namespaces.

use super::{
    idr,
    new_ns::PidNsObject,
    sysctl,
    trace, //
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
/// The caller passes a reference, and must destroy the namespace if it was the last one.
unsafe fn put_is_last(ns: NonNull<PidNamespace>) -> bool {
    // SAFETY: The caller's reference keeps the namespace valid until it is dropped.
    let common = unsafe { ns.as_ref() }.common().as_ptr();
    // SAFETY: The common part is valid. References to the initial namespace are not counted.
    unsafe { bindings::__ns_ref_put(common) }
}

/// Drops a reference, and queues the work that destroys the namespace if that was the last one.
/// Does not sleep.
///
/// # Safety
///
/// The caller passes a reference.
pub(crate) unsafe fn put_pid_ns(ns: NonNull<PidNamespace>) {
    // SAFETY: The caller passes a reference.
    if unsafe { put_is_last(ns) } {
        let raw = ns.cast::<bindings::pid_namespace>().as_ptr();
        // SAFETY: The work was initialised at creation, and is queued once, since there is one last
        // reference. Ownership of the namespace passes to it.
        unsafe { bindings::schedule_work(&raw mut (*raw).work) };
    }
}

/// Destroys a namespace, and each ancestor whose last reference that drops.
///
/// # Safety
///
/// `work` must be the member of a namespace without references, whose ownership is passed.
pub(super) unsafe extern "C" fn destroy_pid_namespace_work(work: *mut bindings::work_struct) {
    // SAFETY: The caller promises that it is the member of a namespace.
    let ns = unsafe { container_of!(work, bindings::pid_namespace, work) };
    let mut next = NonNull::new(ns.cast::<PidNamespace>());
    while let Some(ns) = next {
        // SAFETY: The caller promises it for the first. For the others, the last reference was
        // dropped here.
        let parent = ARef::into_raw(unsafe { destroy_pid_namespace(ns) });
        // SAFETY: The reference is passed.
        next = unsafe { put_is_last(parent) }.then_some(parent);
    }
}

/// Destroys a namespace, and frees it after a grace period. Returns its reference to the parent.
/// May sleep.
///
/// # Safety
///
/// `ns` must have been published, have no references left, and be owned by the caller.
unsafe fn destroy_pid_namespace(ns: NonNull<PidNamespace>) -> ARef<PidNamespace> {
    let raw = ns.cast::<bindings::pid_namespace>().as_ptr();
    // SAFETY: The namespace is complete and owned.
    trace::ns_destroy(unsafe { ns.as_ref() });
    // SAFETY: The namespace is in the tree, complete and owned. Ownership passes to the callback.
    unsafe {
        bindings::pid_ns_tree_remove(raw);
        let parent = teardown(ns);
        bindings::call_rcu(&raw mut (*raw).rcu, Some(delayed_free_pidns));
        parent
    }
}

/// Unregisters the sysctls, frees the inode number and the IDR, and returns the reference to the
/// parent. May sleep.
///
/// # Safety
///
/// `ns` must be complete and owned, and not be in the tree.
pub(super) unsafe fn teardown(ns: NonNull<PidNamespace>) -> ARef<PidNamespace> {
    let raw = ns.cast::<bindings::pid_namespace>().as_ptr();
    // SAFETY: The caller promises that all parts are there and unused. The parent was set from a
    // reference.
    unsafe {
        sysctl::unregister(raw);
        bindings::__ns_common_free(&raw mut (*raw).ns);
        idr::destroy(ns.as_ref().idr());
        ARef::from_raw(NonNull::new_unchecked((*raw).parent).cast())
    }
}

/// Frees a namespace, its ucount and its reference to the owner. Does not sleep.
///
/// # Safety
///
/// `ns` must have passed [`teardown`] and not be used by anybody.
pub(super) unsafe fn free(ns: NonNull<PidNamespace>) {
    let raw = ns.cast::<bindings::pid_namespace>().as_ptr();
    // SAFETY: Both fields were set from owned values at creation, and the memory is from a slot of
    // this cache.
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

/// Frees a namespace a grace period after [`teardown`].
///
/// # Safety
///
/// `head` must be the member `rcu` of a namespace that [`destroy_pid_namespace`] passed on.
unsafe extern "C" fn delayed_free_pidns(head: *mut bindings::callback_head) {
    // SAFETY: The caller promises that it is part of a namespace after `teardown`. No RCU reader
    // uses it any more.
    unsafe {
        let ns = container_of!(head, bindings::pid_namespace, rcu);
        free(NonNull::new_unchecked(ns).cast());
    }
}
