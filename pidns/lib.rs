// SPDX-License-Identifier: GPL-2.0

//! PID namespaces: policy.
//!
//! This crate decides; what it decides about, the kernel's structures with their counts, locks and
//! lifetimes, are safe types of the `kernel` crate. So there is no unsafe code here.
//!
//! For now the namespaces themselves are made and destroyed by `kernel/pid_namespace.c`; the crate
//! holds what the set of namespaces of a task needs of them.

#![crate_name = "pidns"]
#![deny(unsafe_code)]

pub mod namespace;
