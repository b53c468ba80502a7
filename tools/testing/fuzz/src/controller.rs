// SPDX-License-Identifier: GPL-2.0

//! The controller: init of the outermost namespace. It has one worker at a time
//! do one operation, waits until nothing moves any more, and writes down what
//! came of it.

use std::collections::BTreeMap;
use std::fs::File as OsFile;
use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use anyhow::{Context, Result, ensure};
use bytemuck::Zeroable;
use syscalls::Sysno;

use crate::encode::{Encoder, Names};
use crate::flags::{CloneFlags, WaitFlags};
use crate::lower::lower;
use crate::program::{CONTROLLER, Capability, Fd, File, Num, Op, Program, Step, Task, Which};
use crate::tasks::{Condition, Worker, settled};
use crate::wire::{MAX_FDS, Reply, kind};
use crate::{labels, labels::Labels, observe, report, sys, uapi, worker};

/// How many answers of a wait for anybody are asked for.
const DRAIN: usize = 100;

pub struct Controller {
    workers: BTreeMap<Task, Worker>,
    files: BTreeMap<File, OwnedFd>,
    labels: Labels,
    proc: OsFile,
    plain: OsFile,
    binary: OsFile,
    reply: Box<Reply>,
    /// An init waits for others: reaping one of them lets it go on.
    waiting: bool,
}

/// What came of a request.
enum Answer {
    Reply(Option<OwnedFd>),
    /// It was stopped, or died, before it could answer.
    Silence,
}

struct View<'a> {
    controller: &'a Controller,
    by: Task,
}

impl Names for View<'_> {
    fn number(&self, task: Task) -> Result<i32, String> {
        if task == CONTROLLER {
            return Ok(1);
        }
        let numbers = &self.controller.certain(task)?.numbers;
        let depth = match self.by {
            CONTROLLER => 0,
            by => self.controller.known(by)?.numbers.len() - 1,
        };
        Ok(numbers[depth.min(numbers.len() - 1)])
    }

    fn outer(&self, task: Task) -> Result<i32, String> {
        match task {
            CONTROLLER => Ok(1),
            _ => Ok(self.controller.certain(task)?.tid),
        }
    }

    fn file(&self, file: File) -> Result<i32, String> {
        let fd = self.controller.files.get(&file);
        Ok(fd.ok_or(format!("there is no file {file}"))?.as_raw_fd())
    }

    fn plain(&self) -> i32 {
        self.controller.plain.as_raw_fd()
    }

    fn proc(&self) -> i32 {
        self.controller.proc.as_raw_fd()
    }

    fn caps_without(&self, capability: Capability) -> Result<Vec<u8>, String> {
        let worker = self.controller.known(self.by)?;
        let path = format!("/proc/{}/task/{}/status", worker.tgid, worker.tid);
        let status = observe::read(&path).map_err(sys::errno_name)?;
        let status = String::from_utf8_lossy(&status);
        let set = |name| u64::from_str_radix(observe::field(&status, name), 16).unwrap_or(0);
        let without = !uapi::capability_bit(capability);
        let (effective, permitted) = (set("CapEff") & without, set("CapPrm") & without);
        let low = [effective as u32, permitted as u32, 0];
        let high = [(effective >> 32) as u32, (permitted >> 32) as u32, 0];
        Ok([low, high]
            .concat()
            .into_iter()
            .flat_map(u32::to_ne_bytes)
            .collect())
    }
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
            waiting: false,
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
            to.write_all(text.as_bytes())?;
        }
        writeln!(to, "end")?;
        to.flush()?;
        Ok(())
    }

    fn known(&self, task: Task) -> Result<&Worker, String> {
        let worker = self.workers.get(&task);
        worker.ok_or(format!("there was never a task {task}"))
    }

    /// A task, unless it is a thread of an init that waits for the rest of its
    /// namespace: which of them waits, and which are gone, is chance.
    fn certain(&self, task: Task) -> Result<&Worker, String> {
        let worker = self.known(task)?;
        let dying = worker.condition == Condition::Dying;
        let mut threads = self.workers.values().filter(|w| w.tgid == worker.tgid);
        match self.waiting && dying && threads.any(|w| w.tid != worker.tid) {
            true => Err(format!("the state of task {task} is not certain")),
            false => Ok(worker),
        }
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
        // In the outermost namespace it would end the controller.
        if matches!(op, Op::Reboot { .. }) && worker.numbers.len() < 2 {
            return Err("no reboot in the outermost namespace".to_string());
        }
        Ok(())
    }

    fn send(&self, by: Task, encoder: &Encoder) -> Result<(), String> {
        let socket = self.known(by)?.socket.as_raw_fd();
        match sys::send(socket, encoder.request.bytes(), &encoder.fds) {
            sent if sent < 0 => Err(format!("task {by} cannot be reached")),
            _ => Ok(()),
        }
    }

    /// Waits for an answer, unless none can come.
    fn answer(&mut self, by: Task) -> Answer {
        let Some(worker) = self.workers.get_mut(&by) else {
            return Answer::Silence;
        };
        let socket = worker.socket.as_raw_fd();
        loop {
            let mut poll = libc::pollfd {
                fd: socket,
                events: libc::POLLIN,
                revents: 0,
            };
            // SAFETY: one pollfd, valid for the call.
            if unsafe { libc::poll(&raw mut poll, 1, 50) } > 0 {
                let mut fds = [-1; MAX_FDS];
                let to = (&raw mut *self.reply).cast();
                // SAFETY: a Reply is plain memory.
                let got = unsafe { sys::receive(socket, to, size_of::<Reply>(), &mut fds) };
                if got <= 0 {
                    return Answer::Silence;
                }
                // SAFETY: it was received just now, so it is ours.
                let fd = (fds[0] >= 0).then(|| unsafe { OwnedFd::from_raw_fd(fds[0]) });
                return Answer::Reply(fd);
            }
            if worker.tid < 0 {
                continue; // just born
            }
            match observe::stat(worker.tgid, worker.tid) {
                Some(s) if s.state == 'T' => {
                    worker.owes = true;
                    return Answer::Silence;
                }
                Some(s) if !s.exiting && !matches!(s.state, 'Z' | 'X') => {}
                _ => return Answer::Silence,
            }
        }
    }

    fn ask(&mut self, by: Task, encoder: &Encoder) -> Result<Answer, String> {
        if by != CONTROLLER {
            self.send(by, encoder)?;
            return Ok(self.answer(by));
        }
        let mut fds = [-1; MAX_FDS];
        fds[..encoder.fds.len()].copy_from_slice(&encoder.fds);
        let kept = worker::execute(&encoder.request, &fds, &mut self.reply);
        // SAFETY: the call that returned it gave it to us.
        Ok(Answer::Reply(
            kept.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }),
        ))
    }

    /// Waits until all is quiet if that may take time, and tells of the answer.
    fn finish(
        &mut self,
        by: Task,
        answer: Answer,
        moves: bool,
        tell: impl FnOnce(&mut Self, Option<OwnedFd>) -> Vec<String>,
    ) -> Vec<String> {
        let lines = match answer {
            Answer::Reply(fd) => tell(self, fd),
            Answer::Silence => vec![],
        };
        if moves || lines.is_empty() || self.waiting {
            self.quiet();
        }
        // Whether it could still answer before it stopped or died is chance.
        match self.workers.get(&by).map(|w| w.condition) {
            None | Some(Condition::Live) => lines,
            Some(condition) => vec![format!("no answer: {condition:?}")],
        }
    }

    /// Waits until nothing moves by itself.
    fn quiet(&mut self) {
        let mut last = Vec::new();
        for round in 0u32.. {
            let scan = observe::all();
            let settled = settled(&scan, &self.workers);
            if settled && scan == last {
                break;
            }
            last = match settled {
                true => scan,
                false => vec![],
            };
            // Nothing wakes us when a zombie's number is free.
            match round {
                0..100 => std::thread::yield_now(),
                _ => std::thread::sleep(std::time::Duration::from_micros(200)),
            }
        }
        self.waiting = last.iter().any(|s| s.exiting && s.state != 'Z');
        let mut gone = Vec::new();
        for worker in self.workers.values_mut() {
            let before = worker.condition;
            worker.update(&last);
            if worker.condition == Condition::Gone && before != Condition::Gone {
                gone.push((worker.tgid, worker.tid));
            }
            if worker.owes && worker.condition == Condition::Live {
                worker.owes = false;
                let mut fds = [-1; MAX_FDS];
                let to = (&raw mut *self.reply).cast();
                let socket = worker.socket.as_raw_fd();
                // SAFETY: a Reply is plain memory.
                unsafe { sys::receive(socket, to, size_of::<Reply>(), &mut fds) };
                fds.iter()
                    .filter(|fd| **fd >= 0)
                    .for_each(|fd| sys::close(*fd));
            }
        }
        for (tgid, tid) in gone {
            if tgid != tid {
                self.wait_free(tid);
            }
        }
    }

    /// Waits until the number of a thread that is gone is free again: F_SETOWN
    /// looks at the number alone, not at whether there is a task.
    fn wait_free(&self, tid: i32) {
        let socket = self.plain.as_raw_fd();
        let set = |number| {
            let args = [socket.into(), libc::F_SETOWN.into(), i64::from(number)];
            sys::plain(Sysno::fcntl, args)
        };
        while set(tid) == 0 {
            std::thread::yield_now();
        }
        set(0);
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

    /// What a file is that was kept.
    fn describe(&mut self, op: &Op, fd: &OwnedFd) -> String {
        match op {
            Op::PidfdOpen { .. } | Op::Clone { .. } => self.pidfd(fd),
            Op::MountProc { .. } => "a procfs".to_string(),
            _ => self.labels.of_file(fd),
        }
    }

    /// The process that a pidfd is of, as its fdinfo says.
    fn pidfd(&self, fd: &OwnedFd) -> String {
        let path = format!("/proc/self/fdinfo/{}", fd.as_raw_fd());
        let text = observe::read(&path).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let numbers = observe::field(&text, "NSpid").replace('\t', ",");
        format!("pidfd Pid={} NSpid={numbers}", observe::field(&text, "Pid"))
    }

    /// Waits for anybody, until there is nobody left: which one of several is
    /// found first is not to matter.
    fn drain(&mut self, by: Task, encoder: &mut Encoder) -> Result<Vec<String>, String> {
        let options = &mut encoder.request.call[0].values[3];
        *options &= !i64::from(WaitFlags::NOWAIT.bits());
        let mut found = Vec::new();
        let mut last = String::new();
        for _ in 0..DRAIN {
            match self.ask(by, encoder)? {
                Answer::Reply(_) => {}
                Answer::Silence => break,
            }
            let waited = report::waited(&self.reply);
            if self.reply.results[0] < 0 || waited.is_none() {
                last = format!("waitid {}", sys::outcome(self.reply.results[0]));
                break;
            }
            found.extend(waited);
        }
        self.quiet();
        found.sort();
        if last.is_empty() {
            last = "waitid 0".to_string();
        }
        found.insert(0, last);
        Ok(found)
    }

    /// poll(2) of a pidfd. It does not matter who does it.
    fn poll(&mut self, fd: Fd) -> Result<Vec<String>, String> {
        let view = View {
            controller: self,
            by: CONTROLLER,
        };
        let fd = match fd {
            Fd::Is(file) => view.file(file)?,
            _ => return Err("only a file of a name can be polled".to_string()),
        };
        let mut poll = libc::pollfd {
            fd,
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: one pollfd, valid for the call.
        let result = unsafe { libc::poll(&raw mut poll, 1, 0) };
        Ok(vec![
            format!("poll {result}"),
            format!("revents={:#x}", poll.revents),
        ])
    }

    /// Takes a newborn worker in; says how /proc sees it.
    fn welcome(&mut self, child: Task, socket: OwnedFd) -> String {
        let mut encoder = Encoder::new(kind::CALLS);
        let thread_self = crate::lower::thread_self();
        let view = View {
            controller: self,
            by: CONTROLLER,
        };
        encoder.calls(&thread_self, &view).expect("no names in it");
        let worker = Worker {
            socket,
            tgid: -1,
            tid: -1,
            numbers: vec![],
            namespaces: vec![],
            condition: Condition::Live,
            owes: false,
        };
        self.workers.insert(child, worker);
        let asked = self.send(child, &encoder).map(|()| self.answer(child));
        let answered = matches!(asked, Ok(Answer::Reply(_))) && self.reply.results[0] > 0;
        let link = match answered {
            true => self.reply.output[..self.reply.results[0] as usize].to_vec(),
            false => vec![],
        };
        let link = String::from_utf8_lossy(&link).into_owned();
        let ids: Vec<i32> = link
            .split("/task/")
            .filter_map(|n| n.parse().ok())
            .collect();
        let [tgid, tid] = ids[..] else {
            self.workers.remove(&child);
            return "the child does not answer".to_string();
        };
        let path = format!("/proc/{tgid}/task/{tid}/status");
        let status = observe::read(&path).unwrap_or_default();
        let status = String::from_utf8_lossy(&status);
        let worker = self.workers.get_mut(&child).expect("it was added");
        (worker.tgid, worker.tid) = (tgid, tid);
        worker.numbers = observe::field(&status, "NSpid")
            .split_ascii_whitespace()
            .filter_map(|n| n.parse().ok())
            .collect();
        worker.namespaces = namespaces(tgid, tid);
        let namespace = worker.namespaces.first().copied();
        let label = namespace.map(|id| self.labels.of("pid", id));
        format!(
            "{} in {}",
            observe::summary(&status),
            label.unwrap_or_default()
        )
    }

    fn spawn(&mut self, child: Task) -> Result<Vec<String>, String> {
        if self.workers.contains_key(&child) {
            return Err(format!("there is a task {child} already"));
        }
        let (mine, its) = socketpair();
        let result = worker::spawn(its.as_raw_fd());
        drop(its);
        let mut lines = vec![format!("clone3 {}", sys::outcome(result))];
        if result > 0 {
            lines.push(self.welcome(child, mine));
        }
        Ok(lines)
    }

    fn clone(
        &mut self,
        by: Task,
        child: Task,
        flags: CloneFlags,
        signal: i32,
        tids: &[Num],
        pidfd: File,
    ) -> Result<Vec<String>, String> {
        if self.workers.contains_key(&child) {
            return Err(format!("there is a task {child} already"));
        }
        let (mine, its) = socketpair();
        // SAFETY: all zeroes is valid.
        let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
        args.flags = flags.bits();
        args.exit_signal = signal as u64;
        args.set_tid_size = tids.len() as u64;
        let mut encoder = Encoder::new(kind::CLONE);
        // SAFETY: plain memory.
        let bytes: [u8; size_of::<libc::clone_args>()] = unsafe { std::mem::transmute(args) };
        encoder.input(&bytes);
        encoder.fd(its.as_raw_fd());
        let view = View {
            controller: self,
            by,
        };
        let mut numbers = Vec::new();
        for num in tids {
            numbers.extend(view.num(num)?.to_ne_bytes());
        }
        encoder.input(&numbers);
        let answer = self.ask(by, &encoder)?;
        drop(its);
        Ok(self.finish(by, answer, false, |this, fd| {
            let result = this.reply.results[0];
            let mut lines = vec![format!("clone3 {}", sys::outcome(result))];
            if result >= 0 {
                lines.push(this.welcome(child, mine));
                lines.extend(fd.as_ref().map(|fd| this.pidfd(fd)));
                this.keep(Some(pidfd), fd);
            }
            lines
        }))
    }

    fn exec(&mut self, by: Task) -> Result<Vec<String>, String> {
        let mut encoder = Encoder::new(kind::EXEC);
        encoder.fd(self.binary.as_raw_fd());
        let answer = self.ask(by, &encoder)?;
        Ok(self.finish(by, answer, true, |this, _| {
            let result = this.reply.results[0];
            let mut lines = vec![format!("execveat {}", sys::outcome(result))];
            if result >= 0 {
                lines.push(this.took_over(by));
            }
            lines
        }))
    }

    /// After exec: all other threads are gone, and the caller is the leader.
    fn took_over(&mut self, by: Task) -> String {
        let Ok(tgid) = self.known(by).map(|w| w.tgid) else {
            return String::new();
        };
        for (task, worker) in &mut self.workers {
            if worker.tgid == tgid && *task != by {
                worker.condition = Condition::Gone;
            }
        }
        let status = observe::read(&format!("/proc/{tgid}/status")).unwrap_or_default();
        let status = String::from_utf8_lossy(&status).into_owned();
        let old = self.workers.get_mut(&by).map(|worker| {
            let old = std::mem::replace(&mut worker.tid, tgid);
            worker.numbers = observe::field(&status, "NSpid")
                .split_ascii_whitespace()
                .filter_map(|n| n.parse().ok())
                .collect();
            old
        });
        if let Some(old) = old.filter(|old| *old != tgid) {
            self.wait_free(old);
        }
        observe::summary(&status)
    }

    /// All that there is: threads, their namespaces, and pidfds.
    fn look(&mut self) -> Vec<String> {
        self.quiet();
        let mut lines = Vec::new();
        let scan = observe::all();
        let waits = |s: &observe::Stat| s.exiting && s.state != 'Z';
        for stat in &scan {
            // Which of its threads waits for the rest of the namespace is chance.
            if scan.iter().any(|s| s.tgid == stat.tgid && waits(s)) {
                if stat.tid == stat.tgid {
                    lines.push(format!("dying Tgid={} PPid={}", stat.tgid, stat.parent));
                }
                continue;
            }
            let folder = format!("/proc/{}/task/{}", stat.tgid, stat.tid);
            let status = observe::read(&format!("{folder}/status")).unwrap_or_default();
            let mut line = observe::summary(&String::from_utf8_lossy(&status));
            if !matches!(stat.state, 'Z') && !stat.exiting {
                for file in uapi::NS_FILES {
                    let name = uapi::ns_file(file);
                    let what = match OsFile::open(format!("{folder}/ns/{name}")) {
                        Ok(fd) => self.labels.of_file(&fd),
                        Err(e) => sys::errno_name(-i64::from(e.raw_os_error().unwrap_or(0))),
                    };
                    line += &format!(" {name}={what}");
                }
            }
            lines.push(line);
        }
        lines
    }
}

/// The ids of a thread's PID namespace and of all it is in, innermost first, as
/// far as they can be seen.
fn namespaces(tgid: i32, tid: i32) -> Vec<u64> {
    let mut ids = Vec::new();
    let mut file = OsFile::open(format!("/proc/{tgid}/task/{tid}/ns/pid")).ok();
    while let Some(ns) = file {
        ids.extend(labels::id_of(ns.as_raw_fd()));
        let get = [ns.as_raw_fd().into(), uapi::NS_GET_PARENT.into()];
        let parent = sys::plain(Sysno::ioctl, get);
        // SAFETY: the call gave it to us.
        file = (parent >= 0).then(|| unsafe { OsFile::from_raw_fd(parent as i32) });
    }
    ids
}

fn socketpair() -> (OwnedFd, OwnedFd) {
    let mut pair = [-1; 2];
    let kind = libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC;
    // SAFETY: there is room for two descriptors.
    let made = unsafe { libc::socketpair(libc::AF_UNIX, kind, 0, pair.as_mut_ptr()) };
    assert_eq!(made, 0, "no socket");
    // SAFETY: they were made just now.
    let [mine, its] = pair.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) });
    (mine, its)
}
