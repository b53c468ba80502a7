// SPDX-License-Identifier: GPL-2.0

//! The controller: init of the outermost namespace. It has one worker at a time
//! do one operation, waits until nothing moves any more, and writes down what
//! came of it.

mod births;
mod exchange;
mod look;
mod quiet;
mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File as OsFile;
use std::io::Write;
use std::os::fd::{AsRawFd, OwnedFd};

use anyhow::{Context, Result, ensure};
use bytemuck::Zeroable;
use syscalls::Sysno;

use crate::encode::{Encoder, Names};
use crate::flags::WaitFlags;
use crate::lower::lower;
use crate::program::{CONTROLLER, Fd, File, Num, Op, Program, Step, Task, Which};
use crate::tasks::{Condition, Worker};
use crate::wire::{Reply, kind};
use crate::{labels::Labels, report, sys};

use view::View;

pub struct Controller {
    workers: BTreeMap<Task, Worker>,
    files: BTreeMap<File, OwnedFd>,
    labels: Labels,
    proc: OsFile,
    plain: OsFile,
    binary: OsFile,
    reply: Box<Reply>,
    /// Inits that wait for others: reaping one of them lets it go on.
    waiting: BTreeSet<i32>,
    /// One of them had several threads. Which of them waits, and which numbers
    /// are free, is chance, so the program ends.
    chance: bool,
}

impl Controller {
    pub fn new() -> Result<Self> {
        // Nothing below may ever run outside of a namespace made for it.
        ensure!(
            sys::plain(Sysno::getpid, []) == 1,
            "the controller must be the init of a PID namespace; use `pidns-fuzz run`"
        );
        let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
        ensure!(
            map.lines().count() == 2,
            "the controller must be in a user namespace of its own; use `pidns-fuzz run`"
        );
        let open = |path: &str| OsFile::open(path).with_context(|| format!("opening {path}"));
        Ok(Self {
            workers: BTreeMap::new(),
            files: BTreeMap::new(),
            labels: Labels::default(),
            proc: open("/proc")?,
            plain: open("/dev/null")?,
            binary: open("/proc/self/exe")?,
            reply: Box::new(Reply::zeroed()),
            waiting: BTreeSet::new(),
            chance: false,
        })
    }

    /// Runs a program, writing its transcript.
    pub fn run(&mut self, program: &Program, to: &mut impl Write) -> Result<()> {
        for step in &program.steps {
            writeln!(to, "{step}")?;
            to.flush()?;
            let mut text = String::new();
            for line in self.step(step) {
                text += &format!("  {line}\n");
            }
            if self.chance {
                text += "  which thread of the init waits is chance: the rest is left out\n";
            }
            to.write_all(text.as_bytes())?;
            if self.chance {
                break;
            }
        }
        writeln!(to, "end")?;
        to.flush()?;
        Ok(())
    }

    fn known(&self, task: Task) -> Result<&Worker, String> {
        let worker = self.workers.get(&task);
        worker.ok_or(format!("there was never a task {task}"))
    }

    /// Does a step, and says what came of it.
    fn step(&mut self, step: &Step) -> Vec<String> {
        self.try_step(step)
            .unwrap_or_else(|why| vec![format!("skipped: {why}")])
    }

    fn try_step(&mut self, step: &Step) -> Result<Vec<String>, String> {
        let by = step.by;
        match &step.op {
            Op::Close { file } => {
                let closed = self.files.remove(file);
                closed.ok_or(format!("there is no file {file}"))?;
                return Ok(vec!["close 0".to_string()]);
            }
            Op::Look => return Ok(self.look()),
            Op::PidfdPoll { fd } => return self.poll(*fd),
            _ => {}
        }
        self.may(by, &step.op)?;
        match &step.op {
            Op::Clone { child, .. } if by == CONTROLLER => self.spawn(*child),
            Op::Clone {
                child,
                flags,
                signal,
                tids,
                pidfd,
            } => self.clone(by, *child, *flags, *signal, tids, *pidfd),
            Op::Exec => self.exec(by),
            Op::ThreadExit => {
                let answer = self.ask(by, &Encoder::new(kind::THREAD_EXIT))?;
                Ok(self.finish(by, answer, true, |_, _| vec!["exit 0".to_string()]))
            }
            op => self.calls(by, op),
        }
    }

    /// Whether a task may and can do this now.
    fn may(&self, by: Task, op: &Op) -> Result<(), String> {
        if let Op::Wait { which, options } = op {
            let nonblock = match which {
                Which::Pidfd(Fd::Is(file)) => self.files.get(file).is_some_and(|fd| {
                    let get = [fd.as_raw_fd().into(), libc::F_GETFL.into()];
                    sys::plain(Sysno::fcntl, get) & i64::from(libc::O_NONBLOCK) != 0
                }),
                _ => false,
            };
            if !nonblock && !options.contains(WaitFlags::NOHANG) {
                return Err("it might not return".to_string());
            }
        }
        if by == CONTROLLER {
            let harmless = matches!(
                op,
                Op::Clone { .. }
                    | Op::Wait { .. }
                    | Op::Kill { .. }
                    | Op::NsOpen { .. }
                    | Op::NsTranslate { .. }
                    | Op::PidfdOpen { .. }
                    | Op::PidfdInfo { .. }
                    | Op::PidfdSignal { .. }
                    | Op::Status { .. }
                    | Op::IdMap { .. }
                    | Op::WriteSysctl { .. }
                    | Op::ReadSysctl { .. }
                    | Op::Loadavg
            );
            return match harmless {
                true => Ok(()),
                false => Err("this is not for the controller".to_string()),
            };
        }
        let worker = self.known(by)?;
        match worker.condition {
            Condition::Live => {}
            Condition::Stopped => return Err(format!("task {by} is stopped")),
            Condition::Dying | Condition::Gone => return Err(format!("task {by} is dead")),
        }
        if let Op::Setpgid { who, group } = op {
            self.may_join(by, who, group)?;
        }
        // In the outermost namespace it would end the controller.
        if matches!(op, Op::Reboot { .. }) && worker.numbers.len() < 2 {
            return Err("no reboot in the outermost namespace".to_string());
        }
        Ok(())
    }

    /// An init whose group is of a number of its own namespace can never end, and
    /// nobody can kill it: it holds that number itself, and waits for it. So an
    /// init's group is its own, or that which it was born with.
    fn may_join(&self, by: Task, who: &Num, group: &Num) -> Result<(), String> {
        let view = View {
            controller: self,
            by,
        };
        let caller = self.known(by)?;
        let depth = caller.numbers.len() - 1;
        let there = |w: &&Worker| w.condition != Condition::Gone;
        let leads = |w: &&Worker| w.tgid == caller.tgid && w.tid == w.tgid;
        let leader = self.workers.values().filter(there).find(leads);
        let own = leader.unwrap_or(caller).numbers[depth];
        let or = |number, other| if number == 0 { other } else { number };
        let who = or(view.num(who)?, own);
        let group = or(view.num(group)?, who);
        let is = |w: &&Worker| there(w) && w.numbers.get(depth) == Some(&who);
        let init = self
            .workers
            .values()
            .filter(is)
            .any(|w| w.numbers.last() == Some(&1));
        match init && group != who {
            true => Err("an init in a group of its own namespace could never end".to_string()),
            false => Ok(()),
        }
    }

    fn keep(&mut self, file: Option<File>, fd: Option<OwnedFd>) {
        if let (Some(file), Some(fd)) = (file, fd) {
            self.files.insert(file, fd);
        }
    }

    /// An operation that is a few calls.
    fn calls(&mut self, by: Task, op: &Op) -> Result<Vec<String>, String> {
        let calls = lower(op);
        let mut encoder = Encoder::new(kind::CALLS);
        let view = View {
            controller: self,
            by,
        };
        encoder.calls(&calls, &view)?;
        if let Op::Wait {
            which: Which::All | Which::Group(_),
            ..
        } = op
        {
            return self.drain(by, &mut encoder);
        }
        if matches!(op, Op::ListNs { .. }) {
            self.quiet();
        }
        let answer = self.ask(by, &encoder)?;
        let moves = matches!(
            op,
            Op::Exit { .. }
                | Op::Wait { .. }
                | Op::Reboot { .. }
                | Op::Kill { .. }
                | Op::Tgkill { .. }
                | Op::PidfdSignal { .. }
        );
        Ok(self.finish(by, answer, moves, |this, fd| {
            let label = fd.as_ref().map(|fd| this.describe(op, fd));
            this.keep(report::new_file(op), fd);
            let mut lines = report::calls(&calls, &this.reply);
            lines.extend(report::details(op, &calls, &this.reply, &mut this.labels));
            lines.extend(label);
            lines
        }))
    }
}
