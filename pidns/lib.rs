// SPDX-License-Identifier: GPL-2.0

//! PID namespaces: policy.
//!
//! Principles:
//!
//! * This crate decides; what it decides about, the kernel's structures with their counts, locks
//!   and lifetimes, are safe types of the `kernel` crate. So there is no unsafe code here but in
//!   [`abi`], which turns what C passes into those types, and decides nothing.
//! * A number that is not visible is [`None`]; an error is an [`Err`]. 0, null and error pointers
//!   exist in [`abi`] only.
//! * Each state of a thing is a type, and a step from one to the next consumes the value: what was
//!   reserved is published or freed, what lost its last user is freed, once.
//! * State that C code reads and writes as well is not kept twice, but computed from its fields.
//! * A lock that C has taken is an argument.
//!
//! Lock order, from the outside in:
//!
//! 1. `tasklist_lock`, under which links between tasks and identifiers change, and which the zap
//!    reads the tasks of a namespace under.
//! 2. `sighand->siglock` of a task.
//!
//! The numbers of each namespace have a lock of their own (`LockedNumbers`). `alloc()` takes those
//! of a namespace and its ancestors, the innermost first; `free()` takes one at a time. Within them
//! are the locks of waking a task, of the slab allocator and of `call_rcu()`, and none of the above
//! is held with them: `free()` asserts that. What frees pids under `tasklist_lock` keeps them in
//! `UnusedPids` until it is released.
//!
//! The IDRs of numbers are read under RCU. The lock that creating slab caches takes is outside of
//! all of these, and may sleep.

#![crate_name = "pidns"]
#![deny(unsafe_code)]

#[expect(unsafe_code, reason = "the boundary to C")]
mod abi;
mod allocator;
mod caches;
mod limits;
mod links;
mod lookup;
pub mod namespace;
mod nsops;
mod pidfd;
mod reaper;
mod sysctl;
#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
mod testing;

/// What the crate logs begins with this: it is about the limits of numbers.
const __LOG_PREFIX: &[u8] = b"pid_max\0";
