// SPDX-License-Identifier: GPL-2.0

//! How a PID namespace comes to be, up to its being visible.

use super::{
    dead::{
        self,
        Undertaker, //
    },
    spare::{
        self,
        Spare, //
    },
    sysctl::{
        self,
        PidSysctlPolicy, //
    },
};
use crate::{
    bindings,
    error::to_result,
    ns::UserNamespace,
    pid::PidCache,
    pid_namespace::PidNamespace,
    prelude::*,
    slab::{
        SlabBox,
        SlabCache,
        SlabFlags,
        SlabObject,
        SlabSlot, //
    },
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

/// The cache of namespaces.
static CACHE: SlabCache<PidNamespace> = SlabCache::new();

// SAFETY: There is one cache.
unsafe impl SlabObject for PidNamespace {
    fn cache() -> &'static SlabCache<Self> {
        &CACHE
    }
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
        let spare = Spare::take_for::<S>();
        let has_sysctls = spare.is_some();
        let slot = match spare {
            // SAFETY: `init` takes them away if it fails, and gives them to the namespace if not.
            Some(spare) => unsafe { spare.into_slot() },
            None => SlabSlot::new(GFP_KERNEL)?,
        };
        // SAFETY: It is used on `slot`, which comes from a spare taken for `S` if it has sysctls.
        let init = unsafe { Self::init::<S, U>(level, user_ns, cache, has_sysctls) };
        let ns = slot.pin_init(init)?.into_raw();

        let raw = ns.cast::<bindings::pid_namespace>().as_ptr();
        let (parent, user_ns) = (ARef::from(parent), ARef::from(user_ns));
        // SAFETY: The namespace is new, and nobody knows it.
        unsafe {
            (*raw).parent = ARef::into_raw(parent).cast().as_ptr();
            // The address is there already; now it is a reference.
            (*raw).user_ns = ARef::into_raw(user_ns).cast().as_ptr();
            (*raw).ucounts = count.into_raw();
        }
        // INVARIANT: All is in place.
        Ok(Self(ns))
    }

    /// Builds all of it that can fail, and what owns nothing.
    ///
    /// # Safety
    ///
    /// With `has_sysctls` it must be used on the slot of a [`Spare`] taken for `S`.
    unsafe fn init<S: PidSysctlPolicy, U: Undertaker>(
        level: u32,
        user_ns: &UserNamespace,
        cache: PidCache,
        has_sysctls: bool,
    ) -> impl PinInit<PidNamespace, Error> + '_ {
        let init = move |slot: *mut PidNamespace| {
            let ns = slot.cast::<bindings::pid_namespace>();
            // SAFETY: The slot is valid for writes, and all zeroes is a valid value; of a spare
            // one nobody uses the sysctls. The work is queued when the last reference is dropped,
            // and passes the namespace to the policy.
            unsafe {
                if has_sysctls {
                    sysctl::clear_all_else(ns);
                } else {
                    ns.write_bytes(0, 1);
                }
                PidNamespace::init_numbers(ns);
                (*ns).pid_cachep = cache.as_ptr();
                (*ns).level = level;
                (*ns).user_ns = user_ns.as_ptr();
                (*ns).pid_max = bindings::PID_MAX_LIMIT;
                (*ns).pid_allocated = bindings::PIDNS_ADDING;
                bindings::init_work_with_key(
                    &raw mut (*ns).work,
                    Some(dead::destroy_work::<U>),
                    false,
                    c"(work_completion)&ns->work".as_char_ptr(),
                    static_lock_class!().as_ptr(),
                );
            }
            // SAFETY: The common part is all zeroes, as the function wants it.
            to_result(unsafe { bindings::pid_ns_common_init(ns) }).inspect_err(|_| {
                if has_sysctls {
                    // SAFETY: The caller promises that it has some.
                    unsafe { sysctl::unregister(ns) };
                }
            })?;
            if has_sysctls {
                return Ok(());
            }
            // SAFETY: The namespace stays where it is, has an owner, and no sysctls yet.
            unsafe { sysctl::register::<S>(ns) }.inspect_err(|_| {
                // SAFETY: The common part was just prepared, and is not used any more.
                unsafe { bindings::__ns_common_free(&raw mut (*ns).ns) };
            })
        };
        // SAFETY: If it succeeds the namespace is initialised; if not, what was done is undone.
        unsafe { pin_init::pin_init_from_closure(init) }
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
            sysctl::unregister(self.0.cast().as_ptr());
            dead::dismantle(self.0);
            drop(dead::parent(self.0));
            dead::free(self.0);
        }
    }
}

impl PidNamespace {
    /// Creates the cache of namespaces, at boot.
    ///
    /// Returns `EEXIST` if it has been created already; panics if there is no memory.
    pub fn create_cache() -> Result {
        CACHE.create(c"pid_namespace", SlabFlags::PANIC | SlabFlags::ACCOUNT)
    }

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

    /// Gives the memory of a namespace back.
    ///
    /// # Safety
    ///
    /// Nobody may use the namespace any more.
    pub(super) unsafe fn free_memory(ns: NonNull<Self>) {
        // SAFETY: The memory comes from a slot of this cache, and the caller promises the rest.
        drop(unsafe { SlabBox::from_raw(ns) });
    }
}
