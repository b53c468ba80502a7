// SPDX-License-Identifier: GPL-2.0

//! Fields of a PID namespace.

use super::{
    cache::PidCache,
    numbers, //
};
use core::ptr::{
    self,
    NonNull, //
};
use kernel::{
    bindings,
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

/// The signal in the exit status of a namespace's init after `reboot(2)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum ExitSignal {
    /// `SIGHUP`.
    Hup = bindings::SIGHUP as i32,
    /// `SIGINT`.
    Int = bindings::SIGINT as i32,
}

impl ExitSignal {
    const fn from_raw(signal: i32) -> Option<Self> {
        // CAST: Signal numbers are small and positive.
        match signal as u32 {
            bindings::SIGHUP => Some(Self::Hup),
            bindings::SIGINT => Some(Self::Int),
            _ => None,
        }
    }
}

/// Returns the signal for the exit status of the init of `ns`, if `reboot(2)` was called.
pub(crate) fn reboot_signal(ns: &PidNamespace) -> Option<ExitSignal> {
    // SAFETY: `ns` is valid, and the field is only accessed by single loads and stores.
    let signal = unsafe { Atomic::from_ptr(&raw mut (*ns.as_ptr()).reboot) }.load(Relaxed);
    ExitSignal::from_raw(signal)
}

/// Sets what [`reboot_signal()`] returns.
pub(crate) fn set_reboot_signal(ns: &PidNamespace, signal: ExitSignal) {
    // SAFETY: As in `reboot_signal`.
    unsafe { Atomic::from_ptr(&raw mut (*ns.as_ptr()).reboot) }.store(signal as i32, Relaxed);
}

/// Returns `pid_allocated` of `ns`, which is written under the lock and also read without.
#[inline]
pub(super) fn pid_allocated_field(ns: &PidNamespace) -> &Atomic<u32> {
    // SAFETY: `ns` is valid, and the field is only accessed by single loads and stores.
    unsafe { Atomic::from_ptr(&raw mut (*ns.as_ptr()).pid_allocated) }
}

#[inline]
pub(super) fn child_reaper(ns: &PidNamespace) -> Option<NonNull<Task>> {
    // SAFETY: `ns` is valid, and the field is only accessed by single loads and stores.
    let reaper = unsafe { Atomic::from_ptr(&raw mut (*ns.as_ptr()).child_reaper) };
    NonNull::new(reaper.load(Relaxed).cast())
}

/// Returns whether `task`, which has a number in `ns`, is its child reaper.
///
/// The address of a freed reaper may be that of a later task, but none of those has a number in
/// `ns`.
pub(crate) fn is_reaper(task: &Task, ns: &PidNamespace) -> bool {
    child_reaper(ns).is_some_and(|reaper| ptr::eq(reaper.as_ptr(), task))
}

/// Returns the child reaper of the active namespace of `current`.
pub(crate) fn reaper_of<'a>(
    current: &'a CurrentTask,
    _tasklist: &'a TasklistRead,
) -> Option<&'a Task> {
    let reaper = child_reaper(current.active_pid_ns()?)?;
    // SAFETY: A child reaper is released after all other tasks in its namespace, and `current` is
    // one of them, or the reaper itself. `child_reaper` changes under the lock.
    Some(unsafe { reaper.as_ref() })
}

/// Returns the cache for the pids of `ns`.
#[inline]
pub(super) fn pid_cache(ns: &PidNamespace) -> PidCache {
    // SAFETY: The field is set before the namespace has pids, and never changes.
    let cache = unsafe { NonNull::new_unchecked((*ns.as_ptr()).pid_cachep) };
    // SAFETY: The cache was created for the level of the namespace.
    unsafe { PidCache::from_raw(cache, ns.level()) }
}

/// Prepares the initial namespace for PID allocation.
///
/// # Safety
///
/// Must be called once at boot, before the first pid is allocated, with the cache of level 0.
pub(crate) unsafe fn init_initial(cache: PidCache) {
    let ns = PidNamespace::initial().as_ptr();
    // SAFETY: The caller promises that nobody uses these fields yet.
    unsafe {
        numbers::init(ns, 0);
        (*ns).pid_cachep = cache.as_ptr();
    }
}

/// Returns `vm.memfd_noexec` of `ns` itself, regardless of its ancestors.
#[cfg(all(CONFIG_SYSCTL, CONFIG_MEMFD_CREATE))]
#[inline]
pub(crate) fn memfd_noexec_scope(ns: &PidNamespace) -> i32 {
    // SAFETY: `ns` is valid, and the field is only accessed by single loads and stores.
    unsafe { Atomic::from_ptr(&raw mut (*ns.as_ptr()).memfd_noexec_scope) }.load(Relaxed)
}

/// Sets what [`memfd_noexec_scope()`] returns.
#[cfg(all(CONFIG_SYSCTL, CONFIG_MEMFD_CREATE))]
#[inline]
pub(crate) fn set_memfd_noexec_scope(ns: &PidNamespace, scope: i32) {
    // SAFETY: As in `memfd_noexec_scope`.
    unsafe { Atomic::from_ptr(&raw mut (*ns.as_ptr()).memfd_noexec_scope) }.store(scope, Relaxed);
}
