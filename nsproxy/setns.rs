// SPDX-License-Identifier: GPL-2.0

//! Joining existing namespaces: prepare, validate, commit.

use crate::flags;
use kernel::{
    cred::NewCred,
    fd::Fd,
    fs::LocalFile,
    ns::{
        Namespace,
        NsCommon,
        NsType,
        NsTypes,
        UserNamespace, //
    },
    nsproxy::{
        NsProxy,
        NsSet,
        OwnNsProxy,
        PreparedNsProxy,
        SetCred,
        SetFs, //
    },
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

/// Lets the current task join the namespace that descriptor `fd` refers to, or those of the process
/// that it refers to which `flags` name.
///
/// All are joined or none.
///
/// Returns
///
/// * `EBADF` if `fd` is not open;
/// * `EINVAL` if it refers to neither, if `flags` are neither 0 nor the namespace's type, or if for
///   a process they are 0 or name something that cannot be joined;
/// * `ESRCH` if the process is dead;
/// * `EPERM` if the task may not look into the process;
/// * `ENOMEM`;
/// * what the types of the namespaces answer: `EPERM`, `EINVAL`, `EUSERS`.
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
    let joined = Joined::from_file(&file).ok_or(EINVAL)?;
    let types = joined.types(flags)?;

    let mut set = prepare(caller, own.proxy(), types)?;
    match joined {
        Joined::One(ns) => set.install(ns)?,
        Joined::OfProcess(pid) => Target::of(pid, types)?.validate(types, &mut set)?,
    }

    // No failure from here on.
    commit(caller, own, types, set);
    caller.record_namespaces();
    Ok(())
}

/// What a descriptor refers to.
enum Joined<'a> {
    /// A namespace.
    One(&'a NsCommon),
    /// A process, and of its namespaces those that are asked for.
    OfProcess(&'a Pid),
}

impl<'a> Joined<'a> {
    fn from_file(file: &'a LocalFile) -> Option<Self> {
        NsCommon::from_file(file)
            .map(Self::One)
            .or_else(|| Pid::from_pidfd(file).map(Self::OfProcess))
    }

    /// Returns which types are joined.
    fn types(&self, flags: c_int) -> Result<NsTypes> {
        match self {
            Self::OfProcess(_) => flags::types_to_join(flags),
            // CAST: Flags are a set of bits.
            Self::One(ns) if flags == 0 || ns.types().bits() == u64::from(flags as u32) => {
                Ok(ns.types())
            }
            Self::One(_) => Err(EINVAL),
        }
    }
}

/// Makes new versions of all that joining namespaces of these `types` changes; of the proxy `old`
/// that is a copy. The task does not know of them.
///
/// C counterpart: `prepare_nsset()`.
fn prepare<'a>(caller: &'a Caller<'_>, old: &NsProxy, types: NsTypes) -> Result<NsSet<'a>> {
    let proxy = PreparedNsProxy::copy_of(old)?;
    let cred = if types.contains(NsType::User) {
        SetCred::New(NewCred::prepare()?)
    } else {
        SetCred::Current(caller.cred())
    };
    let fs = if !types.contains(NsType::Mnt) {
        SetFs::Untouched
    } else if types.without(NsType::Mnt).is_empty() {
        SetFs::Own(caller.fs())
    } else {
        SetFs::Copy(caller.fs().try_copy()?)
    };

    NsSet::new(caller, types, proxy, cred, fs)
}

/// Makes what every namespace has agreed to the task's.
///
/// C counterpart: `commit_nsset()`.
fn commit(caller: &Caller<'_>, own: &mut OwnNsProxy<'_>, types: NsTypes, set: NsSet<'_>) {
    let (proxy, cred, fs) = set.into_parts();
    if let SetCred::New(cred) = cred {
        cred.commit();
    }
    if let SetFs::Copy(fs) = &fs {
        caller.fs().set_paths(fs);
    }
    if types.contains(NsType::Ipc) {
        caller.undo_semaphores();
    }
    if types.contains(NsType::Time) {
        if let Some(time) = proxy.time() {
            caller.commit_time_ns(time);
        }
    }
    own.switch(proxy);
}

/// The namespaces of another process, as they were at one moment.
struct Target {
    pid: Option<ARef<PidNamespace>>,
    proxy: ARef<NsProxy>,
    user: Option<ARef<UserNamespace>>,
}

impl Target {
    /// Takes references to those of the task behind `pid` that `types` name.
    fn of(pid: &Pid, types: NsTypes) -> Result<Self> {
        // Declared before the guard so that an early return drops it after the read-side section:
        // dropping a proxy may sleep.
        let proxy;
        let rcu = rcu::read_lock();

        let task: &Task = pid.task(PidType::Pid, &rcu).ok_or(ESRCH)?;
        if !task.may_access(AccessMode::ReadRealCreds) {
            return Err(EPERM);
        }
        proxy = task.nsproxy().ok_or(ESRCH)?;
        let pid = if types.contains(NsType::Pid) {
            Some(pidns::namespace::active(task, &rcu)?)
        } else {
            None
        };
        let user = types
            .contains(NsType::User)
            .then(|| ARef::from(task.user_ns(&rcu)));
        drop(rcu);

        Ok(Self { pid, proxy, user })
    }

    /// Asks each namespace whether it may be joined.
    ///
    /// The user namespace comes first, since it may give the right to join the others.
    fn validate(&self, types: NsTypes, set: &mut NsSet<'_>) -> Result {
        let proxy = &*self.proxy;
        join(types, set, || self.user.as_deref())?;
        join(types, set, || proxy.mnt())?;
        join(types, set, || Some(proxy.uts()))?;
        join(types, set, || proxy.ipc())?;
        join(types, set, || self.pid.as_deref())?;
        join(types, set, || proxy.cgroup())?;
        join(types, set, || proxy.net())?;
        join(types, set, || proxy.time())
    }
}

/// Puts `ns` into the set, if its type is one of `types`.
#[inline(always)]
fn join<'n, N: Namespace + 'n>(
    types: NsTypes,
    set: &mut NsSet<'_>,
    ns: impl FnOnce() -> Option<&'n N>,
) -> Result {
    if types.contains(N::TYPE) {
        set.install(ns().ok_or(EINVAL)?.common())?;
    }
    Ok(())
}
