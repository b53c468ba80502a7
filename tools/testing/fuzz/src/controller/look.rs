// SPDX-License-Identifier: GPL-2.0

//! What the controller sees for itself.

use std::fs::File as OsFile;
use std::os::fd::{AsRawFd, OwnedFd};

use super::Controller;
use super::view::View;
use crate::encode::Names;
use crate::program::{CONTROLLER, Fd, Op};
use crate::{observe, sys, uapi};

impl Controller {
    /// All that there is: threads, their namespaces, and pidfds.
    pub(super) fn look(&mut self) -> Vec<String> {
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

    /// What a file is that was kept.
    pub(super) fn describe(&mut self, op: &Op, fd: &OwnedFd) -> String {
        match op {
            Op::PidfdOpen { .. } | Op::Clone { .. } => self.pidfd(fd),
            Op::MountProc { .. } => "a procfs".to_string(),
            _ => self.labels.of_file(fd),
        }
    }

    /// The process that a pidfd is of, as its fdinfo says.
    pub(super) fn pidfd(&self, fd: &OwnedFd) -> String {
        let path = format!("/proc/self/fdinfo/{}", fd.as_raw_fd());
        let text = observe::read(&path).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let numbers = observe::field(&text, "NSpid").replace('\t', ",");
        format!("pidfd Pid={} NSpid={numbers}", observe::field(&text, "Pid"))
    }

    /// poll(2) of a pidfd. It does not matter who does it.
    pub(super) fn poll(&mut self, fd: Fd) -> Result<Vec<String>, String> {
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
}
