// SPDX-License-Identifier: GPL-2.0

//! Allocating and freeing pids and their numbers.
//!
//! A pid has a number in its own namespace and in each ancestor. `alloc()` locks the numbers of
//! these namespaces one after the other, the pid's own first, and holds all locks until it has
//! published the pid or freed its numbers again. So nobody sees a number of a clone that fails, and
//! races with a dying init are decided as under C's single `pidmap_lock`:
//!
//! * A pid is published only if PID allocation is enabled at every level, and is counted there. An
//!   init that disables it later waits for this pid.
//! * Freeing a number wakes up an init that waits for the last one.
//! * `zap_pid_ns_processes()` kills the tasks that are linked to a pid under `tasklist_lock`. A
//!   task that is linked later sees in `copy_process()`, under the same lock, that PID allocation
//!   is disabled.
//!
//! See Documentation/pidns/pids.rst.

use crate::raw::{
    free::{
        FreedNumber,
        UnusedPid, //
    },
    limits::RESERVED_PIDS,
    new_pid::{
        NewNumbers,
        NewPid,
        PublishedPid, //
    },
    numbers::LockedNumbers,
};
use kernel::{
    ns::pid::PidAllocated,
    pid::PidNr,
    pid_namespace::PidNamespace,
    prelude::*, //
};

/// The number that the first process of a namespace must have.
const INIT: i32 = 1;

/// Allocates a pid in `ns`.
///
/// `set_tid` has its number in `ns`, then those in the ancestors, as far as the caller chooses
/// them. The pid can be found by its numbers when this returns, but no task uses it yet.
///
/// Returns
///
/// * `EINVAL` if `set_tid` has more numbers than `ns` has levels, or one that is out of range, or
///   if the first process of a namespace would not get number 1;
/// * `EPERM` if the caller may not choose numbers in one of the namespaces;
/// * `EEXIST` if a chosen number is in use;
/// * `EAGAIN` if a namespace has no free number;
/// * `ENOMEM` if PID allocation is disabled in one of the namespaces, or if there is no memory.
///
/// May sleep. C counterpart: `alloc_pid()`.
pub(crate) fn alloc(ns: &PidNamespace, set_tid: &[i32]) -> Result<UnusedPid> {
    check_set_tid(ns, set_tid)?;

    alloc_numbers(NewPid::new(ns)?, set_tid)?
        .add_to_pidfs()
        .map_err(|pid| {
            free(pid);
            ENOMEM
        })
}

/// Checks whether the caller may choose these numbers, the innermost first.
fn check_set_tid(ns: &PidNamespace, set_tid: &[i32]) -> Result {
    if set_tid.len() > levels(ns) {
        return Err(EINVAL);
    }
    for (ns, nr) in ns.self_and_ancestors().zip(set_tid) {
        if !(INIT..ns.pid_max()).contains(nr) {
            return Err(EINVAL);
        }
        if !ns.user_ns().may_checkpoint_restore() {
            return Err(EPERM);
        }
    }
    Ok(())
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
            // All other errors take precedence over that of a dead namespace.
            Ok(()) => return numbers.publish(),
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
        // For the case when the previous attempt to create init failed.
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

/// Allocates the number in `ns`, which is `set_tid` if that is given.
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

/// Returns where a search that began at `cursor` goes on after a wrap.
fn first_number(cursor: u32) -> i32 {
    if i64::from(cursor) > i64::from(RESERVED_PIDS) {
        RESERVED_PIDS
    } else {
        INIT
    }
}

/// Frees the numbers of a pid that no task uses, and drops the reference that belonged to them
/// after a grace period. `tasklist_lock` must not be held.
///
/// C counterpart: `free_pid()`.
pub(crate) fn free(pid: UnusedPid) {
    let mut pid = pid.retire();
    while let Some(number) = pid.next() {
        wake_reaper(&number);
    }
    pid.put_after_grace_period();
}

/// Wakes up a child reaper that waits in `zap_pid_ns_processes()` for all others to be gone.
fn wake_reaper(number: &FreedNumber<'_>) {
    // The reaper itself, and perhaps its thread group leader.
    if matches!(number.left(), PidAllocated::Disabled(1 | 2)) {
        if let Some(reaper) = number.child_reaper() {
            reaper.wake_up();
        }
    }
}

/// Disables PID allocation in `ns`.
///
/// C counterpart: `disable_pid_allocation()`.
pub(crate) fn disable(ns: &PidNamespace) {
    LockedNumbers::lock(ns).disable_allocation();
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
mod tests;
