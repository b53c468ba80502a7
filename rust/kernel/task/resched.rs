// SPDX-License-Identifier: GPL-2.0

//! A chance to reschedule.
//!
//! C header: [`include/linux/sched.h`](srctree/include/linux/sched.h)

use crate::bindings;

/// Lets another task run if the scheduler wants that. May sleep.
///
/// For long loops in process context: with a kernel that does not preempt itself nobody else runs
/// on this CPU meanwhile. Any driver that walks a long list is a user, as `pidns/reaper.rs` is.
///
/// # Examples
///
/// ```
/// use kernel::task::cond_resched;
///
/// let mut sum = 0u64;
/// for i in 0..1000 {
///     sum += i;
///     cond_resched();
/// }
/// assert_eq!(sum, 499_500);
/// ```
#[inline]
pub fn cond_resched() {
    // SAFETY: It schedules at most, as `might_sleep()` may.
    unsafe { bindings::cond_resched() };
}
