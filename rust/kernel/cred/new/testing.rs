// SPDX-License-Identifier: GPL-2.0

//! Credentials for tests of unprivileged tasks.

use super::NewCred;
use crate::{
    bindings,
    task::Kuid,
    uidgid::Kgid, //
};

impl NewCred {
    /// Sets the effective user and group IDs.
    pub fn set_effective_ids(&mut self, uid: Kuid, gid: Kgid) {
        // SAFETY: By the type invariants nobody else uses the credentials.
        unsafe {
            (*self.as_ptr()).euid = uid.into_raw();
            (*self.as_ptr()).egid = gid.into_raw();
        }
    }

    /// Clears the effective capabilities.
    pub fn drop_capabilities(&mut self) {
        // SAFETY: By the type invariants nobody else uses the credentials.
        unsafe { (*self.as_ptr()).cap_effective.val = 0 };
    }

    /// Calls `f` with these as the current task's subjective credentials.
    #[doc(alias = "override_creds")]
    pub fn with_creds<R>(self, f: impl FnOnce() -> R) -> R {
        // SAFETY: The credentials outlive the call of `f`, and were prepared by this thread.
        let own = unsafe { bindings::override_creds(self.as_ptr()) };
        let result = f();
        // SAFETY: These are the previous credentials, which the task still has a reference to. `f`
        // has reverted overrides of its own by now.
        unsafe { bindings::revert_creds(own) };
        result
    }
}
