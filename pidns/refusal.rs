// SPDX-License-Identifier: GPL-2.0

//! Why forks and new namespaces are refused, for tracers and the log.

use crate::{
    allocator,
    raw::{
        shown::{
            self,
            Caller, //
        },
        trace::{
            self,
            Refused, //
        },
    }, //
};
use kernel::{
    ns::{
        pid::PidAllocated,
        Namespace, //
    },
    pid_namespace::PidNamespace,
    prelude::*, //
};

/// Reports that no pid could be allocated in `ns`.
#[cold]
pub(crate) fn report_fork(ns: &PidNamespace, set_tid: &[i32], error: Error) {
    // Once disabled, PID allocation stays disabled: so it was found, or memory was short as well.
    let is_dead = |ns: &&PidNamespace| matches!(ns.pid_allocated(), PidAllocated::Disabled(_));
    let dead = ns.self_and_ancestors().find(is_dead);
    let reason = reason(error, allocator::is_in_range(ns, set_tid), dead.is_some());
    let refused = dead.filter(|_| reason == Refused::DeadInit).unwrap_or(ns);

    report(ns, refused, reason, error);
}

/// Reports that no namespace could be created below `parent`. Returns `error`.
#[cold]
pub(crate) fn report_ns(parent: &PidNamespace, reason: Refused, error: Error) -> Error {
    report(parent, parent, reason, error);
    error
}

fn report(ns: &PidNamespace, refused: &PidNamespace, reason: Refused, error: Error) {
    trace::fork_refused(ns, refused, reason, error);
    if shown::may_log_refused_fork(reason == Refused::DeadInit) {
        shown::info(fmt!(
            "namespace {}: {} cannot fork into it or create a namespace in it: {} (namespace {})\n",
            shown::id(ns.common()),
            Caller,
            words(reason),
            shown::id(refused.common()),
        ));
    }
}

/// Returns the reason for an error of `alloc_pid()`, with requested numbers that are in range, or
/// none, in a namespace where PID allocation is disabled, at some level, or not.
fn reason(error: Error, in_range: bool, is_dead: bool) -> Refused {
    match error {
        ENOMEM if is_dead => Refused::DeadInit,
        EAGAIN => Refused::PidMax,
        EINVAL if in_range => Refused::NoInit,
        EINVAL | EPERM | EEXIST => Refused::SetTid,
        _ => Refused::Memory,
    }
}

/// Returns what the log says of a reason.
fn words(reason: Refused) -> &'static str {
    match reason {
        Refused::DeadInit => "its init is dead",
        Refused::NoInit => "it has no init yet",
        Refused::PidMax => "no number is free, here or in an ancestor",
        Refused::SetTid => "requested PID not available",
        Refused::Depth => "it is too deep",
        Refused::Ucount => "user.max_pid_namespaces is reached",
        Refused::Owner => "the user namespace is not below its owner",
        Refused::Unshared => "a PID namespace was unshared or joined before",
        Refused::Memory => "no memory",
    }
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
#[kunit_tests(pidns_refusal)]
mod tests {
    use super::*;

    #[test]
    fn enomem_is_dead_init_or_memory() {
        assert_eq!(reason(ENOMEM, true, true), Refused::DeadInit);
        assert_eq!(reason(ENOMEM, false, true), Refused::DeadInit);
        assert_eq!(reason(ENOMEM, true, false), Refused::Memory);
    }

    #[test]
    fn other_errors_before_dead_init() {
        for is_dead in [false, true] {
            for in_range in [false, true] {
                assert_eq!(reason(EAGAIN, in_range, is_dead), Refused::PidMax);
                assert_eq!(reason(EPERM, in_range, is_dead), Refused::SetTid);
                assert_eq!(reason(EEXIST, in_range, is_dead), Refused::SetTid);
            }
        }
    }

    #[test]
    fn einval_is_range_or_no_init() {
        assert_eq!(reason(EINVAL, false, false), Refused::SetTid);
        assert_eq!(reason(EINVAL, true, false), Refused::NoInit);
    }
}
