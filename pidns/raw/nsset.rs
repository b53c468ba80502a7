// SPDX-License-Identifier: GPL-2.0

//! The `struct nsset` that `setns(2)` prepares, as `install` of a type of namespaces gets it.
//!
//! C header: [`include/linux/nsproxy.h`](srctree/include/linux/nsproxy.h)

use core::{
    mem,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    cred::Credential,
    pid_namespace::PidNamespace,
    sync::aref::ARef,
    types::NotThreadSafe, //
};

/// Borrows a `struct nsset` to put a namespace into it.
///
/// # Invariants
///
/// * The set has valid credentials, which nobody changes while this exists.
/// * It has a proxy in the making, which owns a reference to each of its namespaces. Nobody else
///   uses it while this exists.
pub(crate) struct NsSetMut<'a> {
    set: &'a mut bindings::nsset,
    _not_send: NotThreadSafe,
}

impl<'a> NsSetMut<'a> {
    /// Borrows the set that `install` of a type of namespaces is called with.
    ///
    /// # Safety
    ///
    /// For the lifetime `'a`, `set` must be valid, used by nobody else, and as the invariants of
    /// the type say.
    #[inline]
    pub(crate) unsafe fn from_ptr(set: *mut bindings::nsset) -> Self {
        // INVARIANT: The caller promises them.
        Self {
            // SAFETY: The caller promises validity and exclusive use.
            set: unsafe { &mut *set },
            _not_send: NotThreadSafe,
        }
    }

    /// Returns the credentials that the task is going to have.
    #[inline]
    pub(crate) fn cred(&self) -> &Credential {
        // SAFETY: By the type invariants they are valid and do not change.
        unsafe { Credential::from_ptr(self.set.cred) }
    }

    /// Sets the PID namespace for children. Does not sleep.
    #[inline]
    pub(crate) fn set_pid_for_children(&mut self, ns: ARef<PidNamespace>) {
        // SAFETY: By the type invariants the proxy is valid, and nobody else uses it.
        let slot = unsafe { &mut (*self.set.nsproxy).pid_ns_for_children };
        let old = mem::replace(slot, ARef::into_raw(ns).cast().as_ptr());
        // SAFETY: By the type invariants the proxy owned a reference to what was there. It is not
        // null: PID namespaces are never configured out where there are sets to join.
        drop(unsafe { ARef::<PidNamespace>::from_raw(NonNull::new_unchecked(old.cast())) });
    }
}
