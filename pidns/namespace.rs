// SPDX-License-Identifier: GPL-2.0

//! How a PID namespace comes to be, and which one a task is in.

use kernel::{
    ns::UserNamespace,
    pid_namespace::PidNamespace,
    prelude::*,
    sync::{
        aref::ARef,
        rcu, //
    },
    task::Task,
};

/// Creates a PID namespace for the children of the current task, whose children are born into
/// `old` so far.
///
/// Returns `EINVAL` if `old` is not the current task's own namespace, since the hierarchy grows
/// only downwards from where one is, or if `user_ns`, which will own the new one, is not the owner
/// of `old` or a descendant of it; `ENOSPC` beyond 32 levels or the limit
/// `user.max_pid_namespaces`; `ENOMEM`. May sleep.
///
/// C counterpart: `copy_pid_ns()` with `CLONE_NEWPID`.
pub fn create(user_ns: &UserNamespace, old: &PidNamespace) -> Result<ARef<PidNamespace>> {
    PidNamespace::create(user_ns, old)
}

/// Returns the namespace that `task` itself lives in, whatever its children are born into.
///
/// Returns `ESRCH` if the task has been reaped. A namespace that has lost its last reference is not
/// brought back to life.
///
/// C counterpart: `task_active_pid_ns()` with `get_pid_ns()`.
pub fn active(task: &Task, rcu: &rcu::Guard) -> Result<ARef<PidNamespace>> {
    PidNamespace::active_of(task, rcu).ok_or(ESRCH)
}
