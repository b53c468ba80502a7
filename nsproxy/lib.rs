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
//! Where to find what `kernel/nsproxy.c` has; dropping an `NsSet` is `put_nsset()`:
//!
//! | C function                     | Rust function                 | file             |
//! |--------------------------------|-------------------------------|------------------|
//! | `copy_namespaces()`            | `for_clone`                   | `create.rs`      |
//! | `unshare_nsproxy_namespaces()` | `for_unshare`                 | `create.rs`      |
//! | `create_new_namespaces()`      | `create`                      | `create.rs`      |
//! | `create_nsproxy()`             | `NsProxySlot::new`            | `raw/nsproxy.rs` |
//! | `nsproxy_cache_init()`         | `NsProxySlot::create_cache`   | `raw/nsproxy.rs` |
//! | `nsproxy_free()`               | `PreparedNsProxy::drop`       | `raw/nsproxy.rs` |
//! | `deactivate_nsproxy()`         | `PreparedNsProxy::deactivate` | `raw/nsproxy.rs` |
//! | `switch_task_namespaces()`     | `switch`                      | `switch.rs`      |
//! | `exit_nsproxy_namespaces()`    | `switch`                      | `switch.rs`      |
//! | `exec_task_namespaces()`       | `at_exec`                     | `switch.rs`      |
//! | `get_cred_namespaces()`        | `get_cred_namespaces`         | `abi.rs`         |
//! | `switch_cred_namespaces()`     | `switch`                      | `cred.rs`        |
//! | `exit_cred_namespaces()`       | `exit_cred_namespaces`        | `abi.rs`         |
//! | `setns(2)`                     | `setns`                       | `setns.rs`       |
//! | `check_setns_flags()`          | `types_to_join`               | `flags.rs`       |
//! | `prepare_nsset()`              | `prepare`                     | `setns.rs`       |
//! | `validate_nsset()`             | `Target::validate`            | `setns.rs`       |
//! | `validate_ns()`                | `NsSet::install`              | `raw/nsset.rs`   |
//! | `commit_nsset()`               | `commit`                      | `setns.rs`       |

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
