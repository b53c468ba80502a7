// SPDX-License-Identifier: GPL-2.0

//! Credentials and user namespaces of tasks.
//!
//! C header: [`include/linux/cred.h`](srctree/include/linux/cred.h)

use super::Credential;
use crate::{
    bindings,
    ns::UserNamespace,
    sync::{
        aref::ARef,
        rcu, //
    },
    task::{
        CurrentTask,
        Task, //
    },
};
use core::ptr::NonNull;

impl Credential {
    /// Returns the user namespace that the capabilities are relative to.
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
    /// Takes a reference rather than borrowing, so that the credentials outlive a
    /// [`NewCred::commit`](super::NewCred::commit).
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
    /// The credentials themselves are not returned: under RCU their count may already be zero, and
    /// taking a reference to a [`Credential`] does not check that.
    #[doc(alias = "__task_cred")]
    pub fn user_ns<'a>(&self, _rcu: &'a rcu::Guard) -> &'a UserNamespace {
        // SAFETY: `self` is a valid task. Its credentials are freed a grace period after the task
        // has replaced them, so they are valid under the guard. They own a reference to their user
        // namespace, which does not change once a task uses them.
        unsafe { UserNamespace::from_ptr((*bindings::__task_cred(self.as_ptr())).user_ns) }
    }
}
