// SPDX-License-Identifier: GPL-2.0

//! `setns(2)`: prepare, validate, commit.

use crate::{
    create,
    flags,
    raw::{
        exit_sem,
        perf_event_namespaces,
        timens_commit,
        NsSet,
        OwnNsProxy, //
    }, //
};
use kernel::{
    cred::NewCred,
    fs::{
        fd::Fd,
        LocalFile, //
    },
    ns::{
        Namespace,
        NsCommon,
        NsType,
        NsTypes,
        UserNamespace, //
    },
    nsproxy::NsProxy,
    pid::{
        Pid,
        PidType, //
    },
    pid_namespace::PidNamespace,
    prelude::*,
    ptrace::AccessMode,
    sync::{
        aref::ARef,
        rcu, //
    },
    syscall::Caller,
    task::Task, //
};

/// Joins the namespace that `fd` refers to, or if it is a pidfd, the namespaces of the process that
/// `flags` name: all of them, or none.
///
/// Returns
///
/// * `EBADF` if `fd` is not open;
/// * `EINVAL` if it is neither, if `flags` are neither 0 nor the namespace's type, or if for a
///   pidfd they are 0 or include anything but types that this kernel supports;
/// * `ESRCH` if the process is dead;
/// * `EPERM` if the task may not access the process;
/// * `ENOMEM`;
/// * the errors of each type of namespace: `EPERM`, `EINVAL`, `EUSERS`.
///
/// May sleep.
///
/// C counterpart: `setns(2)`.
pub(crate) fn setns(
    caller: &Caller<'_>,
    own: &mut OwnNsProxy<'_>,
    fd: u32,
    flags: c_int,
) -> Result {
    let file = Fd::get(caller, fd)?;
    let fd = SetnsFd::from_file(&file).ok_or(EINVAL)?;
    let types = fd.types(flags)?;

    let mut set = prepare_nsset(caller, own.proxy(), types)?;
    match fd {
        SetnsFd::Ns(ns) => set.install(ns)?,
        SetnsFd::Pidfd(pid) => Target::of(pid, types)?.validate(types, &mut set)?,
    }

    // No failure from here on.
    commit_nsset(caller, own, types, set);
    perf_event_namespaces(caller);
    Ok(())
}

/// What `fd` refers to.
enum SetnsFd<'a> {
    /// A namespace file.
    Ns(&'a NsCommon),
    /// A pidfd.
    Pidfd(&'a Pid),
}

impl<'a> SetnsFd<'a> {
    fn from_file(file: &'a LocalFile) -> Option<Self> {
        NsCommon::from_file(file)
            .map(Self::Ns)
            .or_else(|| Pid::from_pidfd(file).map(Self::Pidfd))
    }

    /// Checks the flags, and returns the types to join.
    fn types(&self, flags: c_int) -> Result<NsTypes> {
        match self {
            Self::Pidfd(_) => flags::check_setns_flags(flags),
            // CAST: Flags are a set of bits.
            Self::Ns(ns) if flags == 0 || ns.types().bits() == u64::from(flags as u32) => {
                Ok(ns.types())
            }
            Self::Ns(_) => Err(EINVAL),
        }
    }
}

/// Prepares new versions of what joining namespaces of these `types` changes. The nsproxy is a copy
/// of `old`.
fn prepare_nsset<'a>(caller: &'a Caller<'_>, old: &NsProxy, types: NsTypes) -> Result<NsSet<'a>> {
    let mut set = NsSet::new(caller, types, create::copy(old)?);

    if types.contains(NsType::User) {
        set.add_cred(NewCred::prepare()?);
    }
    if types == NsType::Mnt.into() {
        // Nothing can fail after a mount namespace has changed the `fs_struct`.
        set.use_fs();
    } else if types.contains(NsType::Mnt) {
        set.add_fs(caller.fs().try_copy()?);
    }
    Ok(set)
}

/// Commits what has been validated. Cannot fail.
fn commit_nsset(caller: &Caller<'_>, own: &mut OwnNsProxy<'_>, types: NsTypes, set: NsSet<'_>) {
    let (proxy, cred, fs) = set.into_parts();
    if let Some(cred) = cred {
        cred.commit(caller);
    }
    if let Some(fs) = &fs {
        caller.fs().set_paths(fs);
    }
    if types.contains(NsType::Ipc) {
        exit_sem(caller);
    }
    if types.contains(NsType::Time) {
        if let Some(time) = proxy.namespaces().time_ns.get() {
            timens_commit(caller, time);
        }
    }
    own.switch(proxy);
}

/// A snapshot of another process's namespaces.
struct Target {
    pid: Option<ARef<PidNamespace>>,
    proxy: ARef<NsProxy>,
    user: Option<ARef<UserNamespace>>,
}

impl Target {
    /// Takes references to the namespaces of the task of `pid`.
    ///
    /// Returns `ESRCH` if the task is dead, and `EPERM` if the current task may not access it.
    fn of(pid: &Pid, types: NsTypes) -> Result<Self> {
        // Declared before the guard, so that an early return drops it outside of the read-side
        // section: dropping an nsproxy may sleep.
        let proxy;
        let rcu = rcu::read_lock();

        let task: &Task = pid.task(PidType::Pid, &rcu).ok_or(ESRCH)?;
        if !task.may_access(AccessMode::ReadRealCreds) {
            return Err(EPERM);
        }
        proxy = task.nsproxy().ok_or(ESRCH)?;
        let pid = if types.contains(NsType::Pid) {
            Some(PidNamespace::active_of(task, &rcu).ok_or(ESRCH)?)
        } else {
            None
        };
        let user = types
            .contains(NsType::User)
            .then(|| ARef::from(task.user_ns(&rcu)));
        drop(rcu);

        Ok(Self { pid, proxy, user })
    }

    /// Installs each namespace in the set, if it may be joined.
    ///
    /// The user namespace comes first, since it may grant the capabilities that the others require.
    ///
    /// C counterpart: `validate_nsset()`.
    fn validate(&self, types: NsTypes, set: &mut NsSet<'_>) -> Result {
        let proxy = &*self.proxy;
        join(types, set, self.user.as_deref())?;
        join(types, set, proxy.mnt_ns.get())?;
        join(types, set, proxy.uts_ns.get())?;
        join(types, set, proxy.ipc_ns.get())?;
        join(types, set, self.pid.as_deref())?;
        join(types, set, proxy.cgroup_ns.get())?;
        join(types, set, proxy.net_ns.get())?;
        join(types, set, proxy.time_ns.get())
    }
}

/// Installs `ns` in the set, if its type is one of `types`.
#[inline(always)]
fn join<N: Namespace>(types: NsTypes, set: &mut NsSet<'_>, ns: Option<&N>) -> Result {
    if types.contains(N::TYPE) {
        set.install(ns.ok_or(EINVAL)?.common())?;
    }
    Ok(())
}
