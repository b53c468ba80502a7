// SPDX-License-Identifier: GPL-2.0

//! Credentials for tests of what a task without rights may do.

use super::NewCred;
use crate::{
    bindings,
    task::Kuid,
    uidgid::Kgid, //
};

impl NewCred {
    /// Makes them those of another user and group, as what the task does is judged by.
    pub fn set_effective_ids(&mut self, uid: Kuid, gid: Kgid) {
        // SAFETY: By the type invariants nobody else uses the credentials.
        unsafe {
            (*self.as_ptr()).euid = uid.into_raw();
            (*self.as_ptr()).egid = gid.into_raw();
        }
    }

    /// Takes all capabilities away.
    pub fn drop_capabilities(&mut self) {
        // SAFETY: By the type invariants nobody else uses the credentials.
        unsafe { (*self.as_ptr()).cap_effective.val = 0 };
    }

    /// Calls `f` with these as the subjective credentials of the current task.
    #[doc(alias = "override_creds")]
    pub fn act<R>(self, f: impl FnOnce() -> R) -> R {
        // SAFETY: The credentials outlive the call of `f`, and were made from those of this thread.
        let own = unsafe { bindings::override_creds(self.as_ptr()) };
        let result = f();
        // SAFETY: These are the credentials from before, which the task has kept a reference to.
        // What `f` itself has overridden is restored by now.
        unsafe { bindings::revert_creds(own) };
        result
    }
}
