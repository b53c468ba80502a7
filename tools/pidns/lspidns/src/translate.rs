// SPDX-License-Identifier: GPL-2.0

//! A task's numbers in each namespace, and back.

use serde_json::{Value, json};

use crate::fault::Fault;
use crate::home::Key;
use crate::namespaces::{Namespace, Namespaces};
use crate::proc::Proc;
use crate::snapshot::Snapshot;
use crate::status::{Pid, Status};
use crate::table::align;
use crate::target::no_process;

/// A task in one of the namespaces that it has a number in.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    level: usize,
    ns: Option<u64>,
    init: Option<Pid>,
    /// 0: none there.
    pid: Pid,
    group: Pid,
    session: Pid,
}

/// A task, and where it has numbers.
#[derive(Debug)]
pub struct Numbers {
    status: Status,
    rows: Vec<Row>,
}

impl Numbers {
    /// Of a process or a thread of `/proc`.
    pub fn of(proc: &Proc, seen: &Snapshot, all: &Namespaces, pid: Pid) -> Result<Numbers, Fault> {
        let status = proc.status(pid).ok_or_else(|| no_process(proc, pid))?;
        let mut at = seen.homes.get(&status.tgid).and_then(|home| all.get(*home));
        let mut rows = Vec::new();
        for (level, nr) in status.nspid.iter().enumerate().rev() {
            let here = at.filter(|one| one.level == Some(level));
            let number = |numbers: &[Pid]| numbers.get(level).copied().unwrap_or(0);
            rows.push(Row {
                level,
                ns: here.and_then(Namespace::ino),
                init: here.and_then(|one| one.init),
                pid: *nr,
                group: number(&status.nspgid),
                session: number(&status.nssid),
            });
            at = here.and_then(|one| all.get(one.parent?));
        }
        rows.reverse();
        Ok(Numbers { status, rows })
    }

    pub fn text(&self, headings: bool) -> String {
        let words = ["LEVEL", "NS", "INIT", "PID", "PGRP", "SESSION"]
            .map(str::to_owned)
            .to_vec();
        let mut rows = if headings { vec![words] } else { Vec::new() };
        let known = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        rows.extend(self.rows.iter().map(|row| {
            vec![
                row.level.to_string(),
                known(row.ns.map(|ns| ns.to_string())),
                known(row.init.map(|init| init.to_string())),
                row.pid.to_string(),
                row.group.to_string(),
                row.session.to_string(),
            ]
        }));
        align(&rows, &[true; 6])
    }

    pub fn json(&self) -> Value {
        let row = |row: &Row| {
            json!({
                "level": row.level, "ns": row.ns, "init": row.init, "pid": row.pid,
                "pgrp": row.group, "session": row.session,
            })
        };
        json!({
            "pid": self.status.pid, "tgid": self.status.tgid, "name": self.status.name,
            "numbers": self.rows.iter().map(row).collect::<Vec<_>>(),
        })
    }
}

/// The number in `/proc` of the task that has a number in a namespace.
pub fn from_inside(seen: &Snapshot, all: &Namespaces, key: Key, nr: Pid) -> Result<Pid, Fault> {
    let namespace = all.get(key);
    // The kernel knows threads as well.
    let told = namespace
        .and_then(Namespace::ino)
        .and_then(|ino| seen.files.translate_from(ino, nr));
    let has = |pid: &Pid| {
        let level = namespace.and_then(|one| one.level)?;
        let inside = all.is_inside(seen, *pid, key) == Some(true);
        Some(inside && seen.tasks.get(pid)?.status.nr_at(level) == Some(nr))
    };
    let found = told.or_else(|| {
        seen.tasks
            .keys()
            .copied()
            .find(|pid| has(pid) == Some(true))
    });
    found.ok_or_else(|| {
        let name = namespace.map(Namespace::name).unwrap_or_default();
        Fault::NotThere(format!("{nr}: no process has that number in {name}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Fixture;

    #[test]
    fn there_and_back() {
        let proc = Fixture::new(include_str!("../fixtures/nested.txt"));
        let seen = Snapshot::recorded(&proc).unwrap();
        let all = Namespaces::of(&seen, &proc);
        let numbers = Numbers::of(&proc, &seen, &all, 111).unwrap();
        let expected = "\
LEVEL NS INIT PID PGRP SESSION
    0  -    1 111  111     111
    1  -  100   4    4       4
    2  -  110   2    2       2
";
        assert_eq!(numbers.text(true), expected);
        let back = |init, nr| from_inside(&seen, &all, Key::Init(init), nr);
        assert_eq!(
            (back(100, 4), back(110, 2), back(1, 111)),
            (Ok(111), Ok(111), Ok(111))
        );
        assert_eq!(back(110, 4).unwrap_err().status(), 3);
        assert_eq!(Numbers::of(&proc, &seen, &all, 9).unwrap_err().status(), 3);
    }
}
