// SPDX-License-Identifier: GPL-2.0

//! Switching a task's nsproxy, for unshare, setns, exec and exit.

use crate::{
    create,
    raw::{
        enter_time_ns,
        trace,
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

/// Switches a task to `new`, or drops its nsproxy. May sleep.
///
/// The new namespaces are activated before the old ones are deactivated, so that one in both stays
/// active. The old nsproxy is dropped without the task's lock.
#[inline]
pub(crate) fn switch_task_namespaces(task: NsProxySwitch<'_>, new: Option<PreparedNsProxy>) {
    might_sleep();
    let new = match new {
        Some(new) => {
            let new = new.activate();
            trace::nsproxy_switch(&task, Some(&new));
            Some(new)
        }
        None => {
            // After a failed clone, the child has never run and its `pid` is still the parent's.
            if task.is_current() {
                trace::nsproxy_switch(&task, None);
            }
            None
        }
    };
    drop(task.replace(new));
}

/// Switches a task at exec to the time namespace for children.
///
/// Returns `ENOMEM`, with nothing changed. May sleep.
pub(crate) fn exec_task_namespaces(caller: &Caller<'_>, own: &mut OwnNsProxy<'_>) -> Result {
    if !create::time_is_pending(own.proxy()) {
        return Ok(());
    }
    let mut proxy = create::copy(own.proxy())?;
    enter_time_ns(caller, &mut proxy);
    own.switch(proxy);
    Ok(())
}
