// SPDX-License-Identifier: GPL-2.0

//! Requests and answers.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use super::Controller;
use crate::encode::Encoder;
use crate::flags::WaitFlags;
use crate::program::{CONTROLLER, Task};
use crate::tasks::Condition;
use crate::wire::{MAX_FDS, Reply};
use crate::{observe, report, sys, worker};

/// How many answers of a wait for anybody are asked for.
const DRAIN: usize = 100;

/// What came of a request.
pub(super) enum Answer {
    Reply(Option<OwnedFd>),
    /// It was stopped, or died, before it could answer.
    Silence,
}

impl Controller {
    pub(super) fn send(&self, by: Task, encoder: &Encoder) -> Result<(), String> {
        let socket = self.known(by)?.socket.as_raw_fd();
        match sys::send(socket, encoder.request.bytes(), &encoder.fds) {
            sent if sent < 0 => Err(format!("task {by} cannot be reached")),
            _ => Ok(()),
        }
    }

    /// Waits for an answer, unless none can come.
    pub(super) fn answer(&mut self, by: Task) -> Answer {
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
            let (tgid, tid) = (worker.tgid, worker.tid);
            let alive = |s: &observe::Stat| !s.exiting && !matches!(s.state, 'Z' | 'X');
            match observe::stat(tgid, tid) {
                Some(s) if s.state == 'T' => {
                    worker.owes = true;
                    return Answer::Silence;
                }
                Some(s) if alive(&s) => {}
                // On exec a thread takes the leader's place.
                _ if observe::stat(tgid, tgid).is_some_and(|s| alive(&s)) => {}
                _ => return Answer::Silence,
            }
        }
    }

    pub(super) fn ask(&mut self, by: Task, encoder: &Encoder) -> Result<Answer, String> {
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
    pub(super) fn finish(
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
        if moves || lines.is_empty() || !self.waiting.is_empty() {
            self.quiet();
        }
        // Whether it could still answer before it stopped or died is chance.
        match self.workers.get(&by).map(|w| w.condition) {
            None | Some(Condition::Live) => lines,
            Some(condition) => vec![format!("no answer: {condition:?}")],
        }
    }

    /// Waits for anybody, until there is nobody left: which one of several is
    /// found first is not to matter.
    pub(super) fn drain(&mut self, by: Task, encoder: &mut Encoder) -> Result<Vec<String>, String> {
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
            if !self.waiting.is_empty() {
                self.quiet();
            }
        }
        self.quiet();
        found.sort();
        if last.is_empty() {
            last = "waitid 0".to_string();
        }
        found.insert(0, last);
        Ok(found)
    }
}
