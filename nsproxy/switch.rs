// SPDX-License-Identifier: GPL-2.0

//! A task's change from one proxy to another: after unshare and setns, at exec, at exit.

use kernel::{
    nsproxy::{
        NsProxySwitch,
        OwnNsProxy,
        PreparedNsProxy, //
    },
    prelude::*,
    syscall::Caller,
    task::might_sleep,
};

/// Makes `new` the task's proxy, or ends the task's use of namespaces if there is none. May sleep.
///
/// The new namespaces become active before the old ones cease to be, so that one in both never
/// disappears. The old proxy is dropped after the task's lock.
///
/// C counterpart: `switch_task_namespaces()`.
#[inline]
pub(crate) fn switch(task: NsProxySwitch<'_>, new: Option<PreparedNsProxy>) {
    might_sleep();
    let new = new.map(PreparedNsProxy::activate);
    drop(task.exchange(new));
}

/// Lets a task that executes a new program into the time namespace of its children.
///
/// Returns `ENOMEM`; nothing has changed then. May sleep.
///
/// C counterpart: `exec_task_namespaces()`.
pub(crate) fn at_exec(caller: &Caller<'_>, own: &mut OwnNsProxy<'_>) -> Result {
    if !own.proxy().time_is_pending() {
        return Ok(());
    }
    let mut proxy = PreparedNsProxy::copy_of(own.proxy())?;
    caller.enter_time_ns(&mut proxy);
    own.switch(proxy);
    Ok(())
}
