// SPDX-License-Identifier: GPL-2.0

//! IPC namespaces.
//!
//! C headers: [`include/linux/ipc_namespace.h`](srctree/include/linux/ipc_namespace.h),
//! [`include/linux/sem.h`](srctree/include/linux/sem.h)

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
    /// Wraps the kernel's `struct ipc_namespace`: System V IPC objects and POSIX message queues.
    pub struct IpcNamespace(
        ipc_namespace,
        NsType::Ipc,
        put: bindings::put_ipc_ns,
        common: |ptr| &raw const (*ptr).ns
    );
}

impl IpcNamespace {
    /// Creates an empty namespace owned by `user_ns`.
    ///
    /// Returns `ENOSPC` if `user.max_ipc_namespaces` is reached, `ENOMEM`, and `EINVAL` in a kernel
    /// that has but one. May sleep.
    #[doc(alias = "copy_ipcs")]
    #[cfg(CONFIG_IPC_NS)]
    pub fn create(user_ns: &UserNamespace, old: Option<&Self>) -> Result<ARef<Self>> {
        let old = old.ok_or(EINVAL)?;
        // SAFETY: Both namespaces are valid; the result is an error or carries a reference.
        unsafe {
            super::owned(bindings::copy_ipcs(
                NsType::Ipc as u64,
                user_ns.as_ptr(),
                old.as_ptr(),
            ))
        }
    }

    /// Creates a namespace: here there is but one, `EINVAL`.
    #[cfg(not(CONFIG_IPC_NS))]
    pub fn create(_user_ns: &UserNamespace, _old: Option<&Self>) -> Result<ARef<Self>> {
        Err(EINVAL)
    }
}

impl Caller<'_> {
    /// Applies and forgets the semaphore adjustments (`SEM_UNDO`) of the current task, as its exit
    /// would. May sleep.
    #[doc(alias = "exit_sem")]
    pub fn undo_semaphores(&self) {
        // SAFETY: The current task is valid, and its own undo list is its own to drop.
        unsafe { bindings::exit_sem(self.as_ptr()) };
    }
}
