// SPDX-License-Identifier: GPL-2.0

//! What keeps a PID namespace: the pids that still have a number there.

use crate::raw::{
    limits::INIT,
    state::is_reaper,
    task::{
        is_zombie,
        parent,
        state,
        tracer,
        Comm,
        Wchan, //
    }, //
};
use kernel::{
    fmt,
    pid::{
        Pid,
        PidType, //
    },
    pid_namespace::PidNamespace,
    prelude::*,
    sync::rcu,
    task::Task, //
};

/// A pid that has a number in a namespace.
pub(crate) struct Blocker<'a> {
    /// The number there.
    pub(crate) nr: i32,
    /// How it is used, and the first such task: as a thread, or, if that is gone, for a thread
    /// group, process group or session. [`None`] if it is new, or about to be freed.
    pub(crate) user: Option<(PidType, &'a Task)>,
}

/// Returns the first pid at or after the number `from` that keeps the namespace. An exiting init
/// does not wait for itself: its leader and its last thread are skipped.
///
/// Its other threads are not skipped: a dead one stays until its tracer has waited for it. Neither
/// is the init once it is a zombie.
pub(crate) fn first<'a>(ns: &PidNamespace, from: i32, rcu: &'a rcu::Guard) -> Option<Blocker<'a>> {
    let mut from = from;
    loop {
        let (nr, pid) = ns.find_ge(from, rcu)?;
        let user = user(pid, rcu);
        let own = |(kind, task)| {
            kind == PidType::Pid && (nr == INIT || is_reaper(task, ns)) && !is_zombie(task, rcu)
        };
        if !user.is_some_and(own) {
            return Some(Blocker { nr, user });
        }
        from = nr.checked_add(1)?;
    }
}

/// Returns the first task that uses `pid`, a thread if there is one.
fn user<'a>(pid: &Pid, rcu: &'a rcu::Guard) -> Option<(PidType, &'a Task)> {
    let used = |kind| Some((kind, pid.task(kind, rcu)?));

    PidType::ALL.into_iter().find_map(used)
}

impl Blocker<'_> {
    /// Returns a copy of what the log and debugfs show: who uses the number, and why it lasts.
    ///
    /// Taken before a message is formatted: `printk()` does that with interrupts disabled, and then
    /// `get_wchan()` cannot be used.
    pub(crate) fn snapshot(&self, rcu: &rcu::Guard) -> Snapshot {
        Snapshot(self.user.map(|(kind, task)| Seen {
            kind,
            task: Named::of(task),
            state: state(task),
            tracer: tracer(task, rcu).map(Named::of),
            parent: parent(task, rcu).map(Named::of),
            wchan: Wchan::of(task),
        }))
    }
}

/// A copy of what is shown of the user of a number.
pub(crate) struct Snapshot(Option<Seen>);

struct Seen {
    kind: PidType,
    task: Named,
    state: char,
    tracer: Option<Named>,
    parent: Option<Named>,
    wchan: Option<Wchan>,
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(seen) = &self.0 else {
            return f.write_str("no task");
        };
        let used = match seen.kind {
            PidType::Pid | PidType::Tgid => "",
            PidType::Pgid => "group of ",
            PidType::Sid => "session of ",
        };
        f.write_fmt(fmt!("{used}{} state {}", seen.task, seen.state))?;

        if let Some(tracer) = &seen.tracer {
            f.write_fmt(fmt!(" tracer {tracer}"))?;
        }
        if let Some(parent) = &seen.parent {
            f.write_fmt(fmt!(" parent {parent}"))?;
        }
        match &seen.wchan {
            Some(wchan) => f.write_fmt(fmt!(" wchan {wchan}")),
            None => Ok(()),
        }
    }
}

/// A copy of a task's number in the initial namespace, and of its name.
pub(crate) struct Named(i32, Comm);

impl Named {
    pub(crate) fn of(task: &Task) -> Self {
        Self(task.pid(), Comm::of(task))
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_fmt(fmt!("{} ({})", self.0, self.1))
    }
}
