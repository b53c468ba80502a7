// SPDX-License-Identifier: GPL-2.0

//! The numbers of a namespace: which are taken, and which identifiers they stand for.
//!
//! A number that is reserved for an identifier in the making is taken, but leads to nothing.

use super::{
    idr::Idr,
    Pid,
    PidNr, //
};
use crate::{
    bindings,
    pid_namespace::PidNamespace,
    prelude::*,
    static_lock_class,
    sync::{
        lock::{
            spinlock::SpinLockBackend,
            Lock, //
        },
        SpinLockGuard, //
    },
    task::Task,
    tasklist::Protected, //
};
use core::{
    ops::Range,
    ptr::NonNull, //
};

/// How many numbers of a namespace count, as after one was given back.
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
    /// So many, and more may come.
    Open(u32),
    /// So many, and there will never be more. What is taken now is not counted.
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

/// The number that an identifier shall get in a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// This one.
    This(PidNr),
    /// The next free one of the range: the search begins at the cursor, wraps to the beginning, and
    /// moves the cursor behind what it finds. No number below 1 is ever given.
    Next(Range<i32>),
}

/// The numbers of a namespace, locked: none is given, taken back, or counted by others.
///
/// Nothing may sleep while it exists. It is the innermost of all locks but for those that waking a
/// task takes, and no two are held at a time. Lockdep knows it as `pidns_numbers`.
///
/// # Examples
///
/// ```
/// use kernel::pid_namespace::PidNamespace;
///
/// let numbers = PidNamespace::initial().lock_numbers();
/// let closed = numbers.is_closed();
/// drop(numbers);
/// assert!(!closed);
/// ```
pub struct LockedNumbers<'a> {
    ns: &'a PidNamespace,
    _guard: SpinLockGuard<'a, ()>,
}

impl<'a> LockedNumbers<'a> {
    /// Returns the namespace.
    #[inline]
    pub fn ns(&self) -> &'a PidNamespace {
        self.ns
    }

    /// Tells whether no number that is taken from now on counts, or will lead to anything.
    #[inline]
    pub fn is_closed(&self) -> bool {
        matches!(self.ns.numbers_taken(), Left::Closed(_))
    }

    /// Lets no number count, or lead to anything, that is taken from now on.
    #[inline]
    pub fn close(&mut self) {
        self.ns
            .change_allocated(self, |count| count & !bindings::PIDNS_ADDING);
    }

    /// Lets the first process get the number 1, whatever became of earlier attempts.
    #[inline]
    pub fn restart(&self) {
        self.set_cursor(0);
    }

    /// Lets the next search for a free number begin at `nr`.
    #[doc(alias = "idr_set_cursor")]
    #[inline]
    fn set_cursor(&self, nr: u32) {
        // SAFETY: The lock is held.
        unsafe { self.ns.idr().set_cursor(nr) };
    }

    /// Takes a number. It counts unless the namespace is closed: then who waits for the others to
    /// be gone may itself be gone, and must not be woken up for this one.
    ///
    /// # Safety
    ///
    /// The caller must see to it that [`Self::give_back`] is called if the number counts, and
    /// [`Self::give_back_uncounted`] if not.
    #[inline]
    pub(super) unsafe fn take(&mut self, wanted: Wanted) -> Result<Taken> {
        let nr = match wanted {
            Wanted::This(nr) if nr.get() >= PidNamespace::NUMBER_LIMIT => return Err(ENOSPC),
            Wanted::This(nr) => {
                // SAFETY: The lock is held.
                unsafe { self.ns.idr().alloc(nr.get())? };
                nr
            }
            Wanted::Next(range) => {
                let (start, end) = (
                    range.start.max(1),
                    range.end.min(PidNamespace::NUMBER_LIMIT),
                );
                // SAFETY: The lock is held.
                let nr = unsafe { self.ns.idr().alloc_cyclic(start..end)? };
                PidNr::new(nr).ok_or(ENOSPC)?
            }
        };
        let counts = !self.is_closed();
        if counts {
            // There are fewer numbers than the flag above the count is worth.
            const { assert!((PidNamespace::NUMBER_LIMIT as u32) < bindings::PIDNS_ADDING) };
            self.ns
                .change_allocated(self, |count| count.wrapping_add(1));
        }
        Ok(Taken { nr, counts })
    }

    /// Makes a number that counts free, and tells `then` how many are left and who reaps orphans
    /// here if some are.
    ///
    /// # Safety
    ///
    /// The number must count, and the caller be who took it, or own the identifier that it leads
    /// to.
    #[inline]
    pub(super) unsafe fn give_back(&mut self, nr: PidNr, then: impl Fn(Left, Option<&Task>)) {
        let left = Left::from_raw(
            self.ns
                .change_allocated(self, |count| count.wrapping_sub(1)),
        );
        // A reaper keeps its number until its namespace is closed.
        crate::warn_on!(left == Left::Open(0) && self.ns.has_reaper());
        if !matches!(left, Left::Open(0) | Left::Closed(0)) {
            // SAFETY: The lock is held, a number was just given back that counted, as the caller
            // promises, and others are left.
            then(left, unsafe { self.ns.reaper(self) });
        }
        // SAFETY: The caller promises it.
        unsafe { self.ns.idr().remove(nr.index()) };
    }

    /// Makes a number that does not count free.
    ///
    /// # Safety
    ///
    /// The number must not count, and the caller be who took it.
    #[cold]
    pub(super) unsafe fn give_back_uncounted(&mut self, nr: PidNr) {
        // SAFETY: The caller promises it.
        unsafe { self.ns.idr().remove(nr.index()) };
    }
}

/// A number that was taken.
pub(super) struct Taken {
    pub(super) nr: PidNr,
    /// Whether who waits for the last number waits for this one.
    pub(super) counts: bool,
}

/// What is called under the lock when a number was given back and others are left: with their
/// count, and the task that reaps orphans, if there is one. It must not sleep.
pub type GivenBack = fn(Left, Option<&Task>);

impl PidNamespace {
    #[inline]
    fn idr(&self) -> &Idr {
        // SAFETY: `self` is valid, and the IDR is initialised by `init_numbers`.
        unsafe { &*(&raw const (*self.as_ptr()).idr).cast::<Idr>() }
    }

    /// Locks the numbers.
    #[inline]
    pub fn lock_numbers(&self) -> LockedNumbers<'_> {
        // SAFETY: `self` is valid, and the lock was made by `init_numbers`.
        let lock = unsafe {
            Lock::<(), SpinLockBackend>::from_raw(&raw mut (*self.as_ptr()).idr.idr_rt.xa_lock)
        };
        LockedNumbers {
            ns: self,
            _guard: lock.lock(),
        }
    }

    /// Returns the number that the search for a free one begins at.
    #[doc(alias = "idr_get_cursor")]
    #[inline]
    pub fn cursor(&self) -> u32 {
        self.idr().cursor()
    }

    /// Lets the next search for a free number begin at `nr`.
    #[doc(alias = "idr_set_cursor")]
    #[inline]
    pub fn set_cursor(&self, nr: u32) {
        self.lock_numbers().set_cursor(nr);
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
        // SAFETY: `_protected` lasts.
        let pid = unsafe { self.idr().find(nr as u32) }?;
        // SAFETY: What is found is a pid, and its memory stays for a grace period after its number
        // is freed.
        Some(unsafe { pid.cast().as_ref() })
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
    /// assert!(ns.find_from(-1, &rcu::read_lock()).is_none());
    /// ```
    #[doc(alias = "find_ge_pid")]
    #[inline]
    pub fn find_from<'a>(
        &self,
        nr: i32,
        _protected: impl Into<Protected<'a>>,
    ) -> Option<(i32, &'a Pid)> {
        // SAFETY: As in `find`.
        let (nr, pid) = unsafe { self.idr().find_ge(u32::try_from(nr).ok()?) }?;
        // CAST: Numbers are positive.
        // SAFETY: As in `find`.
        Some((nr as i32, unsafe { pid.cast().as_ref() }))
    }

    /// Lets a number lead to `pid`.
    ///
    /// # Safety
    ///
    /// `pid` must be complete and own the number `nr` here, and the number be given back a grace
    /// period before the reference that belongs to the numbers is dropped.
    #[inline]
    pub(super) unsafe fn publish(&self, nr: PidNr, pid: NonNull<bindings::pid>) {
        // SAFETY: The caller promises it.
        unsafe { self.idr().publish(nr.index(), pid) };
    }

    /// Prepares the numbers of a namespace in the making.
    ///
    /// # Safety
    ///
    /// `ns` must be valid for writes, and nobody else may know it.
    pub(crate) unsafe fn init_numbers(ns: *mut bindings::pid_namespace) {
        // SAFETY: The caller promises it.
        unsafe { Idr::init(&raw mut (*ns).idr, static_lock_class!()) };
    }

    /// Frees what the numbers of a namespace needed, when there are none any more.
    ///
    /// # Safety
    ///
    /// `ns` must be valid, and nobody give numbers there from now on.
    pub(crate) unsafe fn destroy_numbers(ns: &Self) {
        // SAFETY: The caller promises it.
        unsafe { ns.idr().destroy() };
    }
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
}
