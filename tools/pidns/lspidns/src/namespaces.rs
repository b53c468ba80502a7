// SPDX-License-Identifier: GPL-2.0

//! The PID namespaces, and how they are nested.

use std::collections::{BTreeMap, BTreeSet};

use crate::home::Key;
use crate::nsfile::{Facts, Owner};
use crate::proc::{Proc, Task};
use crate::snapshot::Snapshot;
use crate::status::Pid;
use crate::uapi::PidNsInfo;

/// Where a namespace is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// No process was created there yet.
    Waits,
    Alive,
    /// Its init exits, or is gone.
    Dying,
    /// It has no process, and the kernel does not tell why.
    Empty,
    /// It has processes, but its init is not seen.
    Unknown,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            State::Waits => "waits",
            State::Alive => "alive",
            State::Dying => "dying",
            State::Empty => "empty",
            State::Unknown => "-",
        }
    }
}

/// One of them.
#[derive(Clone, Debug)]
pub struct Namespace {
    pub key: Key,
    pub id: Option<u64>,
    /// How far it is below the namespace of `/proc`.
    pub level: Option<usize>,
    pub parent: Option<Key>,
    pub owner: Option<Owner>,
    /// A process of `/proc`; a zombie still is one.
    pub init: Option<Pid>,
    pub state: State,
    /// The processes in it, without those further down.
    pub members: Vec<Pid>,
    pub info: Option<PidNsInfo>,
}

impl Namespace {
    pub fn ino(&self) -> Option<u64> {
        match self.key {
            Key::Ino(ino) => Some(ino),
            Key::Init(_) => None,
        }
    }

    /// What a message calls it.
    pub fn name(&self) -> String {
        match self.key {
            Key::Ino(ino) => format!("pid:[{ino}]"),
            Key::Init(pid) => format!("the PID namespace of {pid}"),
        }
    }
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub struct Namespaces(pub BTreeMap<Key, Namespace>);

impl Namespaces {
    /// Those that a snapshot shows.
    pub fn of(seen: &Snapshot, proc: &Proc) -> Namespaces {
        let mut members: BTreeMap<Key, Vec<Pid>> = BTreeMap::new();
        for (pid, key) in &seen.homes {
            members.entry(*key).or_default().push(*pid);
        }
        for ino in seen.files.facts.keys().chain(seen.holders.keys()) {
            members.entry(Key::Ino(*ino)).or_default();
        }
        let none = Facts::default();
        let make = |(key, members): (Key, Vec<Pid>)| {
            let facts = match key {
                Key::Ino(ino) => seen.files.facts.get(&ino).unwrap_or(&none),
                Key::Init(_) => &none,
            };
            let task = |pid: &Pid| seen.tasks.get(pid);
            let depth = members
                .first()
                .and_then(task)
                .map(|task| task.status.depth());
            let is_init = |pid: &Pid| task(pid).is_some_and(|task| task.status.own_nr() == 1);
            // The other way round the kernel may tell of one that has been reaped since.
            let init = facts.init.filter(|pid| seen.tasks.contains_key(pid));
            let init = init.or_else(|| members.iter().copied().find(is_init));
            let namespace = Namespace {
                key,
                id: facts.id,
                level: depth.or(facts.level),
                parent: facts.parent.map(Key::Ino),
                owner: facts.owner.clone(),
                init,
                state: state(
                    proc,
                    facts,
                    init.and_then(|pid| task(&pid)),
                    !members.is_empty(),
                ),
                members,
                info: facts.info,
            };
            (key, namespace)
        };
        let mut all = Namespaces(members.into_iter().map(make).collect());
        all.find_parents(seen);
        all
    }

    /// Who forked the init may tell the parent where the kernel does not.
    fn find_parents(&mut self, seen: &Snapshot) {
        let mut found = Vec::new();
        for namespace in self.0.values().filter(|one| one.parent.is_none()) {
            let Some(above) = namespace.level.and_then(|level| level.checked_sub(1)) else {
                continue;
            };
            let parent = if above == 0 {
                self.0
                    .values()
                    .find(|one| one.level == Some(0))
                    .map(|one| one.key)
            } else {
                namespace.init.and_then(|init| parent_at(seen, init, above))
            };
            found.extend(parent.map(|parent| (namespace.key, parent)));
        }
        for (key, parent) in found {
            if let Some(namespace) = self.0.get_mut(&key) {
                namespace.parent = Some(parent);
            }
        }
    }

    pub fn get(&self, key: Key) -> Option<&Namespace> {
        self.0.get(&key)
    }

    /// The one whose init this is.
    pub fn of_init(&self, pid: Pid) -> Option<&Namespace> {
        self.0.values().find(|one| one.init == Some(pid))
    }

    /// Whether one is another or below that, as far as it is known.
    pub fn is_below(&self, key: Key, other: Key) -> Option<bool> {
        let level = self.get(other)?.level?;
        let mut at = self.get(key)?;
        // Each step goes one level up.
        loop {
            if at.key == other {
                return Some(true);
            }
            if at.level? <= level {
                return Some(false);
            }
            at = self.get(at.parent?)?;
        }
    }

    /// Whether a process has a number in a namespace, as far as it is known.
    pub fn is_inside(&self, seen: &Snapshot, pid: Pid, key: Key) -> Option<bool> {
        let level = self.get(key)?.level?;
        if seen.tasks.get(&pid)?.status.depth() < level {
            return Some(false);
        }
        self.is_below(*seen.homes.get(&pid)?, key)
    }

    pub fn children(&self, key: Key) -> impl Iterator<Item = &Namespace> {
        self.0.values().filter(move |one| one.parent == Some(key))
    }

    /// In the order of a tree: each with its depth there, and whether siblings follow at each
    /// level of it.
    pub fn in_order(&self) -> Vec<(&Namespace, Vec<bool>)> {
        let mut rows = Vec::new();
        let mut done = BTreeSet::new();
        let is_root = |one: &&Namespace| {
            one.parent
                .is_none_or(|parent| !self.0.contains_key(&parent))
        };
        let mut roots: Vec<_> = self.0.values().filter(is_root).collect();
        roots.sort_by_key(|one| (one.level.unwrap_or(usize::MAX), one.key));
        for root in roots {
            self.walk(root, &mut Vec::new(), &mut done, &mut rows);
        }
        rows
    }

    fn walk<'a>(
        &'a self,
        namespace: &'a Namespace,
        more: &mut Vec<bool>,
        done: &mut BTreeSet<Key>,
        rows: &mut Vec<(&'a Namespace, Vec<bool>)>,
    ) {
        if !done.insert(namespace.key) {
            return;
        }
        rows.push((namespace, more.clone()));
        let mut children = self.children(namespace.key).peekable();
        while let Some(child) = children.next() {
            more.push(children.peek().is_some());
            self.walk(child, more, done, rows);
            more.pop();
        }
    }
}

/// The namespace of the first ancestor at that depth, if none before is further up: a process can
/// only put children into namespaces below its own.
fn parent_at(seen: &Snapshot, init: Pid, depth: usize) -> Option<Key> {
    let mut task = seen.tasks.get(&init)?;
    for _ in 0..seen.tasks.len() {
        task = seen.tasks.get(&task.status.ppid)?;
        if task.status.depth() <= depth {
            let home = seen.homes.get(&task.status.pid).copied();
            return home.filter(|_| task.status.depth() == depth);
        }
    }
    None
}

fn state(proc: &Proc, facts: &Facts, init: Option<&Task>, has_members: bool) -> State {
    match (facts.info, init) {
        (Some(PidNsInfo { state: 0, .. }), _) => State::Waits,
        (Some(PidNsInfo { state: 1, .. }), _) => State::Alive,
        (Some(PidNsInfo { state: 2, .. }), _) => State::Dying,
        (_, Some(init)) if is_ending(proc, init) => State::Dying,
        (_, Some(_)) => State::Alive,
        (_, None) if has_members => State::Unknown,
        (_, None) => State::Empty,
    }
}

/// Whether all threads of an init exit: while one does not, that is the child reaper.
fn is_ending(proc: &Proc, init: &Task) -> bool {
    init.exiting
        && (init.status.threads <= 1
            || proc
                .threads(init.status.pid)
                .iter()
                .all(|thread| thread.exiting))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Fixture;

    fn all(text: &str) -> (Snapshot, Namespaces) {
        let proc = Fixture::new(text);
        let seen = Snapshot::recorded(&proc).unwrap();
        let all = Namespaces::of(&seen, &proc);
        (seen, all)
    }

    #[test]
    fn a_tree_by_parents_alone() {
        let (seen, all) = all(include_str!("../fixtures/nested.txt"));
        let rows: Vec<_> = all
            .in_order()
            .iter()
            .map(|(one, more)| (one.key, more.len()))
            .collect();
        let (top, outer, inner) = (Key::Init(1), Key::Init(100), Key::Init(110));
        assert_eq!(
            rows,
            [(top, 0), (outer, 1), (inner, 2), (Key::Init(200), 1)]
        );
        assert_eq!(all.get(inner).unwrap().members, [110, 111]);
        assert_eq!(all.is_below(inner, outer), Some(true));
        assert_eq!(all.is_below(Key::Init(200), outer), Some(false));
        assert_eq!(all.is_inside(&seen, 111, outer), Some(true));
        assert_eq!(all.is_inside(&seen, 1, outer), Some(false));
        // It came by setns(), so that nobody can tell without a right.
        assert_eq!(all.is_inside(&seen, 300, outer), None);
    }

    #[test]
    fn states_from_proc() {
        let (_, all) = all(include_str!("../fixtures/nested.txt"));
        let state = |pid| all.get(Key::Init(pid)).unwrap().state;
        assert_eq!(
            (state(1), state(100), state(110)),
            (State::Alive, State::Alive, State::Dying)
        );
        // The leader is dead, but another thread is the child reaper.
        assert_eq!(state(200), State::Alive);
    }

    #[test]
    fn one_that_only_a_file_holds() {
        let (_, all) = all(include_str!("../fixtures/blockers.txt"));
        let held = all.get(Key::Ino(4026532333)).unwrap();
        assert_eq!(
            (held.state, held.level, held.members.len()),
            (State::Empty, None, 0)
        );
    }
}
