// SPDX-License-Identifier: GPL-2.0

//! What the generator believes of the state that its steps lead to. It need not
//! be right: a step whose task does not live is skipped, and errors are wanted.

use std::collections::{BTreeMap, BTreeSet};

use crate::flags::CloneFlags;
use crate::program::{CONTROLLER, Dest, Fd, File, NsFile, Num, Op, Step, Task, Which};
use crate::report::new_file;

#[derive(Clone, Debug)]
pub struct MTask {
    pub process: Task,
    pub parent: Task,
    pub depth: usize,
    /// The namespace, by the name of its init.
    pub init: Task,
    /// Children will be in another namespace.
    pub pending: Option<Task>,
    pub live: bool,
    pub stopped: bool,
    pub weak: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Namespace(NsFile),
    Pidfd(Task),
    Procfs,
}

/// The file that an operation makes, and what it is.
pub fn made(op: &Op) -> Option<(File, Kind)> {
    let kind = match op {
        Op::Clone { child, flags, .. } if flags.contains(CloneFlags::PIDFD) => Kind::Pidfd(*child),
        Op::Clone { .. } => return None,
        Op::PidfdOpen {
            who: Num::Of(task), ..
        } => Kind::Pidfd(*task),
        Op::PidfdOpen { .. } => return None,
        Op::MountProc { .. } => Kind::Procfs,
        Op::NsOpen { file, .. } | Op::PidfdNs { file, .. } => Kind::Namespace(*file),
        Op::NsUser { .. } => Kind::Namespace(NsFile::User),
        _ => Kind::Namespace(NsFile::Pid),
    };
    Some((new_file(op)?, kind))
}

#[derive(Default)]
pub struct Model {
    pub tasks: BTreeMap<Task, MTask>,
    pub files: BTreeMap<File, Kind>,
    /// Numbers that were chosen once.
    taken: Vec<Num>,
    /// Tasks that whoever wrote their clone knows will not be.
    doomed: BTreeSet<Task>,
    next_task: Task,
    next_file: File,
}

impl Model {
    pub fn new_task(&mut self) -> Task {
        self.next_task += 1;
        self.next_task
    }

    pub fn doomed_task(&mut self) -> Task {
        let task = self.new_task();
        self.doomed.insert(task);
        task
    }

    pub fn new_file(&mut self) -> File {
        self.next_file += 1;
        self.next_file
    }

    pub fn live(&self) -> Vec<Task> {
        let live = self.tasks.iter().filter(|(_, t)| t.live && !t.stopped);
        live.map(|(name, _)| *name).collect()
    }

    pub fn files_of(&self, wanted: impl Fn(Kind) -> bool) -> Vec<File> {
        let some = self.files.iter().filter(|(_, kind)| wanted(**kind));
        some.map(|(name, _)| *name).collect()
    }

    pub fn is_live(&self, task: Task) -> bool {
        task == CONTROLLER || self.tasks.get(&task).is_some_and(|t| t.live)
    }

    pub fn depth(&self, task: Task) -> usize {
        self.tasks.get(&task).map_or(0, |t| t.depth)
    }

    /// A process ends; if it is an init, so do all in its namespace.
    fn end(&mut self, process: Task) {
        let mut ended = vec![process];
        while let Some(process) = ended.pop() {
            let mut more = Vec::new();
            for (name, task) in &mut self.tasks {
                if task.live && (task.process == process || task.init == process) {
                    task.live = false;
                    more.push(*name);
                }
            }
            ended.extend(more);
        }
    }

    /// Whether set_tid may succeed, as far as that can be said from the numbers.
    fn plausible(&self, by: &MTask, flags: CloneFlags, tids: &[Num]) -> bool {
        let levels = by.depth + 1 + usize::from(flags.contains(CloneFlags::NEWPID));
        let first = match flags.contains(CloneFlags::NEWPID) {
            true => tids.first().is_none_or(|n| *n == Num::Raw(1)),
            false => tids.first() != Some(&Num::Raw(1)),
        };
        let others = tids
            .iter()
            .skip(usize::from(flags.contains(CloneFlags::NEWPID)));
        let fresh = others
            .clone()
            .all(|n| matches!(n, Num::Raw(2..400_000) if !self.taken.contains(n)));
        tids.is_empty() || (tids.len() <= levels && first && fresh && !by.weak)
    }

    fn clone(&mut self, by: Task, child: Task, flags: CloneFlags, tids: &[Num]) {
        let new_pid = flags.contains(CloneFlags::NEWPID);
        if by == CONTROLLER {
            self.tasks.insert(
                child,
                MTask {
                    process: child,
                    parent: CONTROLLER,
                    depth: 0,
                    init: CONTROLLER,
                    pending: None,
                    live: true,
                    stopped: false,
                    weak: false,
                },
            );
            return;
        }
        let Some(parent) = self.tasks.get(&by).filter(|t| t.live) else {
            return;
        };
        if !self.plausible(parent, flags, tids) {
            return;
        }
        let pair = CloneFlags::NEWIPC | CloneFlags::SYSVSEM;
        if self.doomed.contains(&child)
            || flags.contains(pair)
            || (flags.contains(CloneFlags::PARENT) && parent.process == parent.init)
        {
            return;
        }
        let namespaces = flags.intersection(CloneFlags::NAMESPACES);
        if parent.weak && !namespaces.is_empty() && !namespaces.contains(CloneFlags::NEWUSER) {
            return;
        }
        let dead =
            |init: Task| init != CONTROLLER && !self.tasks.get(&init).is_some_and(|t| t.live);
        if parent.pending.is_some_and(dead) {
            return;
        }
        self.taken.extend_from_slice(tids);
        let Some(parent) = self.tasks.get_mut(&by) else {
            return;
        };
        let thread = flags.contains(CloneFlags::THREAD);
        if thread && (flags.intersects(CloneFlags::NAMESPACES) || parent.pending.is_some()) {
            return;
        }
        if new_pid && parent.pending.is_some() {
            return;
        }
        let mut task = parent.clone();
        task.pending = None;
        if let Some(init) = parent.pending {
            task.depth += 1;
            task.init = init;
            if init == CONTROLLER {
                // The first: it becomes the init.
                task.init = child;
                parent.pending = Some(child);
            }
        }
        if !thread {
            task.process = child;
            task.parent = parent.process;
        }
        if new_pid {
            task.depth += 1;
            task.init = child;
        }
        if flags.contains(CloneFlags::NEWUSER) {
            task.weak = false;
        }
        if task.depth <= 31 {
            self.tasks.insert(child, task);
        }
    }

    fn signal(&mut self, to: Task, signal: i32) {
        let Some(task) = self.tasks.get(&to) else {
            return;
        };
        let (process, init) = (task.process, task.init);
        match signal {
            libc::SIGKILL => self.end(process),
            libc::SIGHUP | libc::SIGINT | libc::SIGTERM | libc::SIGUSR1 if process != init => {
                self.end(process);
            }
            libc::SIGSTOP | libc::SIGCONT => {
                let tasks = self.tasks.values_mut();
                tasks
                    .filter(|t| t.process == process)
                    .for_each(|t| t.stopped = signal == libc::SIGSTOP);
            }
            _ => {}
        }
    }

    /// Follows a step.
    pub fn apply(&mut self, step: &Step) {
        let by = step.by;
        self.files.extend(made(&step.op));
        match &step.op {
            Op::Clone {
                child, flags, tids, ..
            } => self.clone(by, *child, *flags, tids),
            Op::Exit { .. } => {
                if let Some(task) = self.tasks.get(&by) {
                    self.end(task.process);
                }
            }
            Op::ThreadExit => {
                if let Some(task) = self.tasks.get_mut(&by) {
                    task.live = false;
                }
            }
            Op::Exec => {
                let process = self.tasks.get(&by).map(|t| t.process);
                for (name, task) in &mut self.tasks {
                    if Some(task.process) == process && *name != by {
                        task.live = false;
                    }
                }
            }
            Op::Reboot { .. } => {
                if let Some(init) = self.tasks.get(&by).map(|t| t.init) {
                    self.end(init);
                }
            }
            Op::Unshare { flags } if flags.contains(CloneFlags::NEWPID) => {
                if let Some(task) = self.tasks.get_mut(&by) {
                    task.pending.get_or_insert(CONTROLLER);
                }
            }
            Op::Setuid { .. } | Op::Drop { .. } => {
                if let Some(task) = self.tasks.get_mut(&by) {
                    task.weak = true;
                }
            }
            Op::Kill {
                to: Dest::One(Num::Of(task)),
                signal,
            } => self.signal(*task, *signal),
            Op::PidfdSignal {
                fd: Fd::Is(file),
                signal,
                ..
            } => {
                if let Some(Kind::Pidfd(task)) = self.files.get(file).copied() {
                    self.signal(task, *signal);
                }
            }
            Op::Wait {
                which: Which::One(Num::Of(task)),
                ..
            } => {
                self.tasks.retain(|name, t| name != task || t.live);
            }
            Op::Close { file } => {
                self.files.remove(file);
            }
            _ => {}
        }
    }
}
