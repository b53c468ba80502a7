// SPDX-License-Identifier: GPL-2.0

//! A warning that is due when an init has waited for long: a delayed work item, so that it is
//! logged whatever the init waits in.
//!
//! C header: [`include/linux/workqueue.h`](srctree/include/linux/workqueue.h)

use super::exiting_init::ExitingInit;
use kernel::{
    bindings,
    pid_namespace::PidNamespace,
    prelude::*,
    sync::{
        aref::ARef,
        Arc, //
    },
    task::Task,
    time::Jiffies,
    workqueue::{
        self,
        impl_has_delayed_work,
        new_delayed_work,
        DelayedWork,
        HasWork,
        Work,
        WorkItem, //
    },
};

/// An init that waits, as a work item sees it.
#[pin_data]
pub(crate) struct WaitingInit {
    ns: ARef<PidNamespace>,
    task: ARef<Task>,
    pids: u32,
    warn: fn(&Self),
    #[pin]
    work: DelayedWork<Self>,
}

impl_has_delayed_work! {
    impl HasDelayedWork<Self> for WaitingInit { self.work }
}

impl WorkItem for WaitingInit {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        (this.warn)(&this);
    }
}

impl WaitingInit {
    /// Returns its namespace.
    pub(crate) fn ns(&self) -> &PidNamespace {
        &self.ns
    }

    /// Returns the task.
    pub(crate) fn task(&self) -> &Task {
        &self.task
    }

    /// Returns how many pids the process itself has.
    pub(crate) fn pids(&self) -> u32 {
        self.pids
    }
}

/// A warning that is due later, unless this is dropped before. Dropping it sleeps.
///
/// # Invariants
///
/// The work item was queued once.
pub(crate) struct ZapWarning(Arc<WaitingInit>);

impl ZapWarning {
    /// Calls `warn` after `delay`. Without memory there is no warning.
    pub(crate) fn queue(
        init: &ExitingInit<'_>,
        delay: Jiffies,
        warn: fn(&WaitingInit),
    ) -> Option<Self> {
        let waiting = Arc::pin_init(
            pin_init!(WaitingInit {
                ns: init.ns().into(),
                task: init.task().into(),
                pids: init.init_pids(),
                warn,
                work <- new_delayed_work!("pidns::ZapWarning"),
            }),
            GFP_KERNEL,
        )
        .ok()?;
        workqueue::system()
            .enqueue_delayed(waiting.clone(), delay)
            .ok()?;
        // INVARIANT: It was queued right now.
        Some(Self(waiting))
    }
}

impl Drop for ZapWarning {
    fn drop(&mut self) {
        let item = Arc::as_ptr(&self.0);
        // SAFETY: The item is valid, and its work is that of a `delayed_work`. The init may sleep.
        let cancelled = unsafe {
            let work = Work::raw_get(WaitingInit::raw_get_work(item.cast_mut()));
            bindings::cancel_delayed_work_sync(kernel::container_of!(
                work,
                bindings::delayed_work,
                work
            ))
        };
        if cancelled {
            // SAFETY: By the type invariants the queue had a reference, which `run` does not get.
            drop(unsafe { Arc::from_raw(item) });
        }
    }
}
