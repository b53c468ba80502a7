// SPDX-License-Identifier: GPL-2.0

//! How tasks begin and end to use identifiers. All of it happens under `tasklist_lock`.

use kernel::pid::{
    Linked,
    LivePid,
    PidLink,
    PidType,
    Unlinked,
    UnusedPid,
    UnusedPids, //
};

/// Lets a task use `pid`.
///
/// C counterpart: `attach_pid()`.
#[inline]
pub(crate) fn attach(link: PidLink<'_, Unlinked>, pid: LivePid<'_>) {
    link.link(pid);
}

/// Ends a task's use of an identifier. If it was the last one, `unused` gets the identifier.
///
/// C counterpart: `detach_pid()`.
pub(crate) fn detach(link: PidLink<'_, Linked>, unused: &mut UnusedPids) {
    let kind = link.kind();
    let (_, pid) = link.unlink();
    keep(pid, kind, unused);
}

/// Lets a task use `pid` in place of the identifier that it has used so far.
///
/// C counterpart: `change_pid()`.
pub(crate) fn change(link: PidLink<'_, Linked>, pid: LivePid<'_>, unused: &mut UnusedPids) {
    let kind = link.kind();
    let (link, old) = link.unlink_before(pid);
    keep(old, kind, unused);
    link.link(pid);
}

/// Keeps an identifier that nobody uses any more until it can be freed.
fn keep(pid: Option<UnusedPid>, kind: PidType, unused: &mut UnusedPids) {
    if let Some(pid) = pid {
        unused.put(kind, pid);
    }
}

/// Lets another task take a task's place in the use of an identifier that both point to.
///
/// C counterpart: `transfer_pid()`.
pub(crate) fn transfer(from: PidLink<'_, Linked>, to: PidLink<'_, Unlinked>) {
    from.pass_to(to);
}

/// Exchanges the identifiers of two threads, as a thread that executes a program takes over that of
/// its leader.
///
/// C counterpart: `exchange_tids()`.
pub(crate) fn exchange(left: PidLink<'_, Linked>, right: PidLink<'_, Linked>) {
    left.exchange_with(right);
}
