// SPDX-License-Identifier: GPL-2.0

//! Rust sample: prints the PID namespaces of the task that loads it, and its number in each,
//! innermost first.

use kernel::{
    current,
    ns::Namespace,
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
        let pid = task.own_pid().ok_or(ESRCH)?;
        for upid in pid.numbers().iter().rev() {
            pr_info!(
                "level {}: number {} in pid:[{}]\n",
                upid.ns().level(),
                upid.nr().map_or(0, |nr| nr.get()),
                upid.ns().common().inum()
            );
        }
        Ok(Self)
    }
}
