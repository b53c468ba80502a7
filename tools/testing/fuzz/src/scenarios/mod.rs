// SPDX-License-Identifier: GPL-2.0

//! Rows of steps that lead to what chance alone would seldom reach. Each names
//! the row of `tools/testing/pidns/lists/rows.toml` that it is after.

mod alloc;
mod life;
mod rights;
mod views;

use crate::flags::{CloneFlags as F, WaitFlags};
use crate::generator::{Generator, fork};
use crate::program::*;

type Scenario = fn(&mut Generator, Task);

/// A row, and how often it comes.
const ALL: &[(Scenario, u32)] = &[
    (alloc::depth, 2),
    (alloc::pid_max, 4),
    (alloc::first_pid, 3),
    (alloc::pending, 4),
    (life::dead, 5),
    (alloc::limits, 5),
    (rights::foreign_user, 4),
    (rights::weak, 6),
    (rights::memfd, 4),
    (life::groups, 4),
    (life::orphans, 5),
    (life::leader, 4),
    (life::outer_zombie, 4),
    (life::inner_group, 3),
    (views::time, 3),
    (views::semaphores, 2),
    (life::restart, 4),
    (alloc::chosen, 5),
    (views::look_in, 5),
    (views::watched, 6),
    (alloc::nproc, 3),
    (life::stops, 3),
    (rights::upward, 4),
    (views::container, 4),
    (views::empty, 2),
    (views::join, 10),
];

/// Queues one of them.
pub fn begin(g: &mut Generator) {
    let mut ticket = {
        let total = ALL.iter().map(|(_, weight)| weight).sum();
        rand::Rng::random_range(&mut g.rng, 0..total)
    };
    for (scenario, weight) in ALL {
        if ticket < *weight {
            let by = g.actor();
            return scenario(g, by);
        }
        ticket -= weight;
    }
}

impl Generator {
    fn child(&mut self, by: Task, flags: F) -> Task {
        let child = self.model.new_task();
        self.then(by, fork(child, flags));
        child
    }

    /// A clone that is to fail.
    fn no_child(&mut self, by: Task, flags: F) {
        let child = self.model.doomed_task();
        self.then(by, fork(child, flags));
    }

    fn open(&mut self, by: Task, of: Task, file: NsFile) -> File {
        let new = self.model.new_file();
        self.then(by, Op::NsOpen { new, of, file });
        new
    }

    fn pidfd_of(&mut self, by: Task, who: Task, flags: u32) -> File {
        let new = self.model.new_file();
        let who = Num::Of(who);
        self.then(by, Op::PidfdOpen { new, who, flags });
        new
    }

    fn unshare(&mut self, by: Task, flags: F) {
        self.then(by, Op::Unshare { flags });
    }

    fn setns(&mut self, by: Task, file: File, flags: F) {
        let fd = Fd::Is(file);
        self.then(by, Op::Setns { fd, flags });
    }

    fn signal(&mut self, by: Task, to: Task, signal: i32) {
        let to = Dest::One(Num::Of(to));
        self.then(by, Op::Kill { to, signal });
    }

    fn reap(&mut self, by: Task, who: Task) {
        let which = Which::One(Num::Of(who));
        let options = WaitFlags::NOHANG | WaitFlags::EXITED;
        self.then(by, Op::Wait { which, options });
    }

    fn write(&mut self, by: Task, file: Sysctl, value: i64) {
        self.then(by, Op::WriteSysctl { file, value });
    }

    fn look(&mut self) {
        self.then(CONTROLLER, Op::Look);
    }

    /// As often as not it is to fail, and the child plays no further part.
    fn chosen_tids(&mut self, by: Task, flags: F, tids: &[i32]) {
        let child = self.model.doomed_task();
        let op = Op::Clone {
            child,
            flags,
            signal: libc::SIGCHLD,
            tids: tids.iter().map(|n| Num::Raw(*n)).collect(),
            pidfd: 0,
        };
        self.then(by, op);
    }
}
