// SPDX-License-Identifier: GPL-2.0

//! How a PID namespace goes away when its last reference is dropped.

use super::{
    blank::{
        self,
        Blank, //
    },
    spare,
    sysctl, //
};
use crate::{
    bindings,
    container_of,
    ns::{
        Namespace,
        UserNamespace, //
    },
    pid_namespace::PidNamespace,
    sync::aref::ARef,
    ucount::{
        Ucount,
        UcountType, //
    }, //
};
use core::ptr::NonNull;

/// A PID namespace without references. Userspace can still see its place in the tree.
///
/// # Invariants
///
/// The namespace was made by [`NewPidNamespace`](super::NewPidNamespace) and published, and has its
/// sysctls still. It has no reference left, and this is the only value of its kind for it.
#[must_use = "it stays in memory"]
pub struct DeadPidNamespace(NonNull<PidNamespace>);

/// Says what happens to dead namespaces.
pub trait Undertaker: 'static {
    /// Ends `dead`. Called from a work queue; may sleep.
    fn destroy(dead: DeadPidNamespace);
}

impl DeadPidNamespace {
    /// Takes the namespace apart and frees it when nobody who has found it under RCU can still
    /// look at it. Returns the reference that it held to its parent. May sleep.
    ///
    /// If fewer than `spares` are kept already, and nobody uses its sysctls, they and its memory
    /// are kept for a moment, for [`super::NewPidNamespace`].
    pub fn bury(self, spares: u32) -> ARef<PidNamespace> {
        let ns = self.0;
        let raw = ns.cast::<bindings::pid_namespace>().as_ptr();
        // SAFETY: By the type invariants the namespace is complete, in the tree, and owned.
        let (parent, callback) = unsafe {
            bindings::pid_ns_tree_remove(raw);
            let callback = if sysctl::is_unused(raw) && spare::reserve(spares) {
                keep_callback
            } else {
                sysctl::unregister(raw);
                free_callback
            };
            dismantle(ns);
            (parent(ns), callback)
        };
        // SAFETY: The namespace is passed to the callback, which is the only one who uses it then.
        unsafe { bindings::call_rcu(&raw mut (*raw).rcu, Some(callback)) };
        parent
    }
}

impl PidNamespace {
    /// Drops a reference, and returns the namespace if that was the last one.
    ///
    /// Unlike dropping the [`ARef`] this leaves it to the caller to end it.
    pub fn put(ns: ARef<Self>) -> Option<DeadPidNamespace> {
        let ns = ARef::into_raw(ns);
        // SAFETY: The reference is given up.
        unsafe { Self::put_raw(ns) }
    }

    /// # Safety
    ///
    /// The caller gives up a reference.
    unsafe fn put_raw(ns: NonNull<Self>) -> Option<DeadPidNamespace> {
        // SAFETY: The caller's reference keeps the namespace valid until it is dropped.
        let common = unsafe { ns.as_ref() }.common().as_ptr();
        // SAFETY: The common part is valid. For the initial namespace nothing is counted.
        // INVARIANT: There is no reference left if it returns `true`.
        unsafe { bindings::__ns_ref_put(common) }.then_some(DeadPidNamespace(ns))
    }

    /// Drops a reference, and lets a work queue end the namespace if that was the last one. Does
    /// not sleep.
    ///
    /// # Safety
    ///
    /// The caller gives up a reference.
    #[doc(alias = "put_pid_ns")]
    pub unsafe fn put_later(ns: NonNull<Self>) {
        // SAFETY: The caller promises it.
        if let Some(dead) = unsafe { Self::put_raw(ns) } {
            let raw = dead.0.cast::<bindings::pid_namespace>().as_ptr();
            // SAFETY: The work was initialised when the namespace was made, and is queued once,
            // since there is one last reference. The dead namespace passes to it.
            unsafe { bindings::schedule_work(&raw mut (*raw).work) };
        }
    }
}

/// Passes a dead namespace to the policy.
///
/// # Safety
///
/// `work` must be the member of a namespace that has no references any more.
pub(super) unsafe extern "C" fn destroy_work<U: Undertaker>(work: *mut bindings::work_struct) {
    // SAFETY: The caller promises that it is the member of a namespace.
    let ns = unsafe { container_of!(work, bindings::pid_namespace, work) };
    if let Some(ns) = NonNull::new(ns.cast::<PidNamespace>()) {
        // INVARIANT: The caller promises that there is no reference.
        U::destroy(DeadPidNamespace(ns));
    }
}

/// Undoes what makes a namespace more than memory with references and perhaps sysctls in it.
///
/// # Safety
///
/// `ns` must be a complete namespace that nobody can find any more, but for its sysctls.
pub(super) unsafe fn dismantle(ns: NonNull<PidNamespace>) {
    let raw = ns.cast::<bindings::pid_namespace>().as_ptr();
    // SAFETY: The caller promises that all of it is there, and not used.
    unsafe {
        bindings::__ns_common_free(&raw mut (*raw).ns);
        PidNamespace::destroy_numbers(ns.as_ref());
    }
}

/// Takes over the reference that a namespace holds to its parent.
///
/// # Safety
///
/// `ns` must be a complete namespace that is not the initial one, and this be called once.
pub(super) unsafe fn parent(ns: NonNull<PidNamespace>) -> ARef<PidNamespace> {
    let raw = ns.cast::<bindings::pid_namespace>().as_ptr();
    // SAFETY: The field was set from a reference, which the caller may take over.
    unsafe { ARef::from_raw(NonNull::new_unchecked((*raw).parent).cast()) }
}

/// Gives up what else a namespace owns: its count and the reference to its owner. Does not sleep.
///
/// # Safety
///
/// `ns` must be dismantled, nobody use it any more, and this be called once.
pub(super) unsafe fn disown(ns: NonNull<PidNamespace>) {
    let raw = ns.cast::<bindings::pid_namespace>().as_ptr();
    // SAFETY: Both fields were set from owned values when the namespace was made.
    unsafe {
        drop(Ucount::from_raw(
            NonNull::new_unchecked((*raw).ucounts),
            UcountType::PidNamespaces,
        ));
        let user_ns = NonNull::new_unchecked((*raw).user_ns).cast::<UserNamespace>();
        drop(ARef::from_raw(user_ns));
    }
}

/// # Safety
///
/// `head` must be the member `rcu` of a namespace.
unsafe fn from_rcu(head: *mut bindings::callback_head) -> NonNull<PidNamespace> {
    // SAFETY: The caller promises that it is a member, so that the namespace is around it.
    unsafe { NonNull::new_unchecked(container_of!(head, bindings::pid_namespace, rcu)).cast() }
}

/// # Safety
///
/// `head` must be the member `rcu` of a namespace that [`DeadPidNamespace::bury`] passed on without
/// sysctls.
unsafe extern "C" fn free_callback(head: *mut bindings::callback_head) {
    // SAFETY: The caller promises it, and a grace period has passed since the namespace was
    // dismantled.
    unsafe {
        let ns = from_rcu(head);
        disown(ns);
        blank::free(ns);
    }
}

/// # Safety
///
/// `head` must be the member `rcu` of a namespace that [`DeadPidNamespace::bury`] passed on with
/// sysctls that nobody uses, and a place reserved for it.
unsafe extern "C" fn keep_callback(head: *mut bindings::callback_head) {
    // SAFETY: As in `free_callback`.
    let blank = unsafe {
        let ns = from_rcu(head);
        disown(ns);
        Blank::from_raw(ns)
    };
    spare::put(blank);
}
