// SPDX-License-Identifier: GPL-2.0

//! The sysctls of PID namespaces: which there are, and who may use them.
//!
//! Each namespace has a set of its own with `kernel.pid_max`. `kernel.ns_last_pid` and
//! `vm.memfd_noexec` are global files that act on the namespace of the reader or writer.

use crate::{
    abi,
    raw, //
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
/// Returns `ENOMEM`, and logs it. Unlike C this does not panic: the limit works without a file to
/// change it. May sleep.
///
/// C counterpart: `pid_namespace_sysctl_init()`.
pub(crate) fn init_pid_max() -> Result {
    logged(
        "kernel.pid_max",
        raw::sysctl::register_initial(&abi::pid::sysctl::ROOT),
    )
}

/// Registers the global files.
///
/// Returns `ENOMEM` if one of them cannot be registered, and logs which. The other one is
/// registered nevertheless. May sleep.
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

/// Returns `registered`, and logs an error: the result of an initcall is ignored.
fn logged(name: &str, registered: Result) -> Result {
    registered.inspect_err(|error| pr_err!("there is no sysctl {name}: {error:?}\n"))
}
