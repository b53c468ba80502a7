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
    blank::Blank,
    memcg,
    sysctl::PidSysctlPolicy, //
};
use crate::{
    bindings,
    container_of,
    new_delayed_work,
    prelude::*,
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
use core::ptr::{
    self,
    NonNull, //
};

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
use crate::pid_namespace::PidNamespace;

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

/// Takes one, if the next one has sysctls of the policy `P` and is charged to the current task's
/// control group.
pub(super) fn take<P: PidSysctlPolicy>() -> Option<Blank> {
    let next = take_any()?;
    // SAFETY: Namespaces are in a slab cache whose objects are charged.
    let suits = next.is_of::<P>() && unsafe { memcg::is_charged_to_current(next.as_ptr().cast()) };
    #[cfg(CONFIG_PIDNS_KUNIT_TEST)]
    TAKEN.fetch_add(i32::from(suits), Relaxed);
    suits.then_some(next)
}

/// Takes one, if there is one.
fn take_any() -> Option<Blank> {
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
    // SAFETY: `put` gave it up, and it is in the list no more.
    NonNull::new(ns.cast()).map(|ns| unsafe { Blank::from_raw(ns) })
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

/// Keeps what there is a place for, by [`reserve`]. Does not sleep.
pub(super) fn put(blank: Blank) {
    let ns = blank.into_raw().cast::<bindings::pid_namespace>().as_ptr();
    // SAFETY: It was owned. What it led to is given back, so that nobody may come there by mistake.
    let head = unsafe {
        (*ns).user_ns = ptr::null_mut();
        (*ns).ucounts = ptr::null_mut();
        (*ns).parent = ptr::null_mut();
        &raw mut (*ns).rcu
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
        while let Some(spare) = take_any() {
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
