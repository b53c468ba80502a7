// SPDX-License-Identifier: GPL-2.0

//! Joining existing namespaces: prepare, validate, commit.

use crate::{
    flags,
    switch, //
};
use kernel::{
    fd::Fd,
    new_cred::NewCred,
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
    task::Task,
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

    if let Some(ns) = NsCommon::from_file(&file) {
        // CAST: Flags are a set of bits.
        if flags != 0 && ns.types().bits() != u64::from(flags as u32) {
            return Err(EINVAL);
        }
        let mut prepared = Prepared::new(caller, own, ns.types())?;
        prepared.set.install(ns)?;
        prepared.validated().commit(own);
    } else if let Some(pid) = Pid::from_pidfd(&file) {
        let types = flags::types_to_join(flags)?;
        let mut prepared = Prepared::new(caller, own, types)?;
        Target::of(pid, types)?.validate(types, &mut prepared.set)?;
        prepared.validated().commit(own);
    } else {
        return Err(EINVAL);
    }

    caller.record_namespaces();
    Ok(())
}

/// New versions of all that is going to change; the task does not know of them.
struct Prepared<'a> {
    caller: &'a Caller<'a>,
    types: NsTypes,
    set: NsSet<'a>,
}

impl<'a> Prepared<'a> {
    /// Copies what joining namespaces of these `types` changes.
    fn new(caller: &'a Caller<'a>, own: &OwnNsProxy<'_>, types: NsTypes) -> Result<Self> {
        let proxy = PreparedNsProxy::try_new(|| Ok(own.proxy().share_all()))?;
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

        Ok(Self {
            caller,
            types,
            set: NsSet::new(caller, types, proxy, cred, fs)?,
        })
    }

    /// Every namespace has been asked, and none refused.
    fn validated(self) -> Validated<'a> {
        Validated(self)
    }
}

/// What nothing can stop any more.
struct Validated<'a>(Prepared<'a>);

impl Validated<'_> {
    /// Makes it the task's.
    fn commit(self, own: &mut OwnNsProxy<'_>) {
        let Prepared { caller, types, set } = self.0;
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
        switch::switch(own, proxy);
    }
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
            .then(|| ARef::from(task.cred_rcu(&rcu).user_ns()));
        drop(rcu);

        Ok(Self { pid, proxy, user })
    }

    /// Asks each namespace whether it may be joined.
    ///
    /// The user namespace comes first, since it may give the right to join the others.
    fn validate(&self, types: NsTypes, set: &mut NsSet<'_>) -> Result {
        fn entry<N: Namespace>(ns: Option<&N>) -> (NsType, Option<&NsCommon>) {
            (N::TYPE, ns.map(N::common))
        }

        let proxy = &*self.proxy;
        let in_order = [
            entry(self.user.as_deref()),
            entry(proxy.mnt()),
            entry(Some(proxy.uts())),
            entry(proxy.ipc()),
            entry(self.pid.as_deref()),
            entry(proxy.cgroup()),
            entry(proxy.net()),
            entry(proxy.time()),
        ];

        for (kind, ns) in in_order {
            if types.contains(kind) {
                set.install(ns.ok_or(EINVAL)?)?;
            }
        }
        Ok(())
    }
}
