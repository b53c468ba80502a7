// SPDX-License-Identifier: GPL-2.0

//! Freeing the numbers of pids, and pids.

use super::{
    numbers::LockedNumbers,
    state::{
        child_reaper,
        pid_cache, //
    },
};
use core::{
    mem,
    ops::Deref,
    ptr::{
        self,
        NonNull, //
    },
};
#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
use kernel::prelude::*;
use kernel::{
    bindings,
    container_of,
    ns::{
        pid::PidAllocated,
        Active, //
    },
    pid::{
        Pid,
        PidType,
        Upid, //
    },
    sync::aref::ARef,
    task::Task,
    tasklist,
    warn_on, //
};

/// A published pid that no task uses.
///
/// The owner must free its numbers or link a task to it.
///
/// # Invariants
///
/// The pid is published, no task is on its lists, and this is the only such value for it.
#[must_use = "its numbers stay allocated until they are freed"]
pub(crate) struct UnusedPid(NonNull<Pid>);

impl UnusedPid {
    /// Takes ownership of a pid from C.
    ///
    /// # Safety
    ///
    /// `pid` must be published and owned by the caller; no task may be on its lists or get onto
    /// them.
    #[inline]
    pub(crate) unsafe fn from_raw(pid: NonNull<Pid>) -> Self {
        // INVARIANT: The caller promises it.
        Self(pid)
    }

    /// Passes ownership of the pid to C, which will pass it to [`Self::from_raw`], or link tasks to
    /// it.
    #[inline]
    pub(crate) fn into_raw(self) -> NonNull<Pid> {
        self.0
    }

    /// Starts to free the numbers. `tasklist_lock` must not be held.
    pub(crate) fn retire(self) -> RetiringPid {
        tasklist::assert_not_held();
        // SAFETY: The pid took this reference when it was published.
        drop(unsafe { Active::from_count(self.ns()) });
        // INVARIANT: No number has been freed.
        RetiringPid {
            pid: self.0,
            freed: 0,
        }
    }
}

impl Deref for UnusedPid {
    type Target = Pid;

    #[inline]
    fn deref(&self) -> &Pid {
        // SAFETY: By the type invariants the numbers' reference is held.
        unsafe { self.0.as_ref() }
    }
}

/// A pid whose numbers are being freed, outermost first.
///
/// # Invariants
///
/// The value owns the numbers' reference. The first `freed` numbers are freed, the others
/// published.
#[must_use = "its numbers stay allocated until they are freed"]
pub(crate) struct RetiringPid {
    pid: NonNull<Pid>,
    freed: usize,
}

impl RetiringPid {
    /// Frees the number in the next namespace inwards.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<FreedNumber<'_>> {
        // SAFETY: By the type invariants a reference is held.
        let upid: &Upid = unsafe { self.pid.as_ref() }.numbers().get(self.freed)?;
        let mut numbers = LockedNumbers::lock(upid.ns());
        // SAFETY: By the type invariants the number is published and the pid is owned. It is
        // removed before the lock is released.
        let left = unsafe { numbers.uncount() };
        // Only possible if the first fork fails: a reaper keeps its number until it has disabled
        // PID allocation.
        warn_on!(left == PidAllocated::Adding(0) && upid.ns().has_reaper());
        if let Some(nr) = upid.nr() {
            // SAFETY: As above, and it is not counted any more.
            unsafe { numbers.remove(nr) };
        }
        // INVARIANT: The number is freed.
        self.freed = self.freed.wrapping_add(1);
        Some(FreedNumber { numbers, left })
    }

    /// Frees the remaining numbers, and drops the reference after a grace period.
    #[doc(alias = "delayed_put_pid")]
    pub(crate) fn put_after_grace_period(mut self) {
        while self.next().is_some() {}
        let pid = self.pid.cast::<bindings::pid>().as_ptr();
        // SAFETY: The pid is valid and has no numbers. The reference passes to the callback.
        unsafe {
            bindings::pidfs_remove_pid(pid);
            bindings::call_rcu(&raw mut (*pid).rcu, Some(delayed_put_pid));
        }
    }
}

/// A number that was just freed, with the numbers of its namespace still locked.
///
/// # Invariants
///
/// `left` is `pid_allocated` after this number was subtracted, under the lock that is held.
pub(crate) struct FreedNumber<'a> {
    numbers: LockedNumbers<'a>,
    left: PidAllocated,
}

impl FreedNumber<'_> {
    /// Returns the `pid_allocated` that is left in the namespace.
    #[inline]
    pub(crate) fn left(&self) -> PidAllocated {
        self.left
    }

    /// Returns the child reaper of the namespace, or [`None`] if no pid is left there.
    ///
    /// The task stays valid while the lock is held. When the lock was taken the child reaper had
    /// not been released: that happens only after it has disabled PID allocation and only its own
    /// and its leader's numbers are left. It may be released while the lock is held, without taking
    /// it, if a task outside still uses its number for a group. But a task is freed a grace period
    /// after its release, and the lock is an RCU read-side section. A reaper that hands over to
    /// another thread does so before its release.
    #[inline]
    pub(crate) fn child_reaper(&self) -> Option<&Task> {
        if matches!(
            self.left,
            PidAllocated::Adding(0) | PidAllocated::Disabled(0)
        ) {
            return None;
        }
        // SAFETY: As argued above, the task is valid while the lock is held.
        child_reaper(self.numbers.ns()).map(|reaper| unsafe { reaper.as_ref() })
    }
}

/// Drops the numbers' reference.
///
/// # Safety
///
/// `head` must be the member `rcu` of a pid, a reference to which is passed.
unsafe extern "C" fn delayed_put_pid(head: *mut bindings::callback_head) {
    // SAFETY: The caller promises that it is a member.
    let pid = unsafe { container_of!(head, bindings::pid, rcu) };
    if let Some(pid) = NonNull::new(pid.cast::<Pid>()) {
        // SAFETY: The caller passes a reference.
        unsafe { put_pid(pid) };
    }
}

/// Drops a reference to a pid, and frees it if that was the last one. Does not sleep.
///
/// # Safety
///
/// The caller passes a reference.
#[inline]
pub(crate) unsafe fn put_pid(pid: NonNull<Pid>) {
    let raw = pid.cast::<bindings::pid>();
    // SAFETY: The caller's reference keeps the pid valid until it is dropped.
    if !unsafe { bindings::refcount_dec_and_test(&raw mut (*raw.as_ptr()).count) } {
        return;
    }
    // SAFETY: Nobody else uses it any more.
    let ns = NonNull::from(unsafe { pid.as_ref() }.ns());
    // SAFETY: The pid owns a reference to its namespace.
    let ns = unsafe { ARef::from_raw(ns) };
    // SAFETY: The pid is valid and nobody else uses it. Its memory is from the cache of its
    // namespace.
    unsafe {
        bindings::pidfs_free_pid(raw.as_ptr());
        pid_cache(&ns).free(raw);
    }
}

/// The pids that a task was the last one to use, one for each `enum pid_type`.
///
/// C keeps this array until it has released the locks that numbers must not be freed under.
#[repr(transparent)]
pub(crate) struct UnusedPids([*mut bindings::pid; PidType::COUNT]);

impl UnusedPids {
    /// Borrows an array from C.
    ///
    /// # Safety
    ///
    /// `pids` must be valid for reads and writes for the lifetime `'a`, and have an element for
    /// each type, which is null or owns a pid as [`UnusedPid`] does.
    #[inline]
    pub(crate) unsafe fn from_ptr<'a>(pids: *mut *mut bindings::pid) -> &'a mut Self {
        // SAFETY: The caller promises validity, and the type is transparent.
        unsafe { &mut *pids.cast() }
    }

    /// Adds `pid` for the type `kind`, of which there must be none: a task cannot lose two pids of
    /// one type before the first is freed. Otherwise warns, and leaks the numbers of the previous
    /// one.
    pub(crate) fn put(&mut self, kind: PidType, pid: UnusedPid) {
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

    /// Takes all pids, in reverse order.
    pub(crate) fn take_all(&mut self) -> impl Iterator<Item = UnusedPid> + '_ {
        self.0.iter_mut().rev().filter_map(|place| {
            let pid = mem::replace(place, ptr::null_mut());
            // SAFETY: The pids in the array are owned.
            NonNull::new(pid.cast()).map(|pid| unsafe { UnusedPid::from_raw(pid) })
        })
    }
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
#[kunit_tests(pidns_raw_free)]
mod tests {
    use super::*;
    use crate::raw::{
        limits::RESERVED_PIDS,
        new_pid::NewPid, //
    };
    use core::ptr::null_mut;
    use kernel::pid_namespace::PidNamespace;

    fn unused() -> Result<UnusedPid> {
        let ns = PidNamespace::initial();
        let mut numbers = NewPid::new(ns)?.allocate();
        numbers.lock_next();
        numbers.alloc_cyclic(RESERVED_PIDS..ns.pid_max())?;
        let pid = numbers.publish().map_err(|_| EINVAL)?;
        pid.add_to_pidfs().map_err(|_| ENOMEM)
    }

    fn free(pid: UnusedPid) {
        pid.retire().put_after_grace_period();
    }

    #[test]
    fn take_all_in_reverse() -> Result {
        let mut array = [null_mut(); PidType::COUNT];
        // SAFETY: The array is valid and empty.
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
    fn one_place_per_type() -> Result {
        for (index, kind) in PidType::ALL.into_iter().enumerate() {
            let mut array = [null_mut(); PidType::COUNT];
            // SAFETY: The array is valid and empty.
            let pids = unsafe { UnusedPids::from_ptr(array.as_mut_ptr()) };
            let pid = unused()?;
            let address = pid.as_ptr();
            pids.put(kind, pid);

            assert_eq!(array[index], address);
            // SAFETY: The array is valid, and owns the pids that were put there.
            let pids = unsafe { UnusedPids::from_ptr(array.as_mut_ptr()) };
            pids.take_all().for_each(free);
        }
        Ok(())
    }

    #[test]
    fn count_left_per_level() -> Result {
        let mut pid = unused()?.retire();
        let freed = pid.next();
        let left = freed.as_ref().map(FreedNumber::left);
        let has_reaper = freed.as_ref().and_then(FreedNumber::child_reaper).is_some();
        drop(freed);
        let more = pid.next().is_some();
        pid.put_after_grace_period();

        assert!(matches!(left, Some(PidAllocated::Adding(1..))));
        assert!(has_reaper);
        assert!(!more);
        Ok(())
    }
}
