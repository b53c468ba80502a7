// SPDX-License-Identifier: GPL-2.0

//! The functions and objects that C knows.
//!
//! Each function turns what C passes into borrowed or owned types, calls the policy, and turns the
//! result into what C expects: an error number, a pointer, 0 for what is not visible. Nothing else.
//!
//! Prototypes: `include/linux/pid.h`, `include/linux/pid_namespace.h`, `include/linux/sched.h` and
//! `pidns/glue.h`.

mod allocator;
mod boot;
mod links;
mod lookup;
mod namespace;
mod nsops;
mod pidfd;
mod sysctl;

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
mod tests;
