// SPDX-License-Identifier: GPL-2.0

//! What the log and debugfs show of tasks and namespaces, and the switches of the log.
//!
//! C headers: [`include/linux/sched.h`](srctree/include/linux/sched.h),
//! [`include/linux/ns_common.h`](srctree/include/linux/ns_common.h)

use kernel::{
    bindings, current,
    ffi::c_char,
    fmt,
    ns::NsCommon,
    prelude::*,
    print::{
        call_printk,
        format_strings, //
    },
    str::CStr,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        rcu, //
    },
    task::Task,
};

/// Prefix of these messages, which are not about `pid_max`.
const LOG_PREFIX: &[u8] = b"pidns\0";

/// Logs a warning.
pub(crate) fn warn(args: fmt::Arguments<'_>) {
    // SAFETY: The format string is one for a prefix and arguments of Rust.
    unsafe { call_printk(&format_strings::WARNING, LOG_PREFIX, args) };
}

/// Logs a message.
pub(crate) fn info(args: fmt::Arguments<'_>) {
    // SAFETY: As in `warn`.
    unsafe { call_printk(&format_strings::INFO, LOG_PREFIX, args) };
}

/// Returns the module parameter `zap_warn_seconds`.
pub(crate) fn zap_warn_seconds() -> u32 {
    // SAFETY: It is static, and only accessed by single loads and stores.
    unsafe { Atomic::from_ptr(&raw mut bindings::pidns_zap_warn_seconds) }.load(Relaxed)
}

/// Returns whether the module parameter `log_refused_forks` is set, and not too much was logged.
///
/// Forks into namespaces with a dead init may be many, and are counted apart.
pub(crate) fn may_log_refused_fork(is_dead: bool) -> bool {
    // SAFETY: It is static, and only accessed by single loads and stores.
    let enabled = unsafe { Atomic::from_ptr(&raw mut bindings::pidns_log_refused_forks) };
    let state = if is_dead {
        &raw mut bindings::pidns_dead_init_ratelimit
    } else {
        &raw mut bindings::pidns_refused_forks_ratelimit
    };
    enabled.load(Relaxed)
        // SAFETY: The state is static and initialised.
        && unsafe { bindings::___ratelimit(state, c"pidns: refused forks".as_char_ptr()) != 0 }
}

/// The name of a task.
pub(crate) struct Comm([u8; bindings::TASK_COMM_LEN as usize]);

impl Comm {
    /// Returns the name of `task`.
    pub(crate) fn of(task: &Task) -> Self {
        let mut name = [0; bindings::TASK_COMM_LEN as usize];
        // SAFETY: The task is valid, and the buffer has this length.
        unsafe { bindings::task_comm(task.as_ptr(), name.as_mut_ptr().cast::<c_char>()) };
        Self(name)
    }
}

impl fmt::Display for Comm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = CStr::from_bytes_until_nul(&self.0).unwrap_or_default();
        fmt::Display::fmt(name, f)
    }
}

/// The current task, by its number in the initial namespace and its name.
pub(crate) struct Caller;

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let task = current!();
        f.write_fmt(fmt!("{} ({})", task.pid(), Comm::of(task)))
    }
}

/// Returns the letter for the state of `task` that `/proc/PID/stat` shows.
pub(crate) fn state(task: &Task) -> char {
    // SAFETY: The task is valid.
    char::from(unsafe { bindings::task_state_to_char(task.as_ptr()) })
}

/// Returns the tracer of `task`.
pub(crate) fn tracer<'a>(task: &Task, _rcu: &'a rcu::Guard) -> Option<&'a Task> {
    // SAFETY: The task is valid, and RCU keeps its tracer.
    unsafe {
        bindings::ptrace_parent(task.as_ptr())
            .cast::<Task>()
            .as_ref()
    }
}

/// Returns the parent of `task`, whether it is traced or not.
pub(crate) fn parent<'a>(task: &Task, _rcu: &'a rcu::Guard) -> Option<&'a Task> {
    // SAFETY: The task is valid, and RCU keeps its parent.
    unsafe { bindings::real_parent(task.as_ptr()).cast::<Task>().as_ref() }
}

/// The name of the function that a task sleeps in.
pub(crate) struct Wchan([u8; bindings::KSYM_NAME_LEN as usize]);

impl Wchan {
    /// Returns where `task` sleeps, or [`None`] if it does not, or it is not known.
    ///
    /// Interrupts must be enabled: they are afterwards.
    pub(crate) fn of(task: &Task) -> Option<Self> {
        let mut name = [0; bindings::KSYM_NAME_LEN as usize];
        // SAFETY: The task is valid.
        let address = unsafe { bindings::get_wchan(task.as_ptr()) };
        // SAFETY: The buffer has this length.
        let found = address != 0
            && unsafe {
                bindings::lookup_symbol_name(address, name.as_mut_ptr().cast::<c_char>()) == 0
            };
        found.then_some(Self(name))
    }
}

impl fmt::Display for Wchan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = CStr::from_bytes_until_nul(&self.0).unwrap_or_default();
        fmt::Display::fmt(name, f)
    }
}

/// Returns the id of a namespace.
pub(crate) fn id(ns: &NsCommon) -> u64 {
    // SAFETY: It is valid.
    unsafe { bindings::ns_common_id(ns.as_ptr()) }
}

/// Returns how many references a namespace has, and how many that make it active.
#[cfg(CONFIG_PIDNS_DEBUG_FS)]
pub(crate) fn references(ns: &NsCommon) -> (i32, i32) {
    // SAFETY: It is valid.
    unsafe {
        (
            bindings::__ns_ref_read(ns.as_ptr()),
            bindings::__ns_ref_active_read(ns.as_ptr()),
        )
    }
}
