// SPDX-License-Identifier: GPL-2.0

//! The boundary to C: the functions and objects of `kernel/pid.c` and `kernel/pid_namespace.c`.
//!
//! Each function converts the arguments from C, calls the policy, and converts the result: an error
//! to an error number or error pointer, [`None`] to a null pointer or 0. It decides nothing.

#[cfg(CONFIG_PIDNS_DEBUG_FS)]
mod debugfs;
pub(crate) mod pid;
mod pid_namespace;

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
mod tests;
