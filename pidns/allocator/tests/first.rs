// SPDX-License-Identifier: GPL-2.0

//! The first process of a namespace must get number 1.

use crate::{
    raw::{
        numbers::LockedNumbers,
        testing::TestReaper, //
    },
    testing::{
        alloc_error,
        nested,
        NsChain,
        TestPid, //
    },
};
use kernel::{
    ns::pid::PidAllocated,
    pid_namespace::PidNamespace,
    prelude::*, //
};

#[kunit_tests(pidns_alloc_first)]
mod tests {
    use super::*;

    #[test]
    fn first_pid_is_1_at_every_level() -> Result {
        let ns = nested(3)?;
        let pid = TestPid::new(&ns, &[])?;

        assert!(pid.numbers()[1..]
            .iter()
            .all(|upid| upid.nr().is_some_and(|nr| nr.get() == 1)));
        assert_eq!(pid.numbers().len(), 4);
        Ok(())
    }

    #[test]
    fn first_pid_not_1_einval() -> Result {
        let ns = nested(1)?;

        assert_eq!(alloc_error(&ns, &[2]), Some(EINVAL));
        assert_eq!(ns.pid_allocated(), PidAllocated::Adding(0));
        Ok(())
    }

    #[test]
    fn first_pid_is_1_after_failure() -> Result {
        let ns = nested(1)?;
        assert_eq!(alloc_error(&ns, &[2]), Some(EINVAL));
        // As a later failure leaves it.
        LockedNumbers::lock(&ns).set_cursor(2);

        assert_eq!(TestPid::new(&ns, &[])?.own_nr(), Some(1));
        Ok(())
    }

    #[test]
    fn first_pid_is_1_after_free() -> Result {
        let ns = nested(1)?;
        drop(TestPid::new(&ns, &[])?);
        assert_eq!(ns.cursor(), 2);

        assert_eq!(TestPid::new(&ns, &[])?.own_nr(), Some(1));
        Ok(())
    }

    #[test]
    fn second_pid_needs_reaper() -> Result {
        let ns = nested(1)?;
        let init = TestPid::new(&ns, &[])?;
        assert_eq!(alloc_error(&ns, &[]), Some(EINVAL));
        assert_eq!(alloc_error(&ns, &[5]), Some(EINVAL));
        assert_eq!(ns.pid_allocated(), PidAllocated::Adding(1));

        let reaper = TestReaper::new(&ns)?;
        assert_eq!(alloc_error(&ns, &[5]), None);
        drop(reaper);
        assert_eq!(init.own_nr(), Some(1));
        Ok(())
    }

    #[test]
    fn ancestors_need_reaper() -> Result {
        let inner = nested(2)?;
        let outer = inner.parent().ok_or(ENOENT)?;
        // Allocated, but no reaper yet.
        let init = TestPid::new(outer, &[])?;

        assert_eq!(alloc_error(&inner, &[]), Some(EINVAL));
        assert_eq!(inner.pid_allocated(), PidAllocated::Adding(0));
        drop(init);
        LockedNumbers::lock(outer).set_cursor(0);
        assert_eq!(TestPid::new(&inner, &[])?.own_nr(), Some(1));
        Ok(())
    }

    #[test]
    fn cursor_reset_only_without_pids() -> Result {
        let ns = NsChain::new(1)?;
        LockedNumbers::lock(&ns).set_cursor(100);

        assert_eq!(TestPid::new(&ns, &[])?.own_nr(), Some(100));
        Ok(())
    }

    #[test]
    fn test_reaper_ebusy() -> Result {
        let ns = NsChain::new(1)?;

        assert_eq!(TestReaper::new(&ns).err(), Some(EBUSY));
        assert_eq!(TestReaper::new(PidNamespace::initial()).err(), Some(EBUSY));
        Ok(())
    }
}
