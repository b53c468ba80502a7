// SPDX-License-Identifier: GPL-2.0

//! A pid whose numbers are being allocated.

use super::{
    free::UnusedPid,
    idr::Preload,
    numbers::{
        LockedNumbers,
        ONE_LOCK, //
    },
    pid_memory::PidMemory, //
};
use core::{
    mem::{
        forget,
        ManuallyDrop, //
    },
    ops::{
        Deref,
        Range, //
    },
    ptr, //
};
use kernel::{
    bindings,
    error::to_result,
    ns::{
        pid::PidAllocated,
        Active, //
    },
    pid::{
        Pid,
        PidNr,
        Upid, //
    },
    pid_namespace::PidNamespace,
    prelude::*, //
};

/// A pid without numbers.
///
/// With `PREEMPT_RT`, and after [`NewNumbers::preload`], this holds a local lock: the task must not
/// sleep, nor create another one.
pub(crate) struct NewPid<'a> {
    memory: PidMemory,
    ns: &'a PidNamespace,
    /// The level that lacked a node, `u32::MAX` if none has yet, and preloaded nodes.
    preload: Option<(u32, Preload)>,
}

impl<'a> NewPid<'a> {
    /// Allocates memory for a pid in `ns`. May sleep.
    ///
    /// Returns `ENOMEM`.
    pub(crate) fn new(ns: &'a PidNamespace) -> Result<Self> {
        let memory = PidMemory::new(ns)?;
        // With PREEMPT_RT a spinlock does not disable preemption. An allocation may fall back to
        // the CPU's preloaded nodes, which only their local lock protects.
        let preload = cfg!(CONFIG_PREEMPT_RT).then(|| (u32::MAX, Preload::new()));
        Ok(Self {
            memory,
            ns,
            preload,
        })
    }

    /// Starts to allocate the numbers.
    #[inline]
    pub(crate) fn allocate(self) -> NewNumbers<'a> {
        // INVARIANT: No lock is held and no number reserved.
        NewNumbers {
            next: Some(self.ns),
            locked: false,
            cyclic: 0,
            pid: self,
        }
    }
}

/// The numbers of a new pid, with their namespaces' locks held.
///
/// Nothing may sleep while it exists. Dropping it frees all numbers and releases the locks. The
/// cursors stay where they are.
///
/// # Invariants
///
/// * The namespaces from the pid's own out to the one before `next` are locked, and the pid's
///   numbers are reserved there.
/// * `next` is locked as well if `locked`.
/// * `cyclic` has the bits of the levels at which the cursor was moved.
pub(crate) struct NewNumbers<'a> {
    pid: NewPid<'a>,
    next: Option<&'a PidNamespace>,
    locked: bool,
    cyclic: u64,
}

impl<'a> NewNumbers<'a> {
    /// Locks the next namespace outwards without a reserved number and returns it, or [`None`] if
    /// there is none.
    #[inline]
    pub(crate) fn lock_next(&mut self) -> Option<&'a PidNamespace> {
        let ns = self.next?;
        if !self.locked {
            if self.has_lock(ns) {
                // Unlocked by `release`.
                forget(LockedNumbers::lock(ns));
            }
            self.locked = true;
        }
        Some(ns)
    }

    /// Returns whether `ns` is locked separately: with [`ONE_LOCK`] only the pid's own is.
    #[inline]
    fn has_lock(&self, ns: &PidNamespace) -> bool {
        !ONE_LOCK || ptr::eq(ns, self.pid.ns)
    }

    /// Returns the numbers of the namespace locked by [`Self::lock_next`].
    #[inline]
    fn numbers(&self) -> Result<ManuallyDrop<LockedNumbers<'a>>> {
        let ns = self.next.filter(|_| self.locked).ok_or(EINVAL)?;
        // SAFETY: By the type invariants it is locked, and the value is not dropped.
        Ok(ManuallyDrop::new(unsafe { LockedNumbers::assume(ns) }))
    }

    /// Resets the cursor of the namespace locked by [`Self::lock_next`], if there is one.
    #[inline]
    pub(crate) fn reset_cursor(&mut self) {
        if let Ok(mut numbers) = self.numbers() {
            numbers.set_cursor(0);
        }
    }

    /// Reserves the number `nr` in the namespace locked by [`Self::lock_next`].
    ///
    /// Returns `ENOSPC` if it is not free, `ENOMEM`, and `EINVAL` if there is no such namespace.
    #[inline]
    pub(crate) fn alloc(&mut self, nr: PidNr) -> Result {
        // SAFETY: It is published, or removed when `self` is dropped.
        unsafe { self.numbers()?.alloc(nr)? };
        self.reserved(nr);
        Ok(())
    }

    /// Reserves the first free number of the range at or after the cursor, or else the first of
    /// all, in the namespace locked by [`Self::lock_next`], and moves the cursor.
    ///
    /// Returns the same errors as [`Self::alloc`].
    #[inline]
    pub(crate) fn alloc_cyclic(&mut self, range: Range<i32>) -> Result<PidNr> {
        // SAFETY: As in `alloc`.
        let nr = unsafe { self.numbers()?.alloc_cyclic(range)? };
        if let Some(ns) = self.next {
            self.cyclic |= level_bit(ns);
        }
        self.reserved(nr);
        Ok(nr)
    }

    #[inline]
    fn reserved(&mut self, nr: PidNr) {
        if let Some(ns) = self.next {
            // SAFETY: By the type invariants it is the pid's own namespace or an ancestor of it.
            unsafe { self.pid.memory.set_number(nr, ns) };
            // INVARIANT: It is locked, and the number is reserved.
            self.next = ns.parent();
            self.locked = false;
        }
    }

    /// Returns the reserved numbers, the outermost first.
    #[inline]
    fn all(&self) -> &[Upid] {
        let level = self.next.map_or(0, |ns| ns.level().saturating_add(1));
        // SAFETY: By the type invariants these are set.
        unsafe { self.pid.memory.numbers_from(level) }
    }

    /// Unlocks `next`, if it is locked, and then the others, the outermost first, after calling
    /// `last` for each.
    ///
    /// # Safety
    ///
    /// `self` must not be used any more.
    #[inline]
    unsafe fn release(&self, last: impl Fn(&mut LockedNumbers<'_>, PidNr)) {
        let unlock = |numbers: ManuallyDrop<LockedNumbers<'_>>| {
            if self.has_lock(numbers.ns()) {
                drop(ManuallyDrop::into_inner(numbers));
            }
        };
        if let Ok(numbers) = self.numbers() {
            unlock(numbers);
        }
        for upid in self.all() {
            // SAFETY: By the type invariants it is locked, and the caller promises that nobody else
            // unlocks it.
            let mut numbers = ManuallyDrop::new(unsafe { LockedNumbers::assume(upid.ns()) });
            if let Some(nr) = upid.nr() {
                last(&mut numbers, nr);
            }
            unlock(numbers);
        }
    }

    /// Undoes the allocation after `ENOMEM`, with the cursors moved back, and preloads nodes for
    /// another attempt. Sleeps.
    ///
    /// Returns `ENOMEM` if preloading for this level has failed already.
    #[cold]
    #[doc(alias = "idr_preload")]
    pub(crate) fn preload(self) -> Result<NewPid<'a>> {
        let level = self.next.map_or(0, PidNamespace::level);
        // Fail unless this attempt got further out. The cursors stay, as after other errors.
        if matches!(self.pid.preload, Some((last, _)) if last <= level) {
            return Err(ENOMEM);
        }
        let this = ManuallyDrop::new(self);
        // SAFETY: `this` is not used any more except for the pid, which is moved out of it. The
        // numbers are reserved, and were not visible.
        let mut pid = unsafe {
            this.release(|numbers, nr| {
                if this.cyclic & level_bit(numbers.ns()) != 0 {
                    numbers.set_cursor(nr.index());
                }
                numbers.remove(nr);
            });
            ptr::read(&this.pid)
        };
        // Releases the local lock of the old nodes: preloading may sleep.
        drop(pid.preload.take());
        pid.preload = Some((level, Preload::new()));
        Ok(pid)
    }

    /// Publishes and counts the pid in all namespaces, and releases the locks.
    ///
    /// A namespace where `PIDNS_ADDING` is cleared later has counted this pid, and its init waits
    /// for it.
    pub(crate) fn publish(self) -> Result<PublishedPid, NotPublished> {
        if self.next.is_some() {
            return Err(NotPublished::Incomplete);
        }
        let disabled = |upid: &Upid| matches!(upid.ns().pid_allocated(), PidAllocated::Disabled(_));
        if self.all().iter().any(disabled) {
            return Err(NotPublished::Disabled);
        }
        let this = ManuallyDrop::new(self);
        let pid = this.pid.memory.as_non_null();
        for upid in this.all().iter().rev() {
            // SAFETY: By the type invariants it is locked, and the value is not dropped.
            let mut numbers = ManuallyDrop::new(unsafe { LockedNumbers::assume(upid.ns()) });
            if let Some(nr) = upid.nr() {
                // SAFETY: All numbers are reserved, so the pid is complete, and PID allocation is
                // enabled in all namespaces. `UnusedPid` frees the numbers.
                unsafe { numbers.publish(nr, pid) };
            }
        }
        // SAFETY: `this` is not used any more except for its parts, each of which is moved out
        // once. The pid now owns the memory, with the reference to the namespace.
        let memory = unsafe {
            this.release(|_, _| {});
            drop(ptr::read(&this.pid.preload));
            ptr::read(&this.pid.memory)
        };
        // The pid keeps the namespace active.
        forget(Active::new(memory.ns()));
        // SAFETY: The pid is published and no task uses it. This is the only such value for it.
        Ok(PublishedPid(unsafe {
            UnusedPid::from_raw(memory.into_raw().cast::<Pid>())
        }))
    }
}

impl Drop for NewNumbers<'_> {
    fn drop(&mut self) {
        // SAFETY: `self` is not used any more. The numbers are reserved and not published.
        unsafe { self.release(|numbers, nr| numbers.remove(nr)) };
    }
}

/// Returns the bit for the level of `ns`.
fn level_bit(ns: &PidNamespace) -> u64 {
    const { assert!(PidNamespace::MAX_LEVEL < u64::BITS) };
    1u64.wrapping_shl(ns.level())
}

/// Why a pid was not published. Its numbers are freed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotPublished {
    /// It has no number in one of the namespaces.
    Incomplete,
    /// `PIDNS_ADDING` is cleared in one of the namespaces.
    Disabled,
}

/// A published pid that is not in pidfs yet.
#[must_use = "its numbers stay allocated until they are freed"]
pub(crate) struct PublishedPid(UnusedPid);

impl Deref for PublishedPid {
    type Target = Pid;

    #[inline]
    fn deref(&self) -> &Pid {
        &self.0
    }
}

impl PublishedPid {
    /// Adds the pid to pidfs. May sleep.
    ///
    /// On error returns the pid, which no task may use then.
    #[doc(alias = "pidfs_add_pid")]
    pub(crate) fn add_to_pidfs(self) -> Result<UnusedPid, UnusedPid> {
        // SAFETY: The pid is valid and new, so it was not added before.
        match to_result(unsafe { bindings::pidfs_add_pid(self.0.as_ptr()) }) {
            Ok(()) => Ok(self.0),
            Err(_) => Err(self.0),
        }
    }
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
#[kunit_tests(pidns_raw_new_pid)]
mod tests {
    use super::*;
    use crate::raw::limits::RESERVED_PIDS;
    use kernel::sync::rcu;

    fn range() -> Range<i32> {
        RESERVED_PIDS..PidNamespace::initial().pid_max()
    }

    #[test]
    fn drop_frees_numbers() -> Result {
        let ns = PidNamespace::initial();
        let mut numbers = NewPid::new(ns)?.allocate();
        assert!(numbers.lock_next().is_some());
        let nr = numbers.alloc_cyclic(range());
        assert!(numbers.lock_next().is_none());
        drop(numbers);
        let nr = nr?;
        assert!(ns.find(nr.get(), &rcu::read_lock()).is_none());

        let mut numbers = NewPid::new(ns)?.allocate();
        numbers.lock_next();
        let again = numbers.alloc(nr);
        drop(numbers);
        assert_eq!(again, Ok(()));
        Ok(())
    }

    #[test]
    fn incomplete_pid_not_published() -> Result {
        let numbers = NewPid::new(PidNamespace::initial())?.allocate();
        assert_eq!(numbers.publish().err(), Some(NotPublished::Incomplete));
        Ok(())
    }

    #[test]
    fn found_while_published() -> Result {
        let ns = PidNamespace::initial();
        let mut numbers = NewPid::new(ns)?.allocate();
        numbers.lock_next();
        let nr = numbers.alloc_cyclic(range())?;
        let pid = numbers.publish().map_err(|_| EINVAL)?;
        let pid = pid.add_to_pidfs().map_err(|_| ENOMEM)?;
        assert_eq!(pid.numbers().first().and_then(Upid::nr), Some(nr));
        assert!(ns
            .find(nr.get(), &rcu::read_lock())
            .is_some_and(|found| *found == *pid));

        pid.retire().put_after_grace_period();
        assert!(ns.find(nr.get(), &rcu::read_lock()).is_none());
        Ok(())
    }
}
