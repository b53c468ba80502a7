// SPDX-License-Identifier: GPL-2.0

//! PID namespaces, as far as they are namespaces like all others.
//!
//! C header: [`include/linux/pid_namespace.h`](srctree/include/linux/pid_namespace.h)

use super::{
    impl_namespace,
    Namespace,
    NsType,
    UserNamespace, //
};
use crate::{
    bindings,
    pid_namespace::PidNamespace,
    prelude::*,
    sync::{
        aref::ARef,
        rcu, //
    },
    task::Task,
};

impl_namespace!(PidNamespace, NsType::Pid, common: |ptr| &raw const (*ptr).ns);

impl PidNamespace {
    /// Creates a namespace below `old`, owned by `user_ns`.
    ///
    /// Returns `EINVAL` if `old` is not the current task's own or its owner is no ancestor of
    /// `user_ns`, `ENOSPC` beyond 32 levels or if `user.max_pid_namespaces` is reached, and
    /// `ENOMEM`. May sleep.
    #[doc(alias = "copy_pid_ns")]
    pub fn create(user_ns: &UserNamespace, old: &Self) -> Result<ARef<Self>> {
        // SAFETY: Both namespaces are valid; the result is an error or carries a reference.
        unsafe {
            super::owned(bindings::copy_pid_ns(
                NsType::Pid as u64,
                user_ns.as_ptr(),
                old.as_ptr(),
            ))
        }
    }

    /// Returns the namespace that `task` lives in, or [`None`] if the task has been reaped.
    ///
    /// This is never the namespace of the task's future children. Unlike [`Task::get_pid_ns`] it
    /// does not bring back a namespace that has lost its last reference, whoever may have dropped
    /// it: [`None`] is the answer then, too.
    #[doc(alias = "task_active_pid_ns")]
    pub fn active_of(task: &Task, _rcu: &rcu::Guard) -> Option<ARef<Self>> {
        // SAFETY: `task` is valid, and the guard shows that the read side lock is held, so that
        // its identifier, and with it the namespace, stays in memory.
        let ns = unsafe { bindings::task_active_pid_ns(task.as_ptr()) };
        let ns = core::ptr::NonNull::new(ns)?.cast::<Self>();
        // SAFETY: As above, the memory is valid here.
        if !unsafe { ns.as_ref() }.common().try_inc_ref() {
            return None;
        }
        // SAFETY: The reference was just taken.
        Some(unsafe { ARef::from_raw(ns) })
    }
}
