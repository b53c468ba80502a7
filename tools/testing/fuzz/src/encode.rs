// SPDX-License-Identifier: GPL-2.0

//! From calls with names in them to what a worker is sent.

use bytemuck::Zeroable;

use crate::lower::{Arg, Call, Returns, Who};
use crate::program::{Capability, Fd, File, Num, Task};
use crate::uapi;
use crate::wire::{self, MAX_FDS, Request, arg};

/// What names mean to the caller at this moment; an error says why the step
/// cannot be done.
pub trait Names {
    /// A task's number at the caller's depth.
    fn number(&self, task: Task) -> Result<i32, String>;
    /// A task's number in the outermost namespace.
    fn outer(&self, task: Task) -> Result<i32, String>;
    fn file(&self, file: File) -> Result<i32, String>;
    fn plain(&self) -> i32;
    fn proc(&self) -> i32;
    /// The data of capset(2).
    fn caps_without(&self, capability: Capability) -> Result<Vec<u8>, String>;

    fn num(&self, num: &Num) -> Result<i32, String> {
        match num {
            Num::Of(task) => self.number(*task),
            Num::Raw(value) => Ok(*value),
        }
    }
}

pub struct Encoder {
    pub request: Box<Request>,
    pub fds: Vec<i32>,
}

impl Encoder {
    pub fn new(kind: u32) -> Self {
        let mut request = Box::new(Request::zeroed());
        request.kind = kind;
        Self {
            request,
            fds: Vec::new(),
        }
    }

    /// Adds input; its place.
    pub fn input(&mut self, bytes: &[u8]) -> i64 {
        let request = &mut self.request;
        let at = (request.input_len as usize).next_multiple_of(8);
        request.input[at..at + bytes.len()].copy_from_slice(bytes);
        request.input_len = (at + bytes.len()) as u32;
        at as i64
    }

    fn output(&mut self, len: usize) -> i64 {
        let at = self.request.output_len;
        self.request.output_len += len.next_multiple_of(8) as u32;
        assert!(self.request.output_len as usize <= wire::OUT_SIZE);
        at.into()
    }

    /// Adds a descriptor to be sent; its place.
    pub fn fd(&mut self, fd: i32) -> i64 {
        assert!(self.fds.len() < MAX_FDS);
        self.fds.push(fd);
        self.fds.len() as i64 - 1
    }

    fn text(&mut self, text: &str) -> (u8, i64) {
        let mut bytes = text.as_bytes().to_vec();
        bytes.push(0);
        (arg::INPUT, self.input(&bytes))
    }

    fn arg(&mut self, arg: &Arg, names: &impl Names) -> Result<(u8, i64), String> {
        Ok(match arg {
            Arg::Value(value) => (arg::VALUE, *value),
            Arg::Num(num) => (arg::VALUE, names.num(num)?.into()),
            Arg::Minus(num) => (arg::VALUE, -i64::from(names.num(num)?)),
            Arg::Fd(Fd::Is(file)) => (arg::FD, self.fd(names.file(*file)?)),
            Arg::Fd(Fd::Plain) => (arg::FD, self.fd(names.plain())),
            Arg::Fd(Fd::Bad) => (arg::VALUE, -1),
            Arg::Fd(Fd::MyThread) => (arg::VALUE, uapi::PIDFD_SELF_THREAD.into()),
            Arg::Fd(Fd::MyProcess) => (arg::VALUE, uapi::PIDFD_SELF_THREAD_GROUP.into()),
            Arg::Proc => (arg::FD, self.fd(names.proc())),
            Arg::Text(text) => self.text(text),
            Arg::Path(who, rest) => {
                let number = match who {
                    Who::Outer(task) => names.outer(*task)?,
                    Who::Num(num) => names.num(num)?,
                };
                self.text(&format!("{number}{rest}"))
            }
            Arg::Bytes(bytes) => (arg::INPUT, self.input(bytes)),
            Arg::Out(len) => (arg::OUTPUT, self.output(*len)),
            Arg::InOut(bytes) => {
                let at = self.input(bytes);
                assert!(at == 0 && self.output(bytes.len()) == 0, "not the first");
                self.request.copied = bytes.len() as u32;
                (arg::OUTPUT, 0)
            }
            Arg::Again => (arg::OUTPUT, 0),
            Arg::Result(call) => (arg::RESULT, *call as i64),
            Arg::CapsWithout(capability) => {
                let data = names.caps_without(*capability)?;
                (arg::INPUT, self.input(&data))
            }
        })
    }

    /// Adds the calls of an operation.
    pub fn calls(&mut self, calls: &[Call], names: &impl Names) -> Result<(), String> {
        // What is both input and output stands first in both.
        let mut order: Vec<(usize, usize)> = Vec::new();
        for (c, call) in calls.iter().enumerate() {
            order.extend((0..call.args.len()).map(|a| (c, a)));
        }
        order.sort_by_key(|&(c, a)| !matches!(calls[c].args[a], Arg::InOut(_)));
        for (c, a) in order {
            let (kind, value) = self.arg(&calls[c].args[a], names)?;
            self.request.call[c].kinds[a] = kind;
            self.request.call[c].values[a] = value;
        }
        for (wire, call) in self.request.call.iter_mut().zip(calls) {
            wire.number = call.number;
            wire.flags = match call.returns {
                Returns::Nothing => 0,
                Returns::Fd => wire::RETURNS_FD,
                Returns::Kept => wire::RETURNS_FD | wire::SEND_FD,
            };
        }
        self.request.calls = calls.len() as u32;
        Ok(())
    }
}
