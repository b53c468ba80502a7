// SPDX-License-Identifier: GPL-2.0

//! Replacing a task's nsproxy: after unshare and setns, at exec, at exit.

use crate::{
    create,
    raw::{
        enter_time_ns,
        NsProxySwitch,
        OwnNsProxy,
        PreparedNsProxy, //
    }, //
};
use kernel::{
    prelude::*,
    syscall::Caller,
    task::might_sleep, //
};

/// Makes `new` the task's nsproxy, or leaves it without one. May sleep.
///
/// The new namespaces become active before the old ones become inactive, so that one that is in
/// both nsproxies stays active. The old nsproxy is dropped without the task's lock.
///
/// C counterpart: `switch_task_namespaces()`.
#[inline]
pub(crate) fn switch(task: NsProxySwitch<'_>, new: Option<PreparedNsProxy>) {
    might_sleep();
    let new = new.map(PreparedNsProxy::activate);
    drop(task.replace(new));
}

/// Moves a task that executes a new program to the time namespace of its children.
///
/// Returns `ENOMEM`; nothing has changed then. May sleep.
///
/// C counterpart: `exec_task_namespaces()`.
pub(crate) fn at_exec(caller: &Caller<'_>, own: &mut OwnNsProxy<'_>) -> Result {
    if !create::time_is_pending(own.proxy()) {
        return Ok(());
    }
    let mut proxy = create::copy(own.proxy())?;
    enter_time_ns(caller, &mut proxy);
    own.switch(proxy);
    Ok(())
}
