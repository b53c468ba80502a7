// SPDX-License-Identifier: GPL-2.0

//! Dead namespaces that are kept for a moment, to become new ones.
//!
//! What costs most of a namespace is to make its sysctls known to the sysctl core and to take them
//! away again. Where many come and go this is done for each, and nearly always nobody has looked
//! at them. So a dead namespace whose sysctls are not in use may keep them, and with them its
//! memory, since the core knows their address. The next namespace is made of that.
//!
//! What is not used within [`KEPT_MS`] is given back.

use super::{
    memcg,
    sysctl::{
        self,
        PidSysctlPolicy, //
    },
};
use crate::{
    bindings,
    container_of,
    new_delayed_work,
    pid_namespace::PidNamespace,
    prelude::*,
    slab::SlabSlot,
    sync::{
        atomic::{
            ordering::{
                Acquire,
                Full,
                Relaxed, //
            },
            Atomic, //
        },
        global_lock,
        Arc,
        SetOnce, //
    },
    time::msecs_to_jiffies,
    workqueue::{
        self,
        impl_has_delayed_work,
        DelayedWork,
        WorkItem, //
    }, //
};
use core::{
    mem::ManuallyDrop,
    ptr::{
        self,
        NonNull, //
    },
};

/// How long namespaces are kept, in milliseconds.
const KEPT_MS: u32 = 200;

/// How many namespaces are in the list, or promised a place in it.
static PLACES: Atomic<i32> = Atomic::new(0);

/// The list, linked by the member `rcu`. Any number may put something in front at once, also in
/// interrupts, but only who holds [`SPARES_LOCK`] takes something away: so what is seen in front
/// stays in memory, and what is behind it does not change.
static FIRST: Atomic<*mut bindings::callback_head> = Atomic::new(ptr::null_mut());

global_lock! {
    // SAFETY: It is initialised by `init`, before the first place is reserved; and nobody takes it
    // while the list is empty.
    unsafe(uninit) static SPARES_LOCK: SpinLock<()> = ();
}

/// How many were taken so far.
#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
static TAKEN: Atomic<i32> = Atomic::new(0);

/// What empties the list.
static DRAIN: SetOnce<Arc<Drain>> = SetOnce::new();

/// The memory of a namespace of which nothing else is left but registered sysctls that nobody
/// uses.
///
/// Dropping it takes them away and gives the memory back, which may sleep.
///
/// # Invariants
///
/// It is as described, the memory comes from the cache of namespaces, and nobody but the sysctl
/// core knows it.
pub(super) struct Spare(NonNull<PidNamespace>);

impl Spare {
    /// Takes one, if the next one has sysctls of the policy `P` and is charged to the current
    /// task's control group.
    pub(super) fn take_for<P: PidSysctlPolicy>() -> Option<Self> {
        Self::take().filter(|spare| {
            let raw = spare.0.cast::<bindings::pid_namespace>().as_ptr();
            // SAFETY: By the type invariants it has sysctls, and is in a slab cache.
            unsafe { sysctl::are_of::<P>(raw) && memcg::is_charged_to_current(raw.cast()) }
        })
    }

    /// Takes one, if there is one.
    fn take() -> Option<Self> {
        if FIRST.load(Relaxed).is_null() {
            return None;
        }
        let taking = SPARES_LOCK.lock();
        let mut first = FIRST.load(Acquire);
        while let Some(head) = NonNull::new(first) {
            // SAFETY: Nobody else takes it away, so that it is one of the list.
            let next = unsafe { (*head.as_ptr()).next };
            match FIRST.cmpxchg(first, next, Acquire) {
                Ok(_) => break,
                Err(_) => first = FIRST.load(Acquire),
            }
        }
        drop(taking);

        let head = NonNull::new(first)?;
        PLACES.fetch_sub(1, Relaxed);
        // SAFETY: What is in the list is the member of a namespace.
        let ns = unsafe { container_of!(head.as_ptr(), bindings::pid_namespace, rcu) };
        // INVARIANT: `put` was given such memory, and it is in the list no more.
        NonNull::new(ns.cast()).map(Self)
    }

    /// Returns the memory, in which the members `set` and `sysctls` are in use.
    ///
    /// # Safety
    ///
    /// The sysctls must be taken away before the memory is given back.
    pub(super) unsafe fn into_slot(self) -> SlabSlot<PidNamespace> {
        #[cfg(CONFIG_PIDNS_KUNIT_TEST)]
        TAKEN.fetch_add(1, Relaxed);
        // SAFETY: By the type invariants the memory comes from the cache and nobody but the sysctl
        // core knows it, whom the caller sees to.
        unsafe { SlabSlot::from_raw(ManuallyDrop::new(self).0) }
    }
}

impl Drop for Spare {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the sysctls are registered, and the memory comes from the
        // cache.
        unsafe {
            sysctl::unregister(self.0.cast().as_ptr());
            PidNamespace::free_memory(self.0);
        }
    }
}

/// Promises a place in the list, if fewer than `limit` are taken.
///
/// [`put`] must follow.
pub(super) fn reserve(limit: u32) -> bool {
    if DRAIN.as_ref().is_none() {
        return false;
    }
    let taken = PLACES.fetch_add(1, Relaxed);
    // CAST: A place is taken for each namespace at most, of which there are fewer.
    let free = (taken as u32) < limit;
    if !free {
        PLACES.fetch_sub(1, Relaxed);
    }
    free
}

/// Keeps a namespace for which there is a place. Does not sleep.
///
/// # Safety
///
/// `ns` must be what [`Spare`] says, and [`reserve`] have returned `true` for it.
pub(super) unsafe fn put(ns: NonNull<PidNamespace>) {
    // SAFETY: The caller owns the namespace. What it led to is given back, so that nobody may come
    // there by mistake.
    let head = unsafe {
        let raw = ns.cast::<bindings::pid_namespace>().as_ptr();
        (*raw).user_ns = ptr::null_mut();
        (*raw).ucounts = ptr::null_mut();
        (*raw).parent = ptr::null_mut();
        &raw mut (*raw).rcu
    };
    let mut first = FIRST.load(Relaxed);
    loop {
        // SAFETY: As above; it is not in the list yet.
        unsafe { (*head).next = first };
        match FIRST.cmpxchg(first, head, Full) {
            Ok(_) => break,
            Err(now) => first = now,
        }
    }
    // Whoever put something before has seen to it. If that work is just about to run it sees what
    // was put here: the exchange above is ordered fully against its beginning.
    if first.is_null() {
        Drain::begin();
    }
}

/// Empties the list, some time after something was put into an empty one.
#[pin_data]
struct Drain {
    #[pin]
    work: DelayedWork<Drain>,
}

impl_has_delayed_work! {
    impl HasDelayedWork<Self> for Drain { self.work }
}

impl Drain {
    fn begin() {
        if let Some(drain) = DRAIN.as_ref() {
            // That it has begun already is as good.
            let queue = workqueue::system_unbound();
            let _ = queue.enqueue_delayed(drain.clone(), msecs_to_jiffies(KEPT_MS));
        }
    }
}

impl WorkItem for Drain {
    type Pointer = Arc<Self>;

    fn run(_this: Arc<Self>) {
        while let Some(spare) = Spare::take() {
            drop(spare);
        }
    }
}

/// Makes it possible to keep namespaces.
///
/// Returns `ENOMEM`; then none are kept. May sleep.
///
/// # Safety
///
/// It must be called once.
pub(super) unsafe fn init() -> Result {
    // SAFETY: The caller promises that this is the only call.
    unsafe { SPARES_LOCK.init() };
    let drain = Arc::pin_init(
        pin_init!(Drain {
            work <- new_delayed_work!("pidns::Drain"),
        }),
        GFP_KERNEL,
    )?;
    DRAIN.populate(drain);
    Ok(())
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
impl PidNamespace {
    /// Returns how many dead namespaces are kept, and how many were made new ones so far.
    pub fn spares() -> (i32, i32) {
        (PLACES.load(Relaxed), TAKEN.load(Relaxed))
    }
}
