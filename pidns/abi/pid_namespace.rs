// SPDX-License-Identifier: GPL-2.0

//! The functions of `kernel/pid_namespace.c`. Prototypes: `include/linux/pid_namespace.h` and
//! `pidns/glue.h`.

use crate::{
    namespace,
    raw::{
        destroy,
        exiting_init::{
            do_exit,
            ExitingInit, //
        },
        new_ns,
    },
    reaper::{
        self,
        Reboot, //
    },
    sysctl,
};
use core::ptr::NonNull;
use kernel::{
    bindings,
    current,
    error::from_result,
    ns::{
        NsTypes,
        UserNamespace, //
    },
    pid_namespace::PidNamespace,
    prelude::*,
    sync::aref::ARef, //
};

mod nsops;

/// Creates the slab cache and registers sysctls.
///
/// # Safety
///
/// * Called once, by an initcall.
#[export]
pub(crate) unsafe extern "C" fn pidns_init() -> c_int {
    from_result(|| {
        new_ns::create_cache()?;
        // SAFETY: The caller promises that this is the only call.
        unsafe { new_ns::publish_initial() };
        sysctl::init_tables()?;
        #[cfg(CONFIG_PIDNS_DEBUG_FS)]
        super::debugfs::init();
        Ok(0)
    })
}

/// Returns the PID namespace for the current task's children, a new one or `old`, with a reference.
///
/// # Safety
///
/// * Both namespaces are valid.
/// * The caller may sleep.
#[export]
pub(crate) unsafe extern "C" fn copy_pid_ns(
    flags: u64,
    user_ns: *mut bindings::user_namespace,
    old: *mut bindings::pid_namespace,
) -> *mut bindings::pid_namespace {
    // SAFETY: The caller promises that they are valid.
    let (user_ns, old) = unsafe {
        (
            UserNamespace::from_ptr(user_ns),
            PidNamespace::from_ptr(old),
        )
    };

    let types = NsTypes::from_bits_truncate(flags);
    let ns = namespace::copy_pid_ns(current!(), types, user_ns, old);
    match ns {
        Ok(ns) => ARef::into_raw(ns).cast().as_ptr(),
        Err(error) => error.to_ptr(),
    }
}

/// Drops a reference to a namespace. Does not sleep.
///
/// # Safety
///
/// * `ns` is null, or valid with a reference that is passed.
#[export]
pub(crate) unsafe extern "C" fn put_pid_ns(ns: *mut bindings::pid_namespace) {
    if let Some(ns) = NonNull::new(ns.cast::<PidNamespace>()) {
        // SAFETY: The caller passes a reference.
        unsafe { destroy::put_pid_ns(ns) };
    }
}

/// Kills all processes in a namespace whose init exits, and waits for them.
///
/// # Safety
///
/// * `ns` is valid, and the current task is the last thread of its init, in `do_exit()`.
#[export]
pub(crate) unsafe extern "C" fn zap_pid_ns_processes(ns: *mut bindings::pid_namespace) {
    let current = current!();
    // SAFETY: The caller promises that it is valid, and that the task is in this state.
    reaper::zap_pid_ns_processes(&unsafe { ExitingInit::new(current, PidNamespace::from_ptr(ns)) });
}

/// Implements `reboot(2)` in a PID namespace, and then does not return. In the initial one it
/// returns 0.
///
/// # Safety
///
/// * `ns` is the active namespace of the current task, which is in the system call.
#[export]
pub(crate) unsafe extern "C" fn reboot_pid_ns(
    ns: *mut bindings::pid_namespace,
    cmd: c_int,
) -> c_int {
    // SAFETY: The caller promises that it is valid.
    let ns = unsafe { PidNamespace::from_ptr(ns) };
    match reaper::reboot_pid_ns(current!(), ns, cmd) {
        Ok(Reboot::Machine) => 0,
        // SAFETY: Nothing here needs to be dropped, and the caller is C.
        Ok(Reboot::Namespace) => unsafe { do_exit(0) },
        Err(error) => error.to_errno(),
    }
}
