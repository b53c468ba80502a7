// SPDX-License-Identifier: GPL-2.0

//! The set of namespaces that a task uses.
//!
//! Tasks that use the same namespaces share one [`NsProxy`]. A proxy in use does not change: to
//! change a namespace is to prepare a new proxy and to put it in the place of the old one.
//!
//! * [`PreparedNsProxy`] is a proxy in the making. It keeps its namespaces in memory. Dropping it
//!   frees it.
//! * [`ARef<NsProxy>`] is a reference to a proxy in use. As long as there is one, the namespaces
//!   are active: visible to userspace.
//!   Dropping a reference may sleep, if it is the last one.
//! * [`PreparedNsProxy::activate`] leads from the one to the other, once.
//!
//! C header: [`include/linux/nsproxy.h`](srctree/include/linux/nsproxy.h)

use crate::{
    bindings,
    ns::{
        CgroupNamespace,
        IpcNamespace,
        MntNamespace,
        NetNamespace,
        TimeNamespace,
        UtsNamespace, //
    },
    pid_namespace::PidNamespace,
    prelude::*,
    slab::{
        AllocFn,
        SlabBox,
        SlabCache,
        SlabFlags,
        SlabObject, //
    },
    sync::aref::{
        ARef,
        AlwaysRefCounted, //
    },
    types::Opaque,
};
use core::ptr::NonNull;

mod prepared;
mod set;
mod set_mut;
mod task;

pub use self::{
    prepared::PreparedNsProxy,
    set::{
        NsSet,
        SetCred,
        SetFs, //
    },
    set_mut::NsSetMut,
    task::{
        NewTask,
        NsProxySwitch,
        OwnNsProxy, //
    },
};

/// Wraps the kernel's `struct nsproxy`. Thread safe.
///
/// # Invariants
///
/// Each pointer owns a reference to a namespace, or is null where the kernel is configured without
/// that type; the initial proxy has no mounts until the root file system is there.
#[repr(transparent)]
pub struct NsProxy(Opaque<bindings::nsproxy>);

// SAFETY: References may be dropped on any thread.
unsafe impl Send for NsProxy {}

// SAFETY: A proxy in use does not change, but for its count, which is atomic.
unsafe impl Sync for NsProxy {}

// SAFETY: A reference to a proxy in use keeps its count above zero, and one in the making cannot be
// had as a plain reference outside this module.
unsafe impl AlwaysRefCounted for NsProxy {
    #[inline]
    fn inc_ref(&self) {
        // SAFETY: The existence of a shared reference means that the count is not zero.
        unsafe { bindings::get_nsproxy(self.as_ptr()) };
    }

    #[inline]
    unsafe fn dec_ref(obj: NonNull<Self>) {
        // SAFETY: The caller gives up a reference.
        unsafe { bindings::put_nsproxy(obj.cast().as_ptr()) };
    }
}

static CACHE: SlabCache<NsProxy> = SlabCache::new();

// SAFETY: There is one cache, and the helper only calls `kmem_cache_alloc()`.
unsafe impl SlabObject for NsProxy {
    const ALLOC: AllocFn = bindings::kmem_cache_alloc_nsproxy;

    fn cache() -> &'static SlabCache<Self> {
        &CACHE
    }
}

/// What a proxy is made of: a reference to each namespace.
///
/// `None` stands for a type that the kernel is configured without.
pub struct Namespaces {
    /// Host and domain name.
    pub uts: ARef<UtsNamespace>,
    /// System V IPC and POSIX message queues.
    pub ipc: Option<ARef<IpcNamespace>>,
    /// Mounts.
    pub mnt: Option<ARef<MntNamespace>>,
    /// Process identifiers, for the children: a task's own PID namespace never changes.
    pub pid_for_children: ARef<PidNamespace>,
    /// Network.
    pub net: Option<ARef<NetNamespace>>,
    /// Clock offsets.
    pub time: Option<ARef<TimeNamespace>>,
    /// Clock offsets, for the children and after `execve(2)`.
    pub time_for_children: Option<ARef<TimeNamespace>>,
    /// Control groups.
    pub cgroup: Option<ARef<CgroupNamespace>>,
}

impl Namespaces {
    /// Whether each type that the kernel is configured with is there.
    fn is_complete(&self) -> bool {
        const IPC: bool = cfg!(any(CONFIG_SYSVIPC, CONFIG_POSIX_MQUEUE));
        const TIME: bool = cfg!(CONFIG_TIME_NS);

        self.mnt.is_some()
            && (self.ipc.is_some() || !IPC)
            && (self.net.is_some() || !cfg!(CONFIG_NET))
            && ((self.time.is_some() && self.time_for_children.is_some()) || !TIME)
            && (self.cgroup.is_some() || !cfg!(CONFIG_CGROUPS))
    }
}

impl NsProxy {
    /// Makes a proxy that exists from the start, for use in a `static`.
    ///
    /// # Safety
    ///
    /// The value must be put into a `static`; the count must be one, and each pointer must be that
    /// of a namespace that is never freed, or null where the type's invariants allow it.
    pub const unsafe fn new_static(inner: bindings::nsproxy) -> Self {
        // INVARIANT: References to namespaces that are never freed need not be counted.
        Self(Opaque::new(inner))
    }

    /// Creates a reference from a valid pointer.
    ///
    /// # Safety
    ///
    /// `ptr` must be a proxy in use that stays so for the lifetime of the returned reference.
    #[inline]
    pub unsafe fn from_ptr<'a>(ptr: *const bindings::nsproxy) -> &'a Self {
        // SAFETY: The caller promises validity, and the type is transparent.
        unsafe { &*ptr.cast() }
    }

    /// Returns a raw pointer to the C structure.
    #[inline]
    pub fn as_ptr(&self) -> *mut bindings::nsproxy {
        self.0.get()
    }

    /// Creates the slab cache of proxies. The kernel panics if there is no memory for it.
    ///
    /// Returns `EEXIST` if that has been done already.
    pub fn create_cache() -> Result {
        CACHE.create(c"nsproxy", SlabFlags::PANIC | SlabFlags::ACCOUNT)
    }

    /// Ends a proxy that was in use: its namespaces cease to be active, and it is freed.
    ///
    /// May sleep.
    ///
    /// # Safety
    ///
    /// `proxy` must have been made by [`PreparedNsProxy::activate`], and its last reference must
    /// have been dropped.
    #[doc(alias = "nsproxy_ns_active_put")]
    pub unsafe fn end(proxy: NonNull<NsProxy>) {
        // SAFETY: The proxy is valid, and `activate` has counted its namespaces as active.
        unsafe { bindings::nsproxy_ns_active_put(proxy.cast().as_ptr()) };
        // SAFETY: There is no reference any more, and `activate` took it out of a box.
        drop(unsafe { SlabBox::from_raw(proxy) });
    }

    /// Returns the UTS namespace.
    #[inline]
    pub fn uts(&self) -> &UtsNamespace {
        // SAFETY: By the type invariants the pointer is valid as long as the proxy.
        unsafe { UtsNamespace::from_ptr((*self.as_ptr()).uts_ns) }
    }

    /// Returns the IPC namespace.
    #[inline]
    pub fn ipc(&self) -> Option<&IpcNamespace> {
        // SAFETY: By the type invariants the pointer is null, or valid as long as the proxy.
        unsafe { (*self.as_ptr()).ipc_ns.cast::<IpcNamespace>().as_ref() }
    }

    /// Returns the mount namespace.
    #[inline]
    pub fn mnt(&self) -> Option<&MntNamespace> {
        // SAFETY: By the type invariants the pointer is null, or valid as long as the proxy.
        unsafe { (*self.as_ptr()).mnt_ns.cast::<MntNamespace>().as_ref() }
    }

    /// Returns the PID namespace that children are born into.
    #[inline]
    pub fn pid_for_children(&self) -> &PidNamespace {
        // SAFETY: By the type invariants the pointer is valid as long as the proxy.
        unsafe { PidNamespace::from_ptr((*self.as_ptr()).pid_ns_for_children) }
    }

    /// Returns the network namespace.
    #[inline]
    pub fn net(&self) -> Option<&NetNamespace> {
        // SAFETY: By the type invariants the pointer is null, or valid as long as the proxy.
        unsafe { (*self.as_ptr()).net_ns.cast::<NetNamespace>().as_ref() }
    }

    /// Returns the time namespace.
    #[inline]
    pub fn time(&self) -> Option<&TimeNamespace> {
        // SAFETY: By the type invariants the pointer is null, or valid as long as the proxy.
        unsafe { (*self.as_ptr()).time_ns.cast::<TimeNamespace>().as_ref() }
    }

    /// Returns the time namespace that children are born into.
    #[inline]
    pub fn time_for_children(&self) -> Option<&TimeNamespace> {
        // SAFETY: By the type invariants the pointer is null, or valid as long as the proxy.
        unsafe {
            (*self.as_ptr())
                .time_ns_for_children
                .cast::<TimeNamespace>()
                .as_ref()
        }
    }

    /// Returns the control group namespace.
    #[inline]
    pub fn cgroup(&self) -> Option<&CgroupNamespace> {
        // SAFETY: By the type invariants the pointer is null, or valid as long as the proxy.
        unsafe {
            (*self.as_ptr())
                .cgroup_ns
                .cast::<CgroupNamespace>()
                .as_ref()
        }
    }

    /// Tells whether children get another time namespace than this task has.
    #[inline]
    pub fn time_is_pending(&self) -> bool {
        // SAFETY: The proxy is valid.
        unsafe { (*self.as_ptr()).time_ns != (*self.as_ptr()).time_ns_for_children }
    }
}

impl Drop for NsProxy {
    fn drop(&mut self) {
        /// Drops the reference that the proxy owned.
        ///
        /// # Safety
        ///
        /// `ns` is null, or a `T` with a reference to give up.
        unsafe fn put<C, T: AlwaysRefCounted>(ns: *mut C) {
            // SAFETY: The caller promises a reference.
            drop(NonNull::new(ns.cast::<T>()).map(|ns| unsafe { ARef::from_raw(ns) }));
        }

        let proxy = self.as_ptr();
        // SAFETY: By the type invariants each pointer is null or owns a reference, and nobody
        // reads them any more.
        unsafe {
            put::<_, MntNamespace>((*proxy).mnt_ns);
            put::<_, UtsNamespace>((*proxy).uts_ns);
            put::<_, IpcNamespace>((*proxy).ipc_ns);
            put::<_, PidNamespace>((*proxy).pid_ns_for_children);
            put::<_, TimeNamespace>((*proxy).time_ns);
            put::<_, TimeNamespace>((*proxy).time_ns_for_children);
            put::<_, CgroupNamespace>((*proxy).cgroup_ns);
            put::<_, NetNamespace>((*proxy).net_ns);
        }
    }
}
