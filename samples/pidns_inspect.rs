// SPDX-License-Identifier: GPL-2.0

//! Rust sample: prints what any module may know of a process and its PID namespaces.
//!
//! The process is the one that loads the module, that with the number `nr` in the loader's
//! namespace, or that of the loader's descriptor `pidfd`:
//!
//! ```sh
//! insmod pidns_inspect.ko nr=1
//! ```

use kernel::{
    current,
    fs::LocalFile,
    ns::{
        pid::PidAllocated,
        Namespace, //
    },
    nsproxy::NsRef,
    pid::{
        Pid,
        PidNr,
        PidType,
        Upid, //
    },
    pid_namespace::PidNamespace,
    prelude::*,
    sync::{
        aref::ARef,
        rcu, //
    },
    task::Task, //
};

module! {
    type: PidnsInspect,
    name: "pidns_inspect",
    authors: ["pidns contributors"],
    description: "Prints the PID namespaces of a process",
    license: "GPL",
    params: {
        nr: i32 {
            default: 0,
            description: "Number of the process in the loader's namespace (0: the loader)",
        },
        pidfd: i32 {
            default: -1,
            description: "Descriptor of the loader that is a pidfd of the process",
        },
    },
}

struct PidnsInspect;

/// Returns the pid to look at. A reference keeps it in memory, even if the process is reaped.
fn target() -> Result<ARef<Pid>> {
    if let Ok(fd) = u32::try_from(module_parameters::pidfd.value()) {
        let file = LocalFile::fget(fd)?;
        return Pid::from_pidfd(&file).map(ARef::from).ok_or(EBADF);
    }
    let task = current!();
    let own = task.own_pid().ok_or(ESRCH)?;
    match module_parameters::nr.value() {
        0 => Ok(own.into()),
        nr => {
            let found = own.ns().find(nr, &rcu::read_lock()).map(ARef::from);
            found.ok_or(ESRCH)
        }
    }
}

/// Returns the number of `pid` in `ns`, or 0 if it has none there.
fn number_in(pid: &Pid, ns: &PidNamespace) -> i32 {
    let upid = pid.numbers().get(ns.level() as usize);
    let nr = upid.filter(|upid| upid.ns() == ns).and_then(Upid::nr);
    nr.map_or(0, PidNr::get)
}

/// Prints the numbers, innermost first.
fn print_numbers(pid: &Pid) {
    for upid in pid.numbers().iter().rev() {
        pr_info!(
            "level {}: number {} in pid:[{}]\n",
            upid.ns().level(),
            upid.nr().map_or(0, PidNr::get),
            upid.ns().common().inum()
        );
    }
}

/// Prints a namespace and its ancestors.
fn print_namespaces(innermost: &PidNamespace) {
    for ns in innermost.self_and_ancestors() {
        let (count, adding) = match ns.pid_allocated() {
            PidAllocated::Adding(count) => (count, "more may come"),
            PidAllocated::Disabled(count) => (count, "no more will come"),
        };
        pr_info!(
            "pid:[{}]: {:?}, {} pids, {}; next {} below {}; owner user:[{}]\n",
            ns.common().inum(),
            ns.life(),
            count,
            adding,
            ns.cursor(),
            ns.pid_max(),
            ns.user_ns().common().inum()
        );
    }
}

/// Prints at how many levels the number leads to the pid: at none if the process is reaped.
fn print_lookups(pid: &Pid) {
    let found = |upid: &&Upid| {
        let nr = upid.nr().map_or(0, PidNr::get);
        let rcu = rcu::read_lock();
        upid.ns().find(nr, &rcu) == Some(pid)
    };
    let levels = pid.numbers().iter().filter(found).count();
    pr_info!(
        "found by number at {} of {} levels\n",
        levels,
        pid.numbers().len()
    );
}

/// Counts the pids from the lowest number on. Between two of them others may come and go.
fn print_population(ns: &PidNamespace) {
    let (mut count, mut next) = (0u32, Some(1));
    while let Some(nr) = next {
        let found = ns.find_ge(nr, &rcu::read_lock()).map(|(nr, _)| nr);
        count = count.saturating_add(u32::from(found.is_some()));
        next = found.and_then(|nr| nr.checked_add(1));
    }
    pr_info!(
        "pid:[{}]: {} pids by their numbers\n",
        ns.common().inum(),
        count
    );
}

/// Prints what the task uses pids for, by the numbers in `ns`.
fn print_uses(task: &Task, ns: &PidNamespace) {
    for (kind, name) in [
        (PidType::Pid, "thread"),
        (PidType::Tgid, "process"),
        (PidType::Pgid, "group"),
        (PidType::Sid, "session"),
    ] {
        let rcu = rcu::read_lock();
        let used = task.pid_of(kind, &rcu).map(|pid| number_in(pid, ns));
        drop(rcu);
        if let Some(nr) = used {
            pr_info!("{} {}\n", name, nr);
        }
    }
}

fn print_namespace<N: Namespace>(name: &str, ns: &NsRef<N>) {
    // One that the kernel is configured without is not there.
    if let Some(ns) = ns.get() {
        pr_info!("{}:[{}]\n", name, ns.common().inum());
    }
}

/// Prints the namespaces that the task uses; an exiting one has given them up.
fn print_nsproxy(task: &Task) {
    let Some(nsproxy) = task.nsproxy() else {
        return;
    };
    print_namespace("uts", &nsproxy.uts_ns);
    print_namespace("ipc", &nsproxy.ipc_ns);
    print_namespace("mnt", &nsproxy.mnt_ns);
    print_namespace("net", &nsproxy.net_ns);
    print_namespace("time", &nsproxy.time_ns);
    print_namespace("cgroup", &nsproxy.cgroup_ns);
    print_namespace("pid_for_children", &nsproxy.pid_ns_for_children);
}

impl kernel::Module for PidnsInspect {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let pid = target()?;
        print_numbers(&pid);
        print_namespaces(pid.ns());
        print_lookups(&pid);
        print_population(pid.ns());
        let rcu = rcu::read_lock();
        let task = pid.task(PidType::Pid, &rcu).map(ARef::from);
        drop(rcu);
        if let Some(task) = task {
            print_uses(&task, pid.ns());
            print_nsproxy(&task);
        }
        Ok(Self)
    }
}
