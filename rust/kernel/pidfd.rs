// SPDX-License-Identifier: GPL-2.0

//! pidfds: file descriptors of processes and threads.
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

    /// `waitid(2)` on the descriptor does not block.
    #[doc(alias = "PIDFD_NONBLOCK")]
    pub const NONBLOCK: u32 = bindings::O_NONBLOCK;

    /// The descriptor refers to a thread, not to a process.
    #[doc(alias = "PIDFD_THREAD")]
    pub const THREAD: u32 = bindings::O_EXCL;
}

/// Number that stands for a pidfd of the calling thread.
#[doc(alias = "PIDFD_SELF")]
pub const SELF_THREAD: i32 = bindings::PIDFD_SELF_THREAD;

/// Number that stands for a pidfd of the calling process.
#[doc(alias = "PIDFD_SELF_PROCESS")]
pub const SELF_THREAD_GROUP: i32 = bindings::PIDFD_SELF_THREAD_GROUP;

/// A pidfd that is not yet installed.
///
/// Dropping it releases the descriptor and the file.
///
/// # Invariants
///
/// `fd` is reserved in the current task's table, and `file` owns the only reference to a new pidfd
/// file.
pub struct PreparedPidfd<'a> {
    fd: u32,
    file: NonNull<bindings::file>,
    _caller: PhantomData<&'a Caller<'a>>,
    _not_send: NotThreadSafe,
}

impl<'a> PreparedPidfd<'a> {
    /// Prepares a pidfd, with `O_CLOEXEC`, for the process of `pid`, or for its thread with
    /// [`flags::THREAD`].
    ///
    /// Returns `ESRCH` if the task has been reaped, `ENOENT` without [`flags::THREAD`] if it is not
    /// a thread group leader, `EMFILE` if the table is full, and `ENOMEM`. May sleep.
    #[doc(alias = "pidfd_prepare")]
    #[inline]
    pub fn new(_caller: &'a Caller<'a>, pid: &Pid, flags: u32) -> Result<Self> {
        let mut file = ptr::null_mut();
        // Other flags have requirements on `pid` that its type does not ensure.
        let flags = flags & (flags::NONBLOCK | flags::THREAD);
        // SAFETY: `pid` is valid, `file` valid for writes, and by its invariants the caller has a
        // table.
        let fd = unsafe { bindings::pidfd_prepare(pid.as_ptr(), flags, &raw mut file) };
        to_result(fd)?;
        // INVARIANT: The function has reserved the descriptor and created the file.
        Ok(Self {
            // CAST: Just checked not to be negative.
            fd: fd as u32,
            file: NonNull::new(file).ok_or(EINVAL)?,
            _caller: PhantomData,
            _not_send: NotThreadSafe,
        })
    }

    /// Installs the file, and returns the descriptor.
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
        // SAFETY: By the type invariants we own both, and nobody else uses them.
        unsafe {
            bindings::put_unused_fd(self.fd);
            bindings::fput(self.file.as_ptr());
        }
    }
}
