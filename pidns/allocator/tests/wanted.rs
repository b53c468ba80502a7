// SPDX-License-Identifier: GPL-2.0

//! Numbers that the caller chooses, as `clone3(2)` lets it by `set_tid`.

use crate::{
    lookup,
    raw::limits::set_pid_max,
    testing::{
        as_some_user,
        nested,
        refusal,
        Inhabited,
        Numbered, //
    },
};
use kernel::{
    pid::PidNr,
    pid_namespace::PidNamespace,
    prelude::*, //
};

#[kunit_tests(pidns_alloc_wanted)]
mod tests {
    use super::*;

    #[test]
    fn they_are_for_the_innermost_levels() -> Result {
        let chain = Inhabited::new(3)?;
        let pid = Numbered::new(&chain, &[77, 88])?;

        assert_eq!(lookup::number_in(&pid, chain.at(3)?), PidNr::new(77));
        assert_eq!(lookup::number_in(&pid, chain.at(2)?), PidNr::new(88));
        assert_eq!(lookup::number_in(&pid, chain.at(1)?), PidNr::new(2));
        Ok(())
    }

    #[test]
    fn they_reach_out_to_the_initial_namespace() -> Result {
        let chain = Inhabited::new(2)?;
        let initial = PidNamespace::initial();
        // Nobody else gets it so soon again.
        let free = Numbered::new(initial, &[])?.own_nr().ok_or(ENOENT)?;
        let pid = Numbered::new(&chain, &[7, 8, free])?;

        assert_eq!(lookup::number_in(&pid, &chain), PidNr::new(7));
        assert_eq!(lookup::number_in(&pid, initial), PidNr::new(free));
        Ok(())
    }

    #[test]
    fn there_are_no_more_than_levels() -> Result {
        let chain = Inhabited::new(2)?;

        assert_eq!(refusal(&chain, &[7, 8, 9, 10]), Some(EINVAL));
        Ok(())
    }

    #[test]
    fn they_are_from_1_to_below_pid_max() -> Result {
        let ns = Inhabited::new(1)?;
        set_pid_max(&ns, 400);

        assert_eq!(refusal(&ns, &[0]), Some(EINVAL));
        assert_eq!(refusal(&ns, &[-1]), Some(EINVAL));
        assert_eq!(refusal(&ns, &[i32::MIN]), Some(EINVAL));
        assert_eq!(refusal(&ns, &[400]), Some(EINVAL));
        assert_eq!(refusal(&ns, &[i32::MAX]), Some(EINVAL));
        assert_eq!(refusal(&ns, &[399]), None);
        // It is taken, so it is in range.
        assert_eq!(refusal(&ns, &[1]), Some(EEXIST));
        Ok(())
    }

    #[test]
    fn each_level_has_its_own_range() -> Result {
        let chain = Inhabited::new(2)?;
        set_pid_max(chain.at(1)?, 400);

        assert_eq!(refusal(&chain, &[500, 399]), None);
        assert_eq!(refusal(&chain, &[500, 400]), Some(EINVAL));
        Ok(())
    }

    #[test]
    fn a_taken_one_is_refused_and_a_free_one_given_again() -> Result {
        let ns = Inhabited::new(1)?;
        let pid = Numbered::new(&ns, &[50])?;
        assert_eq!(refusal(&ns, &[50]), Some(EEXIST));

        drop(pid);
        assert_eq!(Numbered::new(&ns, &[50])?.own_nr(), Some(50));
        Ok(())
    }

    #[test]
    fn they_do_not_move_the_cursor() -> Result {
        let chain = Inhabited::new(2)?;
        let pid = Numbered::new(&chain, &[50])?;
        assert_eq!(chain.at(2)?.cursor(), 2);
        assert_eq!(chain.at(1)?.cursor(), 3);

        assert_eq!(Numbered::new(&chain, &[])?.own_nr(), Some(2));
        assert_eq!(pid.own_nr(), Some(50));
        Ok(())
    }

    #[test]
    fn the_search_passes_them_over() -> Result {
        let ns = Inhabited::new(1)?;
        let wanted = Numbered::new(&ns, &[2])?;

        assert_eq!(Numbered::new(&ns, &[])?.own_nr(), Some(3));
        assert_eq!(wanted.own_nr(), Some(2));
        Ok(())
    }

    #[test]
    fn it_takes_a_capability_over_each_level() -> Result {
        let ns = Inhabited::new(1)?;

        assert_eq!(as_some_user(false, || refusal(&ns, &[50]))?, Some(EPERM));
        assert_eq!(as_some_user(true, || refusal(&ns, &[50]))?, None);
        // Not so without choosing.
        assert_eq!(as_some_user(false, || refusal(&ns, &[]))?, None);
        Ok(())
    }

    #[test]
    fn the_first_process_may_want_number_1() -> Result {
        let ns = nested(1)?;

        assert_eq!(Numbered::new(&ns, &[1])?.own_nr(), Some(1));
        Ok(())
    }
}
