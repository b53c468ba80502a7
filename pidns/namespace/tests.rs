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
        as_test_user,
        child,
        nested,
        rcu_barrier,
        test_user,
        wait_until,
        with_current,
        NsChain,
        TestPid, //
    },
};
use kernel::ns::pid::{
    PidAllocated,
    PidNsLife, //
};

/// Returns how many namespaces the test user owns.
fn owned() -> Result<isize> {
    let user_ns = PidNamespace::initial().user_ns();
    let one_more = Ucount::new(user_ns, test_user()?, UcountType::PidNamespaces);
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
    fn new_namespace_is_empty() -> Result {
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
    fn pid_max_not_inherited() -> Result {
        let parent = nested(1)?;
        set_pid_max(&parent, 400);

        assert_eq!(child(&parent)?.pid_max(), PID_MAX_LIMIT);
        Ok(())
    }

    #[test]
    fn create_below_active_ns_only() -> Result {
        let initial = PidNamespace::initial();
        let elsewhere = nested(1)?;
        let made = |old| {
            with_current(|current| copy_pid_ns(current, NsType::Pid.into(), initial.user_ns(), old))
        };

        assert_eq!(made(&elsewhere).err(), Some(EINVAL));
        let ns = made(initial)?;
        assert_eq!(ns.parent(), Some(initial));
        Ok(())
    }

    #[test]
    fn max_pid_ns_level() -> Result {
        let ns = nested(32)?;
        assert_eq!(ns.level(), PidNamespace::MAX_LEVEL);
        assert_eq!(ns.self_and_ancestors().count(), 33);

        assert_eq!(child(&ns).err(), Some(ENOSPC));
        Ok(())
    }

    #[test]
    fn life_stages() -> Result {
        let ns = nested(1)?;
        assert_eq!(ns.life(), PidNsLife::AwaitingInit);
        let init = TestPid::new(&ns, &[])?;
        // A pid is not a process yet.
        assert_eq!(ns.life(), PidNsLife::AwaitingInit);
        let reaper = TestReaper::new(&ns)?;
        assert_eq!(ns.life(), PidNsLife::Alive);
        let pid = TestPid::new(&ns, &[])?;

        allocator::disable_pid_allocation(&ns);
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
    fn disable_is_permanent() -> Result {
        let ns = nested(1)?;
        allocator::disable_pid_allocation(&ns);
        allocator::disable_pid_allocation(&ns);

        assert_eq!(ns.life(), PidNsLife::Dying);
        assert_eq!(TestPid::new(&ns, &[]).err(), Some(ENOMEM));
        assert_eq!(ns.pid_allocated(), PidAllocated::Disabled(0));
        Ok(())
    }

    #[test]
    fn reaper_known_while_pids_left() -> Result {
        let last = |ns: &PidNamespace| {
            let mut pid = allocator::alloc_pid(ns, &[])?.retire();
            let mut last = None;
            while let Some(number) = pid.next() {
                last = Some((number.left(), number.child_reaper().is_some()));
            }
            pid.put_after_grace_period();
            Ok::<_, Error>(last)
        };
        let inhabited = NsChain::new(1)?;

        assert_eq!(last(&inhabited)?, Some((PidAllocated::Adding(1), true)));
        assert_eq!(last(&*nested(1)?)?, Some((PidAllocated::Adding(0), false)));
        Ok(())
    }

    #[test]
    fn initial_is_alive() {
        let initial = PidNamespace::initial();

        assert_eq!(initial.life(), PidNsLife::Alive);
        assert_eq!(initial.level(), 0);
        assert_eq!(initial.parent(), None);
        assert!(initial.is_initial());
    }

    #[test]
    fn ucount_kept_until_last_put() -> Result {
        // From an earlier run.
        assert!(wait_until(owns_nothing));
        let ns = as_test_user(true, || child(PidNamespace::initial()))??;
        let other = as_test_user(true, || child(PidNamespace::initial()))??;
        assert_eq!(owned(), Ok(2));
        let again = ns.clone();
        drop(ns);
        drop(other);
        assert!(wait_until(|| owned() == Ok(1)));

        drop(again);
        assert!(wait_until(owns_nothing));
        Ok(())
    }

    #[test]
    fn destroys_unused_ancestors() -> Result {
        assert!(wait_until(owns_nothing));
        let innermost = as_test_user(true, || nested(32))??;
        assert_eq!(owned(), Ok(32));
        // Another reference keeps half of the chain.
        let middle = innermost.self_and_ancestors().find(|ns| ns.level() == 16);
        let middle = ARef::from(middle.ok_or(ENOENT)?);

        drop(innermost);
        assert!(wait_until(|| owned() == Ok(16)));
        drop(middle);
        assert!(wait_until(owns_nothing));
        Ok(())
    }

    #[test]
    fn pid_keeps_namespace() -> Result {
        assert!(wait_until(owns_nothing));
        let ns = as_test_user(true, || child(PidNamespace::initial()))??;
        let pid = TestPid::new(&ns, &[])?;
        let found = ARef::from(&*pid);
        drop(ns);
        drop(pid);
        // The number is free, but there is a reference to the pid.
        rcu_barrier();
        assert_eq!(owned(), Ok(1));
        assert_eq!(found.ns().pid_allocated(), PidAllocated::Adding(0));

        drop(found);
        assert!(wait_until(owns_nothing));
        Ok(())
    }

    #[test]
    fn failed_create_not_counted() -> Result {
        assert!(wait_until(owns_nothing));
        let innermost = nested(32)?;
        let refused = as_test_user(true, || child(&innermost))?;

        assert_eq!(refused.err(), Some(ENOSPC));
        assert_eq!(owned(), Ok(0));
        Ok(())
    }
}
