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
        limits::RESERVED_PIDS,
        new_pid::{
            NewNumbers,
            NewPid,
            NotPublished,
            PublishedPid, //
        },
        numbers::LockedNumbers,
        trace, //
    },
    refusal, //
};
use kernel::{
    ns::pid::PidAllocated,
    pid::PidNr,
    pid_namespace::PidNamespace,
    prelude::*, //
};

/// The number of a namespace's first process.
const INIT: i32 = 1;

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
    try_alloc_pid(ns, set_tid).inspect_err(|error| refusal::report_fork(ns, set_tid, *error))
}

#[inline]
fn try_alloc_pid(ns: &PidNamespace, set_tid: &[i32]) -> Result<UnusedPid> {
    check_set_tid(ns, set_tid)?;

    let pid = alloc_numbers(NewPid::new(ns)?, set_tid)?;
    trace::pid_alloc(&pid);
    pid.add_to_pidfs().map_err(|pid| {
        free_pid(pid);
        ENOMEM
    })
}

/// Checks the requested numbers and the permission to choose them, innermost first.
fn check_set_tid(ns: &PidNamespace, set_tid: &[i32]) -> Result {
    if set_tid.len() > levels(ns) {
        return Err(EINVAL);
    }
    for (ns, nr) in ns.self_and_ancestors().zip(set_tid) {
        if !is_number(ns, *nr) {
            return Err(EINVAL);
        }
        if !ns.user_ns().may_checkpoint_restore() {
            return Err(EPERM);
        }
    }
    Ok(())
}

/// Returns whether `nr` is a number that `ns` may have.
#[inline]
fn is_number(ns: &PidNamespace, nr: i32) -> bool {
    (INIT..ns.pid_max()).contains(&nr)
}

/// Returns whether `set_tid` has numbers that `ns` and its ancestors may have, and not too many.
pub(crate) fn is_in_range(ns: &PidNamespace, set_tid: &[i32]) -> bool {
    let mut pairs = ns.self_and_ancestors().zip(set_tid);

    set_tid.len() <= levels(ns) && pairs.all(|(ns, nr)| is_number(ns, *nr))
}

/// Returns how many numbers a pid of `ns` has.
fn levels(ns: &PidNamespace) -> usize {
    // CAST: A level is at most 32.
    (ns.level() as usize).saturating_add(1)
}

/// Allocates all numbers of `pid` and publishes it.
fn alloc_numbers<'a>(mut pid: NewPid<'a>, set_tid: &[i32]) -> Result<PublishedPid> {
    loop {
        let mut numbers = pid.allocate();
        match alloc_at_each_level(&mut numbers, set_tid) {
            // Checks PIDNS_ADDING at every level, after all other errors.
            Ok(()) => {
                return numbers.publish().map_err(|why| match why {
                    NotPublished::Disabled => ENOMEM,
                    NotPublished::Incomplete => EINVAL,
                })
            }
            // A node could not be allocated under the locks.
            Err(ENOMEM) => pid = numbers.preload()?,
            Err(error) => return Err(error),
        }
    }
}

fn alloc_at_each_level(numbers: &mut NewNumbers<'_>, set_tid: &[i32]) -> Result {
    let mut set_tid = set_tid.iter().copied();
    let mut innermost = true;
    while let Some(ns) = numbers.lock_next() {
        // A first fork that failed has moved the cursor past the number of init.
        if innermost && ns.pid_allocated() == PidAllocated::Adding(0) {
            numbers.reset_cursor()?;
        }
        innermost = false;
        let nr = alloc_number(numbers, ns, set_tid.next())?;
        if nr.get() != INIT && !ns.has_reaper() {
            return Err(EINVAL);
        }
    }
    Ok(())
}

/// Allocates the number in `ns`: `set_tid`, if given.
fn alloc_number(
    numbers: &mut NewNumbers<'_>,
    ns: &PidNamespace,
    set_tid: Option<i32>,
) -> Result<PidNr> {
    let (done, if_none) = match set_tid {
        Some(nr) => {
            let nr = PidNr::new(nr).ok_or(EINVAL)?;
            (numbers.alloc(nr).map(|()| nr), EEXIST)
        }
        None => {
            let range = first_number(ns.cursor())..ns.pid_max();
            (numbers.alloc_cyclic(range), EAGAIN)
        }
    };
    done.map_err(|error| if error == ENOSPC { if_none } else { error })
}

/// Returns where a search that started at `cursor` continues after the wrap.
fn first_number(cursor: u32) -> i32 {
    if i64::from(cursor) > i64::from(RESERVED_PIDS) {
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
