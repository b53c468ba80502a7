// SPDX-License-Identifier: GPL-2.0

//! PID namespaces under `/proc/PID/ns`: who may open, join and climb them.

use kernel::{
    capability::Capability,
    ns::{
        NsOperations,
        UserNamespace, //
    },
    nsproxy::NsSetMut,
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

/// The file `pid`: the namespace that a task lives in.
///
/// C counterpart: `pidns_operations`.
pub(crate) struct Active;

/// The file `pid_for_children`: the namespace that a task's children are born into.
///
/// C counterpart: `pidns_for_children_operations`.
pub(crate) struct ForChildren;

impl NsOperations for Active {
    type Ns = PidNamespace;

    const NAME: &'static CStr = c"pid";

    /// A task that has been reaped lives nowhere.
    fn get(task: &Task) -> Option<ARef<PidNamespace>> {
        PidNamespace::active_of(task, &rcu::read_lock())
    }

    fn install(current: &CurrentTask, set: &mut NsSetMut<'_>, ns: &PidNamespace) -> Result {
        install(current, set, ns)
    }

    fn owner(ns: &PidNamespace) -> &UserNamespace {
        ns.user_ns()
    }

    fn parent(current: &CurrentTask, ns: &PidNamespace) -> Result<ARef<PidNamespace>> {
        parent(current, ns)
    }
}

impl NsOperations for ForChildren {
    type Ns = PidNamespace;

    const NAME: &'static CStr = c"pid_for_children";
    const TYPE_NAME: Option<&'static CStr> = Some(c"pid");

    /// A task that exits has left its proxy, and will have no more children.
    fn get(task: &Task) -> Option<ARef<PidNamespace>> {
        let lock = task.alloc_lock();

        let ns = lock.nsproxy()?.pid_ns_for_children.get();

        ns.map(ARef::from)
    }

    fn install(current: &CurrentTask, set: &mut NsSetMut<'_>, ns: &PidNamespace) -> Result {
        install(current, set, ns)
    }

    fn owner(ns: &PidNamespace) -> &UserNamespace {
        ns.user_ns()
    }

    fn parent(current: &CurrentTask, ns: &PidNamespace) -> Result<ARef<PidNamespace>> {
        parent(current, ns)
    }
}

/// Lets the children of the current task be born into `ns`.
///
/// Returns `EPERM` without `CAP_SYS_ADMIN` over the owner of `ns` and over the user namespace that
/// the task is going to have, and `EINVAL` unless `ns` is the one that the task lives in or below
/// it: elsewhere the child would have no number that its parent could know it by, and whoever was
/// put into a namespace could leave it.
///
/// C counterpart: `pidns_install()`.
fn install(current: &CurrentTask, set: &mut NsSetMut<'_>, ns: &PidNamespace) -> Result {
    if !ns.user_ns().capable(Capability::SysAdmin)
        || !set.cred().user_ns().capable(Capability::SysAdmin)
    {
        return Err(EPERM);
    }
    if !sees(current, ns) {
        return Err(EINVAL);
    }

    set.set_pid_for_children(ns.into());
    Ok(())
}

/// Returns the parent of `ns`.
///
/// Returns `EPERM` unless that is the namespace that the current task lives in, or below it.
///
/// C counterpart: `pidns_get_parent()`.
fn parent(current: &CurrentTask, ns: &PidNamespace) -> Result<ARef<PidNamespace>> {
    let parent = ns.parent().filter(|parent| sees(current, parent));

    parent.map(ARef::from).ok_or(EPERM)
}

/// Tells whether `ns` is the namespace that the current task lives in, or below it.
fn sees(current: &CurrentTask, ns: &PidNamespace) -> bool {
    let active = current.active_pid_ns();

    active.is_some_and(|active| is_ancestor(ns, active))
}

/// Tells whether `ancestor` is `child` or one of its ancestors.
///
/// C counterpart: `pidns_is_ancestor()`.
pub(crate) fn is_ancestor(child: &PidNamespace, ancestor: &PidNamespace) -> bool {
    let at_level = child.lineage().find(|ns| ns.level() <= ancestor.level());

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
    fn ancestors_are_those_on_the_way_out_and_oneself() -> Result {
        let innermost = nested(PidNamespace::MAX_LEVEL)?;

        for inner in innermost.lineage() {
            for outer in innermost.lineage() {
                assert_eq!(is_ancestor(inner, outer), outer.level() <= inner.level());
            }
        }
        Ok(())
    }

    #[test]
    fn siblings_and_their_children_are_no_ancestors() -> Result {
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
    fn the_parent_is_told_where_the_caller_sees_it() -> Result {
        let ns = nested(2)?;
        let told = |ns: &PidNamespace| with_current(|current| parent(current, ns));

        assert!(told(&ns)?.level() == 1);
        assert!(told(&*told(&ns)?)?.is_initial());
        // It has none, which is what those further out look like from the inside.
        assert_eq!(told(PidNamespace::initial()).err(), Some(EPERM));
        Ok(())
    }

    #[test]
    fn the_current_task_and_its_children_live_in_the_initial_one() {
        let own = with_current(|current| Active::get(current));
        let childrens = with_current(|current| ForChildren::get(current));

        assert!(own.is_some_and(|ns| ns.is_initial()));
        assert!(childrens.is_some_and(|ns| ns.is_initial()));
    }
}
