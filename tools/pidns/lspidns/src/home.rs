// SPDX-License-Identifier: GPL-2.0

//! In which PID namespace each process is, also where the caller may not read that link.
//!
//! Everybody may read how many numbers a process has, so at what depth it is. A parent can only
//! have children in its own namespace or further down: a child at the depth of its parent is in
//! the same namespace. A process with number 1 is an init.

use std::collections::BTreeMap;

use crate::nsfile::Facts;
use crate::proc::{Link, Task};
use crate::status::Pid;

/// A namespace: by its inode number, or by the init that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    Ino(u64),
    Init(Pid),
}

type Tasks = BTreeMap<Pid, Task>;

/// The process that a namespace begins with, as far as parents lead there.
fn first(tasks: &Tasks, pid: Pid) -> Option<Pid> {
    let mut task = tasks.get(&pid)?;
    // Processes that were read at different moments could form a ring.
    for _ in 0..tasks.len() {
        let depth = task.status.depth();
        if task.status.own_nr() == 1 {
            return Some(task.status.pid);
        }
        task = tasks.get(&task.status.ppid)?;
        if task.status.depth() != depth {
            return None;
        }
    }
    None
}

/// The namespace of each process where that is certain.
pub fn homes(tasks: &Tasks, facts: &BTreeMap<u64, Facts>) -> BTreeMap<Pid, Key> {
    let mut inits: BTreeMap<Pid, u64> = facts
        .iter()
        .filter_map(|(ino, facts)| Some((facts.init?, *ino)))
        .collect();
    let mut top = None;
    for (pid, task) in tasks {
        if let Some(ino) = task.ns.ino() {
            // One process that may be read tells the number of its whole namespace.
            inits.extend(first(tasks, *pid).map(|init| (init, ino)));
            if task.status.depth() == 0 {
                top = Some(ino);
            }
        }
    }
    let top = top
        .or_else(|| inits.get(&1).copied())
        .map_or(Key::Init(1), Key::Ino);
    let home = |pid: Pid, task: &Task| match task.ns {
        Link::Ino(ino) => Some(Key::Ino(ino)),
        _ if task.status.depth() == 0 => Some(top),
        _ => first(tasks, pid).map(|init| {
            inits
                .get(&init)
                .map_or(Key::Init(init), |ino| Key::Ino(*ino))
        }),
    };
    tasks
        .iter()
        .filter_map(|(pid, task)| Some((*pid, home(*pid, task)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::Status;

    fn task(ppid: Pid, nspid: &[Pid], ns: Option<u64>) -> (Pid, Task) {
        let status = Status {
            pid: nspid[0],
            ppid,
            nspid: nspid.to_vec(),
            ..Status::default()
        };
        let ns = ns.map_or(Link::Denied, Link::Ino);
        (
            nspid[0],
            Task {
                status,
                ns,
                ..Task::default()
            },
        )
    }

    #[test]
    fn a_child_at_its_parents_depth_is_in_its_namespace() {
        let tasks = Tasks::from([
            task(0, &[1], None),
            task(1, &[10], Some(7)),
            task(10, &[20, 1], None),
            task(20, &[21, 2], None),
            task(21, &[22, 3], None),
        ]);
        let found = homes(&tasks, &BTreeMap::new());
        assert_eq!(found[&1], Key::Ino(7));
        assert_eq!([found[&20], found[&21], found[&22]], [Key::Init(20); 3]);
    }

    #[test]
    fn a_process_from_outside_is_nowhere_for_certain() {
        let tasks = Tasks::from([
            task(0, &[1], None),
            task(1, &[20, 1], None),
            // Its parent has entered by setns().
            task(1, &[30, 5], None),
            task(30, &[31, 6], None),
        ]);
        let found = homes(&tasks, &BTreeMap::new());
        assert_eq!(found.keys().copied().collect::<Vec<_>>(), [1, 20]);
    }

    #[test]
    fn one_that_can_be_read_tells_of_all() {
        let tasks = Tasks::from([
            task(0, &[1], None),
            task(1, &[20, 1], None),
            task(20, &[21, 2], Some(8)),
            task(20, &[22, 3], None),
        ]);
        let found = homes(&tasks, &BTreeMap::new());
        assert_eq!([found[&20], found[&21], found[&22]], [Key::Ino(8); 3]);
    }

    #[test]
    fn the_kernel_tells_the_init() {
        let tasks = Tasks::from([task(0, &[1], None), task(1, &[20, 1], None)]);
        let facts = BTreeMap::from([(
            9,
            Facts {
                init: Some(20),
                ..Facts::default()
            },
        )]);
        assert_eq!(homes(&tasks, &facts)[&20], Key::Ino(9));
    }

    #[test]
    fn a_ring_ends() {
        let tasks = Tasks::from([task(31, &[30, 5], None), task(30, &[31, 6], None)]);
        assert!(homes(&tasks, &BTreeMap::new()).is_empty());
    }
}
