// SPDX-License-Identifier: GPL-2.0

//! The namespaces of a task: how clone, unshare, setns and exec change them.
//!
//! Principles:
//!
//! * Unsafe code is in [`abi`], which is what C calls, and in [`raw`], on which the policy stands.
//!   Neither decides anything.
//! * Calls go down: `abi` calls the policy, and that calls `raw`.
//! * An nsproxy that is being prepared and an nsproxy in use are different types. Dropping the one
//!   frees it; dropping the last reference to the other makes its namespaces inactive as well.
//! * A change is prepared, then committed. What fails before that undoes the earlier steps by
//!   dropping them. What cannot fail any more consumes what was prepared.
//! * Nothing that may sleep is dropped under a lock or in an RCU read-side section.
//!
//! Lock order: RCU read side, then the `alloc_lock` of one task. Neither is held while namespaces
//! are created or joined, which takes the locks of their own types.

#![crate_name = "nsproxy"]
#![deny(unsafe_code)]

#[expect(unsafe_code, reason = "the boundary to C")]
mod abi;
mod create;
mod cred;
mod flags;
#[expect(unsafe_code, reason = "what the policy stands on")]
mod raw;
mod setns;
mod switch;
