// SPDX-License-Identifier: GPL-2.0

//! The set of namespaces of a task: how clone, unshare, setns and exec change it.
//!
//! Principles:
//!
//! * No unsafe code but in [`abi`], which turns what C passes into borrowed and owned types, and
//!   decides nothing.
//! * A proxy in the making and a proxy in use are different types of the `kernel` crate. The one is
//!   freed when dropped, the other also deactivates its namespaces.
//! * A change is prepared in full, then made; what fails on the way undoes the earlier steps by
//!   being dropped. What cannot fail any more consumes what was prepared.
//! * Nothing that may sleep is dropped under a lock or in an RCU read-side section: what is taken
//!   there is dropped after it.
//!
//! Lock order: RCU read side, then the `alloc_lock` of one task; neither while namespaces are made
//! or joined, which takes the locks of their own types.

#![crate_name = "nsproxy"]
#![deny(unsafe_code)]

#[expect(unsafe_code, reason = "the boundary to C")]
mod abi;
mod create;
mod cred;
mod flags;
mod setns;
mod switch;
