// SPDX-License-Identifier: GPL-2.0

//! What is left of the sysctls of a PID namespace in a kernel without any. What the functions ask
//! for is as in `set.rs`.

#![expect(clippy::extra_unused_type_parameters, reason = "there is nothing to decide")]

use super::PidSysctlPolicy;
use crate::{
    bindings,
    prelude::*, //
};

pub(in super::super) unsafe fn register<P: PidSysctlPolicy>(
    _ns: *mut bindings::pid_namespace,
) -> Result {
    Ok(())
}

pub(in super::super) unsafe fn unregister(_ns: *mut bindings::pid_namespace) {}

/// They are no reason to keep the namespace.
pub(in super::super) unsafe fn is_unused(_ns: *mut bindings::pid_namespace) -> bool {
    false
}

pub(in super::super) unsafe fn is_of<P: PidSysctlPolicy>(
    _ns: *mut bindings::pid_namespace,
) -> bool {
    true
}

pub(in super::super) unsafe fn clear_all_else(ns: *mut bindings::pid_namespace) {
    // SAFETY: The caller promises that it is valid for writes.
    unsafe { ns.write_bytes(0, 1) };
}
