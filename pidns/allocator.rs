// SPDX-License-Identifier: GPL-2.0

//! How numbers are given to process identifiers, and taken back.
//!
//! An identifier gets a number in its own namespace and in all around it, or none at all. Until the
//! last one is given nobody finds it by any of them.

use kernel::{
    pid::{
        Left,
        NewPid,
        PidNr,
        PidmapLock,
        PublishedPid,
        UnusedPid,
        UnusedPids, //
    },
    pid_namespace::PidNamespace,
    prelude::*, //
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

    give_numbers(NewPid::new(ns)?, wanted)?
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
    // An earlier attempt to make the first process may have failed, and moved the cursor.
    if let Some(ns) = pid.missing() {
        if ns.numbers_taken() == Left::Open(0) {
            ns.restart(pid.lock());
        }
    }

    let mut wanted = wanted.iter().copied();
    while let Some(ns) = pid.missing() {
        let nr = give_number(&mut pid, wanted.next())?;
        if nr.get() != INIT && !ns.has_reaper() {
            return Err(EINVAL);
        }
    }
    // That a namespace is dying is told only now, since all other errors come first.
    pid.publish()
}

/// Gives `pid` a number in the namespace whose turn it is.
fn give_number(pid: &mut NewPid<'_>, wanted: Option<i32>) -> Result<PidNr> {
    let (given, when_taken) = match wanted {
        Some(nr) => (pid.take(PidNr::new(nr).ok_or(EINVAL)?), EEXIST),
        None => {
            let range = |ns: &PidNamespace| first_number(ns.cursor())..ns.pid_max();
            (pid.take_next(range), EAGAIN)
        }
    };
    given.map_err(|error| if error == ENOSPC { when_taken } else { error })
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
    let retired = pid.give_back(|left, reaper| {
        // All that is left is the reaper, perhaps with its group's leader. It may wait for that.
        if matches!(left, Left::Closed(1 | 2)) {
            if let Some(reaper) = reaper {
                reaper.wake_up();
            }
        }
    });
    retired.put_after_grace_period();
}

/// Gives back the numbers of all identifiers in `pids`.
///
/// C counterpart: `free_pids()`.
pub(crate) fn free_all(pids: &mut UnusedPids) {
    pids.take_all().for_each(free);
}

/// Lets `ns` give no more numbers, for ever.
///
/// C counterpart: `disable_pid_allocation()`.
pub(crate) fn close(ns: &PidNamespace) {
    ns.close(&PidmapLock::lock());
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
mod tests;
