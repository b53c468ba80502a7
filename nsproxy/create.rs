// SPDX-License-Identifier: GPL-2.0

//! New namespaces for a clone and an unshare.

use crate::flags::Request;
use kernel::{
    capability::Capability,
    cred::Credential,
    fs_struct::UnsharedFs,
    ns::{
        CgroupNamespace,
        IpcNamespace,
        MntNamespace,
        NetNamespace,
        NsType,
        TimeNamespace,
        UserNamespace,
        UtsNamespace, //
    },
    nsproxy::{
        Namespaces,
        NewTask,
        NsProxy,
        PreparedNsProxy, //
    },
    pid_namespace::PidNamespace,
    prelude::*,
    sync::aref::ARef,
    task::CurrentTask, //
};

/// Returns the proxy for a task that the current task is making by `clone(2)`.
///
/// A new mount namespace moves `fs`, which is the new task's.
///
/// The parent's proxy is shared if no new namespace is asked for, and no pending time namespace is
/// to be entered, as a task with an address space of its own does.
///
/// Returns `EPERM` without `CAP_SYS_ADMIN` over the new task's user namespace, checked before all
/// else; `EINVAL` for a new IPC namespace with undo lists of semaphores shared, which refer to the
/// old one; and the errors of the namespaces' types, all but limits and memory being checked there.
/// May sleep.
///
/// C counterpart: `copy_namespaces()`.
pub(crate) fn for_clone(
    child: &NewTask<'_>,
    request: &Request,
    fs: Option<UnsharedFs<'_>>,
) -> Result<ARef<NsProxy>> {
    let parents = child.inherited();
    let cred = child.cred();

    if !request.wants_new() {
        if request.shares_vm() || !parents.time_is_pending() {
            return Ok(parents.into());
        }
    } else if !cred.user_ns().capable(Capability::SysAdmin) {
        return Err(EPERM);
    }
    if request.new_ipc_with_shared_undo() {
        return Err(EINVAL);
    }

    let mut proxy = with_new(request, parents, cred.user_ns(), fs)?;
    if !request.shares_vm() {
        child.enter_time_ns(&mut proxy);
    }
    Ok(proxy.activate())
}

/// Prepares the proxy that a task gets from `unshare(2)`, or nothing if no namespace but the user
/// namespace is asked for.
///
/// `new_cred` are the credentials that it will have afterwards, if they change. A new mount
/// namespace moves `fs`, its future view of the file system.
///
/// Returns `EPERM` without `CAP_SYS_ADMIN` over the user namespace, and the errors of the
/// namespaces' types. May sleep.
///
/// C counterpart: `unshare_nsproxy_namespaces()`.
pub(crate) fn for_unshare(
    current: &CurrentTask,
    own: &NsProxy,
    request: &Request,
    new_cred: Option<&Credential>,
    fs: Option<UnsharedFs<'_>>,
) -> Result<Option<PreparedNsProxy>> {
    if !request.wants_new() {
        return Ok(None);
    }
    let cred = new_cred.map_or_else(|| current.cred(), ARef::from);
    if !cred.user_ns().capable(Capability::SysAdmin) {
        return Err(EPERM);
    }
    with_new(request, own, cred.user_ns(), fs).map(Some)
}

/// Prepares a proxy with new namespaces of the types that `request` names, owned by `user_ns`, and
/// `old`'s of the others.
///
/// The types are visited in a fixed order, which decides whose error is told; those made before a
/// failure are dropped.
///
/// Out of line: most clones do not come here.
#[inline(never)]
fn with_new(
    request: &Request,
    old: &NsProxy,
    user_ns: &UserNamespace,
    fs: Option<UnsharedFs<'_>>,
) -> Result<PreparedNsProxy> {
    let new = |kind| request.types().contains(kind);

    PreparedNsProxy::try_new(|| {
        Ok(Namespaces {
            mnt: if new(NsType::Mnt) {
                let old = old.mnt().ok_or(EINVAL)?;
                Some(MntNamespace::create(
                    user_ns,
                    old,
                    fs,
                    request.mnt_contents(),
                )?)
            } else {
                old.mnt().map(ARef::from)
            },
            uts: if new(NsType::Uts) {
                UtsNamespace::create(user_ns, old.uts())?
            } else {
                old.uts().into()
            },
            ipc: if new(NsType::Ipc) {
                Some(IpcNamespace::create(user_ns, old.ipc())?)
            } else {
                old.ipc().map(ARef::from)
            },
            pid_for_children: if new(NsType::Pid) {
                PidNamespace::create(user_ns, old.pid_for_children())?
            } else {
                old.pid_for_children().into()
            },
            cgroup: if new(NsType::Cgroup) {
                CgroupNamespace::create(user_ns, old.cgroup())?
            } else {
                old.cgroup().map(ARef::from)
            },
            net: if new(NsType::Net) {
                Some(NetNamespace::create(user_ns, old.net())?)
            } else {
                old.net().map(ARef::from)
            },
            time_for_children: if new(NsType::Time) {
                Some(TimeNamespace::create(user_ns, old.time_for_children())?)
            } else {
                old.time_for_children().map(ARef::from)
            },
            time: old.time().map(ARef::from),
        })
    })
}
