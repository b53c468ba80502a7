// SPDX-License-Identifier: GPL-2.0

//! Creating PID namespaces.

use crate::{
    caches,
    raw::{
        new_ns::NewPidNamespace,
        trace::{
            self,
            Refused, //
        },
    },
    refusal::report_ns, //
};
use kernel::{
    ns::{
        NsType,
        NsTypes,
        UserNamespace, //
    },
    pid_namespace::PidNamespace,
    prelude::*,
    sync::aref::ARef,
    task::{
        CurrentTask,
        Kuid, //
    },
    ucount::{
        Ucount,
        UcountType, //
    },
};

/// Returns the PID namespace for the children of `current`: a new one if `types` has
/// [`NsType::Pid`], else `old`.
///
/// Returns `EINVAL` if a new one is wanted and `old` is not the active namespace of `current`, and
/// the errors of [`create_pid_namespace`]. May sleep.
pub(crate) fn copy_pid_ns(
    current: &CurrentTask,
    types: NsTypes,
    user_ns: &UserNamespace,
    old: &PidNamespace,
) -> Result<ARef<PidNamespace>> {
    if !types.contains(NsType::Pid) {
        return Ok(old.into());
    }
    if current.active_pid_ns() != Some(old) {
        return Err(report_ns(old, Refused::Unshared, EINVAL));
    }
    create_pid_namespace(user_ns, old)
}

/// Creates a PID namespace below `parent`, owned by `user_ns`.
///
/// Returns `EINVAL` if `user_ns` is neither the owner of `parent` nor a descendant of it; `ENOSPC`
/// beyond `MAX_PID_NS_LEVEL` or the limit `user.max_pid_namespaces`; `ENOMEM`. May sleep.
pub(crate) fn create_pid_namespace(
    user_ns: &UserNamespace,
    parent: &PidNamespace,
) -> Result<ARef<PidNamespace>> {
    if !parent.user_ns().is_or_contains(user_ns) {
        return Err(report_ns(parent, Refused::Owner, EINVAL));
    }
    if parent.level() >= PidNamespace::MAX_LEVEL {
        return Err(report_ns(parent, Refused::Depth, ENOSPC));
    }
    let count = Ucount::new(user_ns, Kuid::current_euid(), UcountType::PidNamespaces);
    let count = count.ok_or_else(|| report_ns(parent, Refused::Ucount, ENOSPC))?;
    // Also covers ENOSPC, if inode numbers run out.
    let no_memory = |error| report_ns(parent, Refused::Memory, error);
    let cache = caches::for_level(parent.level().saturating_add(1)).map_err(no_memory)?;

    let ns = NewPidNamespace::new(parent, user_ns, count, cache).map_err(no_memory)?;
    #[cfg(all(CONFIG_SYSCTL, CONFIG_MEMFD_CREATE))]
    let ns = ns.with_memfd_noexec_scope(crate::sysctl::memfd_noexec::effective(parent));
    let ns = ns.publish();
    trace::ns_create(&ns);
    Ok(ns)
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
mod tests;
