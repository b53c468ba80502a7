// SPDX-License-Identifier: GPL-2.0

//! Why forks and new namespaces are refused, for tracers and the log.

use crate::raw::{
    log::{
        self,
        Caller,
        Limit, //
    },
    ns_common::id,
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

/// A namespace that refuses a fork into it or into a descendant, and why.
#[derive(Clone, Copy)]
pub(crate) struct ForkRefusal<'a> {
    by: &'a PidNamespace,
    reason: Refused,
    error: Error,
}

impl<'a> ForkRefusal<'a> {
    /// PID allocation is disabled in `ns` or one of its ancestors.
    #[cold]
    pub(crate) fn dead_init(ns: &'a PidNamespace) -> Self {
        // Once disabled, it stays disabled.
        let is_dead = |ns: &&PidNamespace| matches!(ns.pid_allocated(), PidAllocated::Disabled(_));
        let by = ns.self_and_ancestors().find(is_dead).unwrap_or(ns);
        Self::new(by, Refused::DeadInit, ENOMEM)
    }

    /// The first process of `ns` would not get number 1.
    pub(crate) fn no_init(ns: &'a PidNamespace) -> Self {
        Self::new(ns, Refused::NoInit, EINVAL)
    }

    /// `ns` has no free number.
    pub(crate) fn no_number(ns: &'a PidNamespace) -> Self {
        Self::new(ns, Refused::PidMax, EAGAIN)
    }

    /// A requested number is in use in `ns` or out of range, or the caller may not choose it.
    pub(crate) fn of_set_tid(ns: &'a PidNamespace, error: Error) -> Self {
        Self::new(ns, Refused::SetTid, error)
    }

    /// There is no memory for a pid, or for its number in `ns`.
    pub(crate) fn no_memory(ns: &'a PidNamespace) -> Self {
        Self::new(ns, Refused::Memory, ENOMEM)
    }

    fn new(by: &'a PidNamespace, reason: Refused, error: Error) -> Self {
        Self { by, reason, error }
    }

    /// Returns the error.
    pub(crate) fn error(&self) -> Error {
        self.error
    }

    /// Reports that no pid could be allocated in `ns`, and returns the error.
    #[cold]
    pub(crate) fn report(self, ns: &PidNamespace) -> Error {
        report(ns, self.by, self.reason, self.error, "fork into it");
        self.error
    }
}

/// Reports that no namespace could be created below `parent`, and returns `error`.
#[cold]
pub(crate) fn report_ns(parent: &PidNamespace, reason: Refused, error: Error) -> Error {
    report(parent, parent, reason, error, "create a namespace in it");
    error
}

fn report(ns: &PidNamespace, by: &PidNamespace, reason: Refused, error: Error, what: &str) {
    trace::fork_refused(ns, by, reason, error);
    // Many forks may hit a dead init. A limit of their own keeps them from suppressing the others.
    let limit = match reason {
        Refused::DeadInit => Limit::DeadInit,
        _ => Limit::RefusedFork,
    };
    if log::refused_forks_enabled() && limit.allows() {
        log::info(fmt!(
            "namespace {}: {} cannot {}: {} (namespace {})\n",
            id(ns.common()),
            Caller,
            what,
            words(reason),
            id(by.common()),
        ));
    }
}

/// Returns what the log says of a reason.
fn words(reason: Refused) -> &'static str {
    match reason {
        Refused::DeadInit => "its init is dead",
        Refused::NoInit => "it has no init yet",
        Refused::PidMax => "no number is free",
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
    use crate::{
        allocator::disable_pid_allocation,
        testing::{
            child,
            nested, //
        },
    };

    #[test]
    fn dead_init_is_the_innermost() -> Result {
        let outer = nested(1)?;
        let inner = child(&outer)?;

        disable_pid_allocation(&outer);
        let refusal = ForkRefusal::dead_init(&inner);
        assert_eq!(refusal.by.level(), outer.level());
        assert_eq!(refusal.error(), ENOMEM);

        disable_pid_allocation(&inner);
        assert_eq!(ForkRefusal::dead_init(&inner).by.level(), inner.level());
        Ok(())
    }
}
