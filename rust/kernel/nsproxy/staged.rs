// SPDX-License-Identifier: GPL-2.0

//! What `setns(2)` prepares: the namespaces that a task joins, beside those that it keeps.

use super::{
    NsProxy,
    OwnNsProxy, //
};
use crate::{
    bindings,
    ns::{
        Active,
        CgroupNamespace,
        IpcNamespace,
        MntNamespace,
        Namespace,
        NetNamespace,
        NsType,
        NsTypes,
        TimeNamespace,
        UtsNamespace, //
    },
    pid_namespace::PidNamespace,
    prelude::*,
    slab::SlabSlot,
    sync::aref::ARef,
    task::Task,
    types::{
        NotThreadSafe,
        Opaque, //
    },
};
use core::{
    marker::PhantomData,
    mem::{
        self,
        ManuallyDrop, //
    },
    ptr::NonNull,
};

/// Does something with each place of some types in a proxy.
trait Visitor {
    /// # Safety
    ///
    /// `place` must be that of the type `N` in a valid proxy, at `offset`.
    unsafe fn visit<N: Namespace>(&mut self, place: *mut *mut N, offset: usize);
}

/// Lets `visitor` visit the places of `types` in `proxy`.
///
/// # Safety
///
/// `proxy` must be valid.
#[inline(always)]
unsafe fn visit(proxy: *mut bindings::nsproxy, types: NsTypes, visitor: &mut impl Visitor) {
    macro_rules! place {
        ($kind:ident, $ns:ty, $field:ident) => {
            if types.contains(NsType::$kind) {
                // SAFETY: The caller promises validity.
                unsafe {
                    visitor.visit::<$ns>(
                        (&raw mut (*proxy).$field).cast(),
                        mem::offset_of!(bindings::nsproxy, $field),
                    )
                };
            }
        };
    }
    place!(Mnt, MntNamespace, mnt_ns);
    place!(Uts, UtsNamespace, uts_ns);
    place!(Ipc, IpcNamespace, ipc_ns);
    place!(Pid, PidNamespace, pid_ns_for_children);
    place!(Cgroup, CgroupNamespace, cgroup_ns);
    place!(Net, NetNamespace, net_ns);
    place!(Time, TimeNamespace, time_ns);
    place!(Time, TimeNamespace, time_ns_for_children);
}

/// Takes a reference to what is there.
struct Reference;

impl Visitor for Reference {
    #[inline(always)]
    unsafe fn visit<N: Namespace>(&mut self, place: *mut *mut N, _offset: usize) {
        // SAFETY: What is in a proxy is null or valid. The reference is left there.
        if let Some(ns) = unsafe { (*place).as_ref() } {
            ns.inc_ref();
        }
    }
}

/// Makes what is there active.
struct Activate;

impl Visitor for Activate {
    #[inline(always)]
    unsafe fn visit<N: Namespace>(&mut self, place: *mut *mut N, _offset: usize) {
        // SAFETY: What is in a proxy is null or valid.
        if let Some(ns) = unsafe { (*place).as_ref() } {
            Active::new(ns).into_count();
        }
    }
}

/// Exchanges what is there with what another proxy has.
struct Exchange(*mut bindings::nsproxy);

impl Visitor for Exchange {
    #[inline(always)]
    unsafe fn visit<N: Namespace>(&mut self, place: *mut *mut N, offset: usize) {
        // SAFETY: The other proxy is valid, and has a place of the same type at the same offset.
        unsafe { self.0.byte_add(offset).cast::<*mut N>().swap(place) };
    }
}

/// Drops the reference to what is there, and if it was active as a part of a proxy in use, that.
struct Release {
    active: bool,
}

impl Visitor for Release {
    #[inline(always)]
    unsafe fn visit<N: Namespace>(&mut self, place: *mut *mut N, _offset: usize) {
        // SAFETY: What is in a proxy is null or valid.
        let Some(ns) = (unsafe { NonNull::new(*place) }) else {
            return;
        };
        if self.active {
            // SAFETY: The proxy in use had counted it, and does not lead to it any more.
            drop(unsafe { Active::from_count(ns.as_ref()) });
        }
        // SAFETY: The proxy owned a reference.
        drop(unsafe { ARef::from_raw(ns) });
    }
}

/// The namespaces that the current task is going to have.
///
/// Dropping it leaves the task as it was.
///
/// # Invariants
///
/// * `proxy` has a reference of its own to what is in the places of `types`. All other places are
///   as in the task's proxy, which keeps them.
/// * `task` is the current one, and nobody but this value changes its proxy.
pub struct StagedNsProxy<'a> {
    task: &'a Task,
    types: NsTypes,
    proxy: bindings::nsproxy,
    slot: Option<SlabSlot<NsProxy>>,
    _own: PhantomData<&'a mut OwnNsProxy<'a>>,
    _not_send: NotThreadSafe,
}

impl<'a> StagedNsProxy<'a> {
    /// Stages a change of the namespaces of `types`, which is none so far.
    ///
    /// Returns `ENOMEM`. May sleep.
    #[inline]
    pub fn new(own: &'a mut OwnNsProxy<'_>, types: NsTypes) -> Result<Self> {
        let slot = if own.proxy().is_shared() {
            Some(SlabSlot::new(GFP_KERNEL)?)
        } else {
            None
        };
        // SAFETY: The proxy is valid. Of its count, which others may change, nothing is made.
        let mut proxy = unsafe { own.proxy().as_ptr().read() };
        // SAFETY: The proxy is valid; the references are those of the invariants.
        unsafe { visit(&raw mut proxy, types, &mut Reference) };
        // INVARIANT: Just taken. The borrow of `own` keeps others from changing the proxy.
        Ok(Self {
            task: own.task(),
            types,
            proxy,
            slot,
            _own: PhantomData,
            _not_send: NotThreadSafe,
        })
    }

    /// Returns the types that can change.
    #[inline]
    pub(super) fn types(&self) -> NsTypes {
        self.types
    }

    /// Returns the address of the proxy, for C to put namespaces of the staged types into.
    #[inline]
    pub(super) fn as_ptr(&mut self) -> *mut bindings::nsproxy {
        &raw mut self.proxy
    }

    /// Returns the time namespace that the task is going to have.
    pub fn time(&self) -> Option<&TimeNamespace> {
        // SAFETY: By the type invariants the place is null, or valid as long as the value.
        unsafe { self.proxy.time_ns.cast::<TimeNamespace>().as_ref() }
    }

    /// Lets the task have the namespaces.
    ///
    /// The new ones become active before the old ones cease to be, so that one in both never
    /// disappears. If nobody shares the task's proxy it is that which changes, else the task gets
    /// another one. May sleep.
    #[doc(alias = "switch_task_namespaces")]
    #[inline]
    pub fn commit(self) {
        let mut this = ManuallyDrop::new(self);
        let (types, slot) = (this.types, this.slot.take());
        // SAFETY: The proxy is valid.
        unsafe { visit(&raw mut this.proxy, types, &mut Activate) };
        if this.exchange() {
            // SAFETY: What is here now the task's proxy had before, with its references.
            unsafe { visit(&raw mut this.proxy, types, &mut Release { active: true }) };
        } else {
            this.replace(slot.unwrap_or_else(SlabSlot::new_nofail));
        }
    }

    /// Exchanges the namespaces with those in the task's proxy, if nobody shares that.
    #[inline]
    fn exchange(&mut self) -> bool {
        let lock = self.task.alloc_lock();
        // SAFETY: By the type invariants the task has a proxy.
        let own = unsafe { (*lock.task().as_ptr()).nsproxy };
        // SAFETY: The proxy is valid. Who takes a reference does so under the lock.
        if unsafe { NsProxy::from_ptr(own) }.is_shared() {
            return false;
        }
        // SAFETY: Both are valid. Nobody else has a reference to the task's proxy, and who looks at
        // it without one does so under the lock.
        unsafe { visit(&raw mut self.proxy, self.types, &mut Exchange(own)) };
        true
    }

    /// Gives the task another proxy, made of this. There is nothing to be released then.
    #[cold]
    fn replace(&mut self, slot: SlabSlot<NsProxy>) {
        let kept = self.types.complement();
        // SAFETY: The proxy is valid, and the task's own keeps what is in these places.
        unsafe {
            visit(&raw mut self.proxy, kept, &mut Reference);
            visit(&raw mut self.proxy, kept, &mut Activate);
        }
        self.proxy.count.refs.counter = 1;
        // INVARIANT: There is a reference to all that is in the proxy.
        let Ok(proxy) = slot.init(NsProxy(Opaque::new(self.proxy)));
        // SAFETY: By the type invariants `self` is who changes the task's proxy.
        let mut own = unsafe { OwnNsProxy::new(self.task) };
        // SAFETY: The count of one is passed on.
        drop(own.replace(unsafe { ARef::from_raw(proxy.into_raw()) }));
    }
}

impl Drop for StagedNsProxy<'_> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the references are owned, and nothing was made active.
        unsafe {
            visit(
                &raw mut self.proxy,
                self.types,
                &mut Release { active: false },
            )
        };
    }
}
