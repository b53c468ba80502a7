// SPDX-License-Identifier: GPL-2.0

//! Tasks that come, and those that begin anew.

use std::fs::File as OsFile;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use syscalls::Sysno;

use super::Controller;
use super::exchange::Answer;
use super::view::View;
use crate::encode::{Encoder, Names};
use crate::flags::CloneFlags;
use crate::program::{CONTROLLER, File, Num, Task};
use crate::tasks::{Condition, Worker};
use crate::wire::kind;
use crate::{labels, lower, observe, sys, uapi, worker};

impl Controller {
    /// Takes a newborn worker in; says how /proc sees it.
    pub(super) fn welcome(&mut self, child: Task, socket: OwnedFd) -> String {
        let mut encoder = Encoder::new(kind::CALLS);
        let thread_self = lower::thread_self();
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
        worker.numbers = numbers(&status);
        worker.namespaces = namespaces(tgid, tid);
        let namespace = worker.namespaces.first().copied();
        let label = namespace.map(|id| self.labels.of("pid", id));
        format!(
            "{} in {}",
            observe::summary(&status),
            label.unwrap_or_default()
        )
    }

    pub(super) fn spawn(&mut self, child: Task) -> Result<Vec<String>, String> {
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

    pub(super) fn clone(
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

    pub(super) fn exec(&mut self, by: Task) -> Result<Vec<String>, String> {
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
    pub(super) fn took_over(&mut self, by: Task) -> String {
        let Ok(tgid) = self.known(by).map(|w| w.tgid) else {
            return String::new();
        };
        let mut freed = Vec::new();
        for (task, worker) in &mut self.workers {
            if worker.tgid == tgid && worker.condition != Condition::Gone {
                freed.push(worker.tid);
                if *task != by {
                    worker.condition = Condition::Gone;
                }
            }
        }
        let status = observe::read(&format!("/proc/{tgid}/status")).unwrap_or_default();
        let status = String::from_utf8_lossy(&status).into_owned();
        if let Some(worker) = self.workers.get_mut(&by) {
            worker.tid = tgid;
            worker.numbers = numbers(&status);
        }
        freed.retain(|tid| *tid != tgid);
        freed.iter().for_each(|tid| self.wait_free(*tid));
        observe::summary(&status)
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

/// A thread's numbers, outermost first.
fn numbers(status: &str) -> Vec<i32> {
    let words = observe::field(status, "NSpid").split_ascii_whitespace();
    words.filter_map(|n| n.parse().ok()).collect()
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
