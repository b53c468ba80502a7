// SPDX-License-Identifier: GPL-2.0

//! Allocating and freeing pids and their numbers.
//!
//! A pid has a number in its own namespace and in each ancestor. `alloc_pid()` locks the numbers of
//! these namespaces one after the other, the pid's own first, and holds all locks until it has
//! published the pid or freed its numbers again. So the numbers of a failing clone are never
//! visible, and races with a dying init have the outcomes that they have under C's single
//! `pidmap_lock`:
//!
//! * A pid is published and counted only if PID allocation is enabled at every level. An init that
//!   disables it later waits for this pid.
//! * Freeing a number wakes up an init that waits for the last one.
//! * `zap_pid_ns_processes()` kills the tasks that are linked to a pid, under `tasklist_lock`.
//!   `copy_process()` checks under the same lock, before it links a task, that PID allocation is
//!   still enabled.
//!
//! See Documentation/pidns/pids.rst.

use crate::{
    raw::{
        free::{
            FreedNumber,
            UnusedPid, //
        },
        limits::{
            INIT,
            RESERVED_PIDS, //
        },
        new_pid::{
            NewNumbers,
            NewPid,
            NotPublished,
            PublishedPid, //
        },
        numbers::LockedNumbers,
        trace, //
    },
    refusal::ForkRefusal, //
};
use kernel::{
    ns::pid::PidAllocated,
    pid::PidNr,
    pid_namespace::PidNamespace,
    prelude::*, //
};

/// Allocates a pid in `ns`.
///
/// `set_tid` has the requested numbers, in `ns` first and then in its ancestors. On return the pid
/// can be found by its numbers, but no task uses it yet.
///
/// Returns
///
/// * `EINVAL` if `set_tid` has more numbers than `ns` has levels, or one that is out of range, or
///   if the first process of a namespace would not get number 1;
/// * `EPERM` if the caller may not choose numbers in a namespace;
/// * `EEXIST` if a requested number is in use;
/// * `EAGAIN` if a namespace has no free number;
/// * `ENOMEM` if PID allocation is disabled in a namespace, or if there is no memory.
///
/// May sleep.
#[inline]
pub(crate) fn alloc_pid(ns: &PidNamespace, set_tid: &[i32]) -> Result<UnusedPid> {
    try_alloc_pid(ns, set_tid).map_err(|refusal| refusal.report(ns))
}

#[inline]
fn try_alloc_pid<'a>(ns: &'a PidNamespace, set_tid: &[i32]) -> Result<UnusedPid, ForkRefusal<'a>> {
    check_set_tid(ns, set_tid)?;

    let pid = NewPid::new(ns).map_err(|_| ForkRefusal::no_memory(ns))?;
    let pid = alloc_numbers(ns, pid, set_tid)?;
    trace::pid_alloc(&pid);
    pid.add_to_pidfs().map_err(|pid| {
        free_pid(pid);
        ForkRefusal::no_memory(ns)
    })
}

/// Checks the requested numbers and the permission to choose them, innermost first.
fn check_set_tid<'a>(ns: &'a PidNamespace, set_tid: &[i32]) -> Result<(), ForkRefusal<'a>> {
    // CAST: A level is at most 32.
    if set_tid.len() > (ns.level() as usize).saturating_add(1) {
        return Err(ForkRefusal::of_set_tid(ns, EINVAL));
    }
    for (ns, nr) in ns.self_and_ancestors().zip(set_tid) {
        if !(INIT..ns.pid_max()).contains(nr) {
            return Err(ForkRefusal::of_set_tid(ns, EINVAL));
        }
        if !ns.user_ns().may_checkpoint_restore() {
            return Err(ForkRefusal::of_set_tid(ns, EPERM));
        }
    }
    Ok(())
}

/// Allocates all numbers of `pid`, a pid of `ns`, and publishes it.
fn alloc_numbers<'a>(
    ns: &'a PidNamespace,
    mut pid: NewPid<'a>,
    set_tid: &[i32],
) -> Result<PublishedPid, ForkRefusal<'a>> {
    loop {
        let mut numbers = pid.allocate();
        match alloc_at_each_level(&mut numbers, set_tid) {
            // Checks PIDNS_ADDING at every level, after all other errors.
            Ok(()) => {
                return numbers.publish().map_err(|why| match why {
                    NotPublished::Disabled => ForkRefusal::dead_init(ns),
                    NotPublished::Incomplete => ForkRefusal::no_init(ns),
                })
            }
            // A node could not be allocated under the locks.
            Err(refusal) if refusal.error() == ENOMEM => {
                pid = numbers.preload().map_err(|_| refusal)?;
            }
            Err(refusal) => return Err(refusal),
        }
    }
}

fn alloc_at_each_level<'a>(
    numbers: &mut NewNumbers<'a>,
    set_tid: &[i32],
) -> Result<(), ForkRefusal<'a>> {
    let mut set_tid = set_tid.iter().copied();
    let mut innermost = true;
    while let Some(ns) = numbers.lock_next() {
        // A first fork that failed has moved the cursor past the number of init.
        if innermost && ns.pid_allocated() == PidAllocated::Adding(0) {
            numbers.reset_cursor();
        }
        innermost = false;
        let nr = alloc_number(numbers, ns, set_tid.next())?;
        if nr.get() != INIT && !ns.has_reaper() {
            return Err(ForkRefusal::no_init(ns));
        }
    }
    Ok(())
}

/// Allocates the number in `ns`: `set_tid`, if given.
fn alloc_number<'a>(
    numbers: &mut NewNumbers<'_>,
    ns: &'a PidNamespace,
    set_tid: Option<i32>,
) -> Result<PidNr, ForkRefusal<'a>> {
    match set_tid {
        Some(nr) => PidNr::new(nr).ok_or(EINVAL).and_then(|nr| {
            numbers.alloc(nr)?;
            Ok(nr)
        }),
        None => numbers.alloc_cyclic(first_number(ns.cursor())..ns.pid_max()),
    }
    .map_err(|error| match (error, set_tid) {
        (ENOMEM, _) => ForkRefusal::no_memory(ns),
        (ENOSPC, None) => ForkRefusal::no_number(ns),
        (ENOSPC, Some(_)) => ForkRefusal::of_set_tid(ns, EEXIST),
        (error, _) => ForkRefusal::of_set_tid(ns, error),
    })
}

/// Returns where a search that started at `cursor` continues after the wrap.
fn first_number(cursor: u32) -> i32 {
    // CAST: It is positive.
    if cursor > RESERVED_PIDS as u32 {
        RESERVED_PIDS
    } else {
        INIT
    }
}

/// Frees the numbers of a pid that no task uses, and drops their reference after a grace period.
/// `tasklist_lock` must not be held.
pub(crate) fn free_pid(pid: UnusedPid) {
    trace::pid_free(&pid);
    let mut pid = pid.retire();
    while let Some(number) = pid.next() {
        wake_reaper(&number);
    }
    pid.put_after_grace_period();
}

/// Wakes up the child reaper if it waits in `zap_pid_ns_processes()` for the last pids.
fn wake_reaper(number: &FreedNumber<'_>) {
    // Only the reaper is left and, if another thread is the leader, the leader.
    if matches!(number.left(), PidAllocated::Disabled(1 | 2)) {
        if let Some(reaper) = number.child_reaper() {
            reaper.wake_up();
        }
    }
}

/// Disables PID allocation in `ns`: clears `PIDNS_ADDING`.
pub(crate) fn disable_pid_allocation(ns: &PidNamespace) {
    LockedNumbers::lock(ns).disable_allocation();
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
mod tests;
