// SPDX-License-Identifier: GPL-2.0

//! Process identifiers.
//!
//! C header: [`include/linux/pid.h`](srctree/include/linux/pid.h)

use crate::{
    bindings,
    error::from_err_ptr,
    fs::LocalFile,
    sync::{
        aref::AlwaysRefCounted,
        rcu, //
    },
    task::Task,
    types::Opaque,
};
use core::ptr::NonNull;

/// What a task uses an identifier as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum PidType {
    /// The identifier of a thread.
    Pid = bindings::pid_type_PIDTYPE_PID,
    /// The identifier of a thread group, that is, of a process.
    Tgid = bindings::pid_type_PIDTYPE_TGID,
    /// The identifier of a process group.
    Pgid = bindings::pid_type_PIDTYPE_PGID,
    /// The identifier of a session.
    Sid = bindings::pid_type_PIDTYPE_SID,
}

/// Wraps the kernel's `struct pid`. Thread safe.
///
/// It stands for a thread, a thread group, a process group or a session, however long the tasks
/// behind it live, and has one number in every PID namespace from its own out to the initial one.
///
/// # Invariants
///
/// Instances are always reference-counted through `count`.
#[repr(transparent)]
pub struct Pid(Opaque<bindings::pid>);

// SAFETY: References may be dropped on any thread.
unsafe impl Send for Pid {}

// SAFETY: What shared references lead to is constant, or is synchronised by the functions called.
unsafe impl Sync for Pid {}

// SAFETY: By the type invariants instances are always reference-counted.
unsafe impl AlwaysRefCounted for Pid {
    #[inline]
    fn inc_ref(&self) {
        // SAFETY: The existence of a shared reference means that the count is not zero.
        unsafe { bindings::get_pid(self.as_ptr()) };
    }

    #[inline]
    unsafe fn dec_ref(obj: NonNull<Self>) {
        // SAFETY: The caller gives up a reference.
        unsafe { bindings::put_pid(obj.cast().as_ptr()) };
    }
}

impl Pid {
    /// Returns a raw pointer to the C structure.
    #[inline]
    pub fn as_ptr(&self) -> *mut bindings::pid {
        self.0.get()
    }

    /// Returns what the pidfd `file` refers to, or [`None`] if it is no pidfd.
    #[doc(alias = "pidfd_pid")]
    pub fn from_pidfd(file: &LocalFile) -> Option<&Self> {
        // SAFETY: `file` is a valid file.
        let pid = from_err_ptr(unsafe { bindings::pidfd_pid(file.as_ptr()) }).ok()?;
        // SAFETY: A pidfd holds a reference to its `struct pid` for as long as it is open, which
        // the borrow of `file` guarantees.
        Some(unsafe { &*pid.cast() })
    }

    /// Returns the task that uses this identifier as `kind`, the first one if there are several.
    ///
    /// RCU keeps the task as long as the guard is held. It may be dead already.
    #[doc(alias = "pid_task")]
    pub fn task<'a>(&'a self, kind: PidType, _rcu: &'a rcu::Guard) -> Option<&'a Task> {
        // SAFETY: `self` is valid, and the guard shows that the read side lock is held.
        let task = unsafe { bindings::pid_task(self.as_ptr(), kind as bindings::pid_type) };
        // SAFETY: A task that is found under RCU is freed only after the guard is gone.
        NonNull::new(task).map(|task| unsafe { task.cast().as_ref() })
    }
}
