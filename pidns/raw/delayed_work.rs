// SPDX-License-Identifier: GPL-2.0

//! Delayed work that is cancelled when its owner drops it.
//!
//! C header: [`include/linux/workqueue.h`](srctree/include/linux/workqueue.h)

use kernel::{
    bindings, container_of,
    prelude::*,
    sync::Arc,
    time::Jiffies,
    workqueue::{
        self,
        HasDelayedWork,
        Work,
        WorkItem, //
    },
};

/// A queued work item. Dropping this cancels the work, or waits if it is running. May sleep.
///
/// # Invariants
///
/// The item was queued once.
pub(crate) struct Delayed<T>(Arc<T>)
where
    T: WorkItem<Pointer = Arc<T>> + HasDelayedWork<T>;

impl<T> Delayed<T>
where
    T: WorkItem<Pointer = Arc<T>> + HasDelayedWork<T> + Send + Sync + 'static,
{
    /// Queues `item`, to run after `delay`.
    ///
    /// Returns `EBUSY` if it is queued already.
    pub(crate) fn queue(item: Arc<T>, delay: Jiffies) -> Result<Self> {
        // Logging to a slow console takes long.
        workqueue::system_long()
            .enqueue_delayed(item.clone(), delay)
            .map_err(|_| EBUSY)?;
        // INVARIANT: It was queued right now.
        Ok(Self(item))
    }
}

impl<T> Drop for Delayed<T>
where
    T: WorkItem<Pointer = Arc<T>> + HasDelayedWork<T>,
{
    fn drop(&mut self) {
        let item = Arc::as_ptr(&self.0);
        // SAFETY: The item is valid, and its work is that of a `delayed_work`. The owner may sleep.
        let cancelled = unsafe {
            let work = Work::raw_get(T::raw_get_work(item.cast_mut()));
            bindings::cancel_delayed_work_sync(container_of!(work, bindings::delayed_work, work))
        };
        if cancelled {
            // SAFETY: By the type invariants the queue owned a reference, which `run` did not get.
            drop(unsafe { Arc::from_raw(item) });
        }
    }
}
