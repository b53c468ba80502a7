// SPDX-License-Identifier: GPL-2.0

//! The cyclic search for a free number.

use crate::{
    allocator::first_number,
    raw::{
        limits::set_pid_max,
        numbers::LockedNumbers, //
    },
    testing::{
        alloc_error,
        alloc_many,
        own_numbers,
        NsChain,
        TestPid, //
    },
};
use kernel::{
    ns::pid::PidAllocated,
    prelude::*, //
};

#[kunit_tests(pidns_alloc_search)]
mod tests {
    use super::*;

    #[test]
    fn wrap_skips_reserved_pids() {
        assert_eq!(first_number(0), 1);
        assert_eq!(first_number(1), 1);
        assert_eq!(first_number(300), 1);
        assert_eq!(first_number(301), 300);
        assert_eq!(first_number(i32::MAX as u32), 300);
        assert_eq!(first_number(u32::MAX), 300);
    }

    #[test]
    fn numbers_ascend() -> Result {
        let ns = NsChain::new(1)?;
        let pids = alloc_many(&ns, 4)?;

        assert_eq!(own_numbers(&pids)?, [2, 3, 4, 5]);
        assert_eq!(ns.cursor(), 6);
        Ok(())
    }

    #[test]
    fn freed_number_waits_for_wrap() -> Result {
        let ns = NsChain::new(1)?;
        drop(alloc_many(&ns, 3)?);

        assert_eq!(TestPid::new(&ns, &[])?.own_nr(), Some(5));
        Ok(())
    }

    #[test]
    fn holes_filled_in_order() -> Result {
        let ns = NsChain::new(1)?;
        let mut pids = alloc_many(&ns, 5)?;
        drop(pids.remove(3)?);
        drop(pids.remove(1)?);
        assert_eq!(own_numbers(&pids)?, [2, 4, 6]);

        LockedNumbers::lock(&ns).set_cursor(2);
        let filled = alloc_many(&ns, 3)?;
        assert_eq!(own_numbers(&filled)?, [3, 5, 7]);
        Ok(())
    }

    #[test]
    fn wraps_at_pid_max_to_300() -> Result {
        let ns = NsChain::new(1)?;
        set_pid_max(&ns, 310);
        LockedNumbers::lock(&ns).set_cursor(308);

        let pids = alloc_many(&ns, 4)?;
        assert_eq!(own_numbers(&pids)?, [308, 309, 300, 301]);
        Ok(())
    }

    #[test]
    fn cursor_beyond_pid_max_wraps() -> Result {
        let ns = NsChain::new(1)?;
        set_pid_max(&ns, 310);
        LockedNumbers::lock(&ns).set_cursor(400);

        assert_eq!(TestPid::new(&ns, &[])?.own_nr(), Some(300));
        Ok(())
    }

    #[test]
    fn low_cursor_wraps_to_1() -> Result {
        let ns = NsChain::new(1)?;
        set_pid_max(&ns, 301);
        let one = TestPid::new(&ns, &[300])?;
        LockedNumbers::lock(&ns).set_cursor(300);

        // 1 and 300 are in use.
        assert_eq!(TestPid::new(&ns, &[])?.own_nr(), Some(2));
        assert_eq!(one.own_nr(), Some(300));
        Ok(())
    }

    #[test]
    fn full_namespace_eagain() -> Result {
        let ns = NsChain::new(1)?;
        set_pid_max(&ns, 5);
        let mut pids = alloc_many(&ns, 3)?;
        assert_eq!(own_numbers(&pids)?, [2, 3, 4]);
        assert_eq!(alloc_error(&ns, &[]), Some(EAGAIN));
        assert_eq!(ns.pid_allocated(), PidAllocated::Adding(4));

        drop(pids.remove(1)?);
        assert_eq!(TestPid::new(&ns, &[])?.own_nr(), Some(3));
        Ok(())
    }

    #[test]
    fn full_above_300_eagain() -> Result {
        let ns = NsChain::new(1)?;
        set_pid_max(&ns, 303);
        LockedNumbers::lock(&ns).set_cursor(300);
        let pids = alloc_many(&ns, 3)?;
        assert_eq!(own_numbers(&pids)?, [300, 301, 302]);

        assert_eq!(alloc_error(&ns, &[]), Some(EAGAIN));
        // Lower ones are free, but not searched.
        drop(TestPid::new(&ns, &[2])?);
        assert_eq!(alloc_error(&ns, &[]), Some(EAGAIN));
        Ok(())
    }

    #[test]
    fn raised_pid_max_applies() -> Result {
        let ns = NsChain::new(1)?;
        set_pid_max(&ns, 3);
        let pid = TestPid::new(&ns, &[])?;
        assert_eq!(pid.own_nr(), Some(2));
        assert_eq!(alloc_error(&ns, &[]), Some(EAGAIN));

        set_pid_max(&ns, 4);
        assert_eq!(TestPid::new(&ns, &[])?.own_nr(), Some(3));
        Ok(())
    }

    #[test]
    fn lowered_pid_max_keeps_pids() -> Result {
        let ns = NsChain::new(1)?;
        let pid = TestPid::new(&ns, &[1000])?;
        set_pid_max(&ns, 500);

        assert_eq!(pid.own_nr(), Some(1000));
        assert_eq!(ns.pid_allocated(), PidAllocated::Adding(2));
        drop(pid);
        assert_eq!(ns.pid_allocated(), PidAllocated::Adding(1));
        Ok(())
    }
}
