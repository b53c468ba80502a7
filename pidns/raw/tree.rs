// SPDX-License-Identifier: GPL-2.0

//! The tree of all PID namespaces, ordered by their ids.
//!
//! C header: [`include/linux/nstree.h`](srctree/include/linux/nstree.h)

use super::ns_common::id;
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

/// A namespace found in the tree, which may have no references left.
#[derive(Clone, Copy)]
struct Found<'a>(&'a PidNamespace);

impl<'a> Found<'a> {
    /// Converts a result of C: [`None`] for null and errors.
    ///
    /// # Safety
    ///
    /// `common` must be null, an error, or part of a PID namespace whose memory is valid for `'a`.
    unsafe fn from_ptr(common: *mut bindings::ns_common) -> Option<Self> {
        let common = from_err_ptr(common)
            .ok()
            .filter(|common| !common.is_null())?;
        let ns = container_of!(common, bindings::pid_namespace, ns);
        // SAFETY: The caller promises it.
        Some(Self(unsafe { PidNamespace::from_ptr(ns) }))
    }

    /// Returns the id of the namespace.
    fn id(self) -> u64 {
        id(self.0.common())
    }

    /// Takes a reference, or returns [`None`] if the last one was dropped.
    fn get_unless_zero(self) -> Option<ARef<PidNamespace>> {
        self.0.get_unless_zero()
    }
}

/// Returns the namespace with this id, if it has references.
pub(crate) fn find(id: u64) -> Option<ARef<PidNamespace>> {
    lookup(id, &rcu::read_lock())?.get_unless_zero()
}

/// Returns the namespace with this id.
#[doc(alias = "ns_tree_lookup_rcu")]
fn lookup(id: u64, _rcu: &rcu::Guard) -> Option<Found<'_>> {
    // SAFETY: In an RCU read-side section. A namespace is freed a grace period after its removal
    // from the tree.
    unsafe {
        Found::from_ptr(bindings::ns_tree_lookup_rcu(
            id,
            bindings::CLONE_NEWPID as i32,
        ))
    }
}

/// Returns the next namespace after `ns`, by id.
#[doc(alias = "ns_tree_adjoined_rcu")]
fn next<'a>(ns: Found<'_>, _rcu: &'a rcu::Guard) -> Option<Found<'a>> {
    let common = ns.0.common().as_ptr();
    // SAFETY: In an RCU read-side section, in which `ns` was found in the tree; as in `lookup`.
    unsafe {
        Found::from_ptr(bindings::__ns_tree_adjoined_rcu(
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
        .unwrap_or(Found(PidNamespace::initial()));
    for _ in 0..STEPS {
        if ns.id() > last {
            if let Some(ns) = ns.get_unless_zero() {
                return After::Found(ns);
            }
        }
        match next(ns, &rcu) {
            Some(next) => ns = next,
            None => return After::None,
        }
    }
    After::From(ns.id())
}
