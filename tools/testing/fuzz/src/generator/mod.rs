// SPDX-License-Identifier: GPL-2.0

//! From a seed to a program. It depends on nothing else.
//!
//! Most steps are chosen one by one; some come as a row that leads to what
//! chance alone would seldom reach ([`crate::scenarios`]), with others between.

mod compound;
mod garbage;
mod operands;

use std::collections::VecDeque;

use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

use crate::flags::CloneFlags;
use crate::model::{Kind, Model};
use crate::program::*;
use crate::{scenarios, uapi};

use compound::SYSCTLS;

pub struct Generator {
    pub rng: Pcg64Mcg,
    pub model: Model,
    steps: Vec<Step>,
    /// The rest of a row.
    queue: VecDeque<(Task, Op)>,
    /// All tasks begin without rights, and much of what they do is garbage.
    hostile: bool,
}

/// From this seed on programs are hostile.
pub const HOSTILE: u64 = 1_000_000;

/// The program of a seed.
pub fn generate(seed: u64, ops: usize) -> Program {
    let mut generator = Generator {
        hostile: seed >= HOSTILE,
        rng: Pcg64Mcg::seed_from_u64(seed),
        model: Model::default(),
        steps: Vec::new(),
        queue: VecDeque::new(),
    };
    while generator.steps.len() < ops {
        generator.next();
    }
    generator.emit(CONTROLLER, Op::Look);
    Program {
        steps: generator.steps,
    }
}

impl Generator {
    fn emit(&mut self, by: Task, op: Op) {
        let step = Step {
            id: self.steps.len() as u32,
            by,
            op,
        };
        self.model.apply(&step);
        self.steps.push(step);
    }

    /// Adds to the row that is under way.
    pub fn then(&mut self, by: Task, op: Op) {
        self.queue.push_back((by, op));
    }

    pub fn chance(&mut self, percent: u32) -> bool {
        self.rng.random_ratio(percent, 100)
    }

    pub fn one_of<T: Clone>(&mut self, of: &[T]) -> T {
        of.choose(&mut self.rng).expect("some").clone()
    }

    fn next(&mut self) {
        let live = self.model.live().len();
        if live == 0 || (live < 4 && self.chance(30)) {
            let child = self.model.new_task();
            self.emit(CONTROLLER, fork(child, CloneFlags::empty()));
            if self.hostile {
                self.disarm(child);
            }
            return;
        }
        if self.hostile && self.chance(40) {
            let (by, op) = (self.actor(), self.garbage());
            self.emit(by, op);
            return;
        }
        if !self.queue.is_empty() {
            if self.chance(85) {
                while let Some((by, op)) = self.queue.pop_front() {
                    // Of what cannot be done a little is done.
                    if self.model.is_live(by) || self.chance(10) {
                        self.emit(by, op);
                        break;
                    }
                }
                return;
            }
        } else if self.chance(7) {
            scenarios::begin(self);
            return;
        }
        let (by, op) = self.random(live);
        self.emit(by, op);
    }

    /// Takes its rights from a task, but for those over a user namespace of its own; and opens
    /// two files that it may try them on.
    fn disarm(&mut self, task: Task) {
        self.emit(task, Op::Setuid { uid: 1000 });
        if self.chance(60) {
            let flags = CloneFlags::NEWUSER;
            self.emit(task, Op::Unshare { flags });
            self.emit(CONTROLLER, Op::IdMap { of: task });
        }
        let (new, file) = (self.model.new_file(), self.one_of(&uapi::NS_FILES));
        let of = task;
        self.emit(CONTROLLER, Op::NsOpen { new, of, file });
        let (new, who) = (self.model.new_file(), Num::Of(self.task()));
        self.emit(CONTROLLER, Op::PidfdOpen { new, who, flags: 0 });
    }

    /// A step without regard to others.
    fn random(&mut self, live: usize) -> (Task, Op) {
        let by = self.actor();
        let op = match self.rng.random_range(0..200) {
            0..40 if live < 16 => self.clone_op(by),
            0..10 | 40..44 => {
                let code = self.rng.random_range(0..256);
                Op::Exit { code }
            }
            44..47 => Op::ThreadExit,
            47..52 => Op::Exec,
            10..30 | 52..58 => self.wait(by),
            30..40 | 58..72 => self.kill(),
            72 => {
                let mut all = uapi::REBOOT_ENDS.to_vec();
                all.extend(uapi::REBOOT_INVALID);
                let command = self.one_of(&all);
                Op::Reboot { command }
            }
            73..81 => Op::Unshare {
                flags: match self.chance(6) {
                    true => self.one_of(&[
                        CloneFlags::UNSHARE_EMPTY_MNTNS,
                        CloneFlags::PIDFD,
                        CloneFlags::THREAD,
                        CloneFlags::VM,
                        CloneFlags::SYSVSEM,
                        CloneFlags::FS | CloneFlags::FILES,
                    ]),
                    false => self.namespaces(35),
                },
            },
            81..90 => match self.chance(50) {
                true => Op::Setns {
                    fd: self.namespace(),
                    flags: match self.chance(80) {
                        true => CloneFlags::empty(),
                        false => self.namespaces(40),
                    },
                },
                false => Op::Setns {
                    fd: self.pidfd(),
                    flags: match self.chance(8) {
                        true => self.one_of(&[
                            CloneFlags::empty(),
                            CloneFlags::THREAD,
                            CloneFlags::NEWPID | CloneFlags::VM,
                            CloneFlags::NAMESPACES,
                        ]),
                        false => self.namespaces(60),
                    },
                },
            },
            90..100 => Op::NsOpen {
                new: self.model.new_file(),
                of: self.task(),
                file: match self.chance(50) {
                    true => self.one_of(&[NsFile::Pid, NsFile::PidForChildren, NsFile::User]),
                    false => self.one_of(&uapi::NS_FILES),
                },
            },
            100..104 => Op::NsParent {
                new: self.model.new_file(),
                fd: self.namespace(),
            },
            104..107 => Op::NsUser {
                new: self.model.new_file(),
                fd: self.namespace(),
            },
            107 => Op::NsType {
                fd: self.namespace(),
            },
            108 => Op::NsOwner {
                fd: self.fd(|kind| kind == Kind::Namespace(NsFile::User)),
            },
            109 => Op::NsId {
                fd: self.namespace(),
            },
            110..115 => Op::NsTranslate {
                fd: self.pid_namespace(),
                how: self.one_of(&[
                    Translation::PidFrom,
                    Translation::TgidFrom,
                    Translation::PidIn,
                    Translation::TgidIn,
                ]),
                who: self.num(),
            },
            115..117 => Op::NsHandle {
                new: self.model.new_file(),
                fd: self.namespace(),
            },
            117 => Op::ListNs {
                types: self.one_of(&[CloneFlags::NEWPID, CloneFlags::NEWUSER]),
            },
            118..128 => Op::PidfdOpen {
                new: self.model.new_file(),
                who: self.num(),
                flags: self.one_of(&[
                    0,
                    0,
                    0,
                    uapi::PIDFD_NONBLOCK,
                    uapi::PIDFD_THREAD,
                    uapi::PIDFD_THREAD,
                    1,
                ]),
            },
            128..131 => Op::PidfdGetfd {
                fd: self.pidfd(),
                remote: self.one_of(&[0, 3, 3, 999, -1]),
                flags: u32::from(self.chance(10)),
            },
            131..136 => Op::PidfdInfo { fd: self.pidfd() },
            136..140 => Op::PidfdNs {
                new: self.model.new_file(),
                fd: self.pidfd(),
                file: self.one_of(&uapi::NS_FILES),
            },
            140..143 => Op::PidfdPoll {
                fd: self.fd(|kind| matches!(kind, Kind::Pidfd(_))),
            },
            143..146 => Op::Setsid,
            146..151 => Op::Setpgid {
                who: self.child_of(by),
                group: self.num(),
            },
            151..153 => Op::Getpgid { who: self.num() },
            153..155 => Op::Getsid { who: self.num() },
            155..158 => Op::Ids,
            158..160 => Op::Subreaper {
                on: self.chance(80),
            },
            160..163 => Op::ReadSysctl {
                file: self.one_of(&SYSCTLS),
            },
            163..169 => self.sysctl_write(),
            169 => Op::Loadavg,
            170..173 => Op::Memfd {
                flags: self.one_of(&[0, uapi::MFD_EXEC, uapi::MFD_NOEXEC_SEAL, 24, 0x80]),
            },
            173..176 => Op::Status { of: self.task() },
            176..179 => {
                let files = self.model.files_of(|k| k == Kind::Namespace(NsFile::Pid));
                let of = match files.is_empty() || self.chance(60) {
                    true => None,
                    false => Some(self.one_of(&files)),
                };
                Op::MountProc {
                    new: self.model.new_file(),
                    of,
                }
            }
            179..181 => Op::ProcList {
                fd: self.fd(|kind| kind == Kind::Procfs),
            },
            181..183 => Op::ProcStatus {
                fd: self.fd(|kind| kind == Kind::Procfs),
                who: self.num(),
            },
            183..185 => Op::IdMap { of: self.task() },
            185 => Op::Setuid {
                uid: self.one_of(&[0, 1000, 1000, 65534, 70000]),
            },
            186 => Op::Drop {
                capability: self.one_of(&[
                    Capability::Kill,
                    Capability::SysPtrace,
                    Capability::SysAdmin,
                    Capability::SysBoot,
                    Capability::SysResource,
                    Capability::CheckpointRestore,
                ]),
            },
            187 => Op::Nproc {
                limit: self.one_of(&[0, 5, 60000]),
            },
            188..191 if !self.model.files.is_empty() => Op::Close {
                file: {
                    let files = self.model.files_of(|_| true);
                    self.one_of(&files)
                },
            },
            191..194 => return (CONTROLLER, self.wait(CONTROLLER)),
            _ => return (CONTROLLER, Op::Look),
        };
        (by, op)
    }
}

/// A clone3 as fork(2) would do it, but for these flags.
pub fn fork(child: Task, flags: CloneFlags) -> Op {
    let silent = flags.intersects(CloneFlags::THREAD | CloneFlags::PARENT);
    Op::Clone {
        child,
        flags,
        signal: if silent { 0 } else { libc::SIGCHLD },
        tids: vec![],
        pidfd: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_program() {
        for seed in [0, 1, 77] {
            assert_eq!(generate(seed, 300), generate(seed, 300));
        }
        assert_ne!(generate(0, 300), generate(1, 300));
    }

    #[test]
    fn a_longer_program_begins_as_the_shorter() {
        let (short, long) = (generate(5, 100), generate(5, 200));
        assert_eq!(short.steps[..100], long.steps[..100]);
    }

    #[test]
    fn hostile_programs_have_no_rights_and_garbage() {
        let program = generate(HOSTILE, 300);
        let raw = |op: &Op| {
            matches!(
                op,
                Op::Raw { .. } | Op::RawRead { .. } | Op::RawWrite { .. }
            )
        };
        assert!(program.steps.iter().filter(|s| raw(&s.op)).count() > 50);
        for two in program.steps.windows(2) {
            if let (CONTROLLER, Op::Clone { child, .. }) = (two[0].by, &two[0].op) {
                assert_eq!((two[1].by, &two[1].op), (*child, &Op::Setuid { uid: 1000 }));
            }
        }
        let usual = generate(HOSTILE - 1, 300);
        assert!(!usual.steps.iter().any(|s| raw(&s.op)));
    }

    #[test]
    fn ids_count_up() {
        let program = generate(9, 250);
        let ids: Vec<u32> = program.steps.iter().map(|s| s.id).collect();
        assert_eq!(ids, (0..ids.len() as u32).collect::<Vec<_>>());
    }
}
