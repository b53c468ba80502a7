// SPDX-License-Identifier: GPL-2.0

//! The sysctls of PID namespaces.
//!
//! Each namespace has a set of its own, with `kernel.pid_max`. `kernel.ns_last_pid` and
//! `vm.memfd_noexec` are global and act on the namespace of the task that reads or writes.

use crate::raw::{
    self,
    log, //
};
use kernel::prelude::*;

#[cfg(all(CONFIG_SYSCTL, CONFIG_CHECKPOINT_RESTORE))]
mod last_pid;
#[cfg(all(CONFIG_SYSCTL, CONFIG_MEMFD_CREATE))]
pub(crate) mod memfd_noexec;
#[cfg(CONFIG_SYSCTL)]
pub(crate) mod permissions;

/// Registers the set of the initial namespace.
///
/// Returns `ENOMEM`, and logs it. Unlike C, this does not panic: the limit works without the
/// sysctl. May sleep.
///
/// C counterpart: `pid_namespace_sysctl_init()`.
pub(crate) fn init_pid_max() -> Result {
    logged("kernel.pid_max", raw::sysctl::register_initial())
}

/// Registers the global sysctls.
///
/// Returns `ENOMEM` if one of them cannot be registered, and logs which. The other one is still
/// registered. May sleep.
///
/// C counterpart: a part of `pid_namespaces_init()`.
pub(crate) fn init_tables() -> Result {
    [
        #[cfg(all(CONFIG_SYSCTL, CONFIG_CHECKPOINT_RESTORE))]
        logged(
            "kernel.ns_last_pid",
            kernel::sysctl::register::<last_pid::LastPid>(c"kernel"),
        ),
        #[cfg(all(CONFIG_SYSCTL, CONFIG_MEMFD_CREATE))]
        logged(
            "vm.memfd_noexec",
            kernel::sysctl::register::<memfd_noexec::MemfdNoexec>(c"vm"),
        ),
    ]
    .into_iter()
    .fold(Ok(()), Result::and)
}

/// Logs an error, since initcalls ignore results.
fn logged(name: &str, registered: Result) -> Result {
    registered.inspect_err(|error| {
        log::err(fmt!("failed to register sysctl {name}: {error:?}\n"));
    })
}
