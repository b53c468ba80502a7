// SPDX-License-Identifier: GPL-2.0

//! The pids of a task.

use super::{
    Pid,
    PidType, //
};
use crate::{
    bindings,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    task::Task,
    tasklist::RcuOrTasklist,
};
use core::{
    mem::{
        offset_of,
        size_of, //
    },
    ptr::NonNull,
};

/// Returns the task that has the link `node`.
///
/// # Safety
///
/// `node` must be the link of type `kind` of a task that is valid for the lifetime `'a`.
#[inline]
pub(super) unsafe fn linked_by<'a>(node: NonNull<bindings::hlist_node>, kind: PidType) -> &'a Task {
    const LINKS: usize = offset_of!(bindings::task_struct, pid_links);
    let offset = LINKS + kind.index() * size_of::<bindings::hlist_node>();
    // SAFETY: The caller promises that the link is at this offset of a valid task.
    unsafe { node.byte_sub(offset).cast::<Task>().as_ref() }
}

impl Task {
    /// Returns a raw pointer to the task's pointer to its pid of `kind`.
    #[doc(alias = "task_pid_ptr")]
    #[inline]
    pub fn pid_ptr(&self, kind: PidType) -> *mut *mut bindings::pid {
        let task = self.as_ptr();
        // SAFETY: `self` is valid, and so is its `signal_struct`, which it keeps until it is freed.
        unsafe {
            match kind {
                PidType::Pid => &raw mut (*task).thread_pid,
                _ => (&raw mut (*(*task).signal).pids)
                    .cast::<*mut bindings::pid>()
                    .add(kind.index()),
            }
        }
    }

    #[inline]
    fn raw_pid(&self, kind: PidType) -> *mut Pid {
        // SAFETY: The pointer is valid like `self`, and only accessed by single loads and stores.
        unsafe { Atomic::from_ptr(self.pid_ptr(kind)) }
            .load(Relaxed)
            .cast()
    }

    /// Returns the pid that the task uses as `kind`, or [`None`] if it has been reaped.
    #[doc(alias = "task_pid")]
    #[inline]
    pub fn pid_of<'a>(
        &self,
        kind: PidType,
        _guard: impl Into<RcuOrTasklist<'a>>,
    ) -> Option<&'a Pid> {
        // SAFETY: While a task points to a pid its numbers are not freed, and its memory stays for
        // a grace period after that.
        unsafe { self.raw_pid(kind).as_ref() }
    }
}
