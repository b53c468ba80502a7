// SPDX-License-Identifier: GPL-2.0

//! How a PID namespace comes to be, up to its being visible.

use super::{
    blank::Blank,
    dead::{
        self,
        Undertaker, //
    },
    spare,
    sysctl::PidSysctlPolicy, //
};
use crate::{
    bindings,
    error::to_result,
    ns::UserNamespace,
    pid::PidCache,
    pid_namespace::PidNamespace,
    prelude::*,
    static_lock_class,
    sync::aref::ARef,
    ucount::{
        Ucount,
        UcountType, //
    }, //
};
use core::{
    mem::ManuallyDrop,
    ptr::NonNull, //
};

/// Tells whether `function` is not in a module, which could be unloaded.
pub(crate) fn is_built_in(function: *const ()) -> bool {
    // SAFETY: Any address may be asked for.
    unsafe { bindings::core_kernel_text(function as usize) != 0 }
}

/// A PID namespace that is complete, but that nobody can see.
///
/// Dropping it undoes all.
///
/// # Invariants
///
/// The namespace is complete, this is the only reference to it, and it is in no tree.
pub struct NewPidNamespace(NonNull<PidNamespace>);

impl NewPidNamespace {
    /// Makes a namespace below `parent`, owned by `user_ns` and counted by `count`, whose
    /// identifiers come from `cache`. `S` says who may use its sysctls, `U` ends it when it is
    /// dead.
    ///
    /// Returns `EINVAL` if there is no level below `parent`, or if `count`, `cache` or the policy
    /// do not fit; `ENOMEM`, and `ENOSPC` if there is no inode number left. May sleep.
    ///
    /// The namespace may live longer than a module, so the policy must be built in.
    pub fn new<S: PidSysctlPolicy, U: Undertaker>(
        parent: &PidNamespace,
        user_ns: &UserNamespace,
        count: Ucount,
        cache: impl FnOnce(u32) -> Result<PidCache>,
    ) -> Result<Self> {
        let level = parent.level().checked_add(1).ok_or(EINVAL)?;
        let cache = cache(level)?;
        if cache.level() != level || count.kind() != UcountType::PidNamespaces {
            return Err(EINVAL);
        }
        if !is_built_in(dead::destroy_work::<U> as *const ()) {
            return Err(EINVAL);
        }
        let mut blank = spare::take::<S>().map_or_else(Blank::new::<S>, Ok)?;
        blank.clear();
        let raw = blank.as_ptr();
        // SAFETY: The memory is valid for writes, and nobody uses these members, for all of which
        // zero is a valid value. The work is queued when the last reference is dropped, and passes
        // the namespace to the policy.
        unsafe {
            PidNamespace::init_numbers(raw, level);
            (*raw).pid_cachep = cache.as_ptr();
            (*raw).level = level;
            (*raw).pid_max = bindings::PID_MAX_LIMIT;
            (*raw).pid_allocated = bindings::PIDNS_ADDING;
            bindings::init_work_with_key(
                &raw mut (*raw).work,
                Some(dead::destroy_work::<U>),
                false,
                c"(work_completion)&ns->work".as_char_ptr(),
                static_lock_class!().as_ptr(),
            );
        }
        // SAFETY: The common part is all zeroes, as the function wants it.
        to_result(unsafe { bindings::pid_ns_common_init(raw) })?;

        // Nothing fails from here on.
        let ns = blank.into_raw();
        let (parent, user_ns) = (ARef::from(parent), ARef::from(user_ns));
        // SAFETY: The namespace is new, and nobody knows it.
        unsafe {
            (*raw).parent = ARef::into_raw(parent).cast().as_ptr();
            (*raw).user_ns = ARef::into_raw(user_ns).cast().as_ptr();
            (*raw).ucounts = count.into_raw();
        }
        // INVARIANT: All is in place.
        Ok(Self(ns))
    }

    /// Sets what the namespace makes of memory file descriptors that may be executed.
    #[cfg(all(CONFIG_SYSCTL, CONFIG_MEMFD_CREATE))]
    pub fn with_memfd_noexec_scope(self, scope: i32) -> Self {
        // SAFETY: By the type invariants the namespace is complete.
        unsafe { self.0.as_ref() }.set_memfd_noexec_scope(scope);
        self
    }

    /// Makes the namespace visible.
    pub fn publish(self) -> ARef<PidNamespace> {
        let ns = ManuallyDrop::new(self).0;
        // SAFETY: The namespace is complete, and not in the tree.
        unsafe { bindings::pid_ns_tree_add(ns.cast().as_ptr()) };
        // SAFETY: By the type invariants there is one reference, which is passed on.
        unsafe { ARef::from_raw(ns) }
    }
}

impl Drop for NewPidNamespace {
    fn drop(&mut self) {
        // SAFETY: By the type invariants nobody else knows the namespace, and it is in no tree.
        unsafe {
            dead::dismantle(self.0);
            drop(dead::parent(self.0));
            dead::disown(self.0);
            drop(Blank::from_raw(self.0));
        }
    }
}

impl PidNamespace {
    /// Lets dead namespaces be kept for new ones, at boot.
    ///
    /// Returns `ENOMEM`; then all are freed. May sleep.
    ///
    /// # Safety
    ///
    /// It must be called once.
    pub unsafe fn keep_spares() -> Result {
        if !cfg!(CONFIG_SYSCTL) {
            return Ok(());
        }
        // SAFETY: The caller promises that this is the only call.
        unsafe { spare::init() }
    }

    /// Makes the initial namespace visible, at boot.
    ///
    /// # Safety
    ///
    /// It must be called once.
    pub unsafe fn publish_initial() {
        // SAFETY: The caller promises that it is not in the tree yet.
        unsafe { bindings::pid_ns_tree_add(Self::initial().as_ptr()) };
    }
}
