// SPDX-License-Identifier: GPL-2.0

//! New namespaces for clone and unshare.

use crate::{
    flags::Request,
    raw::{
        copy_cgroup_ns,
        copy_ipcs,
        copy_mnt_ns,
        copy_net_ns,
        copy_pid_ns,
        copy_time_ns,
        copy_utsname,
        trace,
        NewFs,
        NewTask,
        NsProxySlot,
        PreparedNsProxy, //
    }, //
};
use kernel::{
    capability::Capability,
    cred::Credential,
    ns::UserNamespace,
    nsproxy::{
        Namespaces,
        NsProxy, //
    },
    prelude::*,
    sync::aref::ARef,
    task::CurrentTask, //
};

/// Returns the nsproxy for a task that `clone(2)` is creating.
///
/// It is the parent's, unless `request` asks for new namespaces, or the task does not share the
/// parent's `mm` and the parent has another time namespace for children. A new mount namespace
/// updates `fs`, the new task's `fs_struct`.
///
/// Returns `EPERM` without `CAP_SYS_ADMIN` over the new task's user namespace, which is checked
/// first; `EINVAL` for a new IPC namespace with `CLONE_SYSVSEM`, since the shared undo list belongs
/// to the old one; and the errors of each type of namespace. May sleep.
pub(crate) fn copy_namespaces(
    child: &NewTask<'_>,
    request: &Request,
    fs: NewFs<'_>,
) -> Result<ARef<NsProxy>> {
    let parents = child.parent_nsproxy();
    let cred = child.cred();

    if !request.wants_new() {
        if request.shares_vm() || !time_is_pending(parents) {
            return Ok(parents.into());
        }
    } else if !cred.user_ns().capable(Capability::SysAdmin) {
        return Err(EPERM);
    }
    if request.newipc_with_sysvsem() {
        return Err(EINVAL);
    }

    let mut proxy = create_new_namespaces(request, parents, cred.user_ns(), fs)?;
    if !request.shares_vm() {
        child.enter_time_ns(&mut proxy);
    }
    let proxy = proxy.activate();
    trace::nsproxy_clone(child, &proxy);
    Ok(proxy)
}

/// Prepares a new nsproxy for `unshare(2)`, or returns [`None`] if it asks for no namespace but a
/// user namespace.
///
/// `new_cred` are the credentials that the task will commit, if any. A new mount namespace updates
/// `fs`, the task's future `fs_struct`.
///
/// Returns `EPERM` without `CAP_SYS_ADMIN` over the user namespace, and the errors of each type of
/// namespace. May sleep.
///
/// C counterpart: `unshare_nsproxy_namespaces()`.
pub(crate) fn unshare_namespaces(
    current: &CurrentTask,
    own: &NsProxy,
    request: &Request,
    new_cred: Option<&Credential>,
    fs: NewFs<'_>,
) -> Result<Option<PreparedNsProxy>> {
    if !request.wants_new() {
        return Ok(None);
    }
    let cred = new_cred.map_or_else(|| current.cred(), ARef::from);
    if !cred.user_ns().capable(Capability::SysAdmin) {
        return Err(EPERM);
    }
    create_new_namespaces(request, own, cred.user_ns(), fs).map(Some)
}

/// Prepares an nsproxy with new namespaces, owned by `user_ns`, of the types in `request`, and
/// otherwise those of `old`.
///
/// If several fail, the order decides which error is returned.
///
/// Out of line: most clones share the nsproxy.
#[inline(never)]
fn create_new_namespaces(
    request: &Request,
    old: &NsProxy,
    user_ns: &UserNamespace,
    fs: NewFs<'_>,
) -> Result<PreparedNsProxy> {
    let flags = request.flags();
    let slot = NsProxySlot::new()?;
    // The initial nsproxy has none until the root file system is mounted.
    let mnt_ns = old.mnt_ns.get().ok_or(EINVAL)?;

    Ok(slot.init(Namespaces {
        mnt_ns: copy_mnt_ns(flags, mnt_ns, user_ns, fs)?,
        uts_ns: copy_utsname(flags, user_ns, &old.uts_ns)?,
        ipc_ns: copy_ipcs(flags, user_ns, &old.ipc_ns)?,
        pid_ns_for_children: copy_pid_ns(flags, user_ns, &old.pid_ns_for_children)?,
        cgroup_ns: copy_cgroup_ns(flags, user_ns, &old.cgroup_ns)?,
        net_ns: copy_net_ns(flags, user_ns, &old.net_ns)?,
        time_ns_for_children: copy_time_ns(flags, user_ns, &old.time_ns_for_children)?,
        time_ns: old.time_ns.clone(),
    }))
}

/// Prepares an nsproxy with the namespaces of `old`.
///
/// Returns `ENOMEM`. May sleep.
///
/// C counterpart: `create_new_namespaces()` without flags.
pub(crate) fn copy(old: &NsProxy) -> Result<PreparedNsProxy> {
    let slot = NsProxySlot::new()?;

    Ok(slot.init(Namespaces::clone(old)))
}

/// Returns whether the time namespace for children differs from the task's own.
#[inline]
pub(crate) fn time_is_pending(proxy: &NsProxy) -> bool {
    proxy.time_ns_for_children != proxy.time_ns
}
