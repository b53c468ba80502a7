// SPDX-License-Identifier: GPL-2.0

//! The number of a pid in one namespace.

use crate::{
    bindings,
    pid_namespace::PidNamespace, //
};
use core::num::NonZero;

/// A pid's number in some namespace. 0 is never allocated.
///
/// # Invariants
///
/// It is positive.
///
/// # Examples
///
/// ```
/// use kernel::pid::PidNr;
///
/// let nr = PidNr::new(1).ok_or(EINVAL)?;
/// assert_eq!(nr.get(), 1);
/// assert_eq!(nr.index(), 1);
/// assert_eq!(PidNr::new(0), None);
/// assert_eq!(PidNr::new(-1), None);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PidNr(NonZero<i32>);

impl PidNr {
    /// Returns `nr`, or [`None`] if it is not positive.
    #[inline]
    pub const fn new(nr: i32) -> Option<Self> {
        match NonZero::new(nr) {
            // INVARIANT: Just checked.
            Some(nr) if nr.get() > 0 => Some(Self(nr)),
            _ => None,
        }
    }

    /// Returns the value.
    #[inline]
    pub const fn get(self) -> i32 {
        self.0.get()
    }

    /// Returns the value, as an index.
    #[inline]
    pub const fn index(self) -> u32 {
        // CAST: It is positive.
        self.0.get() as u32
    }
}

/// Wraps the kernel's `struct upid`: a number and its namespace.
///
/// # Invariants
///
/// The namespace is valid as long as the instance. The number is not negative.
#[repr(transparent)]
pub struct Upid(bindings::upid);

// SAFETY: Both fields never change, and a namespace may be used from several threads.
unsafe impl Sync for Upid {}

impl Upid {
    /// Returns the number. Only the idle tasks' pid has none.
    #[inline]
    pub fn nr(&self) -> Option<PidNr> {
        // INVARIANT: By the type invariants of `Upid` it is not negative.
        NonZero::new(self.0.nr).map(PidNr)
    }

    /// Returns the namespace.
    #[inline]
    pub fn ns(&self) -> &PidNamespace {
        // SAFETY: By the type invariants the namespace is valid.
        unsafe { PidNamespace::from_ptr(self.0.ns) }
    }
}
