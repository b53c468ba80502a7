// SPDX-License-Identifier: GPL-2.0

//! The sysctls of a namespace. Prototypes: `include/linux/pid_namespace.h`.

use crate::sysctl::Sysctls;
use kernel::{
    bindings,
    error::from_result,
    pid_namespace::PidNamespace,
    prelude::*, //
};

/// Gives a namespace its sysctls.
///
/// The limit stays as it is: a new namespace begins with the highest, and the initial one's was
/// raised to suit the processors before it had sysctls.
///
/// # Safety
///
/// * `pidns` is valid, has its user namespace and no sysctls yet.
/// * It gets rid of them by `unregister_pidns_sysctls()` before it ends.
#[export]
pub(crate) unsafe extern "C" fn register_pidns_sysctls(
    pidns: *mut bindings::pid_namespace,
) -> c_int {
    // SAFETY: The caller promises a valid namespace.
    let ns = unsafe { PidNamespace::from_ptr(pidns) };

    // SAFETY: The caller promises that it has no sysctls, and will be rid of them in time.
    from_result(|| unsafe { ns.register_sysctls::<Sysctls>() }.map(|()| 0))
}

/// Takes the sysctls of a namespace away.
///
/// # Safety
///
/// * `register_pidns_sysctls()` has succeeded for `pidns`.
#[export]
pub(crate) unsafe extern "C" fn unregister_pidns_sysctls(pidns: *mut bindings::pid_namespace) {
    // SAFETY: The caller promises a valid namespace that has sysctls.
    unsafe { PidNamespace::from_ptr(pidns).unregister_sysctls() };
}
