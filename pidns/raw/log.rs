// SPDX-License-Identifier: GPL-2.0

//! Messages in the log, and the module parameters and rate limits of those that are off by default.
//!
//! C header: [`include/linux/ratelimit.h`](srctree/include/linux/ratelimit.h)

use super::task::Comm;
use kernel::{
    bindings, current, fmt,
    prelude::*,
    print::{
        call_printk,
        format_strings, //
    },
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
};

/// Prefix of these messages, which C does not have.
const LOG_PREFIX: &[u8] = b"pidns\0";

/// Logs an error.
pub(crate) fn err(args: fmt::Arguments<'_>) {
    // SAFETY: The format string is one for a prefix and arguments of Rust.
    unsafe { call_printk(&format_strings::ERR, LOG_PREFIX, args) };
}

/// Logs a warning.
pub(crate) fn warn(args: fmt::Arguments<'_>) {
    // SAFETY: As in `err`.
    unsafe { call_printk(&format_strings::WARNING, LOG_PREFIX, args) };
}

/// Logs a message.
pub(crate) fn info(args: fmt::Arguments<'_>) {
    // SAFETY: As in `err`.
    unsafe { call_printk(&format_strings::INFO, LOG_PREFIX, args) };
}

/// Returns the module parameter `zap_warn_seconds`.
pub(crate) fn zap_warn_seconds() -> u32 {
    // SAFETY: It is static, and only accessed by single loads and stores.
    unsafe { Atomic::from_ptr(&raw mut bindings::pidns_zap_warn_seconds) }.load(Relaxed)
}

/// Returns the module parameter `log_refused_forks`.
pub(crate) fn refused_forks_enabled() -> bool {
    // SAFETY: It is static, and only accessed by single loads and stores.
    unsafe { Atomic::from_ptr(&raw mut bindings::pidns_log_refused_forks) }.load(Relaxed)
}

/// A rate limit of messages.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    /// Forks that a dead init refuses.
    DeadInit,
    /// Other refused forks, and namespaces.
    RefusedFork,
}

impl Limit {
    /// Returns whether another message is within the limit, and counts it.
    pub(crate) fn allows(self) -> bool {
        let state = match self {
            Self::DeadInit => &raw mut bindings::pidns_dead_init_ratelimit,
            Self::RefusedFork => &raw mut bindings::pidns_refused_forks_ratelimit,
        };
        // SAFETY: The state is static and initialised.
        unsafe { bindings::___ratelimit(state, c"pidns: refused forks".as_char_ptr()) != 0 }
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
