// SPDX-License-Identifier: GPL-2.0

//! Attaching tasks to pids and detaching them, under `tasklist_lock`.

use crate::raw::{
    free::{
        UnusedPid,
        UnusedPids, //
    },
    links::{
        Linked,
        LivePid,
        PidLink,
        Unlinked, //
    },
};
use kernel::pid::PidType;

/// Attaches a task to `pid`.
///
/// C counterpart: `attach_pid()`.
#[inline]
pub(crate) fn attach(link: PidLink<'_, Unlinked>, pid: LivePid<'_>) {
    link.link(pid);
}

/// Detaches a task from its pid, which goes to `unused` if no task uses it any more.
///
/// C counterpart: `detach_pid()`.
pub(crate) fn detach(link: PidLink<'_, Linked>, unused: &mut UnusedPids) {
    let kind = link.kind();
    let (_, pid) = link.unlink();
    keep(pid, kind, unused);
}

/// Attaches a task to `pid` instead of its present pid.
///
/// C counterpart: `change_pid()`.
pub(crate) fn change(link: PidLink<'_, Linked>, pid: LivePid<'_>, unused: &mut UnusedPids) {
    let kind = link.kind();
    let (link, old) = link.unlink_before(pid);
    keep(old, kind, unused);
    link.link(pid);
}

/// Keeps a pid until `tasklist_lock` is released: its numbers must not be freed under it.
fn keep(pid: Option<UnusedPid>, kind: PidType, unused: &mut UnusedPids) {
    if let Some(pid) = pid {
        unused.put(kind, pid);
    }
}

/// Replaces one task by another on the list of a pid that both point to.
///
/// C counterpart: `transfer_pid()`.
pub(crate) fn transfer(from: PidLink<'_, Linked>, to: PidLink<'_, Unlinked>) {
    from.pass_to(to);
}

/// Exchanges the pids of two threads, for a thread that takes over from its leader at exec.
///
/// C counterpart: `exchange_tids()`.
pub(crate) fn exchange(left: PidLink<'_, Linked>, right: PidLink<'_, Linked>) {
    left.exchange_with(right);
}
