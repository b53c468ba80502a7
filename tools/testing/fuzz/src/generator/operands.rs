// SPDX-License-Identifier: GPL-2.0

//! Whom and what an operation is about: mostly what makes sense.

use rand::Rng;

use super::Generator;
use crate::flags::CloneFlags;
use crate::model::Kind;
use crate::program::*;

/// Namespaces that are cheap to make, each as often as it stands here.
const CHEAP: [CloneFlags; 6] = [
    CloneFlags::NEWUTS,
    CloneFlags::NEWIPC,
    CloneFlags::NEWTIME,
    CloneFlags::NEWCGROUP,
    CloneFlags::NEWNS,
    CloneFlags::NEWUSER,
];

impl Generator {
    /// A task that can act.
    pub fn actor(&mut self) -> Task {
        let live = self.model.live();
        self.one_of(&live)
    }

    pub(super) fn task(&mut self) -> Task {
        let live = self.chance(85);
        let tasks = self.model.tasks.iter().filter(|(_, t)| t.live || !live);
        let tasks: Vec<Task> = tasks.map(|(name, _)| *name).collect();
        self.one_of(&tasks)
    }

    pub(super) fn num(&mut self) -> Num {
        if self.chance(88) {
            return Num::Of(self.task());
        }
        Num::Raw(self.one_of(&[0, 0, 1, 2, 3, 301, -1, 999_999, i32::MIN]))
    }

    pub(super) fn child_of(&mut self, by: Task) -> Num {
        let process = self.model.tasks.get(&by).map(|t| t.process);
        let tasks = self.model.tasks.iter();
        let children: Vec<Task> = tasks
            .filter(|(_, t)| Some(t.parent) == process || (by == CONTROLLER && !t.live))
            .map(|(name, _)| *name)
            .collect();
        match children.is_empty() || self.chance(15) {
            true => self.num(),
            false => Num::Of(self.one_of(&children)),
        }
    }

    pub(super) fn fd(&mut self, wanted: impl Fn(Kind) -> bool) -> Fd {
        let odd = self.chance(8);
        let mut files = self.model.files_of(|kind| odd || wanted(kind));
        if files.is_empty() {
            files = self.model.files_of(|_| true);
        }
        if files.is_empty() || self.chance(7) {
            return self.one_of(&[Fd::Bad, Fd::Plain, Fd::MyThread, Fd::MyProcess]);
        }
        Fd::Is(self.one_of(&files))
    }

    pub(super) fn pidfd(&mut self) -> Fd {
        if self.chance(8) {
            return self.one_of(&[Fd::MyThread, Fd::MyProcess]);
        }
        self.fd(|kind| matches!(kind, Kind::Pidfd(_)))
    }

    pub(super) fn pid_namespace(&mut self) -> Fd {
        use NsFile::{Pid, PidForChildren};
        self.fd(|kind| matches!(kind, Kind::Namespace(Pid | PidForChildren)))
    }

    pub(super) fn namespace(&mut self) -> Fd {
        self.fd(|kind| matches!(kind, Kind::Namespace(_)))
    }

    /// Flags of namespaces for clone3 and unshare.
    pub(super) fn namespaces(&mut self, pid: u32) -> CloneFlags {
        let mut flags = CloneFlags::empty();
        flags.set(CloneFlags::NEWPID, self.chance(pid));
        flags.set(CloneFlags::NEWNET, self.chance(2));
        for _ in 0..4 {
            if !self.chance(20) {
                break;
            }
            flags |= self.one_of(&CHEAP);
        }
        flags
    }

    /// Numbers for set_tid, innermost first, mostly valid ones.
    pub(super) fn tids(&mut self, by: Task, new: bool) -> Vec<Num> {
        let levels = self.model.depth(by) + usize::from(new) + 1;
        let count = match self.rng.random_range(0..20) {
            0 => levels + 1,
            1 => levels + 2,
            2 => 33,
            _ => self.rng.random_range(1..=levels),
        };
        let mut tids = Vec::new();
        for level in 0..count {
            tids.push(match self.rng.random_range(0..20) {
                _ if level == 0 && new && self.chance(85) => Num::Raw(1),
                0 => Num::Of(self.task()),
                1 => Num::Raw(self.one_of(&[0, -1, 1, 4_194_304, i32::MAX])),
                _ => Num::Raw(self.rng.random_range(20..1000)),
            });
        }
        tids
    }
}
