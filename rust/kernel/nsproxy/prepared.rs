// SPDX-License-Identifier: GPL-2.0

//! Proxies in the making.

use super::{
    Namespaces,
    NsProxy, //
};
use crate::{
    bindings,
    ns::TimeNamespace,
    prelude::*,
    slab::{
        SlabBox,
        SlabSlot, //
    },
    sync::aref::{
        ARef,
        AlwaysRefCounted, //
    },
    task::Task,
    types::Opaque,
};
use core::ptr::{
    self,
    NonNull, //
};

/// A proxy that no task uses.
///
/// Dropping it drops its namespaces, which may sleep.
///
/// # Invariants
///
/// The proxy's count is one and stands for this value; its namespaces' active counts do not
/// include it.
pub struct PreparedNsProxy(SlabBox<NsProxy>);

impl PreparedNsProxy {
    /// Allocates a proxy, then calls `namespaces` for what goes into it.
    ///
    /// Returns `ENOMEM`, the error of `namespaces`, or `EINVAL` if one is missing. May sleep.
    pub fn try_new(namespaces: impl FnOnce() -> Result<Namespaces>) -> Result<Self> {
        fn into_raw<C, T: AlwaysRefCounted>(ns: Option<ARef<T>>) -> *mut C {
            ns.map_or(ptr::null_mut(), |ns| ARef::into_raw(ns).as_ptr().cast())
        }

        let slot = SlabSlot::new(GFP_KERNEL)?;
        let namespaces = namespaces()?;
        if !namespaces.is_complete() {
            return Err(EINVAL);
        }
        let Namespaces {
            uts,
            ipc,
            mnt,
            pid_for_children,
            net,
            time,
            time_for_children,
            cgroup,
        } = namespaces;
        let inner = bindings::nsproxy {
            count: bindings::refcount_t {
                refs: bindings::atomic_t { counter: 1 },
            },
            uts_ns: into_raw(Some(uts)),
            ipc_ns: into_raw(ipc),
            mnt_ns: into_raw(mnt),
            pid_ns_for_children: into_raw(Some(pid_for_children)),
            net_ns: into_raw(net),
            time_ns: into_raw(time),
            time_ns_for_children: into_raw(time_for_children),
            cgroup_ns: into_raw(cgroup),
        };
        // INVARIANT: Each pointer owns the reference that it was made from, the count is one, and
        // no namespace was told.
        let Ok(proxy) = slot.init(NsProxy(Opaque::new(inner)));
        Ok(Self(proxy))
    }

    /// Allocates a copy of `old`, which shares all its namespaces.
    ///
    /// Returns `ENOMEM`, and `EINVAL` if there are no mounts yet. May sleep.
    pub fn copy_of(old: &NsProxy) -> Result<Self> {
        #[inline(always)]
        fn get<T: AlwaysRefCounted>(ns: Option<&T>) {
            if let Some(ns) = ns {
                ns.inc_ref();
            }
        }

        let slot = SlabSlot::new(GFP_KERNEL)?;
        old.mnt().ok_or(EINVAL)?.inc_ref();
        old.uts().inc_ref();
        get(old.ipc());
        old.pid_for_children().inc_ref();
        get(old.net());
        get(old.time());
        get(old.time_for_children());
        get(old.cgroup());
        let inner = bindings::nsproxy {
            count: bindings::refcount_t {
                refs: bindings::atomic_t { counter: 1 },
            },
            // SAFETY: `old` is valid, and but for its count does not change.
            ..unsafe { *old.as_ptr() }
        };
        // INVARIANT: Each pointer owns the reference that was just taken, the count is one, and no
        // namespace was told.
        let Ok(proxy) = slot.init(NsProxy(Opaque::new(inner)));
        Ok(Self(proxy))
    }

    /// Makes the proxy ready to be used: its namespaces become active.
    #[doc(alias = "nsproxy_ns_active_get")]
    pub fn activate(self) -> ARef<NsProxy> {
        // SAFETY: The proxy is valid.
        unsafe { bindings::nsproxy_ns_active_get(self.0.as_ptr()) };
        // SAFETY: The count of one that `self` stood for is passed on.
        unsafe { ARef::from_raw(self.0.into_raw()) }
    }

    /// Returns the time namespace.
    #[inline]
    pub fn time(&self) -> Option<&TimeNamespace> {
        self.0.time()
    }

    /// Returns a raw pointer to the C structure.
    #[inline]
    pub(super) fn as_ptr(&mut self) -> *mut bindings::nsproxy {
        self.0.as_ptr()
    }

    /// Passes ownership to C.
    #[inline]
    pub fn into_raw(self) -> NonNull<NsProxy> {
        self.0.into_raw()
    }

    /// Takes ownership from C.
    ///
    /// # Safety
    ///
    /// `proxy` must come from [`Self::into_raw`], unused since.
    #[inline]
    pub unsafe fn from_raw(proxy: NonNull<NsProxy>) -> Self {
        // SAFETY: The caller promises that the proxy is owned.
        Self(unsafe { SlabBox::from_raw(proxy) })
    }

    /// Makes the time namespace that is meant for the children that of `task`, and shows its clocks
    /// in the task's address space.
    ///
    /// May sleep.
    ///
    /// # Safety
    ///
    /// `task` must be the current task, or a child that does not run yet, and have an address
    /// space.
    #[doc(alias = "timens_on_fork")]
    pub(super) unsafe fn enter_time_ns(&mut self, task: &Task) {
        #[cfg(CONFIG_TIME_NS)]
        // SAFETY: Both are valid, nobody else knows the proxy, and the caller promises that the
        // task has an address space that is its own to change.
        unsafe {
            bindings::timens_on_fork(self.0.as_ptr(), task.as_ptr())
        };
        #[cfg(not(CONFIG_TIME_NS))]
        let _ = task;
    }
}
