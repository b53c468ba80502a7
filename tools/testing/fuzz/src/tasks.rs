// SPDX-License-Identifier: GPL-2.0

//! The workers, as the controller knows them.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;

use crate::observe::Stat;
use crate::program::Task;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Condition {
    Live,
    Stopped,
    /// Dead, but its number is still taken; or an init that waits for others.
    Dying,
    Gone,
}

pub struct Worker {
    pub socket: OwnedFd,
    /// In the outermost namespace.
    pub tgid: i32,
    pub tid: i32,
    /// Its numbers, outermost first.
    pub numbers: Vec<i32>,
    /// The ids of its PID namespaces, innermost first.
    pub namespaces: Vec<u64>,
    pub condition: Condition,
    /// It was stopped before it could answer.
    pub owes: bool,
}

impl Worker {
    /// Not dead, going by the last scan.
    pub fn is_active(&self) -> bool {
        matches!(self.condition, Condition::Live | Condition::Stopped)
    }

    /// What is left of it, going by a scan of all threads.
    pub fn update(&mut self, scan: &[Stat]) {
        if self.condition == Condition::Gone {
            return;
        }
        let found = scan
            .iter()
            .find(|s| s.tid == self.tid && s.tgid == self.tgid);
        self.condition = match found {
            None => Condition::Gone,
            Some(s) if s.exiting || s.state == 'Z' || self.condition == Condition::Dying => {
                Condition::Dying
            }
            Some(s) if s.state == 'T' => Condition::Stopped,
            Some(_) => Condition::Live,
        };
    }
}

/// Whether nothing changes by itself any more: every thread waits for us, is
/// stopped, or is dead and waits for somebody who lives. An init may also wait
/// for what is left in its namespace: there must be such a thing.
pub fn settled(scan: &[Stat], workers: &BTreeMap<Task, Worker>) -> bool {
    let lives = |pid: i32| {
        let mut threads = scan.iter().filter(|s| s.tgid == pid);
        pid == 1 || threads.any(|s| !s.exiting && s.state != 'Z')
    };
    scan.iter().all(|s| match s.state {
        'S' | 'I' if s.exiting => held(s, scan, workers),
        'S' | 'T' | 't' => !s.exiting,
        'Z' if s.tid != s.tgid => false,
        'Z' => s.threads > 1 || lives(s.parent),
        _ => false,
    })
}

/// Whether a number in a dying init's namespace is taken by another task.
fn held(init: &Stat, scan: &[Stat], workers: &BTreeMap<Task, Worker>) -> bool {
    let is = |w: &&Worker| w.tgid == init.tgid && w.condition != Condition::Gone;
    let Some(namespace) = workers.values().find(is).and_then(|w| w.namespaces.first()) else {
        return false;
    };
    // Those that are gone as well: groups and sessions outlive who made them. But
    // not a number that somebody outside was given anew.
    let numbers = |inside: bool| {
        let all = workers.values().filter(move |w| {
            w.namespaces.contains(namespace) == inside && (inside || w.condition != Condition::Gone)
        });
        all.flat_map(|w| [w.tid, w.tgid])
    };
    let outside: Vec<i32> = numbers(false).collect();
    let inside: Vec<i32> = numbers(true).filter(|n| !outside.contains(n)).collect();
    scan.iter().filter(|s| s.tgid != init.tgid).any(|s| {
        [s.tid, s.tgid, s.group, s.session]
            .iter()
            .any(|number| inside.contains(number))
    })
}
