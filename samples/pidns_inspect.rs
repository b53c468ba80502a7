// SPDX-License-Identifier: GPL-2.0

//! Rust sample: a module that prints the PID namespaces of who loads it, and the loader's number
//! in each, from the inside out.

use kernel::{
    current,
    prelude::*, //
};

module! {
    type: PidnsInspect,
    name: "pidns_inspect",
    authors: ["pidns contributors"],
    description: "Prints the PID namespaces of its loader",
    license: "GPL",
}

struct PidnsInspect;

impl kernel::Module for PidnsInspect {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let task = current!();
        for ns in task.active_pid_ns().ok_or(ESRCH)?.chain() {
            pr_info!("level {}: number {}\n", ns.level(), task.tgid_nr_ns(Some(ns)));
        }
        Ok(Self)
    }
}
