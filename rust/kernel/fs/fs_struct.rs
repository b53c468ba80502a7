// SPDX-License-Identifier: GPL-2.0

//! A task's root and working directory.
//!
//! In C, `unshare(2)` with `CLONE_FS` copies them, and `chroot(2)` and `chdir(2)` set them.
//!
//! C header: [`include/linux/fs_struct.h`](srctree/include/linux/fs_struct.h)

use crate::{
    bindings,
    prelude::*,
    syscall::Caller,
    types::Opaque, //
};
use core::ptr::NonNull;

/// Wraps the kernel's `struct fs_struct`. Thread safe.
///
/// Tasks created with `CLONE_FS` share one. Its own seqlock protects the paths.
#[repr(transparent)]
pub struct FsStruct(Opaque<bindings::fs_struct>);

// SAFETY: Shared references are only passed to functions that take the lock.
unsafe impl Sync for FsStruct {}

impl FsStruct {
    /// Creates a shared reference from a valid pointer.
    ///
    /// # Safety
    ///
    /// `ptr` must be valid for the lifetime of the returned reference.
    #[inline]
    pub unsafe fn from_ptr<'a>(ptr: *const bindings::fs_struct) -> &'a Self {
        // SAFETY: The caller promises validity, and the type is transparent.
        unsafe { &*ptr.cast() }
    }

    /// Returns a raw pointer to the C structure.
    #[inline]
    pub fn as_ptr(&self) -> *mut bindings::fs_struct {
        self.0.get()
    }

    /// Copies the structure, with references of its own to both paths.
    ///
    /// Returns `ENOMEM`. May sleep.
    #[doc(alias = "copy_fs_struct")]
    pub fn try_copy(&self) -> Result<FsCopy> {
        // SAFETY: `self` is valid.
        let copy = unsafe { bindings::copy_fs_struct(self.as_ptr()) };
        // INVARIANT: The copy is new, so nobody else uses it.
        NonNull::new(copy).map(FsCopy).ok_or(ENOMEM)
    }

    /// Sets root and working directory to those of `from`.
    ///
    /// May sleep.
    #[doc(alias = "set_fs_root")]
    #[doc(alias = "set_fs_pwd")]
    pub fn set_paths(&self, from: &FsCopy) {
        let from = from.0.as_ptr();
        // SAFETY: Both structures are valid. Nobody else uses `from`, so its paths do not change
        // while they are read.
        unsafe {
            bindings::set_fs_root(self.as_ptr(), &raw const (*from).root);
            bindings::set_fs_pwd(self.as_ptr(), &raw const (*from).pwd);
        }
    }
}

/// A private copy of an [`FsStruct`], freed when dropped.
///
/// # Invariants
///
/// The pointer is valid and owned: no task uses the structure.
pub struct FsCopy(NonNull<bindings::fs_struct>);

// SAFETY: The structure is not tied to a thread.
unsafe impl Send for FsCopy {}

// SAFETY: Shared references only read paths that do not change.
unsafe impl Sync for FsCopy {}

impl FsCopy {
    /// Returns a raw pointer to the C structure.
    #[inline]
    pub fn as_ptr(&self) -> *mut bindings::fs_struct {
        self.0.as_ptr()
    }
}

impl Drop for FsCopy {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the structure is owned and valid.
        unsafe { bindings::free_fs_struct(self.0.as_ptr()) };
    }
}

impl Caller<'_> {
    /// Returns the current task's root and working directory.
    #[inline]
    pub fn fs(&self) -> &FsStruct {
        // SAFETY: By the type invariants the task has one and keeps it while `self` exists.
        unsafe { FsStruct::from_ptr((*self.as_ptr()).fs) }
    }
}
