// SPDX-License-Identifier: GPL-2.0

//! A failure at one level undoes the allocation at all levels.

use crate::{
    allocator,
    raw::{
        limits::{
            set_pid_max,
            PID_MAX_LIMIT, //
        },
        numbers::LockedNumbers,
    },
    testing::{
        alloc_error,
        alloc_many,
        allocated,
        below_initial,
        child,
        NsChain,
        TestPid, //
    },
};
use kernel::{
    ns::pid::PidAllocated,
    pid_namespace::PidNamespace,
    prelude::*, //
};

const DEPTH: u32 = 5;

/// Returns the numbers that the next pid will get below the initial namespace.
fn next_numbers(ns: &PidNamespace) -> Result<KVec<i32>> {
    let mut numbers = KVec::new();
    for ns in below_initial(ns) {
        numbers.push(i32::try_from(ns.cursor())?, GFP_KERNEL)?;
    }
    Ok(numbers)
}

/// Returns a chain with different numbers at each level.
fn chain() -> Result<NsChain> {
    let chain = NsChain::new(DEPTH)?;
    for ns in below_initial(&chain) {
        LockedNumbers::lock(ns).set_cursor(ns.level() * 1000);
    }
    Ok(chain)
}

#[kunit_tests(pidns_alloc_levels)]
mod tests {
    use super::*;

    #[test]
    fn every_level_counts_pid() -> Result {
        let chain = chain()?;
        let pids = alloc_many(&chain, 3)?;
        assert!(allocated(&chain)?
            .iter()
            .all(|left| *left == PidAllocated::Adding(4)));

        drop(pids);
        assert!(allocated(&chain)?
            .iter()
            .all(|left| *left == PidAllocated::Adding(1)));
        Ok(())
    }

    #[test]
    fn only_ancestors_count_pid() -> Result {
        let chain = chain()?;
        let pid = TestPid::new(chain.at(3)?, &[])?;

        for ns in below_initial(&chain) {
            let expected = if ns.level() <= 3 { 2 } else { 1 };
            assert_eq!(ns.pid_allocated(), PidAllocated::Adding(expected));
        }
        assert_eq!(pid.numbers().len(), 4);
        Ok(())
    }

    #[test]
    fn full_level_undoes_all() -> Result {
        for level in 1..=DEPTH {
            let chain = chain()?;
            let next = next_numbers(&chain)?;
            let full = chain.at(level)?;
            set_pid_max(full, 2);

            assert_eq!(alloc_error(&chain, &[]), Some(EAGAIN));
            assert!(allocated(&chain)?
                .iter()
                .all(|left| *left == PidAllocated::Adding(1)));
            for ns in below_initial(&chain) {
                let moved = u32::from(ns.level() > level);
                assert_eq!(ns.cursor(), ns.level() * 1000 + moved);
            }

            // The reserved numbers are free again.
            set_pid_max(full, PID_MAX_LIMIT);
            assert_eq!(alloc_error(&chain, &next), None);
        }
        Ok(())
    }

    #[test]
    fn used_number_undoes_all() -> Result {
        for level in 0..=DEPTH {
            let chain = chain()?;
            let mut set_tid = next_numbers(&chain)?;
            set_tid.push(0, GFP_KERNEL)?;
            // Innermost first; 1 is in use at every level.
            set_tid.truncate((DEPTH - level) as usize + 1);
            let last = set_tid.last_mut().ok_or(ENOENT)?;
            *last = 1;

            assert_eq!(alloc_error(&chain, &set_tid), Some(EEXIST));
            assert!(allocated(&chain)?
                .iter()
                .all(|left| *left == PidAllocated::Adding(1)));
            let _ = set_tid.pop();
            assert_eq!(alloc_error(&chain, &set_tid), None);
        }
        Ok(())
    }

    #[test]
    fn missing_init_undoes_all() -> Result {
        for level in 1..=DEPTH {
            let outer = NsChain::new(level - 1)?;
            let mut inner = child(&outer)?;
            LockedNumbers::lock(&inner).set_cursor(2);
            for _ in level..DEPTH {
                inner = child(&inner)?;
            }
            if level == DEPTH {
                // Its own cursor is reset, so only `set_tid` fails.
                assert_eq!(alloc_error(&inner, &[2]), Some(EINVAL));
            } else {
                assert_eq!(alloc_error(&inner, &[]), Some(EINVAL));
            }

            for ns in below_initial(&inner) {
                let inhabited = ns.level() < level;
                assert_eq!(
                    ns.pid_allocated(),
                    PidAllocated::Adding(u32::from(inhabited))
                );
                if !inhabited {
                    LockedNumbers::lock(ns).set_cursor(0);
                }
            }
            assert_eq!(alloc_error(&inner, &[]), None);
        }
        Ok(())
    }

    #[test]
    fn disabled_level_undoes_all() -> Result {
        for level in 1..=DEPTH {
            let chain = chain()?;
            let next = next_numbers(&chain)?;
            allocator::disable_pid_allocation(chain.at(level)?);

            assert_eq!(alloc_error(&chain, &[]), Some(ENOMEM));
            for ns in below_initial(&chain) {
                let expected = if ns.level() == level {
                    PidAllocated::Disabled(1)
                } else {
                    PidAllocated::Adding(1)
                };
                assert_eq!(ns.pid_allocated(), expected);
            }

            // The outer levels are enabled, and the reserved numbers are free again.
            let outer = chain.at(level)?.parent().ok_or(ENOENT)?;
            let numbers = &next[(DEPTH - level) as usize + 1..];
            assert_eq!(alloc_error(outer, numbers), None);
            // The inner levels stay disabled.
            assert_eq!(alloc_error(&chain, &next), Some(ENOMEM));
        }
        Ok(())
    }

    #[test]
    fn free_after_disable() -> Result {
        let chain = chain()?;
        let pids = alloc_many(&chain, 2)?;
        allocator::disable_pid_allocation(&chain);
        assert_eq!(chain.pid_allocated(), PidAllocated::Disabled(3));

        drop(pids);
        assert_eq!(chain.pid_allocated(), PidAllocated::Disabled(1));
        assert_eq!(chain.at(1)?.pid_allocated(), PidAllocated::Adding(1));
        Ok(())
    }

    #[test]
    fn max_depth_distant_numbers() -> Result {
        let chain = NsChain::new(PidNamespace::MAX_LEVEL)?;
        // Far apart, so that each number needs nodes of its own.
        for ns in below_initial(&chain) {
            LockedNumbers::lock(ns).set_cursor(1_000_000 + ns.level());
        }
        let pids = alloc_many(&chain, 3)?;

        assert_eq!(pids[0].numbers().len(), 33);
        assert!(allocated(&chain)?
            .iter()
            .all(|left| *left == PidAllocated::Adding(4)));
        Ok(())
    }
}
