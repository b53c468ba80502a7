// SPDX-License-Identifier: GPL-2.0

//! Rust sample: prints the PID namespaces of the task that loads it, and its number in each,
//! innermost first.

use kernel::{
    current,
    ns::Namespace,
    pid::PidType,
    prelude::*,
    sync::rcu, //
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
        let rcu = rcu::read_lock();
        let pid = current!().pid_of(PidType::Pid, &rcu).ok_or(ESRCH)?;
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
