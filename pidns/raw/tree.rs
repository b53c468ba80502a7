// SPDX-License-Identifier: GPL-2.0

//! The tree of all PID namespaces, ordered by their ids.
//!
//! C header: [`include/linux/nstree.h`](srctree/include/linux/nstree.h)

use super::ns_common::id;
use core::ptr::NonNull;
use kernel::{
    bindings, container_of,
    error::from_err_ptr,
    ns::Namespace,
    pid_namespace::PidNamespace,
    sync::{
        aref::ARef,
        rcu, //
    },
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

/// Takes a reference to a namespace in the tree, or returns [`None`] if the last one was dropped.
fn get_unless_zero(ns: &PidNamespace) -> Option<ARef<PidNamespace>> {
    // SAFETY: The memory of `ns` is valid.
    if !unsafe { bindings::__ns_ref_get(ns.common().as_ptr()) } {
        return None;
    }
    // SAFETY: The reference was just taken.
    Some(unsafe { ARef::from_raw(NonNull::from(ns)) })
}

/// Returns the namespace with this id, if it has references.
pub(crate) fn find(id: u64) -> Option<ARef<PidNamespace>> {
    get_unless_zero(lookup(id, &rcu::read_lock())?)
}

/// Returns the namespace with this id. It may have no references left: none must be taken but by
/// [`get_unless_zero`].
#[doc(alias = "ns_tree_lookup_rcu")]
fn lookup(id: u64, _rcu: &rcu::Guard) -> Option<&PidNamespace> {
    // SAFETY: In an RCU read-side section. A namespace is freed a grace period after its removal
    // from the tree.
    unsafe {
        found(bindings::ns_tree_lookup_rcu(
            id,
            bindings::CLONE_NEWPID as i32,
        ))
    }
}

/// Returns the next namespace after `ns`, by id, as [`lookup`] does.
#[doc(alias = "ns_tree_adjoined_rcu")]
fn next<'a>(ns: &PidNamespace, _rcu: &'a rcu::Guard) -> Option<&'a PidNamespace> {
    let common = ns.common().as_ptr();
    // SAFETY: In an RCU read-side section, in which `ns` was found in the tree; as in `lookup`.
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
pub(crate) enum After {
    /// The first namespace with a greater id.
    Found(ARef<PidNamespace>),
    /// No namespace has a greater id.
    None,
    /// Nothing yet: call it again, with this id to start from.
    From(u64),
}

/// Looks for the first namespace with an id greater than `last`. If `last` has been destroyed, it
/// walks from `from` on, or from the first one.
pub(crate) fn after(last: u64, from: Option<u64>) -> After {
    let rcu = rcu::read_lock();
    let from = || lookup(from?, &rcu);
    let mut ns = lookup(last, &rcu)
        .or_else(from)
        .unwrap_or(PidNamespace::initial());
    for _ in 0..STEPS {
        if id(ns.common()) > last {
            if let Some(ns) = get_unless_zero(ns) {
                return After::Found(ns);
            }
        }
        match next(ns, &rcu) {
            Some(next) => ns = next,
            None => return After::None,
        }
    }
    After::From(id(ns.common()))
}
