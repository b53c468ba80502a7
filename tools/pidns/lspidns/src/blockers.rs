// SPDX-License-Identifier: GPL-2.0

//! What blocks a dying namespace: its init waits until no other number there is in use.

use std::thread;
use std::time::Duration;

use crate::home::Key;
use crate::namespaces::{Namespace, Namespaces};
use crate::proc::{Proc, Task, Thread};
use crate::snapshot::Snapshot;
use crate::status::Pid;

/// Tasks sleep for a moment also on their way out; who still does after this long is stuck.
const MOMENT: Duration = Duration::from_millis(100);

/// Why a number is still in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The parent outside does not wait; `None` if `/proc` does not show it.
    Zombie { parent: Option<Pid> },
    /// The tracer outside does not wait for it, or does not let it go on.
    Traced { tracer: Pid, zombie: bool },
    /// A task outside has it as its process group or session. The leader's number inside is known
    /// if there is a task that has it.
    Group {
        session: bool,
        number: Pid,
        inside: Option<Pid>,
    },
    /// A thread does not die.
    Stuck { thread: Thread },
    /// The init of a namespace below waits, too.
    Descendant { key: Key },
    /// It was killed and is exiting.
    Leaving,
}

/// A process that blocks the init.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocker {
    pub pid: Pid,
    pub kind: Kind,
    /// Whether it certainly blocks this namespace, and not another.
    pub sure: bool,
}

/// A look for them.
pub struct Search<'a> {
    pub seen: &'a Snapshot,
    pub all: &'a Namespaces,
    proc: &'a Proc,
    pub target: &'a Namespace,
    pub level: usize,
}

/// Finds all that block a namespace.
pub fn find(seen: &Snapshot, all: &Namespaces, proc: &Proc, target: &Namespace) -> Vec<Blocker> {
    // One that has no level has no process either.
    let Some(level) = target.level else {
        return Vec::new();
    };
    let search = Search {
        seen,
        all,
        proc,
        target,
        level,
    };
    let mut found = Vec::new();
    for task in seen.tasks.values() {
        match search.is_inside(task.status.pid) {
            Some(false) => found.extend(search.groups(task)),
            inside => {
                let sure = inside == Some(true);
                let kinds = search.member(task).into_iter();
                // Of those that may be in another namespace the healthy ones are of no interest.
                let kinds = kinds.filter(|kind| sure || *kind != Kind::Leaving);
                found.extend(kinds.map(|kind| Blocker {
                    pid: task.status.pid,
                    kind,
                    sure,
                }));
            }
        }
    }
    search.confirm(&mut found);
    search.guess(&mut found);
    found
}

impl Search<'_> {
    pub fn is_inside(&self, pid: Pid) -> Option<bool> {
        self.all.is_inside(self.seen, pid, self.target.key)
    }

    /// Why a process that has a number in it is still there.
    fn member(&self, task: &Task) -> Vec<Kind> {
        let status = &task.status;
        let threads = self.proc.threads(status.pid);
        let alive: Vec<&Thread> = threads
            .iter()
            .filter(|thread| !matches!(thread.state, 'Z' | 'X'))
            .collect();
        let tracer = self.outside_tracer(status.tracer);
        if matches!(status.state, 'Z' | 'X') && alive.is_empty() {
            return self.zombie(task, tracer).into_iter().collect();
        }
        if let (Some(tracer), 't' | 'T') = (tracer, status.state) {
            return vec![Kind::Traced {
                tracer,
                zombie: false,
            }];
        }
        let stuck = alive.iter().filter(|thread| thread.state == 'D');
        let stuck: Vec<Kind> = stuck
            .map(|thread| Kind::Stuck {
                thread: (*thread).clone(),
            })
            .collect();
        if !stuck.is_empty() {
            return stuck;
        }
        if self.target.init == Some(status.pid) {
            return Vec::new();
        }
        match self.all.of_init(status.pid) {
            Some(below) => vec![Kind::Descendant { key: below.key }],
            None => vec![Kind::Leaving],
        }
    }

    fn zombie(&self, task: &Task, tracer: Option<Pid>) -> Option<Kind> {
        if let Some(tracer) = tracer {
            return Some(Kind::Traced {
                tracer,
                zombie: true,
            });
        }
        let parent = task.status.ppid;
        // A parent inside dies, and then the init waits for this one.
        if parent != 0 && self.is_inside(parent) == Some(true) {
            return None;
        }
        Some(Kind::Zombie {
            parent: (parent != 0).then_some(parent),
        })
    }

    /// The process that traces it, unless that dies with the namespace.
    fn outside_tracer(&self, tracer: Pid) -> Option<Pid> {
        if tracer == 0 {
            return None;
        }
        // It is a thread's number.
        let process = self
            .proc
            .status(tracer)
            .map_or(tracer, |status| status.tgid);
        (self.is_inside(process) != Some(true)).then_some(process)
    }

    /// Drops those who sleep no more.
    fn confirm(&self, found: &mut Vec<Blocker>) {
        if !found
            .iter()
            .any(|one| matches!(one.kind, Kind::Stuck { .. }))
        {
            return;
        }
        thread::sleep(MOMENT);
        for one in found {
            if let Kind::Stuck { thread } = &one.kind {
                let now = self.proc.threads(one.pid);
                if !now
                    .iter()
                    .any(|other| other.tid == thread.tid && other.state == 'D')
                {
                    one.kind = Kind::Leaving;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Fixture;
    use crate::namespaces::State;
    use crate::uapi::PidNsInfo;

    const NS: Key = Key::Ino(4026532200);

    fn blockers(change: impl Fn(&str) -> String, info: Option<PidNsInfo>) -> Vec<Blocker> {
        let proc = Fixture::new(&change(include_str!("../fixtures/blockers.txt")));
        let seen = Snapshot::recorded(&proc).unwrap();
        let all = Namespaces::of(&seen, &proc);
        let mut target = all.get(NS).unwrap().clone();
        assert_eq!(target.state, State::Dying);
        target.info = info;
        find(&seen, &all, &proc, &target)
    }

    fn of(found: &[Blocker], pid: Pid) -> Vec<Kind> {
        found
            .iter()
            .filter(|one| one.pid == pid)
            .map(|one| one.kind.clone())
            .collect()
    }

    #[test]
    fn each_kind() {
        let found = blockers(str::to_owned, None);
        assert_eq!(of(&found, 103), [Kind::Zombie { parent: Some(50) }]);
        assert_eq!(
            of(&found, 104),
            [Kind::Traced {
                tracer: 61,
                zombie: true
            }]
        );
        assert_eq!(
            of(&found, 105),
            [Kind::Traced {
                tracer: 61,
                zombie: false
            }]
        );
        let group = |session, number, inside| Kind::Group {
            session,
            number,
            inside,
        };
        assert_eq!(of(&found, 70), [group(false, 103, Some(3))]);
        assert_eq!(of(&found, 71), [group(true, 107, Some(7))]);
        assert_eq!(
            of(&found, 120),
            [Kind::Descendant {
                key: Key::Ino(4026532201)
            }]
        );
        assert_eq!(of(&found, 106), [Kind::Leaving]);
        let [Kind::Stuck { thread }] = &of(&found, 110)[..] else {
            panic!("{found:?}")
        };
        assert_eq!(
            (thread.tid, thread.wchan.as_deref()),
            (111, Some("rpc_wait_bit_killable"))
        );
        // A zombie below whose parent is outside.
        assert_eq!(of(&found, 121), [Kind::Zombie { parent: Some(50) }]);
        // The init itself, its own zombies, a sibling's zombie, a group without a leader.
        for pid in [100, 108, 90, 72] {
            assert_eq!(of(&found, pid), []);
        }
        assert!(found.iter().all(|one| one.sure));
    }

    /// If nothing else blocks it, a group without a leader may be; if the kernel tells how many
    /// numbers are in use, that decides.
    #[test]
    fn group_without_leader() {
        let lone = |text: &str| {
            let keep = |part: &&str| {
                let pid = part
                    .split('/')
                    .next()
                    .and_then(|pid| pid.trim().parse::<Pid>().ok());
                pid.is_none_or(|pid| pid < 70 || matches!(pid, 72 | 100))
            };
            let parts: Vec<_> = text.split("== ").filter(keep).collect();
            parts.join("== ")
        };
        let group = |sure| {
            let kind = Kind::Group {
                session: false,
                number: 102,
                inside: None,
            };
            vec![Blocker {
                pid: 72,
                kind,
                sure,
            }]
        };
        let info = |nr_pids| {
            Some(PidNsInfo {
                state: 2,
                nr_pids,
                ..PidNsInfo::default()
            })
        };
        assert_eq!(blockers(lone, None), group(false));
        // That of the init alone, one more, several more.
        assert_eq!(blockers(lone, info(1)), []);
        assert_eq!(blockers(lone, info(2)), group(true));
        assert_eq!(blockers(lone, info(3)), group(false));
    }
}
