// SPDX-License-Identifier: GPL-2.0

//! A warning if the zap of a namespace takes long. Off by default.
//!
//! It is delayed work, so that it is logged wherever the init is blocked.

use crate::{
    blockers::{
        self,
        Named, //
    },
    raw::{
        delayed_work::Delayed,
        exiting_init::ExitingInit,
        log,
        ns_common::id, //
    },
};
use kernel::{
    ns::{
        pid::PidAllocated,
        Namespace, //
    },
    pid_namespace::PidNamespace,
    prelude::*,
    sync::{
        aref::ARef,
        rcu,
        Arc, //
    },
    task::Task,
    time::{
        msecs_to_jiffies,
        Jiffies, //
    },
    workqueue::{
        impl_has_delayed_work,
        new_delayed_work,
        DelayedWork,
        WorkItem, //
    },
};

/// How many pids a warning names.
const NAMED_PIDS: u32 = 8;

/// An init that waits.
#[pin_data]
pub(crate) struct ZapWarning {
    ns: ARef<PidNamespace>,
    task: ARef<Task>,
    init_pids: u32,
    #[pin]
    work: DelayedWork<Self>,
}

impl_has_delayed_work! {
    impl HasDelayedWork<Self> for ZapWarning { self.work }
}

impl WorkItem for ZapWarning {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        this.log();
    }
}

impl ZapWarning {
    /// Queues the warning. Dropping the returned value cancels it.
    ///
    /// Returns [`None`] if warnings are off, or if there is no memory.
    pub(crate) fn queue(init: &ExitingInit<'_>) -> Option<Delayed<Self>> {
        let delay = delay(log::zap_warn_seconds())?;
        let warning = Arc::pin_init(
            pin_init!(Self {
                ns: init.ns().into(),
                task: init.task().into(),
                init_pids: init.init_pids(),
                work <- new_delayed_work!("pidns::ZapWarning"),
            }),
            GFP_KERNEL,
        )
        .ok()?;
        Delayed::queue(warning, delay).ok()
    }

    /// Logs what the init waits for.
    fn log(&self) {
        let left = pids_left(&self.ns, self.init_pids);
        if left == 0 {
            return;
        }

        log::warn(fmt!(
            "namespace {}: its init {} exits and still waits, other pids: {}\n",
            id(self.ns.common()),
            Named::of(&self.task),
            left,
        ));
        let mut from = 0;
        for _ in 0..NAMED_PIDS {
            let rcu = rcu::read_lock();
            let Some(blocker) = blockers::first(&self.ns, from, &rcu) else {
                return;
            };
            log::warn(fmt!("  nr {}: {}\n", blocker.nr, blocker.snapshot(&rcu)));
            from = blocker.nr.saturating_add(1);
        }
        if left > NAMED_PIDS {
            log::warn(fmt!("  and {} more\n", left.saturating_sub(NAMED_PIDS)));
        }
    }
}

/// Returns the delay of the warning, or [`None`] if warnings are off.
fn delay(seconds: u32) -> Option<Jiffies> {
    (seconds != 0).then(|| msecs_to_jiffies(seconds.saturating_mul(1000)))
}

/// Returns how many pids `ns` has besides those of its init's process.
pub(crate) fn pids_left(ns: &PidNamespace, init_pids: u32) -> u32 {
    let (PidAllocated::Adding(pids) | PidAllocated::Disabled(pids)) = ns.pid_allocated();

    pids.saturating_sub(init_pids)
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
#[kunit_tests(pidns_zap_warning)]
mod tests {
    use super::*;

    #[test]
    fn delay_in_jiffies() {
        assert_eq!(delay(0), None);
        assert_eq!(delay(1), Some(msecs_to_jiffies(1000)));
        assert!(delay(u32::MAX) > delay(1));
    }
}
