// SPDX-License-Identifier: GPL-2.0

//! The namespaces of a task: how clone, unshare, setns and exec change them.
//!
//! Principles:
//!
//! * Only [`abi`], the functions that C calls, and [`raw`], the mechanism below the policy, have
//!   unsafe code. Neither decides anything.
//! * Calls go down: `abi` calls policy, policy calls `raw`.
//! * A prepared nsproxy and one in use are different types. Dropping the former frees it; dropping
//!   the last reference to the latter also deactivates its namespaces.
//! * Changes are prepared, then committed. An error in preparation drops what has been prepared. A
//!   commit cannot fail, and consumes it.
//! * Nothing that may sleep is dropped under a lock or in an RCU read-side section.
//!
//! Lock order: RCU read side, then the `alloc_lock` of one task. Neither is held while namespaces
//! are created or joined, which takes the locks of their own types.
//!
//! C functions, the Rust functions that they call, and their files:
//!
//! | C | Rust | file |
//! |---|---|---|
//! | `nsproxy_cache_init()` | `nsproxy_cache_init()` | `nsproxy/abi.rs` |
//! | `nsproxy_free()` | `nsproxy_free()` | `nsproxy/abi.rs` |
//! | `deactivate_nsproxy()` | `deactivate_nsproxy()` | `nsproxy/abi.rs` |
//! | `copy_namespaces()` | `create::copy_namespaces()` | `nsproxy/create.rs` |
//! | `unshare_nsproxy_namespaces()` | `create::unshare_namespaces()` | `nsproxy/create.rs` |
//! | `switch_task_namespaces()` | `switch::switch_task_namespaces()` | `nsproxy/switch.rs` |
//! | `exit_nsproxy_namespaces()` | `switch::switch_task_namespaces()` | `nsproxy/switch.rs` |
//! | `exec_task_namespaces()` | `switch::exec_task_namespaces()` | `nsproxy/switch.rs` |
//! | `switch_cred_namespaces()` | `cred::switch_cred_namespaces()` | `nsproxy/cred.rs` |
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
#[expect(unsafe_code, reason = "the mechanism below the policy")]
mod raw;
mod setns;
mod switch;
