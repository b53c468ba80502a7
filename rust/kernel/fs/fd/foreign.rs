// SPDX-License-Identifier: GPL-2.0

//! Files from the descriptor table of another task.
//!
//! C headers: [`include/linux/fdtable.h`](srctree/include/linux/fdtable.h),
//! [`include/linux/file.h`](srctree/include/linux/file.h)

use crate::{
    bindings,
    error::to_result,
    prelude::*,
    syscall::Caller,
    task::Task, //
};
use core::ptr::NonNull;

/// A file that another task has open.
///
/// The other task may be using the file position without its lock, since it held the only
/// reference. So this is neither a [`File`](crate::fs::File) nor a
/// [`LocalFile`](crate::fs::LocalFile), and can only be installed in another descriptor table.
///
/// # Invariants
///
/// The pointer is valid and owns a reference to the file.
pub struct ForeignFile(NonNull<bindings::file>);

impl Task {
    /// Returns the file that the task has open as `fd`, or [`None`] if there is none, if it was
    /// opened with `O_PATH`, or if the task is exiting and has dropped its table.
    ///
    /// Takes the task's `alloc_lock`.
    pub fn fget_task(&self, fd: u32) -> Option<ForeignFile> {
        // SAFETY: `self` is a valid task; `fd` may be any number.
        let file = unsafe { bindings::fget_task(self.as_ptr(), fd) };
        // INVARIANT: The function has taken a reference.
        NonNull::new(file).map(ForeignFile)
    }
}

impl ForeignFile {
    /// Installs the file in the current task's descriptor table, and returns the descriptor.
    ///
    /// `flags` may have `O_CLOEXEC`.
    ///
    /// Returns `EMFILE` if the table is full, `ENOMEM`, and errors of security modules. May sleep.
    #[doc(alias = "receive_fd")]
    pub fn receive(&self, _caller: &Caller<'_>, flags: u32) -> Result<u32> {
        // SAFETY: By the type invariants the file is valid, and by its invariants the caller has a
        // table. The descriptor is not copied to userspace.
        let fd = unsafe { bindings::receive_fd(self.0.as_ptr(), core::ptr::null_mut(), flags) };
        to_result(fd)?;
        // CAST: Just checked not to be negative.
        Ok(fd as u32)
    }
}

impl Drop for ForeignFile {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the reference is ours to drop.
        unsafe { bindings::fput(self.0.as_ptr()) };
    }
}
