// SPDX-License-Identifier: GPL-2.0

//! PID namespaces: policy.
//!
//! Principles:
//!
//! * Policy has no unsafe code. Below it is [`raw`], which works on C's structures and decides
//!   nothing; [`abi`] turns what C passes into types of `raw` and of the `kernel` crate, and
//!   decides nothing either.
//! * A number that does not exist in a namespace is [`None`], an error is an [`Err`]. 0, null and
//!   error pointers exist in [`abi`] only.
//! * Each state of a pid is a type, and a step to the next state consumes the value: a reserved
//!   number is published or freed, a pid that lost its last task is freed, once.
//! * State in fields that C reads and writes is computed from them, and not kept twice.
//! * A lock that C holds is an argument.
//!
//! Lock order, outermost first:
//!
//! 1. `PID_CACHES_LOCK`, a mutex for the creation of slab caches.
//! 2. `tasklist_lock`, for the links between tasks and pids and for the zap.
//! 3. `sighand->siglock` of a task.
//!
//! The numbers of a namespace have a spinlock (`LockedNumbers`). `alloc()` takes those of a
//! namespace and its ancestors, the innermost first; `free()` takes one at a time. The locks of a
//! wake-up, of the slab allocator and of `call_rcu()` nest inside. None of the locks above may be
//! held: `free()` asserts it, and pids that lose their last task under `tasklist_lock` are kept in
//! `UnusedPids` until it is released.
//!
//! The IDRs are read under RCU.
//!
//! Functions of C, the Rust functions that they call, and where these are:
//!
//! | C | Rust | file |
//! |---|---|---|
//! | `attach_pid()` | `links::attach()` | `pidns/links.rs` |
//! | `detach_pid()` | `links::detach()` | `pidns/links.rs` |
//! | `change_pid()` | `links::change()` | `pidns/links.rs` |
//! | `transfer_pid()` | `links::transfer()` | `pidns/links.rs` |
//! | `exchange_tids()` | `links::exchange()` | `pidns/links.rs` |
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
//! | `alloc_pid()` | `allocator::alloc()` | `pidns/allocator.rs` |
//! | `free_pid()` | `allocator::free()` | `pidns/allocator.rs` |
//! | `free_pids()` | `free_pids()` | `pidns/abi/pid.rs` |
//! | `put_pid()` | `free::put()` | `pidns/raw/free.rs` |
//! | `disable_pid_allocation()` | `allocator::disable()` | `pidns/allocator.rs` |
//! | `pidns_is_ancestor()` | `nsops::is_ancestor()` | `pidns/nsops.rs` |
//! | `copy_pid_ns()` | `namespace::copy()` | `pidns/namespace.rs` |
//! | `put_pid_ns()` | `destroy::put()` | `pidns/raw/destroy.rs` |
//! | `zap_pid_ns_processes()` | `reaper::zap()` | `pidns/reaper.rs` |
//! | `reboot_pid_ns()` | `reaper::reboot()` | `pidns/reaper.rs` |

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
#[expect(unsafe_code, reason = "the lower floor")]
mod raw;
mod reaper;
mod sysctl;
#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
mod testing;

/// What the crate logs begins with this: it is about the limits of numbers.
const __LOG_PREFIX: &[u8] = b"pid_max\0";
