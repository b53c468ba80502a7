// SPDX-License-Identifier: GPL-2.0

//! A task's change from one proxy to another: after unshare and setns, at exec, at exit.

use kernel::{
    nsproxy::{
        OwnNsProxy,
        PreparedNsProxy, //
    },
    prelude::*,
    syscall::Caller,
    task::might_sleep,
};

/// Makes `new` the task's proxy.
///
/// The new namespaces become active before the old ones cease to be, so that one in both never
/// disappears. The old proxy is dropped after the task's lock. May sleep.
///
/// C counterpart: `switch_task_namespaces()`.
pub(crate) fn switch(own: &mut OwnNsProxy<'_>, new: PreparedNsProxy) {
    might_sleep();
    drop(own.replace(new.activate()));
}

/// Ends the task's use of namespaces. May sleep.
///
/// C counterpart: `exit_nsproxy_namespaces()`.
pub(crate) fn leave(own: OwnNsProxy<'_>) {
    might_sleep();
    drop(own.leave());
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
    let mut proxy = PreparedNsProxy::try_new(|| Ok(own.proxy().share_all()))?;
    caller.enter_time_ns(&mut proxy);
    switch(own, proxy);
    Ok(())
}
