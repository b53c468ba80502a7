// SPDX-License-Identifier: GPL-2.0

//! Descriptors that refer to processes and threads.
//!
//! C headers: [`include/linux/pid.h`](srctree/include/linux/pid.h),
//! [`include/uapi/linux/pidfd.h`](srctree/include/uapi/linux/pidfd.h)

use crate::{
    bindings,
    error::to_result,
    pid::Pid,
    prelude::*,
    syscall::Caller,
    types::NotThreadSafe, //
};
use core::{
    marker::PhantomData,
    mem::ManuallyDrop,
    ptr::{
        self,
        NonNull, //
    },
};

/// Flags of `pidfd_open(2)`.
pub mod flags {
    use crate::bindings;

    /// Waiting for the process does not block.
    #[doc(alias = "PIDFD_NONBLOCK")]
    pub const NONBLOCK: u32 = bindings::O_NONBLOCK;

    /// The descriptor refers to a thread rather than to a process.
    #[doc(alias = "PIDFD_THREAD")]
    pub const THREAD: u32 = bindings::O_EXCL;
}

/// Stands for a descriptor of the thread that uses it.
#[doc(alias = "PIDFD_SELF")]
pub const SELF_THREAD: i32 = bindings::PIDFD_SELF_THREAD;

/// Stands for a descriptor of the process that uses it.
#[doc(alias = "PIDFD_SELF_PROCESS")]
pub const SELF_THREAD_GROUP: i32 = bindings::PIDFD_SELF_THREAD_GROUP;

/// A pidfd that nobody can use yet: its number is reserved, its file not yet there.
///
/// Dropping it gives both back.
///
/// # Invariants
///
/// `fd` is reserved in the table of the current task, and `file` owns a reference to a new pidfd
/// file that nobody else knows.
pub struct PreparedPidfd<'a> {
    fd: u32,
    file: NonNull<bindings::file>,
    _caller: PhantomData<&'a Caller<'a>>,
    _not_send: NotThreadSafe,
}

impl<'a> PreparedPidfd<'a> {
    /// Prepares a descriptor, closed on exec, of the process that `pid` stands for, or with
    /// [`flags::THREAD`] of the thread.
    ///
    /// Returns `ESRCH` if the task has been reaped, `ENOENT` if a process is asked for and `pid` is
    /// that of a thread which does not lead one, `EMFILE` if the table is full, and `ENOMEM`. May
    /// sleep.
    #[doc(alias = "pidfd_prepare")]
    #[inline]
    pub fn new(_caller: &'a Caller<'a>, pid: &Pid, flags: u32) -> Result<Self> {
        let mut file = ptr::null_mut();
        // Only these: others mean that more is known about `pid` than the types here tell.
        let flags = flags & (flags::NONBLOCK | flags::THREAD);
        // SAFETY: `pid` is valid, `file` valid for writes, and by its invariants the caller has a
        // table.
        let fd = unsafe { bindings::pidfd_prepare(pid.as_ptr(), flags, &raw mut file) };
        to_result(fd)?;
        // INVARIANT: The function has reserved the descriptor and made the file.
        Ok(Self {
            // CAST: Just checked not to be negative.
            fd: fd as u32,
            file: NonNull::new(file).ok_or(EINVAL)?,
            _caller: PhantomData,
            _not_send: NotThreadSafe,
        })
    }

    /// Makes the descriptor usable, and returns it.
    #[doc(alias = "fd_install")]
    #[inline]
    pub fn install(self) -> u32 {
        let this = ManuallyDrop::new(self);
        // SAFETY: By the type invariants the descriptor is reserved in the table of the current
        // task, and the reference to the file is passed on.
        unsafe { bindings::fd_install(this.fd, this.file.as_ptr()) };
        this.fd
    }
}

impl Drop for PreparedPidfd<'_> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: By the type invariants both are ours to give back, and were not given to anybody.
        unsafe {
            bindings::put_unused_fd(self.fd);
            bindings::fput(self.file.as_ptr());
        }
    }
}
