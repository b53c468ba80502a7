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
//!
//! Functions of C, the Rust functions that they call, and where these are:
//!
//! | C | Rust | file |
//! |---|---|---|
//! | `nsproxy_cache_init()` | `nsproxy_cache_init()` | `nsproxy/abi.rs` |
//! | `nsproxy_free()` | `nsproxy_free()` | `nsproxy/abi.rs` |
//! | `deactivate_nsproxy()` | `deactivate_nsproxy()` | `nsproxy/abi.rs` |
//! | `copy_namespaces()` | `create::for_clone()` | `nsproxy/create.rs` |
//! | `unshare_nsproxy_namespaces()` | `create::for_unshare()` | `nsproxy/create.rs` |
//! | `switch_task_namespaces()` | `switch::switch()` | `nsproxy/switch.rs` |
//! | `exit_nsproxy_namespaces()` | `switch::switch()` | `nsproxy/switch.rs` |
//! | `exec_task_namespaces()` | `switch::at_exec()` | `nsproxy/switch.rs` |
//! | `switch_cred_namespaces()` | `cred::switch()` | `nsproxy/cred.rs` |
//! | `get_cred_namespaces()` | `get_cred_namespaces()` | `nsproxy/abi.rs` |
//! | `exit_cred_namespaces()` | `exit_cred_namespaces()` | `nsproxy/abi.rs` |
//! | `sys_setns()` | `setns::setns()` | `nsproxy/setns.rs` |

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
