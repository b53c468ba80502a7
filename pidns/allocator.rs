// SPDX-License-Identifier: GPL-2.0

//! How numbers are given to process identifiers, and taken back.
//!
//! An identifier gets a number in its own namespace and in all around it, or none at all. Until the
//! last one is given nobody finds it by any of them.
//!
//! Each namespace gives its number under a lock of its own, and no two are held at a time:
//!
//! * In a namespace that is open a number counts from when it is given. It leads to the identifier
//!   only when all are.
//! * That a namespace is closed is looked for when its number counts already. So either it is seen,
//!   and the number given back, or the init that closed it waits for that number.
//! * In one that is closed already a number does not count: nobody waits for it.
//! * Whoever gives back a number that counts wakes up an init that waits for the last one, whether
//!   a task had used it or it was given up half-made.
//! * The zap kills what is linked to an identifier under `tasklist_lock`. What is linked later sees
//!   in `fork()`, under that lock, that the namespace is closed.
//!
//! Documentation/pidns/pids.rst has the argument at length.

use kernel::{
    pid::{
        Left,
        LockedNumbers,
        NewPid,
        PidNr,
        PublishedPid,
        UnusedPid,
        UnusedPids,
        Wanted, //
    },
    pid_namespace::PidNamespace,
    prelude::*,
    task::Task, //
};

/// The number that the first process of a namespace must have.
const INIT: i32 = 1;

/// Makes an identifier in `ns`, with the numbers `wanted` in `ns` and the namespaces around it, and
/// with any in those further out.
///
/// It is to be found by its numbers when this returns, but no task uses it yet.
///
/// Returns
///
/// * `EINVAL` if `wanted` has more numbers than there are levels, or one that is out of range, or
///   if the first process of a namespace would not be number 1;
/// * `EPERM` if the caller may not choose numbers in one of the namespaces;
/// * `EEXIST` if a wanted number is taken;
/// * `EAGAIN` if a namespace has no number left;
/// * `ENOMEM` if one of them has lost its init, or if there is no memory.
///
/// May sleep. C counterpart: `alloc_pid()`.
pub(crate) fn alloc(ns: &PidNamespace, wanted: &[i32]) -> Result<UnusedPid> {
    check_wanted(ns, wanted)?;

    give_numbers(NewPid::new(ns, wake_waiting)?, wanted)?
        .add_to_pidfs()
        .map_err(|pid| {
            free(pid);
            ENOMEM
        })
}

/// Tells whether the caller may choose these numbers, from the inside out.
fn check_wanted(ns: &PidNamespace, wanted: &[i32]) -> Result {
    if wanted.len() > levels(ns) {
        return Err(EINVAL);
    }
    for (ns, nr) in ns.lineage().zip(wanted) {
        if !(INIT..ns.pid_max()).contains(nr) {
            return Err(EINVAL);
        }
        if !ns.user_ns().may_checkpoint_restore() {
            return Err(EPERM);
        }
    }
    Ok(())
}

/// Returns how many numbers an identifier of `ns` has.
fn levels(ns: &PidNamespace) -> usize {
    // CAST: A level is at most 32.
    (ns.level() as usize).saturating_add(1)
}

/// Gives `pid` all its numbers and lets it be found.
fn give_numbers(mut pid: NewPid<'_>, wanted: &[i32]) -> Result<PublishedPid> {
    let own = pid.missing();
    let mut wanted = wanted.iter().copied();
    while let Some(ns) = pid.missing() {
        let nr = give_number(&mut pid, wanted.next(), own == Some(ns))?;
        if nr.get() != INIT && !ns.has_reaper() {
            return Err(EINVAL);
        }
    }
    // That a namespace is dying is told only now, since all other errors come first.
    pid.publish()
}

/// Gives `pid` a number in the namespace whose turn it is, which may be its own.
fn give_number(pid: &mut NewPid<'_>, wanted: Option<i32>, is_own: bool) -> Result<PidNr> {
    let wanted = wanted.map(|nr| PidNr::new(nr).ok_or(EINVAL)).transpose()?;
    let when_taken = if wanted.is_some() { EEXIST } else { EAGAIN };

    pid.give(|numbers| {
        // An earlier attempt to make the first process may have failed, and moved the cursor.
        if is_own && numbers.ns().numbers_taken() == Left::Open(0) {
            numbers.restart();
        }
        wanted.map_or_else(|| next_number(numbers), Wanted::This)
    })
    .map_err(|error| if error == ENOSPC { when_taken } else { error })
}

/// Returns which number is given next.
fn next_number(numbers: &LockedNumbers<'_>) -> Wanted {
    let ns = numbers.ns();

    Wanted::Next(first_number(ns.cursor())..ns.pid_max())
}

/// Returns where a search that comes to the end goes on, if it begins at `cursor`.
fn first_number(cursor: u32) -> i32 {
    if i64::from(cursor) > i64::from(PidNamespace::RESERVED) {
        PidNamespace::RESERVED
    } else {
        INIT
    }
}

/// Gives back the numbers of an identifier that no task uses.
///
/// Whoever has found it may still look at it for a grace period. `tasklist_lock` must not be held.
///
/// C counterpart: `free_pid()`.
pub(crate) fn free(pid: UnusedPid) {
    pid.give_back(wake_waiting).put_after_grace_period();
}

/// Wakes up the reaper of a namespace that waits for all others to be gone, if they are.
fn wake_waiting(left: Left, reaper: Option<&Task>) {
    // All that is left is the reaper, perhaps with its group's leader.
    if matches!(left, Left::Closed(1 | 2)) {
        if let Some(reaper) = reaper {
            reaper.wake_up();
        }
    }
}

/// Gives back the numbers of all identifiers in `pids`.
///
/// C counterpart: `free_pids()`.
pub(crate) fn free_all(pids: &mut UnusedPids) {
    pids.take_all().for_each(free);
}

/// Lets no process begin in `ns`, for ever: no number counts that is given from now on.
///
/// C counterpart: `disable_pid_allocation()`.
pub(crate) fn close(ns: &PidNamespace) {
    ns.lock_numbers().close();
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
mod tests;
