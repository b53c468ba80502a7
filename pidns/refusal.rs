// SPDX-License-Identifier: GPL-2.0

//! Why forks and new namespaces are refused, for tracers and the log.

use crate::raw::{
    shown::{
        self,
        Caller, //
    },
    trace::{
        self,
        Refused, //
    },
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
    let reason = reason(error, !set_tid.is_empty(), dead.is_some());
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
    if shown::may_log_refused_fork() {
        shown::info(fmt!(
            "namespace {}: {} may not fork or create a namespace there: {} (namespace {})\n",
            shown::id(ns.common()),
            Caller,
            words(reason),
            shown::id(refused.common()),
        ));
    }
}

/// Returns the reason for an error of `alloc_pid()`, which was given numbers or not, in a namespace
/// where PID allocation is disabled, at some level, or not.
fn reason(error: Error, has_set_tid: bool, is_dead: bool) -> Refused {
    match error {
        ENOMEM if is_dead => Refused::DeadInit,
        EAGAIN => Refused::PidMax,
        EINVAL if !has_set_tid => Refused::NoInit,
        EINVAL | EPERM | EEXIST => Refused::SetTid,
        _ => Refused::Memory,
    }
}

/// Returns what the log says of a reason.
fn words(reason: Refused) -> &'static str {
    match reason {
        Refused::DeadInit => "its init is dead",
        Refused::NoInit => "it has no init yet",
        Refused::PidMax => "no number is free",
        Refused::SetTid => "a wanted number cannot be had",
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
        assert_eq!(reason(ENOMEM, false, true), Refused::DeadInit);
        assert_eq!(reason(ENOMEM, true, true), Refused::DeadInit);
        assert_eq!(reason(ENOMEM, false, false), Refused::Memory);
    }

    #[test]
    fn other_errors_before_dead_init() {
        for is_dead in [false, true] {
            assert_eq!(reason(EAGAIN, false, is_dead), Refused::PidMax);
            assert_eq!(reason(EAGAIN, true, is_dead), Refused::PidMax);
            for error in [EINVAL, EPERM, EEXIST] {
                assert_eq!(reason(error, true, is_dead), Refused::SetTid);
            }
        }
    }

    #[test]
    fn einval_without_set_tid_is_no_init() {
        assert_eq!(reason(EINVAL, false, false), Refused::NoInit);
    }
}
