// SPDX-License-Identifier: GPL-2.0

//! Other changes to a task that has joined namespaces.
//!
//! C headers: [`include/linux/sem.h`](srctree/include/linux/sem.h),
//! [`include/linux/time_namespace.h`](srctree/include/linux/time_namespace.h),
//! [`include/linux/perf_event.h`](srctree/include/linux/perf_event.h)

use kernel::{
    bindings,
    ns::TimeNamespace,
    syscall::Caller, //
};

/// Applies and drops the semaphore adjustments (`SEM_UNDO`) of the current task, as its exit would.
/// May sleep.
pub(crate) fn exit_sem(caller: &Caller<'_>) {
    // SAFETY: The current task is valid, and its undo list is its own to drop.
    unsafe { bindings::exit_sem(caller.as_ptr()) };
}

/// Maps the clock offsets of `ns` in the current task's VVAR pages, and freezes them. May sleep.
pub(crate) fn timens_commit(caller: &Caller<'_>, ns: &TimeNamespace) {
    // SAFETY: Both are valid, and by the invariants of `Caller` the task has an address space.
    unsafe { bindings::timens_commit(caller.as_ptr(), ns.as_ptr()) };
}

/// Reports the namespaces of the current task to perf (`PERF_RECORD_NAMESPACES`).
pub(crate) fn perf_event_namespaces(caller: &Caller<'_>) {
    // SAFETY: The current task is valid.
    unsafe { bindings::perf_event_namespaces(caller.as_ptr()) };
}
