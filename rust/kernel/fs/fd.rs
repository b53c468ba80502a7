// SPDX-License-Identifier: GPL-2.0

//! Looking up files by descriptor: the current task's in a system call, and other tasks'.
//!
//! C header: [`include/linux/file.h`](srctree/include/linux/file.h)

use super::{
    file::BadFdError,
    LocalFile, //
};
use crate::{
    bindings,
    syscall::Caller,
    types::NotThreadSafe, //
};
use core::{
    marker::PhantomData,
    ops::Deref, //
};

mod foreign;

pub use self::foreign::ForeignFile;

/// Bits of `struct fd` that are not part of the pointer to the file.
const FLAGS: usize = (bindings::FDPUT_FPUT | bindings::FDPUT_POS_UNLOCK) as usize;

/// A file from the current task's descriptor table.
///
/// Unlike [`LocalFile::fget`] this takes a reference only if the table is shared. Otherwise nobody
/// else can close the descriptor meanwhile.
///
/// # Invariants
///
/// `raw` is what `fdget` returned in the current task, for a descriptor that was open.
pub struct Fd<'a> {
    raw: bindings::fd,
    _caller: PhantomData<&'a Caller<'a>>,
    _not_send: NotThreadSafe,
}

impl<'a> Fd<'a> {
    /// Looks up `fd`.
    ///
    /// Returns [`BadFdError`], which converts to `EBADF`, if it is not open or was opened with
    /// `O_PATH`.
    ///
    /// The borrow ends before the system call does. Until then the descriptor stays open if nobody
    /// else shares the table, since safe Rust cannot close one.
    #[doc(alias = "fdget")]
    #[inline]
    pub fn get(_caller: &'a Caller<'_>, fd: u32) -> Result<Self, BadFdError> {
        // SAFETY: By its invariants the caller has a table; `fd` may be any number.
        let raw = unsafe { bindings::fdget(fd) };
        if raw.word == 0 {
            return Err(BadFdError);
        }
        // INVARIANT: `raw` comes from `fdget` and is not empty.
        Ok(Self {
            raw,
            _caller: PhantomData,
            _not_send: NotThreadSafe,
        })
    }
}

impl Deref for Fd<'_> {
    type Target = LocalFile;

    fn deref(&self) -> &LocalFile {
        // CAST: `word` is the address of the file with flags in the low bits.
        let file = (self.raw.word & !FLAGS) as *const bindings::file;
        // SAFETY: By the type invariants `file` is valid: either `fdget` took a reference, or the
        // table's reference stays while this task is in the system call. An `fdget_pos` that
        // skipped the lock can only be on this thread.
        unsafe { LocalFile::from_raw_file(file) }
    }
}

impl Drop for Fd<'_> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: By the type invariants `raw` comes from `fdget`, and is put once.
        unsafe { bindings::fdput(self.raw) };
    }
}
