// SPDX-License-Identifier: GPL-2.0

//! Which number comes next, where it goes on after the last, and when there is none.

use crate::{
    allocator::first_number,
    raw::{
        limits::set_pid_max,
        numbers::LockedNumbers, //
    },
    testing::{
        own_numbers,
        refusal,
        several,
        Inhabited,
        Numbered, //
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
    fn the_wrap_leaves_the_reserved_numbers_out_once_the_cursor_is_above() {
        assert_eq!(first_number(0), 1);
        assert_eq!(first_number(1), 1);
        assert_eq!(first_number(300), 1);
        assert_eq!(first_number(301), 300);
        assert_eq!(first_number(i32::MAX as u32), 300);
        assert_eq!(first_number(u32::MAX), 300);
    }

    #[test]
    fn numbers_go_up() -> Result {
        let ns = Inhabited::new(1)?;
        let pids = several(&ns, 4)?;

        assert_eq!(own_numbers(&pids)?, [2, 3, 4, 5]);
        assert_eq!(ns.cursor(), 6);
        Ok(())
    }

    #[test]
    fn a_number_that_came_free_waits_for_the_wrap() -> Result {
        let ns = Inhabited::new(1)?;
        drop(several(&ns, 3)?);

        assert_eq!(Numbered::new(&ns, &[])?.own_nr(), Some(5));
        Ok(())
    }

    #[test]
    fn holes_are_filled_in_their_order() -> Result {
        let ns = Inhabited::new(1)?;
        let mut pids = several(&ns, 5)?;
        drop(pids.remove(3)?);
        drop(pids.remove(1)?);
        assert_eq!(own_numbers(&pids)?, [2, 4, 6]);

        LockedNumbers::lock(&ns).set_cursor(2);
        let filled = several(&ns, 3)?;
        assert_eq!(own_numbers(&filled)?, [3, 5, 7]);
        Ok(())
    }

    #[test]
    fn the_search_wraps_at_pid_max_to_300() -> Result {
        let ns = Inhabited::new(1)?;
        set_pid_max(&ns, 310);
        LockedNumbers::lock(&ns).set_cursor(308);

        let pids = several(&ns, 4)?;
        assert_eq!(own_numbers(&pids)?, [308, 309, 300, 301]);
        Ok(())
    }

    #[test]
    fn a_cursor_beyond_pid_max_wraps_as_well() -> Result {
        let ns = Inhabited::new(1)?;
        set_pid_max(&ns, 310);
        LockedNumbers::lock(&ns).set_cursor(400);

        assert_eq!(Numbered::new(&ns, &[])?.own_nr(), Some(300));
        Ok(())
    }

    #[test]
    fn the_search_wraps_to_1_from_a_low_cursor() -> Result {
        let ns = Inhabited::new(1)?;
        set_pid_max(&ns, 301);
        let one = Numbered::new(&ns, &[300])?;
        LockedNumbers::lock(&ns).set_cursor(300);

        // 1 is taken, 300 as well.
        assert_eq!(Numbered::new(&ns, &[])?.own_nr(), Some(2));
        assert_eq!(one.own_nr(), Some(300));
        Ok(())
    }

    #[test]
    fn a_full_namespace_gives_eagain_until_a_number_comes_free() -> Result {
        let ns = Inhabited::new(1)?;
        set_pid_max(&ns, 5);
        let mut pids = several(&ns, 3)?;
        assert_eq!(own_numbers(&pids)?, [2, 3, 4]);
        assert_eq!(refusal(&ns, &[]), Some(EAGAIN));
        assert_eq!(ns.pid_allocated(), PidAllocated::Adding(4));

        drop(pids.remove(1)?);
        assert_eq!(Numbered::new(&ns, &[])?.own_nr(), Some(3));
        Ok(())
    }

    #[test]
    fn the_numbers_above_300_may_be_full_alone() -> Result {
        let ns = Inhabited::new(1)?;
        set_pid_max(&ns, 303);
        LockedNumbers::lock(&ns).set_cursor(300);
        let pids = several(&ns, 3)?;
        assert_eq!(own_numbers(&pids)?, [300, 301, 302]);

        assert_eq!(refusal(&ns, &[]), Some(EAGAIN));
        // Not that there were none; but they are given once.
        drop(Numbered::new(&ns, &[2])?);
        assert_eq!(refusal(&ns, &[]), Some(EAGAIN));
        Ok(())
    }

    #[test]
    fn a_higher_pid_max_holds_at_once() -> Result {
        let ns = Inhabited::new(1)?;
        set_pid_max(&ns, 3);
        let pid = Numbered::new(&ns, &[])?;
        assert_eq!(pid.own_nr(), Some(2));
        assert_eq!(refusal(&ns, &[]), Some(EAGAIN));

        set_pid_max(&ns, 4);
        assert_eq!(Numbered::new(&ns, &[])?.own_nr(), Some(3));
        Ok(())
    }

    #[test]
    fn numbers_beyond_a_lower_pid_max_stay() -> Result {
        let ns = Inhabited::new(1)?;
        let pid = Numbered::new(&ns, &[1000])?;
        set_pid_max(&ns, 500);

        assert_eq!(pid.own_nr(), Some(1000));
        assert_eq!(ns.pid_allocated(), PidAllocated::Adding(2));
        drop(pid);
        assert_eq!(ns.pid_allocated(), PidAllocated::Adding(1));
        Ok(())
    }
}
