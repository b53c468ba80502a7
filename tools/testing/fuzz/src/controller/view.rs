// SPDX-License-Identifier: GPL-2.0

//! What names mean to the task that uses them.

use std::os::fd::AsRawFd;

use super::Controller;
use crate::encode::Names;
use crate::program::{CONTROLLER, Capability, File, Task};
use crate::{observe, sys, uapi};

pub(super) struct View<'a> {
    pub(super) controller: &'a Controller,
    pub(super) by: Task,
}

impl Names for View<'_> {
    fn number(&self, task: Task) -> Result<i32, String> {
        if task == CONTROLLER {
            return Ok(1);
        }
        let numbers = &self.controller.known(task)?.numbers;
        let depth = match self.by {
            CONTROLLER => 0,
            by => self.controller.known(by)?.numbers.len() - 1,
        };
        Ok(numbers[depth.min(numbers.len() - 1)])
    }

    fn outer(&self, task: Task) -> Result<i32, String> {
        match task {
            CONTROLLER => Ok(1),
            _ => Ok(self.controller.known(task)?.tid),
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
