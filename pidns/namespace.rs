// SPDX-License-Identifier: GPL-2.0

//! Creating PID namespaces, and the namespace of a task.

use crate::{
    abi,
    caches,
    raw::new_ns::NewPidNamespace, //
};
use kernel::{
    ns::{
        NsType,
        NsTypes,
        UserNamespace, //
    },
    pid_namespace::PidNamespace,
    prelude::*,
    sync::{
        aref::ARef,
        rcu, //
    },
    task::{
        CurrentTask,
        Kuid,
        Task, //
    },
    ucount::{
        Ucount,
        UcountType, //
    },
};

/// Returns the PID namespace for the children of `current`, `old` until now: a new one if `types`
/// has [`NsType::Pid`], else `old`.
///
/// Returns the errors of [`create`]. May sleep.
///
/// C counterpart: `copy_pid_ns()`.
pub(crate) fn copy(
    current: &CurrentTask,
    types: NsTypes,
    user_ns: &UserNamespace,
    old: &PidNamespace,
) -> Result<ARef<PidNamespace>> {
    if types.contains(NsType::Pid) {
        create(current, user_ns, old)
    } else {
        Ok(old.into())
    }
}

/// Creates a PID namespace below `old`, owned by `user_ns`, for the children of `current`.
///
/// Returns `EINVAL` if `old` is not the namespace that `current` lives in, or if `user_ns` is not
/// the owner of `old` or a descendant of it; `ENOSPC` beyond 32 levels or the limit
/// `user.max_pid_namespaces`; `ENOMEM`. May sleep.
///
/// C counterpart: `copy_pid_ns()` with `CLONE_NEWPID`.
fn create(
    current: &CurrentTask,
    user_ns: &UserNamespace,
    old: &PidNamespace,
) -> Result<ARef<PidNamespace>> {
    if current.active_pid_ns() != Some(old) {
        return Err(EINVAL);
    }
    create_below(user_ns, old)
}

/// As [`create()`], wherever the current task lives.
pub(crate) fn create_below(
    user_ns: &UserNamespace,
    old: &PidNamespace,
) -> Result<ARef<PidNamespace>> {
    if !old.user_ns().is_or_contains(user_ns) {
        return Err(EINVAL);
    }
    if old.level() >= PidNamespace::MAX_LEVEL {
        return Err(ENOSPC);
    }
    let count = Ucount::new(user_ns, Kuid::current_euid(), UcountType::PidNamespaces);
    let count = count.ok_or(ENOSPC)?;
    let cache = caches::for_level(old.level().saturating_add(1))?;

    let ns = NewPidNamespace::new(old, user_ns, count, cache, &abi::pid::sysctl::ROOT)?;
    #[cfg(all(CONFIG_SYSCTL, CONFIG_MEMFD_CREATE))]
    let ns = ns.with_memfd_noexec_scope(crate::sysctl::memfd_noexec::effective(old));
    Ok(ns.publish())
}

/// Returns the namespace that `task` lives in, with a reference.
///
/// Returns `ESRCH` if the task has been reaped, or the namespace has lost its last reference.
///
/// C counterpart: `task_active_pid_ns()` with `get_pid_ns()`.
pub fn active(task: &Task, rcu: &rcu::Guard) -> Result<ARef<PidNamespace>> {
    PidNamespace::active_of(task, rcu).ok_or(ESRCH)
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
mod tests;
