// SPDX-License-Identifier: GPL-2.0

//! The tree of all PID namespaces, ordered by their ids.
//!
//! C header: [`include/linux/nstree.h`](srctree/include/linux/nstree.h)

use super::shown::id;
use kernel::{
    bindings,
    container_of,
    error::from_err_ptr,
    ns::Namespace,
    pid_namespace::PidNamespace,
    sync::rcu, //
};

/// Converts a result of C: [`None`] for null and errors.
///
/// # Safety
///
/// `common` must be null, an error, or part of a PID namespace that is valid for `'a`.
unsafe fn found<'a>(common: *mut bindings::ns_common) -> Option<&'a PidNamespace> {
    let common = from_err_ptr(common)
        .ok()
        .filter(|common| !common.is_null())?;
    // SAFETY: The caller promises it.
    Some(unsafe { PidNamespace::from_ptr(container_of!(common, bindings::pid_namespace, ns)) })
}

/// Returns the namespace with this id, which may have no references left.
#[doc(alias = "ns_tree_lookup_rcu")]
pub(crate) fn find(id: u64, _rcu: &rcu::Guard) -> Option<&PidNamespace> {
    // SAFETY: In an RCU read-side section. A namespace is freed a grace period after its removal
    // from the tree.
    unsafe {
        found(bindings::ns_tree_lookup_rcu(
            id,
            bindings::CLONE_NEWPID as i32,
        ))
    }
}

/// Returns the next namespace after `ns`, by id.
#[doc(alias = "ns_tree_adjoined_rcu")]
fn next<'a>(ns: &PidNamespace, _rcu: &'a rcu::Guard) -> Option<&'a PidNamespace> {
    let common = ns.common().as_ptr();
    // SAFETY: In an RCU read-side section, in which `ns` was found in the tree; as in `find`.
    unsafe {
        found(bindings::__ns_tree_adjoined_rcu(
            common,
            &raw mut bindings::pid_ns_tree,
            false,
        ))
    }
}

/// How many namespaces a walk passes in one RCU read-side section.
const STEPS: u32 = 512;

/// What [`after`] has found.
pub(crate) enum After<'a> {
    /// The first namespace with a greater id.
    Found(&'a PidNamespace),
    /// No namespace has a greater id.
    None,
    /// It has to go on, from this one, in another RCU read-side section.
    From(u64),
}

/// Looks for the first namespace with an id greater than `last`. If `last` has been destroyed, it
/// walks from `from` on, or from the first one.
pub(crate) fn after(last: u64, from: Option<u64>, rcu: &rcu::Guard) -> After<'_> {
    if let Some(ns) = find(last, rcu) {
        return next(ns, rcu).map_or(After::None, After::Found);
    }
    let from = from.and_then(|from| find(from, rcu));
    let mut ns = from.unwrap_or(PidNamespace::initial());
    for _ in 0..STEPS {
        if id(ns.common()) > last {
            return After::Found(ns);
        }
        match next(ns, rcu) {
            Some(next) => ns = next,
            None => return After::None,
        }
    }
    After::From(id(ns.common()))
}
