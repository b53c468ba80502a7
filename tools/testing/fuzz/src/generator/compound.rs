// SPDX-License-Identifier: GPL-2.0

//! Operations with many arguments.

use rand::Rng;

use super::Generator;
use crate::flags::{CloneFlags, WaitFlags};
use crate::program::*;

const SIGNALS: [i32; 12] = [
    0,
    0,
    0,
    libc::SIGKILL,
    libc::SIGTERM,
    libc::SIGHUP,
    libc::SIGUSR1,
    libc::SIGCHLD,
    libc::SIGSTOP,
    libc::SIGCONT,
    65,
    -1,
];

pub(super) const SYSCTLS: [Sysctl; 11] = [
    Sysctl::LastPid,
    Sysctl::PidMax,
    Sysctl::MemfdNoexec,
    Sysctl::MaxCgroup,
    Sysctl::MaxIpc,
    Sysctl::MaxMnt,
    Sysctl::MaxNet,
    Sysctl::MaxPid,
    Sysctl::MaxTime,
    Sysctl::MaxUser,
    Sysctl::MaxUts,
];

impl Generator {
    pub(super) fn clone_op(&mut self, by: Task) -> Op {
        let mut flags = match self.rng.random_range(0..10) {
            0..5 => CloneFlags::empty(),
            5..8 => CloneFlags::A_THREAD,
            _ => self.namespaces(60),
        };
        let pidfd = self.chance(25);
        flags.set(CloneFlags::PIDFD, pidfd);
        if self.chance(12) {
            flags |= self.one_of(&[
                CloneFlags::PARENT,
                CloneFlags::PARENT,
                CloneFlags::FILES,
                CloneFlags::FS,
                CloneFlags::VM,
                CloneFlags::VM | CloneFlags::SIGHAND,
                CloneFlags::SYSVSEM,
                CloneFlags::THREAD,
                CloneFlags::CLEAR_SIGHAND,
                CloneFlags::NEWPID,
                CloneFlags::NEWUSER,
                CloneFlags::EMPTY_MNTNS,
            ]);
        }
        let silent = flags.intersects(CloneFlags::THREAD | CloneFlags::PARENT);
        let signal = match (silent, self.chance(6)) {
            (_, true) => self.one_of(&[0, libc::SIGCHLD, libc::SIGUSR1, 65]),
            (true, false) => 0,
            (false, false) => libc::SIGCHLD,
        };
        let tids = match self.chance(14) {
            true => self.tids(by, flags.contains(CloneFlags::NEWPID)),
            false => vec![],
        };
        Op::Clone {
            child: self.model.new_task(),
            flags,
            signal,
            tids,
            pidfd: self.model.new_file(),
        }
    }

    pub(super) fn wait(&mut self, by: Task) -> Op {
        let which = match self.rng.random_range(0..10) {
            0..6 => Which::One(self.child_of(by)),
            6..8 => Which::Pidfd(self.pidfd()),
            8 => Which::Group(self.num()),
            _ => Which::All,
        };
        let mut options = WaitFlags::NOHANG | WaitFlags::EXITED;
        if self.chance(25) {
            options.toggle(self.one_of(&[
                WaitFlags::NOWAIT,
                WaitFlags::STOPPED,
                WaitFlags::CONTINUED,
                WaitFlags::ALL,
                WaitFlags::CLONE,
                WaitFlags::NOTHREAD,
                WaitFlags::EXITED,
                WaitFlags::NOHANG,
            ]));
        }
        Op::Wait { which, options }
    }

    pub(super) fn kill(&mut self) -> Op {
        let signal = self.one_of(&SIGNALS);
        match self.rng.random_range(0..12) {
            0..5 => Op::Kill {
                to: Dest::One(self.num()),
                signal,
            },
            5 => Op::Kill {
                to: match self.rng.random_range(0..8) {
                    0 => Dest::All,
                    1 => Dest::OwnGroup,
                    _ => Dest::Group(self.num()),
                },
                signal,
            },
            6..8 => {
                let thread = self.task();
                let process = self.model.tasks.get(&thread).map(|t| Num::Of(t.process));
                let odd = self.num();
                Op::Tgkill {
                    process: process.filter(|_| self.chance(80)).unwrap_or(odd),
                    thread: Num::Of(thread),
                    signal,
                }
            }
            _ => Op::PidfdSignal {
                fd: self.pidfd(),
                signal,
                flags: self.one_of(&[0, 0, 0, 1, 2, 4, 8, 3]),
            },
        }
    }

    pub(super) fn sysctl_write(&mut self) -> Op {
        let file = match self.chance(80) {
            true => self.one_of(&SYSCTLS[..3]),
            false => self.one_of(&SYSCTLS),
        };
        let value = match file {
            Sysctl::LastPid => self.one_of(&[0, 1, 5, 50, 298, 299, 300, 301, 5_000_000, -1]),
            Sysctl::PidMax => self.one_of(&[400, 1000, 4_194_304, 300, 4_194_305, 0]),
            Sysctl::MemfdNoexec => self.one_of(&[0, 1, 2, 3, -1]),
            _ => self.one_of(&[0, 0, 50000]),
        };
        Op::WriteSysctl { file, value }
    }
}
