// SPDX-License-Identifier: GPL-2.0

//! Mechanism: `struct nsproxy`, `struct nsset` and `task->nsproxy` as safe types, and the C
//! functions that create, check and commit namespaces.
//!
//! Nothing here decides what a system call does. An error number here is that of a C function or of
//! a failed allocation, or reports an invalid argument or call (`EINVAL`, `EEXIST`), which policy
//! does not let happen.

mod commit;
mod copy;
mod nsproxy;
mod nsset;
mod task;

pub(crate) use self::{
    commit::{
        exit_sem,
        perf_event_namespaces,
        timens_commit, //
    },
    copy::{
        copy_cgroup_ns,
        copy_ipcs,
        copy_mnt_ns,
        copy_net_ns,
        copy_pid_ns,
        copy_time_ns,
        copy_utsname,
        NewFs, //
    },
    nsproxy::{
        InitNsProxy,
        NsProxySlot,
        PreparedNsProxy, //
    },
    nsset::NsSet,
    task::{
        enter_time_ns,
        NewTask,
        NsProxySwitch,
        OwnNsProxy, //
    },
};
