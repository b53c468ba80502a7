// SPDX-License-Identifier: GPL-2.0

//! Tests of the life of a namespace.

use super::*;
use crate::{
    allocator,
    raw::{
        limits::{
            set_pid_max,
            PID_MAX_LIMIT, //
        },
        state::reboot_signal,
        testing::TestReaper,
    },
    testing::{
        as_some_user,
        child,
        comes_true,
        nested,
        some_user,
        Inhabited,
        Numbered, //
    },
};
use kernel::{
    ns::pid::{
        PidAllocated,
        PidNsLife, //
    },
    pid::with_current,
};

/// Returns how many namespaces the tests' own user owns.
fn owned() -> Result<isize> {
    let user_ns = PidNamespace::initial().user_ns();
    let one_more = Ucount::new(user_ns, some_user()?, UcountType::PidNamespaces);
    let total = one_more.ok_or(ENOSPC)?.total();

    Ok(total.saturating_sub(1))
}

fn owns_nothing() -> bool {
    owned() == Ok(0)
}

#[kunit_tests(pidns_namespace)]
mod suite {
    use super::*;

    #[test]
    fn it_begins_below_its_parent_and_empty() -> Result {
        let parent = nested(2)?;
        let ns = child(&parent)?;

        assert_eq!(ns.level(), 3);
        assert_eq!(ns.parent(), Some(&*parent));
        assert!(core::ptr::eq(ns.user_ns(), parent.user_ns()));
        assert!(!ns.is_initial());
        assert_eq!(ns.pid_max(), PID_MAX_LIMIT);
        assert_eq!(ns.cursor(), 0);
        assert_eq!(ns.pid_allocated(), PidAllocated::Adding(0));
        assert!(!ns.has_reaper());
        assert_eq!(reboot_signal(&ns), None);
        Ok(())
    }

    #[test]
    fn it_does_not_take_its_limit_from_its_parent() -> Result {
        let parent = nested(1)?;
        set_pid_max(&parent, 400);

        assert_eq!(child(&parent)?.pid_max(), PID_MAX_LIMIT);
        Ok(())
    }

    #[test]
    fn it_is_made_only_below_where_one_lives() -> Result {
        let initial = PidNamespace::initial();
        let elsewhere = nested(1)?;
        let made = |old| with_current(|current| create(current, initial.user_ns(), old));

        assert_eq!(made(&elsewhere).err(), Some(EINVAL));
        let ns = made(initial)?;
        assert_eq!(ns.parent(), Some(initial));
        Ok(())
    }

    #[test]
    fn there_are_32_levels_below_the_initial_one() -> Result {
        let ns = nested(32)?;
        assert_eq!(ns.level(), PidNamespace::MAX_LEVEL);
        assert_eq!(ns.lineage().count(), 33);

        assert_eq!(child(&ns).err(), Some(ENOSPC));
        Ok(())
    }

    #[test]
    fn it_waits_for_its_init_lives_and_dies() -> Result {
        let ns = nested(1)?;
        assert_eq!(ns.life(), PidNsLife::AwaitingInit);
        let init = Numbered::new(&ns, &[])?;
        // A number is not a process yet.
        assert_eq!(ns.life(), PidNsLife::AwaitingInit);
        let reaper = TestReaper::new(&ns)?;
        assert_eq!(ns.life(), PidNsLife::Alive);
        let pid = Numbered::new(&ns, &[])?;

        allocator::disable(&ns);
        assert_eq!(ns.life(), PidNsLife::Dying);
        assert_eq!(ns.pid_allocated(), PidAllocated::Disabled(2));
        drop(pid);
        drop(reaper);
        drop(init);
        assert_eq!(ns.life(), PidNsLife::Dying);
        assert_eq!(ns.pid_allocated(), PidAllocated::Disabled(0));
        Ok(())
    }

    #[test]
    fn it_stays_closed() -> Result {
        let ns = nested(1)?;
        allocator::disable(&ns);
        allocator::disable(&ns);

        assert_eq!(ns.life(), PidNsLife::Dying);
        assert_eq!(Numbered::new(&ns, &[]).err(), Some(ENOMEM));
        assert_eq!(ns.pid_allocated(), PidAllocated::Disabled(0));
        Ok(())
    }

    #[test]
    fn it_tells_its_reaper_as_long_as_pids_are_left() -> Result {
        let last = |ns: &PidNamespace| {
            let mut pid = allocator::alloc(ns, &[])?.retire();
            let mut last = None;
            while let Some(number) = pid.next() {
                last = Some((number.left(), number.child_reaper().is_some()));
            }
            pid.put_after_grace_period();
            Ok::<_, Error>(last)
        };
        let inhabited = Inhabited::new(1)?;

        assert_eq!(last(&inhabited)?, Some((PidAllocated::Adding(1), true)));
        assert_eq!(last(&*nested(1)?)?, Some((PidAllocated::Adding(0), false)));
        Ok(())
    }

    #[test]
    fn the_initial_one_is_alive() {
        let initial = PidNamespace::initial();

        assert_eq!(initial.life(), PidNsLife::Alive);
        assert_eq!(initial.level(), 0);
        assert_eq!(initial.parent(), None);
        assert!(initial.is_initial());
    }

    #[test]
    fn the_current_task_lives_in_the_initial_one() -> Result {
        let ns = with_current(|current| active(current, &rcu::read_lock()))?;

        assert!(ns.is_initial());
        Ok(())
    }

    #[test]
    fn it_counts_for_its_user_until_its_last_reference_is_gone() -> Result {
        // From an earlier run.
        assert!(comes_true(owns_nothing));
        let ns = as_some_user(true, || child(PidNamespace::initial()))??;
        let other = as_some_user(true, || child(PidNamespace::initial()))??;
        assert_eq!(owned(), Ok(2));
        let again = ns.clone();
        drop(ns);
        drop(other);
        assert!(comes_true(|| owned() == Ok(1)));

        drop(again);
        assert!(comes_true(owns_nothing));
        Ok(())
    }

    #[test]
    fn it_ends_with_all_above_it_that_it_kept() -> Result {
        assert!(comes_true(owns_nothing));
        let innermost = as_some_user(true, || nested(32))??;
        assert_eq!(owned(), Ok(32));
        // Half of the chain is held by somebody else.
        let middle = innermost.lineage().find(|ns| ns.level() == 16);
        let middle = ARef::from(middle.ok_or(ENOENT)?);

        drop(innermost);
        assert!(comes_true(|| owned() == Ok(16)));
        drop(middle);
        assert!(comes_true(owns_nothing));
        Ok(())
    }

    #[test]
    fn a_pid_keeps_it() -> Result {
        assert!(comes_true(owns_nothing));
        let ns = as_some_user(true, || child(PidNamespace::initial()))??;
        let pid = Numbered::new(&ns, &[])?;
        let found = ARef::from(&*pid);
        drop(ns);
        drop(pid);
        // The number is free, but somebody looks at the pid.
        rcu::rcu_barrier();
        assert_eq!(owned(), Ok(1));
        assert_eq!(found.ns().pid_allocated(), PidAllocated::Adding(0));

        drop(found);
        assert!(comes_true(owns_nothing));
        Ok(())
    }

    #[test]
    fn a_failure_does_not_count() -> Result {
        assert!(comes_true(owns_nothing));
        let innermost = nested(32)?;
        let refused = as_some_user(true, || child(&innermost))?;

        assert_eq!(refused.err(), Some(ENOSPC));
        assert_eq!(owned(), Ok(0));
        Ok(())
    }
}
