// SPDX-License-Identifier: GPL-2.0

//! The numbers of a namespace and its count of pids, under one lock.

use super::{
    idr::Idr,
    Pid,
    PidNr, //
};
use crate::{
    bindings,
    pid_namespace::PidNamespace,
    prelude::*,
    sync::{
        lock::{
            spinlock::SpinLockBackend,
            Backend, //
        },
        LockClassKey, //
    },
    task::Task,
    tasklist::Protected,
    types::NotThreadSafe, //
};
use core::{
    ops::Range,
    ptr::NonNull, //
};

/// How many pids a namespace has, and whether more may come: its `pid_allocated`.
///
/// # Examples
///
/// ```
/// use kernel::{
///     pid::PidAllocated,
///     pid_namespace::PidNamespace, //
/// };
///
/// let allocated = PidNamespace::initial().pid_allocated();
/// assert!(matches!(allocated, PidAllocated::Adding(1..)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PidAllocated {
    /// So many, and more may come.
    Adding(u32),
    /// So many, and `PIDNS_ADDING` is cleared: there will never be more.
    Disabled(u32),
}

impl PidAllocated {
    pub(crate) const fn from_raw(raw: u32) -> Self {
        if raw & bindings::PIDNS_ADDING != 0 {
            Self::Adding(raw & !bindings::PIDNS_ADDING)
        } else {
            Self::Disabled(raw)
        }
    }
}

/// The numbers of a namespace, locked: nobody else allocates or frees one, or changes their count.
///
/// Nothing may sleep while it exists. The locks of a namespace and its ancestors nest, the
/// innermost first; within them are only those that waking up a task takes. Lockdep knows them as
/// `pidns_numbers`, one class a level.
///
/// # Examples
///
/// ```
/// use kernel::pid_namespace::PidNamespace;
///
/// let numbers = PidNamespace::initial().lock_numbers();
/// let disabled = numbers.is_disabled();
/// drop(numbers);
/// assert!(!disabled);
/// ```
///
/// # Invariants
///
/// The lock is held.
pub struct LockedNumbers<'a>(&'a PidNamespace, NotThreadSafe);

impl<'a> LockedNumbers<'a> {
    /// Takes over the lock of the numbers of `ns`.
    ///
    /// # Safety
    ///
    /// The lock must be held by the current task, and no other value release it.
    #[inline]
    pub(super) unsafe fn assume(ns: &'a PidNamespace) -> Self {
        // INVARIANT: The caller promises it.
        Self(ns, NotThreadSafe)
    }

    /// Returns the namespace.
    #[inline]
    pub fn ns(&self) -> &'a PidNamespace {
        self.0
    }

    /// Tells whether PID allocation is disabled.
    #[inline]
    pub fn is_disabled(&self) -> bool {
        matches!(self.0.pid_allocated(), PidAllocated::Disabled(_))
    }

    /// Clears `PIDNS_ADDING`: no pid is allocated from now on.
    #[doc(alias = "disable_pid_allocation")]
    #[inline]
    pub fn disable_allocation(&mut self) {
        self.0
            .change_allocated(self, |count| count & !bindings::PIDNS_ADDING);
    }

    /// Lets the next search for a free number begin at `nr`.
    #[doc(alias = "idr_set_cursor")]
    #[inline]
    pub fn set_cursor(&mut self, nr: u32) {
        // SAFETY: The lock is held.
        unsafe { self.0.idr().set_cursor(nr) };
    }

    /// Reserves the number `nr`.
    ///
    /// Returns `ENOSPC` if it is not free, and `ENOMEM`.
    ///
    /// # Safety
    ///
    /// The caller must call [`Self::cancel`], or [`Self::publish`], before the lock is released.
    #[inline]
    pub(super) unsafe fn alloc(&mut self, nr: PidNr) -> Result {
        if nr.get() >= PidNamespace::NUMBER_LIMIT {
            return Err(ENOSPC);
        }
        // SAFETY: The lock is held.
        unsafe { self.0.idr().alloc(nr.get()) }
    }

    /// Reserves the first free number of the range from the cursor on, or the first one of all, and
    /// sets the cursor behind it. No number below 1 is ever reserved.
    ///
    /// Returns `ENOSPC` if there is none, and `ENOMEM`.
    ///
    /// # Safety
    ///
    /// As for [`Self::alloc`].
    #[inline]
    pub(super) unsafe fn alloc_cyclic(&mut self, range: Range<i32>) -> Result<PidNr> {
        let (start, end) = (
            range.start.max(1),
            range.end.min(PidNamespace::NUMBER_LIMIT),
        );
        // SAFETY: The lock is held.
        let nr = unsafe { self.0.idr().alloc_cyclic(start..end)? };
        PidNr::new(nr).ok_or(ENOSPC)
    }

    /// Frees a reserved number.
    ///
    /// # Safety
    ///
    /// The caller must have reserved `nr`, and not published it.
    #[inline]
    pub(super) unsafe fn cancel(&mut self, nr: PidNr) {
        // SAFETY: The lock is held, and the caller promises the rest.
        unsafe { self.0.idr().remove(nr.index()) };
    }

    /// Counts a reserved number, and lets `pid` be found by it.
    ///
    /// # Safety
    ///
    /// The caller must have reserved `nr`, and PID allocation not be disabled. `pid` must be
    /// complete, and [`Self::free`] be called a grace period before the reference that belongs to
    /// its numbers is dropped.
    #[inline]
    pub(super) unsafe fn publish(&mut self, nr: PidNr, pid: NonNull<bindings::pid>) {
        // SAFETY: The caller promises it.
        unsafe { self.0.idr().publish(nr.index(), pid) };
        // There are fewer numbers than the flag above the count is worth.
        const { assert!((PidNamespace::NUMBER_LIMIT as u32) < bindings::PIDNS_ADDING) };
        self.0.change_allocated(self, |count| count.wrapping_add(1));
    }

    /// Frees a published number, and calls `then` with the remaining count and the child reaper, if
    /// some are.
    ///
    /// # Safety
    ///
    /// The caller must own the pid that has the number.
    #[inline]
    pub(super) unsafe fn free(&mut self, nr: PidNr, then: impl Fn(PidAllocated, Option<&Task>)) {
        let left =
            PidAllocated::from_raw(self.0.change_allocated(self, |count| count.wrapping_sub(1)));
        // Only possible if the first fork fails: a reaper keeps its number until it has disabled
        // PID allocation.
        crate::warn_on!(left == PidAllocated::Adding(0) && self.0.has_reaper());
        if !matches!(left, PidAllocated::Adding(0) | PidAllocated::Disabled(0)) {
            // SAFETY: The lock is held, a number was just freed, and others are left.
            then(left, unsafe { self.0.reaper(self) });
        }
        // SAFETY: The lock is held, and the caller promises the rest.
        unsafe { self.0.idr().remove(nr.index()) };
    }
}

impl Drop for LockedNumbers<'_> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: By the type invariants the lock is held.
        unsafe { SpinLockBackend::unlock(self.0.numbers_lock(), &()) };
    }
}

impl PidNamespace {
    #[inline]
    pub(super) fn idr(&self) -> &Idr {
        // SAFETY: `self` is valid, and the IDR is initialised by `init_numbers`.
        unsafe { &*(&raw const (*self.as_ptr()).idr).cast::<Idr>() }
    }

    #[inline]
    fn numbers_lock(&self) -> *mut bindings::spinlock_t {
        // SAFETY: `self` is valid.
        unsafe { &raw mut (*self.as_ptr()).idr.idr_rt.xa_lock }
    }

    /// Locks the numbers.
    #[inline]
    pub fn lock_numbers(&self) -> LockedNumbers<'_> {
        // SAFETY: The lock is initialised by `init_numbers`.
        let () = unsafe { SpinLockBackend::lock(self.numbers_lock()) };
        // INVARIANT: It was just taken.
        LockedNumbers(self, NotThreadSafe)
    }

    /// Returns the number that the search for a free one begins at.
    #[doc(alias = "idr_get_cursor")]
    #[inline]
    pub fn cursor(&self) -> u32 {
        self.idr().cursor()
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
        // CAST: A negative number becomes one that is never allocated.
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
    /// let first = ns.find_ge(0, &rcu::read_lock()).map(|(nr, _)| nr);
    /// assert_eq!(first, Some(1));
    /// let limit = PidNamespace::NUMBER_LIMIT;
    /// assert!(ns.find_ge(limit, &rcu::read_lock()).is_none());
    /// assert!(ns.find_ge(-1, &rcu::read_lock()).is_none());
    /// ```
    #[doc(alias = "find_ge_pid")]
    #[inline]
    pub fn find_ge<'a>(
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

    /// Prepares the numbers of a namespace in the making, at `level`.
    ///
    /// # Safety
    ///
    /// `ns` must be valid for writes, and nobody else may know it.
    pub(crate) unsafe fn init_numbers(ns: *mut bindings::pid_namespace, level: u32) {
        const LEVELS: usize = PidNamespace::MAX_LEVEL as usize + 1;
        static CLASSES: [LockClassKey; LEVELS] = [const {
            // SAFETY: It is in static memory, and never dropped.
            unsafe { LockClassKey::new_static() }
        }; LEVELS];
        let class = &CLASSES[level as usize % LEVELS];
        // SAFETY: The caller promises it.
        unsafe { Idr::init(&raw mut (*ns).idr, Pin::static_ref(class)) };
    }

    /// Frees what the numbers of a namespace needed, when there are none any more.
    ///
    /// # Safety
    ///
    /// `ns` must be valid, and nobody allocate numbers there from now on.
    pub(crate) unsafe fn destroy_numbers(ns: &Self) {
        // SAFETY: The caller promises it.
        unsafe { ns.idr().destroy() };
    }
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
#[kunit_tests(rust_pid_numbers)]
mod tests {
    use super::*;

    const ADDING: u32 = bindings::PIDNS_ADDING;

    #[test]
    fn flag_and_count_are_told_apart() {
        assert_eq!(PidAllocated::from_raw(ADDING), PidAllocated::Adding(0));
        assert_eq!(PidAllocated::from_raw(ADDING | 2), PidAllocated::Adding(2));
        assert_eq!(
            PidAllocated::from_raw(u32::MAX),
            PidAllocated::Adding(ADDING - 1)
        );
        assert_eq!(PidAllocated::from_raw(0), PidAllocated::Disabled(0));
        assert_eq!(PidAllocated::from_raw(2), PidAllocated::Disabled(2));
        assert_eq!(
            PidAllocated::from_raw(ADDING - 1),
            PidAllocated::Disabled(ADDING - 1)
        );
    }

    #[test]
    fn all_numbers_fit_below_the_flag() {
        assert!(PidNamespace::NUMBER_LIMIT as u32 <= ADDING);
    }
}
