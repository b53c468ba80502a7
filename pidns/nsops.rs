// SPDX-License-Identifier: GPL-2.0

//! Operations of `/proc/PID/ns` files of PID namespaces.

use crate::raw::nsset::NsSetMut;
use kernel::{
    capability::Capability,
    pid_namespace::PidNamespace,
    prelude::*,
    sync::{
        aref::ARef,
        rcu, //
    },
    task::{
        CurrentTask,
        Task, //
    },
};

/// Returns the active PID namespace of `task`, or [`None`] if it has been reaped.
///
/// C counterpart: `pidns_get()`.
pub(crate) fn get(task: &Task) -> Option<ARef<PidNamespace>> {
    PidNamespace::active_of(task, &rcu::read_lock())
}

/// Returns the PID namespace for children of `task`, or [`None`] if it is exiting and has dropped
/// its nsproxy.
///
/// C counterpart: `pidns_for_children_get()`.
pub(crate) fn get_for_children(task: &Task) -> Option<ARef<PidNamespace>> {
    let lock = task.alloc_lock();

    let ns = lock.nsproxy()?.pid_ns_for_children.get();
    ns.map(ARef::from)
}

/// Makes `ns` the PID namespace for the children of `current`.
///
/// Returns `EPERM` without `CAP_SYS_ADMIN` over the owner of `ns` and over the user namespace that
/// the task will have, and `EINVAL` unless `ns` is the active namespace of the task or a
/// descendant: otherwise a child would have no number in its parent's namespace, and a task could
/// escape from a namespace.
///
/// C counterpart: `pidns_install()`.
pub(crate) fn install(current: &CurrentTask, set: &mut NsSetMut<'_>, ns: &PidNamespace) -> Result {
    if !ns.user_ns().capable(Capability::SysAdmin)
        || !set.cred().user_ns().capable(Capability::SysAdmin)
    {
        return Err(EPERM);
    }
    if !is_visible(current, ns) {
        return Err(EINVAL);
    }

    set.set_pid_for_children(ns.into());
    Ok(())
}

/// Returns the parent of `ns`.
///
/// Returns `EPERM` unless that is the active namespace of `current` or a descendant.
///
/// C counterpart: `pidns_get_parent()`.
pub(crate) fn parent(current: &CurrentTask, ns: &PidNamespace) -> Result<ARef<PidNamespace>> {
    let parent = ns.parent().filter(|parent| is_visible(current, parent));

    parent.map(ARef::from).ok_or(EPERM)
}

/// Returns whether `ns` is the active namespace of `current` or a descendant.
fn is_visible(current: &CurrentTask, ns: &PidNamespace) -> bool {
    let active = current.active_pid_ns();

    active.is_some_and(|active| is_ancestor(ns, active))
}

/// Returns whether `ancestor` is `child` or one of its ancestors.
///
/// C counterpart: `pidns_is_ancestor()`.
pub(crate) fn is_ancestor(child: &PidNamespace, ancestor: &PidNamespace) -> bool {
    let at_level = child
        .self_and_ancestors()
        .find(|ns| ns.level() <= ancestor.level());

    at_level == Some(ancestor)
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
#[kunit_tests(pidns_nsops)]
mod tests {
    use super::*;
    use crate::testing::{
        child,
        nested, //
    };
    use kernel::pid::with_current;

    #[test]
    fn ancestors_include_self() -> Result {
        let innermost = nested(PidNamespace::MAX_LEVEL)?;

        for inner in innermost.self_and_ancestors() {
            for outer in innermost.self_and_ancestors() {
                assert_eq!(is_ancestor(inner, outer), outer.level() <= inner.level());
            }
        }
        Ok(())
    }

    #[test]
    fn siblings_are_not_ancestors() -> Result {
        let parent = nested(1)?;
        let (one, other) = (child(&parent)?, child(&parent)?);
        let nephew = child(&one)?;

        assert_eq!(one.level(), other.level());
        assert!(!is_ancestor(&one, &other));
        assert!(!is_ancestor(&other, &one));
        assert!(!is_ancestor(&nephew, &other));
        assert!(!is_ancestor(&other, &nephew));
        assert!(is_ancestor(&nephew, &parent));
        Ok(())
    }

    #[test]
    fn parent_if_visible() -> Result {
        let ns = nested(2)?;
        let told = |ns: &PidNamespace| with_current(|current| parent(current, ns));

        assert!(told(&ns)?.level() == 1);
        assert!(told(&*told(&ns)?)?.is_initial());
        // A missing parent is the same as one that is not visible.
        assert_eq!(told(PidNamespace::initial()).err(), Some(EPERM));
        Ok(())
    }

    #[test]
    fn current_and_children_in_initial() {
        let own = with_current(|current| get(current));
        let childrens = with_current(|current| get_for_children(current));

        assert!(own.is_some_and(|ns| ns.is_initial()));
        assert!(childrens.is_some_and(|ns| ns.is_initial()));
    }
}
