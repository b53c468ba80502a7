// SPDX-License-Identifier: GPL-2.0

//! New credentials for the current task.
//!
//! A task changes its credentials by preparing a copy, modifying it and committing it.
//!
//! C header: [`include/linux/cred.h`](srctree/include/linux/cred.h)
//!
//! Reference: <https://docs.kernel.org/security/credentials.html>

use crate::{
    bindings,
    prelude::*,
    syscall::Caller,
    types::NotThreadSafe, //
};
use core::{
    mem::ManuallyDrop,
    ptr::NonNull, //
};

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
mod testing;

/// A copy of the current task's credentials that no task uses yet.
///
/// Dropping it leaves the task's credentials as they are.
///
/// # Invariants
///
/// The pointer owns the only reference to a valid `struct cred` that no task uses, prepared by this
/// thread.
///
/// # Examples
///
/// ```
/// use kernel::cred::NewCred;
///
/// // Without a commit, the task's credentials do not change.
/// drop(NewCred::prepare()?);
/// # Ok::<(), Error>(())
/// ```
pub struct NewCred(NonNull<bindings::cred>, NotThreadSafe);

impl NewCred {
    /// Copies the current task's credentials.
    ///
    /// Returns `ENOMEM`. May sleep.
    #[doc(alias = "prepare_creds")]
    pub fn prepare() -> Result<Self> {
        // SAFETY: An FFI call with no additional requirements.
        let cred = unsafe { bindings::prepare_creds() };
        // INVARIANT: The copy is new, and the reference is ours.
        let cred = NonNull::new(cred).ok_or(ENOMEM)?;
        Ok(Self(cred, NotThreadSafe))
    }

    /// Installs these credentials on the current task. May sleep.
    ///
    /// References obtained by [`CurrentTask::cred`](crate::task::CurrentTask::cred) keep the old
    /// credentials alive.
    #[doc(alias = "commit_creds")]
    pub fn commit(self, _caller: &Caller<'_>) {
        let cred = ManuallyDrop::new(self).0;
        // SAFETY: `cred` comes from `prepare_creds`, and its reference is passed on. The caller's
        // credentials are not overridden, for which this would be a `BUG()`. It always returns 0.
        unsafe { bindings::commit_creds(cred.as_ptr()) };
    }

    /// Returns a raw pointer to the C structure.
    #[inline]
    pub fn as_ptr(&self) -> *mut bindings::cred {
        self.0.as_ptr()
    }
}

impl Drop for NewCred {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the reference is ours to drop.
        unsafe { bindings::put_cred(self.0.as_ptr()) };
    }
}
