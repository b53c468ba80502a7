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
    mem,
    ptr::NonNull, //
};

/// Does something with each place of some types in a proxy.
trait Visitor {
    /// # Safety
    ///
    /// `place` must be that of the type `N` in a valid proxy, at `offset`, with null or a valid
    /// namespace in it; and the caller own the proxy and what the visitor takes out of it.
    unsafe fn visit<N: Namespace>(&mut self, place: *mut *mut N, offset: usize);
}

/// Lets `visitor` visit the places of `types` in `proxy`.
///
/// # Safety
///
/// `proxy` must be valid, owned by the caller, and have in these places what the visitor takes out
/// of them.
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

/// The same places in another proxy, which is valid.
#[derive(Clone, Copy)]
struct Opposite(NonNull<bindings::nsproxy>);

impl Opposite {
    /// Returns the place at `offset`.
    ///
    /// # Safety
    ///
    /// It must be one of the type `N`.
    #[inline(always)]
    unsafe fn place<N: Namespace>(self, offset: usize) -> *mut *mut N {
        // SAFETY: The caller promises that there is such a place in a proxy.
        unsafe { self.0.as_ptr().byte_add(offset) }.cast()
    }
}

/// Makes what is there active and exchanges it with what is opposite. If both are the same nothing
/// changes.
struct Exchange(Opposite);

impl Visitor for Exchange {
    #[inline(always)]
    unsafe fn visit<N: Namespace>(&mut self, place: *mut *mut N, offset: usize) {
        // SAFETY: Both places are of that type; what is there is null or valid.
        unsafe {
            let opposite = self.0.place::<N>(offset);
            if *opposite != *place {
                Activate.visit(place, offset);
                opposite.swap(place);
            }
        }
    }
}

/// Drops the reference to what is there.
struct Release;

impl Visitor for Release {
    #[inline(always)]
    unsafe fn visit<N: Namespace>(&mut self, place: *mut *mut N, _offset: usize) {
        // SAFETY: What is in a proxy is null or valid.
        if let Some(ns) = NonNull::new(unsafe { *place }) {
            // SAFETY: The proxy owned a reference.
            drop(unsafe { ARef::from_raw(ns) });
        }
    }
}

/// Drops the reference to what is there, and if [`Exchange`] put it there it is not active any more
/// as a part of a proxy in use.
struct Retire(Opposite);

impl Visitor for Retire {
    #[inline(always)]
    unsafe fn visit<N: Namespace>(&mut self, place: *mut *mut N, offset: usize) {
        // SAFETY: Both places are of that type; what is there is null or valid.
        unsafe {
            if *self.0.place::<N>(offset) != *place {
                if let Some(ns) = (*place).as_ref() {
                    // The proxy in use had counted it, and does not lead to it any more.
                    drop(Active::from_count(ns));
                }
            }
            Release.visit(place, offset);
        }
    }
}

/// What is in the places of a [`StagedNsProxy`].
enum Places {
    /// What the task is going to have: a reference to each, and not active.
    Staged,
    /// What the task had before: a reference to each, and what is not the same opposite, in the
    /// task's proxy, is active.
    Retired(Opposite),
    /// Nothing that is owned: the task's proxy has it.
    Moved,
}

/// The namespaces that the current task is going to have.
///
/// Dropping it without having it committed leaves the task as it was.
///
/// # Invariants
///
/// * `places` says what is in those places of `proxy` that are of `types`. All others are as in the
///   task's proxy, which keeps them.
/// * `task` is the current one, and nobody but this value changes its proxy.
pub struct StagedNsProxy<'a> {
    task: &'a Task,
    types: NsTypes,
    proxy: bindings::nsproxy,
    places: Places,
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
        let mut proxy = bindings::nsproxy {
            count: bindings::refcount_t::default(),
            // SAFETY: The proxy is valid. Others change nothing but its count.
            ..unsafe { *own.proxy().as_ptr() }
        };
        // SAFETY: The proxy is valid; the references are those of the invariants.
        unsafe { visit(&raw mut proxy, types, &mut Reference) };
        // INVARIANT: Just taken. The borrow of `own` keeps others from changing the proxy.
        Ok(Self {
            task: own.task(),
            types,
            proxy,
            places: Places::Staged,
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
    pub fn commit(mut self) {
        // What the task had before is dropped as the places of `self`.
        if !self.exchange() {
            let slot = self.slot.take();
            self.replace(slot.unwrap_or_else(SlabSlot::new_nofail));
        }
    }

    /// Exchanges the namespaces with those in the task's proxy, if nobody shares that.
    #[inline]
    fn exchange(&mut self) -> bool {
        let lock = self.task.alloc_lock();
        // SAFETY: By the type invariants the task has a proxy.
        let own = unsafe { NonNull::new_unchecked((*lock.task().as_ptr()).nsproxy) };
        // SAFETY: The proxy is valid. Who takes a reference does so under the lock.
        if unsafe { NsProxy::from_ptr(own.as_ptr()) }.is_shared() {
            return false;
        }
        let own = Opposite(own);
        // SAFETY: Both are valid. Nobody else has a reference to the task's proxy, and who looks at
        // it without one does so under the lock.
        unsafe { visit(&raw mut self.proxy, self.types, &mut Exchange(own)) };
        // INVARIANT: Just exchanged.
        self.places = Places::Retired(own);
        true
    }

    /// Gives the task another proxy, made of this.
    #[cold]
    fn replace(&mut self, slot: SlabSlot<NsProxy>) {
        let kept = self.types.complement();
        // SAFETY: The proxy is valid, and the task's own keeps what is in the places of `kept`.
        unsafe {
            visit(&raw mut self.proxy, self.types, &mut Activate);
            visit(&raw mut self.proxy, kept, &mut Reference);
            visit(&raw mut self.proxy, kept, &mut Activate);
        }
        self.proxy.count.refs.counter = 1;
        // INVARIANT: There is a reference to all that is in the proxy, which is passed on.
        let Ok(proxy) = slot.init(NsProxy(Opaque::new(self.proxy)));
        self.places = Places::Moved;
        // SAFETY: By the type invariants `self` is who changes the task's proxy.
        let mut own = unsafe { OwnNsProxy::new(self.task) };
        // SAFETY: The count of one is passed on.
        drop(own.replace(unsafe { ARef::from_raw(proxy.into_raw()) }));
    }
}

impl Drop for StagedNsProxy<'_> {
    #[inline]
    fn drop(&mut self) {
        let proxy = &raw mut self.proxy;
        // SAFETY: The proxy is valid, and by the type invariants that is what is owned. Opposite is
        // the task's proxy, which did not change since.
        unsafe {
            match self.places {
                Places::Staged => visit(proxy, self.types, &mut Release),
                Places::Retired(own) => visit(proxy, self.types, &mut Retire(own)),
                Places::Moved => {}
            }
        }
    }
}
