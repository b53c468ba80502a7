// SPDX-License-Identifier: GPL-2.0

//! Waiting until nothing moves by itself.

use std::os::fd::AsRawFd;

use syscalls::Sysno;

use super::Controller;
use crate::tasks::{Condition, Worker, settled};
use crate::wire::{MAX_FDS, Reply};
use crate::{observe, sys};

impl Controller {
    /// Waits until nothing moves by itself.
    pub(super) fn quiet(&mut self) {
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
        let waits = last.iter().filter(|s| s.exiting && s.state != 'Z');
        self.waiting = waits.map(|s| s.tgid).collect();
        self.chance |= self.waiting.iter().any(|tgid| {
            let of = |w: &&Worker| w.tgid == *tgid && w.is_active();
            self.workers.values().filter(of).count() > 1
        });
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
    pub(super) fn wait_free(&self, tid: i32) {
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
}
