// SPDX-License-Identifier: GPL-2.0

//! Mechanism of PID namespaces, below the policy.
//!
//! Everything here works on the fields of `struct pid`, `struct pid_namespace` and their IDR, and
//! decides nothing. Its safe functions keep C's invariants whatever policy does. Only this module
//! and [`abi`](crate::abi) have unsafe code.
//!
//! An error number here is that of a C function or of a failed allocation, or reports that no
//! number is free (`ENOSPC`), or an invalid argument or call (`EINVAL`, `EEXIST`), which policy
//! does not let happen. What else is found is returned as a value, and policy chooses the error.

pub(crate) mod cache;
pub(crate) mod delayed_work;
pub(crate) mod destroy;
pub(crate) mod exiting_init;
pub(crate) mod free;
mod idr;
pub(crate) mod limits;
pub(crate) mod links;
pub(crate) mod log;
pub(crate) mod new_ns;
pub(crate) mod new_pid;
pub(crate) mod ns_common;
pub(crate) mod nsset;
pub(crate) mod numbers;
mod pid_memory;
pub(crate) mod state;
pub(crate) mod sysctl;
pub(crate) mod task;
#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
pub(crate) mod testing;
pub(crate) mod trace;
#[cfg(CONFIG_PIDNS_DEBUG_FS)]
pub(crate) mod tree;
