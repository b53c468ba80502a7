// SPDX-License-Identifier: GPL-2.0

//! Per-user counts in user namespaces, with limits.
//!
//! C header: [`include/linux/user_namespace.h`](srctree/include/linux/user_namespace.h)

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
use crate::sync::atomic::{
    Atomic,
    Relaxed, //
};
use crate::{
    bindings,
    ns::UserNamespace,
    task::Kuid, //
};
use core::{
    mem::ManuallyDrop,
    ptr::NonNull, //
};

/// What a [`Ucount`] counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum UcountType {
    /// PID namespaces (`user.max_pid_namespaces`).
    PidNamespaces = bindings::ucount_type_UCOUNT_PID_NAMESPACES,
}

/// One object, counted for its owner in a user namespace and all its ancestors.
///
/// # Invariants
///
/// The counts include it.
///
/// # Examples
///
/// ```
/// use kernel::{
///     pid_namespace::PidNamespace,
///     task::Kuid,
///     ucount::{
///         Ucount,
///         UcountType, //
///     },
/// };
///
/// let user_ns = PidNamespace::initial().user_ns();
/// let one = Ucount::new(user_ns, Kuid::current_euid(), UcountType::PidNamespaces);
/// // The limit is not reached. Dropping it subtracts the count.
/// assert!(one.is_some());
/// ```
pub struct Ucount {
    ucounts: NonNull<bindings::ucounts>,
    kind: UcountType,
}

// SAFETY: The counts are atomic, and may be changed by any thread.
unsafe impl Send for Ucount {}

impl Ucount {
    /// Adds one `kind` for the user `uid` in `ns`.
    ///
    /// Returns [`None`] if that would exceed a limit in `ns` or an ancestor, or if there is no
    /// memory. May sleep.
    #[doc(alias = "inc_ucount")]
    pub fn new(ns: &UserNamespace, uid: Kuid, kind: UcountType) -> Option<Self> {
        // SAFETY: The namespace is valid.
        let ucounts = unsafe {
            bindings::inc_ucount(ns.as_ptr(), uid.into_raw(), kind as bindings::ucount_type)
        };
        // INVARIANT: Just counted.
        NonNull::new(ucounts).map(|ucounts| Self { ucounts, kind })
    }

    /// Returns what is counted.
    pub fn kind(&self) -> UcountType {
        self.kind
    }

    /// Returns how many the user owns in the namespace, this one included.
    #[cfg(CONFIG_PIDNS_KUNIT_TEST)]
    pub fn total(&self) -> isize {
        // CAST: What an `atomic_long_t` wraps is a word.
        // SAFETY: By the type invariants the counts are valid. There is one of each kind, and all
        // accesses are atomic.
        unsafe {
            let counts = (&raw mut (*self.ucounts.as_ptr()).ucount).cast::<isize>();
            Atomic::from_ptr(counts.add(self.kind as usize)).load(Relaxed)
        }
    }

    /// Passes the count to a C structure.
    pub fn into_raw(self) -> *mut bindings::ucounts {
        ManuallyDrop::new(self).ucounts.as_ptr()
    }

    /// Takes ownership of a count from a C structure.
    ///
    /// # Safety
    ///
    /// `ucounts` must come from [`Self::into_raw`] of a count of `kind`.
    pub unsafe fn from_raw(ucounts: NonNull<bindings::ucounts>, kind: UcountType) -> Self {
        // INVARIANT: The caller promises it.
        Self { ucounts, kind }
    }
}

impl Drop for Ucount {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the unit was counted.
        unsafe { bindings::dec_ucount(self.ucounts.as_ptr(), self.kind as bindings::ucount_type) };
    }
}
