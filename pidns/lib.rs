// SPDX-License-Identifier: GPL-2.0

//! PID namespaces.
//!
//! Principles:
//!
//! * Policy has no unsafe code. Below it, [`raw`] works on C's structures and decides nothing;
//!   [`abi`] converts between C and the types of `raw` and the `kernel` crate, and decides nothing
//!   either.
//! * A missing number is [`None`], an error is an [`Err`]. 0, null and error pointers are in
//!   [`abi`] only.
//! * Each state of a pid is a type, and a transition consumes the value: a reserved number is
//!   published or freed once, and a pid that lost its last task is freed once.
//! * State that C keeps in fields is computed from them, not duplicated.
//! * A lock that C holds is an argument.
//!
//! Lock order, outermost first:
//!
//! 1. `PID_CACHES_LOCK`, a mutex for the creation of slab caches.
//! 2. `tasklist_lock`, for the links between tasks and pids and for the zap.
//! 3. `sighand->siglock` of a task.
//!
//! The numbers of a namespace have a spinlock (`LockedNumbers`). `alloc_pid()` takes those of a
//! namespace and its ancestors, the innermost first; `free_pid()` takes one at a time. The locks of
//! a wake-up, of the slab allocator and of `call_rcu()` nest inside. None of the locks above may be
//! held then: `free_pid()` asserts that for `tasklist_lock`. Pids that lose their last task under
//! `tasklist_lock` are kept in `UnusedPids` until it is released.
//!
//! The IDRs are read under RCU.
//!
//! C functions, the Rust functions that they call, and their files:
//!
//! | C | Rust | file |
//! |---|---|---|
//! | `attach_pid()` | `links::attach_pid()` | `pidns/links.rs` |
//! | `detach_pid()` | `links::detach_pid()` | `pidns/links.rs` |
//! | `change_pid()` | `links::change_pid()` | `pidns/links.rs` |
//! | `transfer_pid()` | `links::transfer_pid()` | `pidns/links.rs` |
//! | `exchange_tids()` | `links::exchange_tids()` | `pidns/links.rs` |
//! | `find_pid_ns()` | `find()` | `rust/kernel/ns/pid/idr.rs` |
//! | `find_vpid()` | `lookup::find_vpid()` | `pidns/lookup.rs` |
//! | `find_ge_pid()` | `find_ge()` | `rust/kernel/ns/pid/idr.rs` |
//! | `find_get_pid()` | `lookup::find_get_pid()` | `pidns/lookup.rs` |
//! | `pid_task()` | `task()` | `rust/kernel/pid.rs` |
//! | `get_pid_task()` | `lookup::get_pid_task()` | `pidns/lookup.rs` |
//! | `find_task_by_pid_ns()` | `lookup::find_task_by_pid_ns()` | `pidns/lookup.rs` |
//! | `find_task_by_vpid()` | `lookup::find_task_by_vpid()` | `pidns/lookup.rs` |
//! | `find_get_task_by_vpid()` | `lookup::find_get_task_by_vpid()` | `pidns/lookup.rs` |
//! | `get_task_pid()` | `lookup::get_task_pid()` | `pidns/lookup.rs` |
//! | `pid_nr_ns()` | `lookup::pid_nr_ns()` | `pidns/lookup.rs` |
//! | `pid_vnr()` | `lookup::pid_vnr()` | `pidns/lookup.rs` |
//! | `__task_pid_nr_ns()` | `lookup::task_pid_nr_ns()` | `pidns/lookup.rs` |
//! | `task_active_pid_ns()` | `task_active_pid_ns()` | `pidns/abi/pid/lookup.rs` |
//! | `pidfd_get_pid()` | `pidfd::get_pid()` | `pidns/pidfd.rs` |
//! | `pidfd_get_task()` | `pidfd::get_task()` | `pidns/pidfd.rs` |
//! | `sys_pidfd_open()` | `pidfd::open()` | `pidns/pidfd.rs` |
//! | `sys_pidfd_getfd()` | `pidfd::getfd()` | `pidns/pidfd.rs` |
//! | `register_pidns_sysctls()` | `register_pidns_sysctls()` | `pidns/abi/pid/sysctl.rs` |
//! | `unregister_pidns_sysctls()` | `unregister_pidns_sysctls()` | `pidns/abi/pid/sysctl.rs` |
//! | `pid_idr_init()` | `limits::init()` | `pidns/limits.rs` |
//! | `alloc_pid()` | `allocator::alloc_pid()` | `pidns/allocator.rs` |
//! | `free_pid()` | `allocator::free_pid()` | `pidns/allocator.rs` |
//! | `free_pids()` | `free_pids()` | `pidns/abi/pid.rs` |
//! | `put_pid()` | `free::put_pid()` | `pidns/raw/free.rs` |
//! | `disable_pid_allocation()` | `allocator::disable_pid_allocation()` | `pidns/allocator.rs` |
//! | `pidns_is_ancestor()` | `nsops::is_ancestor()` | `pidns/nsops.rs` |
//! | `copy_pid_ns()` | `namespace::copy_pid_ns()` | `pidns/namespace.rs` |
//! | `put_pid_ns()` | `destroy::put_pid_ns()` | `pidns/raw/destroy.rs` |
//! | `zap_pid_ns_processes()` | `reaper::zap_pid_ns_processes()` | `pidns/reaper.rs` |
//! | `reboot_pid_ns()` | `reaper::reboot_pid_ns()` | `pidns/reaper.rs` |

#![crate_name = "pidns"]
#![deny(unsafe_code)]

#[expect(unsafe_code, reason = "the boundary to C")]
mod abi;
mod allocator;
mod blockers;
mod caches;
#[cfg(CONFIG_PIDNS_DEBUG_FS)]
mod debugfs;
mod limits;
mod links;
mod lookup;
mod namespace;
mod nsops;
mod pidfd;
#[expect(unsafe_code, reason = "the mechanism below the policy")]
mod raw;
mod reaper;
mod refusal;
mod sysctl;
#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
mod testing;
mod zap_warning;

/// Prefix of the one message that C has as well, `pid_max: default: ...`. All others are logged by
/// [`raw::log`].
const __LOG_PREFIX: &[u8] = b"pid_max\0";
