// SPDX-License-Identifier: GPL-2.0

//! The first process of a namespace, which must be number 1.

use crate::{
    raw::{
        numbers::LockedNumbers,
        testing::TestReaper, //
    },
    testing::{
        nested,
        refusal,
        Inhabited,
        Numbered, //
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
    fn it_gets_1_at_every_new_level() -> Result {
        let ns = nested(3)?;
        let pid = Numbered::new(&ns, &[])?;

        assert!(pid.numbers()[1..]
            .iter()
            .all(|upid| upid.nr().is_some_and(|nr| nr.get() == 1)));
        assert_eq!(pid.numbers().len(), 4);
        Ok(())
    }

    #[test]
    fn another_number_is_refused() -> Result {
        let ns = nested(1)?;

        assert_eq!(refusal(&ns, &[2]), Some(EINVAL));
        assert_eq!(ns.pid_allocated(), PidAllocated::Adding(0));
        Ok(())
    }

    #[test]
    fn it_gets_1_after_a_failure() -> Result {
        let ns = nested(1)?;
        assert_eq!(refusal(&ns, &[2]), Some(EINVAL));
        // As a failure later on leaves it.
        LockedNumbers::lock(&ns).set_cursor(2);

        assert_eq!(Numbered::new(&ns, &[])?.own_nr(), Some(1));
        Ok(())
    }

    #[test]
    fn it_gets_1_after_one_that_never_lived() -> Result {
        let ns = nested(1)?;
        drop(Numbered::new(&ns, &[])?);
        assert_eq!(ns.cursor(), 2);

        assert_eq!(Numbered::new(&ns, &[])?.own_nr(), Some(1));
        Ok(())
    }

    #[test]
    fn a_second_one_waits_until_there_is_a_reaper() -> Result {
        let ns = nested(1)?;
        let init = Numbered::new(&ns, &[])?;
        assert_eq!(refusal(&ns, &[]), Some(EINVAL));
        assert_eq!(refusal(&ns, &[5]), Some(EINVAL));
        assert_eq!(ns.pid_allocated(), PidAllocated::Adding(1));

        let reaper = TestReaper::new(&ns)?;
        assert_eq!(refusal(&ns, &[5]), None);
        drop(reaper);
        assert_eq!(init.own_nr(), Some(1));
        Ok(())
    }

    #[test]
    fn levels_further_out_must_be_inhabited_or_new() -> Result {
        let inner = nested(2)?;
        let outer = inner.parent().ok_or(ENOENT)?;
        // Somebody was to be its first process, and is not yet.
        let init = Numbered::new(outer, &[])?;

        assert_eq!(refusal(&inner, &[]), Some(EINVAL));
        assert_eq!(inner.pid_allocated(), PidAllocated::Adding(0));
        drop(init);
        LockedNumbers::lock(outer).set_cursor(0);
        assert_eq!(Numbered::new(&inner, &[])?.own_nr(), Some(1));
        Ok(())
    }

    #[test]
    fn a_cursor_is_set_back_only_where_there_is_nobody() -> Result {
        let ns = Inhabited::new(1)?;
        LockedNumbers::lock(&ns).set_cursor(100);

        assert_eq!(Numbered::new(&ns, &[])?.own_nr(), Some(100));
        Ok(())
    }

    #[test]
    fn nobody_takes_the_office_of_a_reaper_that_is_there() -> Result {
        let ns = Inhabited::new(1)?;

        assert_eq!(TestReaper::new(&ns).err(), Some(EBUSY));
        assert_eq!(TestReaper::new(PidNamespace::initial()).err(), Some(EBUSY));
        Ok(())
    }
}
