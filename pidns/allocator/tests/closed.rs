// SPDX-License-Identifier: GPL-2.0

//! Whom a number counts for that is given up: those who wait for it, not those who were gone.

use crate::{
    allocator,
    testing::{
        child,
        Inhabited, //
    },
};
use kernel::{
    pid::{
        Left,
        NewPid,
        Wanted, //
    },
    pid_namespace::PidNamespace,
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    task::Task, //
};

/// How often it was told that a number came free in a closed namespace where others are left.
static TOLD: Atomic<u32> = Atomic::new(0);

fn tell(left: Left, _reaper: Option<&Task>) {
    if matches!(left, Left::Closed(_)) {
        TOLD.add(1, Relaxed);
    }
}

/// Begins an identifier in `ns`, with all of its numbers.
fn half_made(ns: &PidNamespace) -> Result<NewPid<'_>> {
    let mut pid = NewPid::new(ns, tell)?;
    while pid.missing().is_some() {
        pid.give(|numbers| Wanted::Next(PidNamespace::RESERVED..numbers.ns().pid_max()))?;
    }
    Ok(pid)
}

#[kunit_tests(pidns_alloc_closed)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_before_is_waited_for() -> Result {
        let chain = Inhabited::new(1)?;
        let told = TOLD.load(Relaxed);
        let pid = half_made(&chain)?;
        allocator::close(&chain);
        assert_eq!(chain.numbers_taken(), Left::Closed(2));

        assert_eq!(pid.publish().err(), Some(ENOMEM));
        assert_eq!(chain.numbers_taken(), Left::Closed(1));
        assert_eq!(TOLD.load(Relaxed), told + 1);
        Ok(())
    }

    #[test]
    fn what_is_taken_after_is_not() -> Result {
        let chain = Inhabited::new(1)?;
        let told = TOLD.load(Relaxed);
        allocator::close(&chain);
        let pid = half_made(&chain)?;
        assert_eq!(chain.numbers_taken(), Left::Closed(1));

        assert_eq!(pid.publish().err(), Some(ENOMEM));
        assert_eq!(chain.numbers_taken(), Left::Closed(1));
        assert_eq!(TOLD.load(Relaxed), told);
        Ok(())
    }

    #[test]
    fn each_level_is_asked_for_itself() -> Result {
        let outer = Inhabited::new(2)?;
        let inner = child(&outer)?;
        let told = TOLD.load(Relaxed);
        allocator::close(outer.at(1)?);
        let pid = half_made(&inner)?;
        assert_eq!(inner.numbers_taken(), Left::Open(1));
        assert_eq!(outer.numbers_taken(), Left::Open(2));
        assert_eq!(outer.at(1)?.numbers_taken(), Left::Closed(1));

        assert_eq!(pid.publish().err(), Some(ENOMEM));
        assert_eq!(inner.numbers_taken(), Left::Open(0));
        assert_eq!(outer.numbers_taken(), Left::Open(1));
        assert_eq!(outer.at(1)?.numbers_taken(), Left::Closed(1));
        assert_eq!(TOLD.load(Relaxed), told);
        Ok(())
    }

    #[test]
    fn only_who_waits_for_it_is_told() -> Result {
        let outer = Inhabited::new(2)?;
        let told = TOLD.load(Relaxed);
        allocator::close(outer.at(1)?);
        let pid = half_made(&outer)?;
        allocator::close(&outer);
        assert_eq!(outer.numbers_taken(), Left::Closed(2));
        assert_eq!(outer.at(1)?.numbers_taken(), Left::Closed(1));

        drop(pid);
        assert_eq!(outer.numbers_taken(), Left::Closed(1));
        assert_eq!(outer.at(1)?.numbers_taken(), Left::Closed(1));
        assert_eq!(TOLD.load(Relaxed), told + 1);
        Ok(())
    }

    #[test]
    fn the_number_itself_comes_free() -> Result {
        let chain = Inhabited::new(1)?;
        allocator::close(&chain);
        chain.set_pid_max(PidNamespace::RESERVED + 1);
        drop(half_made(&chain)?);
        drop(half_made(&chain)?);
        Ok(())
    }
}
