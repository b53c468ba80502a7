// SPDX-License-Identifier: GPL-2.0

//! What is there from the beginning, and what is made at boot.

use crate::{
    caches,
    limits,
    sysctl, //
};
use kernel::{
    error::from_result,
    ns::pid::possible_cpus,
    pid::PidCaches,
    pid_namespace::PidNamespace,
    prelude::*, //
};

/// Makes it possible to give numbers in the initial namespace.
///
/// # Safety
///
/// * It is called once, at boot, before the first clone.
#[export]
pub(crate) unsafe extern "C" fn pid_idr_init() {
    limits::init(possible_cpus());
    // SAFETY: The caller promises that nothing of this is used or prepared yet.
    unsafe { PidCaches::init() };
    // What cannot be had at boot is a panic already.
    let _ = caches::create_initial().map(|cache| {
        // SAFETY: As above.
        unsafe { PidNamespace::init_initial(cache) }
    });
}

/// Makes it possible to create namespaces.
///
/// # Safety
///
/// * It is called once, by an initcall.
#[export]
pub(crate) unsafe extern "C" fn pidns_init() -> c_int {
    from_result(|| {
        PidNamespace::create_cache()?;
        // SAFETY: The caller promises that this was not done before.
        unsafe { PidNamespace::publish_initial() };
        sysctl::init_tables().map(|()| 0)
    })
}

/// Lets the initial namespace have its own `kernel.pid_max`.
///
/// # Safety
///
/// * It is called once, by an initcall, when the directory `kernel` of sysctls exists.
#[export]
pub(crate) unsafe extern "C" fn pidns_sysctl_init() -> c_int {
    from_result(|| sysctl::init_pid_max().map(|()| 0))
}
