// SPDX-License-Identifier: GPL-2.0

//! Attaching tasks to pids and detaching them, under `tasklist_lock`.

use crate::raw::{
    free::{
        UnusedPid,
        UnusedPids, //
    },
    limits::INIT,
    links::{
        Linked,
        LivePid,
        PidLink,
        Unlinked, //
    },
    trace,
};
use kernel::pid::{
    Pid,
    PidNr,
    PidType,
    Upid, //
};

/// Attaches a task to `pid`.
#[inline]
pub(crate) fn attach_pid(link: PidLink<'_, Unlinked>, pid: LivePid<'_>) {
    let link = link.link(pid);
    if trace::ns_init_enabled() {
        trace_init(&link, pid.pid());
    }
}

/// Tells tracers of the first process of a namespace, whose thread group gets number 1.
#[cold]
fn trace_init(link: &PidLink<'_, Linked>, pid: &Pid) {
    let own = pid.numbers().last().and_then(Upid::nr).map(PidNr::get);
    if link.kind() == PidType::Tgid && own == Some(INIT) {
        trace::ns_init(pid.ns(), link.task());
    }
}

/// Detaches a task from its pid. The pid is added to `unused` if no task uses it any more.
pub(crate) fn detach_pid(link: PidLink<'_, Linked>, unused: &mut UnusedPids) {
    let kind = link.kind();
    let (_, pid) = link.unlink();
    keep_unused(pid, kind, unused);
}

/// Attaches a task to `pid` instead of its current pid.
pub(crate) fn change_pid(link: PidLink<'_, Linked>, pid: LivePid<'_>, unused: &mut UnusedPids) {
    let kind = link.kind();
    let (link, old) = link.unlink_before(pid);
    keep_unused(old, kind, unused);
    link.link(pid);
}

/// Keeps a pid until `tasklist_lock` is released: numbers must not be freed under it.
fn keep_unused(pid: Option<UnusedPid>, kind: PidType, unused: &mut UnusedPids) {
    if let Some(pid) = pid {
        unused.put(kind, pid);
    }
}

/// Replaces one task by another on the list of a pid that both point to.
pub(crate) fn transfer_pid(from: PidLink<'_, Linked>, to: PidLink<'_, Unlinked>) {
    from.pass_to(to);
}

/// Exchanges the pids of two threads, for a thread that replaces its leader at exec.
pub(crate) fn exchange_tids(left: PidLink<'_, Linked>, right: PidLink<'_, Linked>) {
    left.exchange_with(right);
}
