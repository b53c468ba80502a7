// SPDX-License-Identifier: GPL-2.0

//! How the numbers of pids are allocated and freed.
//!
//! A pid gets a number in its own namespace and in each ancestor, or in none.
//!
//! The lock of each namespace's numbers is taken as its turn comes, from the pid's own outwards,
//! and all are held until the last number is had and the pid is published, or all are freed again.
//! So nobody sees a number that a failing clone had, and what C's one lock gives for all namespaces
//! is had for those on the way out:
//!
//! * A pid is published where PID allocation is not disabled at any level, and counted there. An
//!   init that disables it later waits for that pid.
//! * Whoever frees a number wakes up an init that waits for the last one.
//! * The zap kills what is linked to a pid under `tasklist_lock`. What is linked later sees in
//!   `fork()`, under that lock, that PID allocation is disabled.
//!
//! Documentation/pidns/pids.rst has the argument at length.

use kernel::{
    pid::{
        NewNumbers,
        NewPid,
        PidAllocated,
        PidNr,
        PublishedPid,
        UnusedPid,
        UnusedPids, //
    },
    pid_namespace::PidNamespace,
    prelude::*,
    task::Task, //
};

/// The number that the first process of a namespace must have.
const INIT: i32 = 1;

/// Allocates a pid in `ns`, with the numbers `set_tid` in `ns` and the namespaces around it, and
/// with any in those further out.
///
/// It is to be found by its numbers when this returns, but no task uses it yet.
///
/// Returns
///
/// * `EINVAL` if `set_tid` has more numbers than there are levels, or one that is out of range, or
///   if the first process of a namespace would not be number 1;
/// * `EPERM` if the caller may not choose numbers in one of the namespaces;
/// * `EEXIST` if one of them is not free;
/// * `EAGAIN` if a namespace has no number left;
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
    for (ns, nr) in ns.lineage().zip(set_tid) {
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
            // That a namespace is dead comes last, as all other errors take precedence.
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

/// Returns where a search that comes to the end goes on, if it begins at `cursor`.
fn first_number(cursor: u32) -> i32 {
    if i64::from(cursor) > i64::from(PidNamespace::RESERVED) {
        PidNamespace::RESERVED
    } else {
        INIT
    }
}

/// Frees the numbers of a pid that no task uses.
///
/// Whoever has found it may still look at it for a grace period. `tasklist_lock` must not be held.
///
/// C counterpart: `free_pid()`.
pub(crate) fn free(pid: UnusedPid) {
    pid.free_numbers(wake_reaper).put_after_grace_period();
}

/// Wakes up the reaper of a namespace that waits for all others to be gone, if they are.
fn wake_reaper(left: PidAllocated, reaper: Option<&Task>) {
    // All that is left is the reaper, perhaps with its group's leader.
    if matches!(left, PidAllocated::Disabled(1 | 2)) {
        if let Some(reaper) = reaper {
            reaper.wake_up();
        }
    }
}

/// Frees the numbers of all pids in `pids`.
///
/// C counterpart: `free_pids()`.
pub(crate) fn free_all(pids: &mut UnusedPids) {
    pids.take_all().for_each(UnusedPid::free);
}

/// Disables PID allocation in `ns`.
///
/// C counterpart: `disable_pid_allocation()`.
pub(crate) fn disable(ns: &PidNamespace) {
    ns.lock_numbers().disable_allocation();
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
mod tests;
