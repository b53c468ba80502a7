// SPDX-License-Identifier: GPL-2.0

//! Time namespaces.
//!
//! C header: [`include/linux/time_namespace.h`](srctree/include/linux/time_namespace.h)

use super::{
    declare_namespace,
    NsType,
    UserNamespace, //
};
use crate::{
    bindings,
    prelude::*,
    sync::aref::ARef,
    syscall::Caller, //
};

declare_namespace! {
    /// Wraps the kernel's `struct time_namespace`: offsets of the monotonic and the boot clock.
    pub struct TimeNamespace(
        time_namespace,
        NsType::Time,
        put: bindings::put_time_ns,
        common: |ptr| &raw const (*ptr).ns
    );
}

impl TimeNamespace {
    /// Creates a namespace owned by `user_ns` with the offsets of `old`.
    ///
    /// Returns `ENOSPC` if `user.max_time_namespaces` is reached, `ENOMEM`, and `EINVAL` in a
    /// kernel that has but one. May sleep.
    #[doc(alias = "copy_time_ns")]
    #[cfg(CONFIG_TIME_NS)]
    pub fn create(user_ns: &UserNamespace, old: Option<&Self>) -> Result<ARef<Self>> {
        let old = old.ok_or(EINVAL)?;
        // SAFETY: Both namespaces are valid; the result is an error or carries a reference.
        unsafe {
            super::owned(bindings::copy_time_ns(
                NsType::Time as u64,
                user_ns.as_ptr(),
                old.as_ptr(),
            ))
        }
    }

    /// Creates a namespace: here there is but one, `EINVAL`.
    #[cfg(not(CONFIG_TIME_NS))]
    pub fn create(_user_ns: &UserNamespace, _old: Option<&Self>) -> Result<ARef<Self>> {
        Err(EINVAL)
    }
}

impl Caller<'_> {
    /// Makes the clock pages of the current task's address space show the offsets of `ns`, which
    /// become fixed. May sleep.
    #[doc(alias = "timens_commit")]
    pub fn commit_time_ns(&self, ns: &TimeNamespace) {
        // SAFETY: Both are valid, and by the type invariants the task has an address space.
        unsafe { bindings::timens_commit(self.as_ptr(), ns.as_ptr()) };
    }
}
