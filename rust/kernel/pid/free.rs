// SPDX-License-Identifier: GPL-2.0

//! How a process identifier loses its numbers, and then its memory.

use super::{
    Pid,
    PidAllocated,
    PidCache,
    PidType, //
};
use crate::{
    bindings,
    ns::Active,
    prelude::*,
    sync::aref::ARef,
    task::Task,
    tasklist,
    warn_on, //
};
use core::{
    ops::Deref,
    ptr::NonNull, //
};

/// A process identifier that has numbers, but that no task uses.
///
/// Its owner must free the numbers, or link a task to it.
///
/// # Invariants
///
/// The identifier is published, no task is on its lists, and this is the only such value of it.
///
/// # Examples
///
/// ```
/// use kernel::{
///     pid::{
///         NewPid,
///         Upid, //
///     },
///     pid_namespace::PidNamespace,
///     sync::rcu, //
/// };
///
/// let ns = PidNamespace::initial();
/// let mut numbers = NewPid::new(ns)?.allocate();
/// numbers.lock_next();
/// let nr = numbers.alloc_cyclic(PidNamespace::RESERVED..ns.pid_max())?;
/// let pid = numbers.publish()?.add_to_pidfs().map_err(|_| ENOMEM)?;
/// assert_eq!(pid.numbers().first().and_then(Upid::nr), Some(nr));
/// assert!(ns.find(nr.get(), &rcu::read_lock()).is_some_and(|found| *found == *pid));
///
/// pid.free_numbers(|_left, _reaper| {}).put_after_grace_period();
/// assert!(ns.find(nr.get(), &rcu::read_lock()).is_none());
/// # Ok::<(), Error>(())
/// ```
#[must_use = "its numbers stay allocated until they are freed"]
pub struct UnusedPid(NonNull<Pid>);

impl UnusedPid {
    /// Takes over an identifier from C.
    ///
    /// # Safety
    ///
    /// `pid` must be published, no task may be on its lists or get onto them, and it must be the
    /// caller's to free.
    #[inline]
    pub unsafe fn from_raw(pid: NonNull<Pid>) -> Self {
        // INVARIANT: The caller promises it.
        Self(pid)
    }

    /// Leaves the identifier to C, which will pass it to [`Self::from_raw`], or link tasks to it.
    #[inline]
    pub fn into_raw(self) -> NonNull<Pid> {
        self.0
    }

    /// Frees the numbers, and wakes up a reaper that waits for that. `tasklist_lock` must not be
    /// held.
    ///
    /// Calls `free_pid()` by its C name, so that a probe there sees each pid that an exit frees.
    #[doc(alias = "free_pid")]
    #[inline]
    pub fn free(self) {
        // SAFETY: By the type invariants the pid is published and no task uses it; it passes to
        // the function.
        unsafe { bindings::free_pid(self.into_raw().cast().as_ptr()) };
    }

    /// Frees all numbers, that in the initial namespace first, under one lock at a time.
    /// `tasklist_lock` must not be held.
    ///
    /// For each namespace where others are left `each` is told, under its lock, how many, and who
    /// is the child reaper there. It must not sleep.
    pub fn free_numbers(self, each: impl Fn(PidAllocated, Option<&Task>)) -> RetiredPid {
        tasklist::assert_not_held();
        // SAFETY: The identifier took this count when it was published.
        drop(unsafe { Active::from_count(self.ns()) });

        for upid in self.numbers() {
            if let Some(nr) = upid.nr() {
                // SAFETY: By the type invariants the identifier is owned.
                unsafe { upid.ns().lock_numbers().free(nr, &each) };
            }
        }
        // INVARIANT: The numbers are freed.
        RetiredPid(self.0)
    }
}

impl Deref for UnusedPid {
    type Target = Pid;

    #[inline]
    fn deref(&self) -> &Pid {
        // SAFETY: By the type invariants the reference that belongs to the numbers is held.
        unsafe { self.0.as_ref() }
    }
}

/// A process identifier that is not to be found by its numbers any more.
///
/// # Invariants
///
/// The value owns the reference that belonged to the numbers.
#[must_use = "its memory stays in use until the reference is dropped"]
pub struct RetiredPid(NonNull<Pid>);

impl RetiredPid {
    /// Takes it from the file system of process descriptors, and drops the reference when nobody
    /// who has found the identifier under RCU can still look at it.
    #[doc(alias = "delayed_put_pid")]
    pub fn put_after_grace_period(self) {
        let pid = self.0.cast::<bindings::pid>().as_ptr();
        // SAFETY: The identifier is valid, and by the type invariants its last use as a number is
        // over; the reference that is owned is passed to the callback.
        unsafe {
            bindings::pidfs_remove_pid(pid);
            bindings::call_rcu(&raw mut (*pid).rcu, Some(put_callback));
        }
    }
}

/// Drops the reference that belonged to the numbers.
///
/// # Safety
///
/// `head` must be the member `rcu` of an identifier whose reference is passed.
unsafe extern "C" fn put_callback(head: *mut bindings::callback_head) {
    // SAFETY: The caller promises that it is a member.
    let pid = unsafe { crate::container_of!(head, bindings::pid, rcu) };
    if let Some(pid) = NonNull::new(pid.cast::<Pid>()) {
        // SAFETY: The caller passes a reference.
        unsafe { Pid::put(pid) };
    }
}

impl Pid {
    /// Drops a reference, and frees the identifier if it was the last one. Does not sleep.
    ///
    /// # Safety
    ///
    /// The caller gives up a reference.
    #[doc(alias = "put_pid")]
    #[inline]
    pub unsafe fn put(pid: NonNull<Self>) {
        let raw = pid.cast::<bindings::pid>();
        // SAFETY: The caller has a reference, so that the identifier is valid until it is dropped.
        if !unsafe { bindings::refcount_dec_and_test(&raw mut (*raw.as_ptr()).count) } {
            return;
        }
        // SAFETY: Nobody else knows it any more.
        let ns = NonNull::from(unsafe { pid.as_ref() }.ns());
        // SAFETY: The identifier owns a reference to its namespace.
        let ns = unsafe { ARef::from_raw(ns) };
        let cache: PidCache = ns.pid_cache();
        // SAFETY: The identifier is valid and nobody knows it; its memory comes from the cache of
        // its namespace.
        unsafe {
            bindings::pidfs_free_pid(raw.as_ptr());
            cache.free(raw);
        }
    }
}

/// The identifiers that a task was the last one to use, one place for each use.
///
/// C keeps it as an array until the locks are released that numbers must not be freed under.
#[repr(transparent)]
pub struct UnusedPids([*mut bindings::pid; PidType::COUNT]);

impl UnusedPids {
    /// Borrows an array of C.
    ///
    /// # Safety
    ///
    /// `pids` must be valid for reads and writes for the lifetime `'a`, and have a place for each
    /// use, which is null or owns an identifier as [`UnusedPid`] does.
    #[inline]
    pub unsafe fn from_ptr<'a>(pids: *mut *mut bindings::pid) -> &'a mut Self {
        // SAFETY: The caller promises validity, and the type is transparent.
        unsafe { &mut *pids.cast() }
    }

    /// Puts `pid` into the place of `kind`, which must be empty: nobody can lose two identifiers of
    /// one kind before the first is freed. If it is not, that is reported, and the one that was
    /// there keeps its numbers for ever.
    pub fn put(&mut self, kind: PidType, pid: UnusedPid) {
        let [thread, group, process_group, session] = &mut self.0;
        let place = match kind {
            PidType::Pid => thread,
            PidType::Tgid => group,
            PidType::Pgid => process_group,
            PidType::Sid => session,
        };
        warn_on!(!place.is_null());
        *place = pid.into_raw().cast().as_ptr();
    }

    /// Empties all places, the last one first.
    pub fn take_all(&mut self) -> impl Iterator<Item = UnusedPid> + '_ {
        self.0.iter_mut().rev().filter_map(|place| {
            let pid = core::mem::replace(place, core::ptr::null_mut());
            // SAFETY: What is in the array is owned.
            NonNull::new(pid.cast()).map(|pid| unsafe { UnusedPid::from_raw(pid) })
        })
    }
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
#[kunit_tests(rust_pid_free)]
mod tests {
    use super::*;
    use crate::{
        pid::NewPid,
        pid_namespace::PidNamespace, //
    };
    use core::ptr::null_mut;

    fn unused() -> Result<UnusedPid> {
        let ns = PidNamespace::initial();
        let mut numbers = NewPid::new(ns)?.allocate();
        numbers.lock_next();
        numbers.alloc_cyclic(PidNamespace::RESERVED..ns.pid_max())?;
        numbers.publish()?.add_to_pidfs().map_err(|_| ENOMEM)
    }

    fn free(pid: UnusedPid) {
        pid.free_numbers(|_, _| {}).put_after_grace_period();
    }

    #[test]
    fn unused_pids_come_back_the_last_one_first() -> Result {
        let mut array = [null_mut(); PidType::COUNT];
        // SAFETY: The array is valid, and all places are empty.
        let pids = unsafe { UnusedPids::from_ptr(array.as_mut_ptr()) };
        let (thread, session) = (unused()?, unused()?);
        let addresses = [session.as_ptr(), thread.as_ptr()];
        pids.put(PidType::Pid, thread);
        pids.put(PidType::Sid, session);

        let mut found = [null_mut(); 2];
        let mut count = 0;
        for (place, pid) in found.iter_mut().zip(pids.take_all()) {
            *place = pid.as_ptr();
            count += 1;
            free(pid);
        }
        assert_eq!(count, 2);
        assert_eq!(found, addresses);
        assert_eq!(pids.take_all().count(), 0);
        assert!(array.iter().all(|place| place.is_null()));
        Ok(())
    }

    #[test]
    fn each_use_has_a_place_of_its_own() -> Result {
        for (index, kind) in PidType::ALL.into_iter().enumerate() {
            let mut array = [null_mut(); PidType::COUNT];
            // SAFETY: The array is valid, and all places are empty.
            let pids = unsafe { UnusedPids::from_ptr(array.as_mut_ptr()) };
            let pid = unused()?;
            let address = pid.as_ptr();
            pids.put(kind, pid);

            assert_eq!(array[index], address);
            // SAFETY: The array is valid, and owns what was put there.
            let pids = unsafe { UnusedPids::from_ptr(array.as_mut_ptr()) };
            pids.take_all().for_each(free);
        }
        Ok(())
    }

    #[test]
    fn all_levels_are_told_what_is_left() -> Result {
        let pid = unused()?;
        let told = core::cell::Cell::new(None);
        let retired = pid.free_numbers(|left, reaper| told.set(Some((left, reaper.is_some()))));
        retired.put_after_grace_period();

        assert!(matches!(
            told.get(),
            Some((PidAllocated::Adding(1..), true))
        ));
        Ok(())
    }
}
