// SPDX-License-Identifier: GPL-2.0

//! Numbers chosen by `set_tid` of `clone3(2)`.

use crate::{
    lookup,
    raw::limits::set_pid_max,
    testing::{
        alloc_error,
        as_test_user,
        nested,
        NsChain,
        TestPid, //
    },
};
use kernel::{
    pid::PidNr,
    pid_namespace::PidNamespace,
    prelude::*, //
};

#[kunit_tests(pidns_alloc_set_tid)]
mod tests {
    use super::*;

    #[test]
    fn set_tid_innermost_first() -> Result {
        let chain = NsChain::new(3)?;
        let pid = TestPid::new(&chain, &[77, 88])?;

        assert_eq!(lookup::pid_nr_ns(&pid, chain.at(3)?), PidNr::new(77));
        assert_eq!(lookup::pid_nr_ns(&pid, chain.at(2)?), PidNr::new(88));
        assert_eq!(lookup::pid_nr_ns(&pid, chain.at(1)?), PidNr::new(2));
        Ok(())
    }

    #[test]
    fn set_tid_in_initial_ns() -> Result {
        let chain = NsChain::new(2)?;
        let initial = PidNamespace::initial();
        // Not allocated again before a wrap.
        let free = TestPid::new(initial, &[])?.own_nr().ok_or(ENOENT)?;
        let pid = TestPid::new(&chain, &[7, 8, free])?;

        assert_eq!(lookup::pid_nr_ns(&pid, &chain), PidNr::new(7));
        assert_eq!(lookup::pid_nr_ns(&pid, initial), PidNr::new(free));
        Ok(())
    }

    #[test]
    fn more_than_levels_einval() -> Result {
        let chain = NsChain::new(2)?;

        assert_eq!(alloc_error(&chain, &[7, 8, 9, 10]), Some(EINVAL));
        Ok(())
    }

    #[test]
    fn range_is_1_to_pid_max() -> Result {
        let ns = NsChain::new(1)?;
        set_pid_max(&ns, 400);

        assert_eq!(alloc_error(&ns, &[0]), Some(EINVAL));
        assert_eq!(alloc_error(&ns, &[-1]), Some(EINVAL));
        assert_eq!(alloc_error(&ns, &[i32::MIN]), Some(EINVAL));
        assert_eq!(alloc_error(&ns, &[400]), Some(EINVAL));
        assert_eq!(alloc_error(&ns, &[i32::MAX]), Some(EINVAL));
        assert_eq!(alloc_error(&ns, &[399]), None);
        // In use, so in range.
        assert_eq!(alloc_error(&ns, &[1]), Some(EEXIST));
        Ok(())
    }

    #[test]
    fn range_per_level() -> Result {
        let chain = NsChain::new(2)?;
        set_pid_max(chain.at(1)?, 400);

        assert_eq!(alloc_error(&chain, &[500, 399]), None);
        assert_eq!(alloc_error(&chain, &[500, 400]), Some(EINVAL));
        Ok(())
    }

    #[test]
    fn used_number_eexist() -> Result {
        let ns = NsChain::new(1)?;
        let pid = TestPid::new(&ns, &[50])?;
        assert_eq!(alloc_error(&ns, &[50]), Some(EEXIST));

        drop(pid);
        assert_eq!(TestPid::new(&ns, &[50])?.own_nr(), Some(50));
        Ok(())
    }

    #[test]
    fn set_tid_keeps_cursor() -> Result {
        let chain = NsChain::new(2)?;
        let pid = TestPid::new(&chain, &[50])?;
        assert_eq!(chain.at(2)?.cursor(), 2);
        assert_eq!(chain.at(1)?.cursor(), 3);

        assert_eq!(TestPid::new(&chain, &[])?.own_nr(), Some(2));
        assert_eq!(pid.own_nr(), Some(50));
        Ok(())
    }

    #[test]
    fn search_skips_set_tid() -> Result {
        let ns = NsChain::new(1)?;
        let pid = TestPid::new(&ns, &[2])?;

        assert_eq!(TestPid::new(&ns, &[])?.own_nr(), Some(3));
        assert_eq!(pid.own_nr(), Some(2));
        Ok(())
    }

    #[test]
    fn capability_over_each_level() -> Result {
        let ns = NsChain::new(1)?;

        assert_eq!(
            as_test_user(false, || alloc_error(&ns, &[50]))?,
            Some(EPERM)
        );
        assert_eq!(as_test_user(true, || alloc_error(&ns, &[50]))?, None);
        // Without `set_tid` no capability is needed.
        assert_eq!(as_test_user(false, || alloc_error(&ns, &[]))?, None);
        Ok(())
    }

    #[test]
    fn first_pid_set_tid_1() -> Result {
        let ns = nested(1)?;

        assert_eq!(TestPid::new(&ns, &[1])?.own_nr(), Some(1));
        Ok(())
    }
}
