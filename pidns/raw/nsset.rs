// SPDX-License-Identifier: GPL-2.0

//! `struct nsset`, as the `install` operation gets it.
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

/// A borrowed `struct nsset` to install a namespace in.
///
/// # Invariants
///
/// * The set has valid credentials, which do not change while this exists.
/// * It has a prepared nsproxy, which owns a reference to each of its namespaces. Nobody else uses
///   it while this exists.
pub(crate) struct NsSetMut<'a> {
    set: &'a mut bindings::nsset,
    _not_send: NotThreadSafe,
}

impl<'a> NsSetMut<'a> {
    /// Borrows the set that `install` is called with.
    ///
    /// # Safety
    ///
    /// For the lifetime `'a`, `set` must be valid, satisfy the type invariants, and not be used by
    /// anybody else.
    #[inline]
    pub(crate) unsafe fn from_ptr(set: *mut bindings::nsset) -> Self {
        // INVARIANT: The caller promises it.
        Self {
            // SAFETY: The caller promises validity and exclusive use.
            set: unsafe { &mut *set },
            _not_send: NotThreadSafe,
        }
    }

    /// Returns the credentials that the task will have.
    #[inline]
    pub(crate) fn cred(&self) -> &Credential {
        // SAFETY: By the type invariants they are valid and do not change.
        unsafe { Credential::from_ptr(self.set.cred) }
    }

    /// Sets the PID namespace for children. Does not sleep.
    #[inline]
    pub(crate) fn set_pid_for_children(&mut self, ns: ARef<PidNamespace>) {
        // SAFETY: By the type invariants the nsproxy is valid, and nobody else uses it.
        let slot = unsafe { &mut (*self.set.nsproxy).pid_ns_for_children };
        let old = mem::replace(slot, ARef::into_raw(ns).cast().as_ptr());
        // SAFETY: By the type invariants the nsproxy owned a reference to the old namespace, which
        // is not null with `CONFIG_PID_NS`.
        drop(unsafe { ARef::<PidNamespace>::from_raw(NonNull::new_unchecked(old.cast())) });
    }
}
