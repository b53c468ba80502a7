// SPDX-License-Identifier: GPL-2.0

//! Credentials of the current task, and credentials in the making.
//!
//! A task changes its credentials by preparing a copy, changing that, and committing it.
//!
//! C header: [`include/linux/cred.h`](srctree/include/linux/cred.h)
//!
//! Reference: <https://docs.kernel.org/security/credentials.html>

use crate::{
    bindings,
    cred::Credential,
    ns::UserNamespace,
    prelude::*,
    sync::{
        aref::ARef,
        rcu, //
    },
    task::{
        CurrentTask,
        Task, //
    },
    types::NotThreadSafe,
};
use core::{
    mem::ManuallyDrop,
    ptr::NonNull, //
};

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
mod testing;

/// A copy of the current task's credentials that nobody uses yet.
///
/// Dropping it leaves the task's credentials as they are.
///
/// # Invariants
///
/// The pointer owns the one reference to a valid `struct cred` that no task uses, made from the
/// credentials of this thread.
///
/// # Examples
///
/// ```
/// use kernel::new_cred::NewCred;
///
/// // Changed the mind: those of the task stay as they are.
/// let cred = NewCred::prepare()?;
/// drop(cred);
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

    /// Makes these the credentials of the current task. May sleep.
    ///
    /// References obtained by [`CurrentTask::cred`] keep the former credentials alive.
    ///
    /// # Panics
    ///
    /// It is a bug to change credentials while others override them.
    #[doc(alias = "commit_creds")]
    pub fn commit(self) {
        let cred = ManuallyDrop::new(self).0;
        // SAFETY: `cred` comes from `prepare_creds`, and its reference is passed on. The function
        // has no failure to report.
        unsafe { bindings::commit_creds(cred.as_ptr()) };
    }

    /// Returns a raw pointer to the C structure.
    #[inline]
    pub(crate) fn as_ptr(&self) -> *mut bindings::cred {
        self.0.as_ptr()
    }
}

impl Drop for NewCred {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the reference is ours to drop.
        unsafe { bindings::put_cred(self.0.as_ptr()) };
    }
}

impl Credential {
    /// Returns the user namespace that the capabilities of these credentials refer to.
    #[inline]
    pub fn user_ns(&self) -> &UserNamespace {
        // SAFETY: Credentials hold a reference to their namespace, and do not change it while there
        // are shared references to them.
        unsafe { UserNamespace::from_ptr((*self.as_ptr()).user_ns) }
    }
}

impl CurrentTask {
    /// Returns the subjective credentials of the current task.
    ///
    /// They are counted rather than borrowed, so that they outlive a [`NewCred::commit`].
    #[doc(alias = "current_cred")]
    pub fn cred(&self) -> ARef<Credential> {
        // SAFETY: An FFI call with no additional requirements. It takes a reference, and a task
        // always has credentials.
        unsafe {
            let cred = NonNull::new_unchecked(bindings::get_current_cred().cast_mut());
            ARef::from_raw(cred.cast())
        }
    }
}

impl Task {
    /// Returns the user namespace of the task's objective credentials.
    ///
    /// Under RCU the credentials themselves may have lost their last reference, so they are not
    /// handed out: a [`Credential`] could be revived by taking a reference to it.
    #[doc(alias = "__task_cred")]
    pub fn user_ns<'a>(&self, _rcu: &'a rcu::Guard) -> &'a UserNamespace {
        // SAFETY: `self` is a valid task. Its credentials are freed a grace period after the task
        // has exchanged them, so they stay as long as the guard. Until they are freed they own a
        // reference to their user namespace, which does not change once a task uses them.
        unsafe { UserNamespace::from_ptr((*bindings::__task_cred(self.as_ptr())).user_ns) }
    }
}
