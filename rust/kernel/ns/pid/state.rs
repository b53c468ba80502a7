// SPDX-License-Identifier: GPL-2.0

//! The state of a PID namespace: `PIDNS_ADDING`, the count of pids, and the child reaper.
//!
//! The state is in fields of the C structure that `fork()` and `exit()` read and write as well. It
//! is computed from them each time; there is no second copy.

use crate::{
    bindings,
    pid::{
        LockedNumbers,
        PidAllocated,
        PidCache, //
    },
    pid_namespace::PidNamespace,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    task::{
        CurrentTask,
        Task, //
    },
    tasklist::TasklistRead,
};
use core::ptr::NonNull;

/// The signal that a namespace's init is seen to have been ended by after `reboot(2)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum ExitSignal {
    /// `SIGHUP`.
    Hup = bindings::SIGHUP as i32,
    /// `SIGINT`.
    Int = bindings::SIGINT as i32,
}

impl ExitSignal {
    const fn from_raw(signal: i32) -> Option<Self> {
        // CAST: The numbers of signals are small.
        match signal as u32 {
            bindings::SIGHUP => Some(Self::Hup),
            bindings::SIGINT => Some(Self::Int),
            _ => None,
        }
    }
}

/// What a PID namespace is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PidNsLife {
    /// It waits for its first process, which must get the number 1.
    AwaitingInit,
    /// It has a process that reaps orphans, and takes more.
    Alive,
    /// Its reaper is dying, or dead; no process begins here any more.
    Dying,
}

impl PidNsLife {
    /// Computes the state from the fields `pid_allocated` and `child_reaper`.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::{
    ///     bindings,
    ///     ns::pid::PidNsLife, //
    /// };
    ///
    /// let adding = bindings::PIDNS_ADDING;
    /// assert_eq!(PidNsLife::from_fields(adding, false), PidNsLife::AwaitingInit);
    /// assert_eq!(PidNsLife::from_fields(adding + 1, false), PidNsLife::AwaitingInit);
    /// assert_eq!(PidNsLife::from_fields(adding + 1, true), PidNsLife::Alive);
    /// assert_eq!(PidNsLife::from_fields(1, true), PidNsLife::Dying);
    /// assert_eq!(PidNsLife::from_fields(0, false), PidNsLife::Dying);
    /// ```
    pub const fn from_fields(pid_allocated: u32, has_reaper: bool) -> Self {
        match PidAllocated::from_raw(pid_allocated) {
            PidAllocated::Disabled(_) => Self::Dying,
            PidAllocated::Adding(_) if has_reaper => Self::Alive,
            PidAllocated::Adding(_) => Self::AwaitingInit,
        }
    }
}

impl PidNamespace {
    #[inline]
    fn allocated_field(&self) -> &Atomic<u32> {
        // SAFETY: `self` is valid, and the field is only accessed in one piece: written under
        // the lock of the numbers, read without as well.
        unsafe { Atomic::from_ptr(&raw mut (*self.as_ptr()).pid_allocated) }
    }

    #[inline]
    fn child_reaper(&self) -> Option<NonNull<Task>> {
        // SAFETY: `self` is valid, and the field is only accessed in one piece.
        let reaper = unsafe { Atomic::from_ptr(&raw mut (*self.as_ptr()).child_reaper) };
        NonNull::new(reaper.load(Relaxed).cast())
    }

    /// Returns how many pids there are, at some moment.
    #[inline]
    pub fn pid_allocated(&self) -> PidAllocated {
        PidAllocated::from_raw(self.allocated_field().load(Relaxed))
    }

    /// Tells whether the first process has come to life.
    #[inline]
    pub fn has_reaper(&self) -> bool {
        self.child_reaper().is_some()
    }

    /// Returns the state, at some moment.
    #[inline]
    pub fn life(&self) -> PidNsLife {
        PidNsLife::from_fields(self.allocated_field().load(Relaxed), self.has_reaper())
    }

    /// Returns the task that reaps orphans here.
    ///
    /// # Safety
    ///
    /// The lock must have been held without a break since a number was freed after which there are
    /// others left.
    ///
    /// So the child reaper as the lock was taken had not been released yet: it is when no number is
    /// left but its own and its leader's, after it has disabled PID allocation. It may be released
    /// while the lock is held, and need not take it, since somebody outside may still use its
    /// number for a group. But a task is freed a grace period after its release, and the lock is a
    /// read-side section. A task that hands over to another child reaper does so before.
    #[inline]
    pub(crate) unsafe fn reaper<'a>(&self, _lock: &'a LockedNumbers<'_>) -> Option<&'a Task> {
        // SAFETY: As argued above, the task is there as long as the lock is held.
        self.child_reaper().map(|reaper| unsafe { reaper.as_ref() })
    }

    /// Changes the count of pids and the flag above it, and returns what they are then.
    #[inline]
    pub(crate) fn change_allocated(
        &self,
        _lock: &LockedNumbers<'_>,
        change: impl Fn(u32) -> u32,
    ) -> u32 {
        let allocated = self.allocated_field();
        let changed = change(allocated.load(Relaxed));
        allocated.store(changed, Relaxed);
        changed
    }

    /// Returns the cache for identifiers that are made here.
    #[inline]
    pub(crate) fn pid_cache(&self) -> PidCache {
        // SAFETY: The field is set before there are identifiers, and never changes.
        let cache = unsafe { NonNull::new_unchecked((*self.as_ptr()).pid_cachep) };
        // SAFETY: The cache was made for the level of the namespace.
        unsafe { PidCache::from_raw(cache, self.level()) }
    }

    /// Prepares the initial namespace for giving numbers.
    ///
    /// # Safety
    ///
    /// It must be called once, at boot, before the first identifier is made, with the cache of
    /// level 0.
    pub unsafe fn init_initial(cache: PidCache) {
        let ns = Self::initial().as_ptr();
        // SAFETY: The caller promises that nobody uses these fields yet.
        unsafe {
            Self::init_numbers(ns, 0);
            (*ns).pid_cachep = cache.as_ptr();
        }
    }

    /// Returns the signal that the namespace's init is to be seen to die from, if `reboot(2)` was
    /// called.
    pub fn reboot_signal(&self) -> Option<ExitSignal> {
        // SAFETY: `self` is valid, and the field is only accessed in one piece.
        let signal = unsafe { Atomic::from_ptr(&raw mut (*self.as_ptr()).reboot) }.load(Relaxed);
        ExitSignal::from_raw(signal)
    }

    /// Sets what [`Self::reboot_signal`] returns.
    pub fn set_reboot_signal(&self, signal: ExitSignal) {
        // SAFETY: As in `reboot_signal`.
        unsafe { Atomic::from_ptr(&raw mut (*self.as_ptr()).reboot) }.store(signal as i32, Relaxed);
    }
}

impl CurrentTask {
    /// Returns the task that reaps orphans in the namespace that the current task lives in.
    pub fn reaper<'a>(&'a self, _tasklist: &'a TasklistRead) -> Option<&'a Task> {
        // SAFETY: A reaper is not released before all others in its namespace are, and the current
        // task is one of them, or the reaper itself. `child_reaper` changes under it.
        self.pid_ns()?
            .child_reaper()
            .map(|reaper| unsafe { reaper.as_ref() })
    }
}
