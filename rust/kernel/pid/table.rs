// SPDX-License-Identifier: GPL-2.0

//! The table of a namespace: which numbers are taken, and which identifiers they stand for.
//!
//! A number that is reserved for an identifier in the making is taken, but leads to nothing.
//!
//! C header: [`include/linux/idr.h`](srctree/include/linux/idr.h)

use super::{
    Pid,
    PidmapLock, //
};
use crate::{
    bindings,
    error::to_result,
    pid_namespace::PidNamespace,
    prelude::*,
    tasklist::Protected,
    types::NotThreadSafe, //
};
use core::{
    ops::Range,
    ptr::NonNull, //
};

/// What memory the table could need is set aside while this exists, and nothing may sleep.
///
/// # Invariants
///
/// `idr_preload()` was called on this CPU.
pub(super) struct Preload(NotThreadSafe);

impl Preload {
    /// Sets memory aside. May sleep.
    pub(super) fn new() -> Self {
        // SAFETY: The flags allow to sleep, as the function wants.
        unsafe { bindings::idr_preload(GFP_KERNEL.as_raw()) };
        // INVARIANT: Just called.
        Self(NotThreadSafe)
    }
}

impl Drop for Preload {
    fn drop(&mut self) {
        // SAFETY: By the type invariants this ends what `idr_preload()` began.
        unsafe { bindings::idr_preload_end() };
    }
}

/// How many numbers of a namespace are taken after one was given back.
///
/// # Examples
///
/// ```
/// use kernel::{
///     pid::Left,
///     pid_namespace::PidNamespace, //
/// };
///
/// let taken = PidNamespace::initial().numbers_taken();
/// assert!(matches!(taken, Left::Open(1..)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// So many, and more can be taken.
    Open(u32),
    /// So many, and there will never be more.
    Closed(u32),
}

impl Left {
    pub(crate) const fn from_raw(raw: u32) -> Self {
        if raw & bindings::PIDNS_ADDING != 0 {
            Self::Open(raw & !bindings::PIDNS_ADDING)
        } else {
            Self::Closed(raw)
        }
    }
}

impl PidNamespace {
    #[inline]
    fn table(&self) -> *mut bindings::idr {
        // SAFETY: `self` is valid.
        unsafe { &raw mut (*self.as_ptr()).idr }
    }

    /// Returns the identifier that has the number `nr` here.
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
    /// // The lock of the task list protects as well.
    /// assert!(ns.find(1, &TasklistRead::lock()).is_some());
    /// ```
    #[doc(alias = "find_pid_ns")]
    #[inline]
    pub fn find<'a>(&self, nr: i32, _protected: impl Into<Protected<'a>>) -> Option<&'a Pid> {
        // CAST: A negative number becomes one that is never taken.
        // SAFETY: The table is valid.
        let pid = unsafe { bindings::idr_find(self.table(), nr as usize) };
        // SAFETY: What the table leads to is an identifier, and its memory stays for a grace period
        // after its number is given back.
        NonNull::new(pid).map(|pid| unsafe { pid.cast().as_ref() })
    }

    /// Returns the identifier with the lowest number that is not below `nr`, and that number.
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
    /// let first = ns.find_from(0, &rcu::read_lock()).map(|(nr, _)| nr);
    /// assert_eq!(first, Some(1));
    /// let limit = PidNamespace::NUMBER_LIMIT;
    /// assert!(ns.find_from(limit, &rcu::read_lock()).is_none());
    /// ```
    #[doc(alias = "find_ge_pid")]
    #[inline]
    pub fn find_from<'a>(
        &self,
        nr: i32,
        _protected: impl Into<Protected<'a>>,
    ) -> Option<(i32, &'a Pid)> {
        let mut nr: c_int = nr;
        // SAFETY: The table is valid, and so is `nr` for the call.
        let pid = unsafe { bindings::idr_get_next(self.table(), &raw mut nr) };
        // SAFETY: As in `find`.
        NonNull::new(pid).map(|pid| (nr, unsafe { pid.cast().as_ref() }))
    }

    /// Takes the number `nr`.
    ///
    /// Returns `ENOSPC` if it is taken, and `ENOMEM`.
    ///
    /// # Safety
    ///
    /// The caller must give the number back or let it stand for an identifier before the lock is
    /// released for good.
    pub(super) unsafe fn take(&self, nr: i32, _lock: &PidmapLock) -> Result<i32> {
        let end = nr.checked_add(1).ok_or(ENOSPC)?;
        // SAFETY: The table is valid, and the lock guards it.
        to_nr(unsafe {
            bindings::idr_alloc(
                self.table(),
                core::ptr::null_mut(),
                nr,
                end,
                GFP_ATOMIC.as_raw(),
            )
        })
    }

    /// Takes the next free number of `range` at or after the cursor, or before it if there is none,
    /// and moves the cursor behind it.
    ///
    /// Returns `ENOSPC` if all are taken, and `ENOMEM`.
    ///
    /// # Safety
    ///
    /// As for [`Self::take`].
    pub(super) unsafe fn take_next(&self, range: Range<i32>, _lock: &PidmapLock) -> Result<i32> {
        // SAFETY: The table is valid, and the lock guards it.
        to_nr(unsafe {
            bindings::idr_alloc_cyclic(
                self.table(),
                core::ptr::null_mut(),
                range.start,
                range.end,
                GFP_ATOMIC.as_raw(),
            )
        })
    }

    /// Lets the number `nr`, which is taken, lead to `pid`, and counts it.
    ///
    /// # Safety
    ///
    /// `pid` must be complete and have the number `nr` here, and [`Self::give_back`] must be called
    /// a grace period before the reference that belongs to the numbers is dropped.
    pub(super) unsafe fn publish(&self, nr: i32, pid: NonNull<bindings::pid>, lock: &PidmapLock) {
        // SAFETY: The table is valid, the lock guards it, and the caller promises that `pid` is
        // ready to be found.
        unsafe { bindings::idr_replace(self.table(), pid.as_ptr().cast(), nr as usize) };
        self.add_allocated(lock);
    }

    /// Makes the number `nr` free.
    ///
    /// # Safety
    ///
    /// The caller must be who took it, or own the identifier that it leads to.
    pub(super) unsafe fn give_back(&self, nr: i32, _lock: &PidmapLock) {
        // SAFETY: The table is valid, and the lock guards it.
        unsafe { bindings::idr_remove(self.table(), nr as usize) };
    }

    /// Prepares the table of a namespace in the making.
    ///
    /// # Safety
    ///
    /// `ns` must be valid for writes, and nobody else may know it.
    pub(crate) unsafe fn init_table(ns: *mut bindings::pid_namespace) {
        // SAFETY: The caller promises validity. An empty tree marks all of its slots as free.
        unsafe {
            bindings::xa_init_flags(&raw mut (*ns).idr.idr_rt, bindings::IDR_RT_MARKER);
            (*ns).idr.idr_base = 0;
            (*ns).idr.idr_next = 0;
        }
    }

    /// Frees what the table of a namespace needed that has no numbers any more.
    ///
    /// # Safety
    ///
    /// `ns` must be valid, and nobody may use its table from now on.
    pub(crate) unsafe fn destroy_table(ns: *mut bindings::pid_namespace) {
        // SAFETY: The caller promises validity.
        unsafe { bindings::idr_destroy(&raw mut (*ns).idr) };
    }
}

/// Turns what C's allocator returned into a number or an error.
fn to_nr(ret: c_int) -> Result<i32> {
    to_result(ret)?;
    Ok(ret)
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
#[kunit_tests(rust_pid_table)]
mod tests {
    use super::*;

    const ADDING: u32 = bindings::PIDNS_ADDING;

    #[test]
    fn left_tells_the_flag_from_the_count() {
        assert_eq!(Left::from_raw(ADDING), Left::Open(0));
        assert_eq!(Left::from_raw(ADDING | 2), Left::Open(2));
        assert_eq!(Left::from_raw(u32::MAX), Left::Open(ADDING - 1));
        assert_eq!(Left::from_raw(0), Left::Closed(0));
        assert_eq!(Left::from_raw(2), Left::Closed(2));
        assert_eq!(Left::from_raw(ADDING - 1), Left::Closed(ADDING - 1));
    }

    #[test]
    fn all_numbers_fit_below_the_flag() {
        assert!(PidNamespace::NUMBER_LIMIT as u32 <= ADDING);
    }

    #[test]
    fn a_result_of_c_is_a_number_or_an_error() {
        assert_eq!(to_nr(1), Ok(1));
        assert_eq!(to_nr(i32::MAX), Ok(i32::MAX));
        assert_eq!(to_nr(-28), Err(ENOSPC));
    }
}
