// SPDX-License-Identifier: GPL-2.0

//! What is left of the sysctls of a PID namespace in a kernel without any: the functions of
//! `set.rs`, which ask for the same.

#![expect(
    clippy::extra_unused_type_parameters,
    reason = "there is nothing to decide"
)]

use super::PidSysctlPolicy;
use crate::{
    bindings,
    prelude::*, //
};

/// No-op without `CONFIG_SYSCTL`.
///
/// # Safety
///
/// As with sysctls.
pub(in crate::ns::pid) unsafe fn register<P: PidSysctlPolicy>(
    _ns: *mut bindings::pid_namespace,
) -> Result {
    Ok(())
}

/// No-op without `CONFIG_SYSCTL`.
///
/// # Safety
///
/// As with sysctls.
pub(in crate::ns::pid) unsafe fn unregister(_ns: *mut bindings::pid_namespace) {}
