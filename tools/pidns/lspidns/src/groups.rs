// SPDX-License-Identifier: GPL-2.0

//! Tasks outside that use numbers of a namespace for their process group or session. The
//! leader's number stays in use even when there is no leader any more.

use std::collections::BTreeSet;

use crate::blockers::{Blocker, Kind, Search};
use crate::proc::Task;
use crate::status::Pid;

impl Search<'_> {
    /// Process group and session of a process outside, as far as they are of the namespace.
    pub fn groups(&self, task: &Task) -> Vec<Blocker> {
        let status = &task.status;
        let above = self.seen.homes.get(&status.pid);
        if above.is_some_and(|home| self.all.is_below(self.target.key, *home) == Some(false)) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for (session, numbers) in [(false, &status.nspgid), (true, &status.nssid)] {
            let number = numbers.first().copied().unwrap_or(0);
            if number == 0 || number == status.pid {
                continue;
            }
            found.extend(self.group(number, session).map(|inside| Blocker {
                pid: status.pid,
                kind: Kind::Group {
                    session,
                    number,
                    inside,
                },
                sure: inside.is_some(),
            }));
        }
        found
    }

    /// `None` if the group is not one of the namespace; `Some(None)` if nothing tells that.
    fn group(&self, number: Pid, session: bool) -> Option<Option<Pid>> {
        if let Some(leader) = self.seen.tasks.get(&number) {
            let is_inside = self.is_inside(number) == Some(true);
            return is_inside.then(|| leader.status.nr_at(self.level));
        }
        // Of others in the same group, those inside tell its number there.
        for task in self.seen.tasks.values() {
            let numbers = if session {
                &task.status.nssid
            } else {
                &task.status.nspgid
            };
            if numbers.first() != Some(&number) || self.is_inside(task.status.pid) != Some(true) {
                continue;
            }
            return match numbers.get(self.level) {
                Some(0) => None,
                inside => Some(inside.copied()),
            };
        }
        Some(None)
    }

    /// How many numbers more are in use than are seen to be, if the kernel tells.
    fn more_numbers(&self) -> Option<usize> {
        let mut seen = 0;
        // Of groups and sessions that have lost their leader.
        let mut alone: BTreeSet<Pid> = BTreeSet::new();
        for task in self.seen.tasks.values() {
            let status = &task.status;
            match self.is_inside(status.pid) {
                Some(true) => seen += status.threads.max(1) as usize,
                Some(false) => continue,
                None => return None,
            }
            for numbers in [&status.nspgid, &status.nssid] {
                let inside = numbers.get(self.level).is_some_and(|nr| *nr != 0);
                let number = numbers.first().filter(|_| inside);
                alone.extend(
                    number
                        .copied()
                        .filter(|nr| !self.seen.tasks.contains_key(nr)),
                );
            }
        }
        let used = self.target.info?.nr_pids as usize;
        Some(used.saturating_sub(seen + alone.len()))
    }

    /// Judges groups without a leader. They are common, so one is a guess, and not needed where
    /// something else blocks it. The kernel's count may make it certain, or rule it out.
    pub fn guess(&self, found: &mut Vec<Blocker>) {
        let number = |one: &Blocker| match one.kind {
            Kind::Group { number, .. } if !one.sure => Some(number),
            _ => None,
        };
        let guesses: BTreeSet<Pid> = found.iter().filter_map(number).collect();
        let enough = found
            .iter()
            .any(|one| one.sure && one.kind != Kind::Leaving);
        let more = self.more_numbers();
        match more {
            Some(0) => found.retain(|one| number(one).is_none()),
            Some(more) if more == guesses.len() => {
                for one in found {
                    one.sure |= number(one).is_some();
                }
            }
            Some(_) => {}
            None if enough => found.retain(|one| number(one).is_none()),
            None => {}
        }
    }
}
