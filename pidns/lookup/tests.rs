// SPDX-License-Identifier: GPL-2.0

//! Tests of look-ups between numbers, pids and tasks.

use super::*;
use crate::testing::{
    child,
    NsChain,
    TestPid, //
};
use kernel::{
    pid::with_current,
    prelude::*, //
};

const DEPTH: u32 = PidNamespace::MAX_LEVEL;

/// Returns the number that pids of [`at_every_level()`] have at `level`: different for each pair of
/// levels.
fn number_at(own_level: u32, level: u32) -> i32 {
    (1000 + own_level * 100 + level) as i32
}

/// Allocates a pid in each namespace of the chain, starting with the initial one.
fn at_every_level(chain: &NsChain) -> Result<KVec<TestPid>> {
    let mut pids = KVec::new();
    for own_level in 0..=DEPTH {
        let mut set_tid = KVec::new();
        for level in (1..=own_level).rev() {
            set_tid.push(number_at(own_level, level), GFP_KERNEL)?;
        }
        pids.push(TestPid::new(chain.at(own_level)?, &set_tid)?, GFP_KERNEL)?;
    }
    Ok(pids)
}

#[kunit_tests(pidns_lookup)]
mod suite {
    use super::*;

    #[test]
    fn numbers_at_own_and_outer_levels() -> Result {
        let chain = NsChain::new(DEPTH)?;
        let pids = at_every_level(&chain)?;

        for (own_level, pid) in (0..=DEPTH).zip(&pids) {
            assert_eq!(pid.ns(), chain.at(own_level)?);
            for level in 0..=DEPTH {
                let nr = pid_nr_ns(pid, chain.at(level)?);
                if level > own_level {
                    assert_eq!(nr, None);
                } else if level > 0 {
                    assert_eq!(nr, PidNr::new(number_at(own_level, level)));
                } else {
                    assert!(nr.is_some() && nr == pid.numbers()[0].nr());
                }
            }
        }
        Ok(())
    }

    #[test]
    fn no_number_in_unrelated_ns() -> Result {
        let chain = NsChain::new(DEPTH)?;
        let pid = TestPid::new(&chain, &[])?;

        assert_eq!(pid.numbers().len(), 33);
        for (level, upid) in (0..=DEPTH).zip(pid.numbers()) {
            assert_eq!(upid.ns(), chain.at(level)?);
        }
        Ok(())
    }

    #[test]
    fn find_at_every_level() -> Result {
        let chain = NsChain::new(DEPTH)?;
        let pids = at_every_level(&chain)?;

        for pid in &pids {
            for upid in pid.numbers() {
                let nr = upid.nr().map_or(0, PidNr::get);
                let found = upid.ns().find(nr, &rcu::read_lock()).map(ARef::from);
                assert!(found.is_some_and(|found| *found == **pid));
            }
        }
        Ok(())
    }

    #[test]
    fn freed_numbers_not_found() -> Result {
        let chain = NsChain::new(3)?;
        let pid = TestPid::new(&chain, &[50, 60, 70])?;
        let outer = chain.at(1)?;
        assert!(outer.find(70, &rcu::read_lock()).is_some());

        drop(pid);
        assert!(chain.find(50, &rcu::read_lock()).is_none());
        assert!(outer.find(70, &rcu::read_lock()).is_none());
        Ok(())
    }

    #[test]
    fn siblings_not_found() -> Result {
        let parent = NsChain::new(1)?;
        let (one, other) = (child(&parent)?, child(&parent)?);
        let pid = TestPid::new(&one, &[])?;
        // The same number at the same level.
        let others = TestPid::new(&other, &[])?;

        assert_eq!(pid_nr_ns(&pid, &one), PidNr::new(1));
        assert_eq!(pid_nr_ns(&pid, &other), None);
        assert_eq!(pid_nr_ns(&others, &one), None);
        assert!(pid_nr_ns(&pid, &parent).is_some());
        Ok(())
    }

    #[test]
    fn numbers_below_1_not_found() -> Result {
        let ns = NsChain::new(1)?;

        for nr in [0, -1, i32::MIN] {
            assert!(ns.find(nr, &rcu::read_lock()).is_none());
            assert!(PidNamespace::initial()
                .find(nr, &rcu::read_lock())
                .is_none());
        }
        Ok(())
    }

    #[test]
    fn find_ge_in_order() -> Result {
        let ns = NsChain::new(1)?;
        let pids = [TestPid::new(&ns, &[9])?, TestPid::new(&ns, &[5])?];
        let next = |nr| ns.find_ge(nr, &rcu::read_lock()).map(|(nr, _)| nr);

        assert_eq!(next(0), Some(1));
        assert_eq!(next(1), Some(1));
        assert_eq!(next(2), Some(5));
        assert_eq!(next(5), Some(5));
        assert_eq!(next(6), Some(9));
        assert_eq!(next(10), None);
        drop(pids);
        assert_eq!(next(2), None);
        Ok(())
    }

    #[test]
    fn null_ns_means_current() -> Result {
        let ns = NsChain::new(1)?;
        let pid = TestPid::new(&ns, &[50])?;
        let in_initial = pid_nr_ns(&pid, PidNamespace::initial());

        assert_eq!(with_current(|current| pid_vnr(current, &pid)), in_initial);
        let nr = in_initial.map_or(0, PidNr::get);
        let found = with_current(|current| find_get_pid(current, nr));
        assert!(found.is_some_and(|found| *found == *pid));
        Ok(())
    }

    #[test]
    fn current_by_number() {
        let initial = PidNamespace::initial();
        let nr =
            with_current(|current| task_pid_nr_ns(current, current, PidType::Pid, Some(initial)));
        let nr = nr.map_or(0, PidNr::get);

        let found = with_current(|current| find_get_task_by_vpid(current, nr));
        assert!(found.is_some_and(|found| with_current(|current| *found == **current)));
        let rcu = rcu::read_lock();
        let same = find_task_by_pid_ns(nr, initial, RcuOrTasklist::from(&rcu))
            .is_some_and(|found| with_current(|current| *found == **current));
        drop(rcu);
        assert!(same);
    }

    #[test]
    fn current_by_pid() -> Result {
        for kind in [PidType::Pid, PidType::Tgid] {
            let pid = with_current(|current| get_task_pid(current, kind)).ok_or(ESRCH)?;

            let task = get_pid_task(&pid, kind);
            assert!(task.is_some_and(|task| with_current(|current| *task == **current)));
        }
        Ok(())
    }

    #[test]
    fn no_number_of_task_in_child_ns() -> Result {
        let ns = NsChain::new(1)?;
        let nr = with_current(|current| task_pid_nr_ns(current, current, PidType::Pid, Some(&ns)));

        assert_eq!(nr, None);
        Ok(())
    }

    #[test]
    fn pid_without_tasks() -> Result {
        let ns = NsChain::new(1)?;
        let pid = TestPid::new(&ns, &[50])?;

        for kind in PidType::ALL {
            assert!(get_pid_task(&pid, kind).is_none());
        }
        let rcu = rcu::read_lock();
        let found = find_task_by_pid_ns(50, &ns, RcuOrTasklist::from(&rcu)).is_some();
        drop(rcu);
        assert!(!found);
        Ok(())
    }
}
