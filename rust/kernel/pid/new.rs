// SPDX-License-Identifier: GPL-2.0

//! A process identifier while it gets its numbers.

use super::{
    idr::Preload,
    table::{
        GivenBack,
        LockedNumbers,
        Taken,
        Wanted, //
    },
    Left,
    Pid,
    PidCache,
    PidNr,
    UnusedPid,
    Upid, //
};
use crate::{
    bindings,
    error::to_result,
    ns::Active,
    pid_namespace::PidNamespace,
    prelude::*,
    static_lock_class,
    sync::aref::ARef,
    tasklist, //
};
use core::{
    mem::ManuallyDrop,
    ptr::NonNull, //
};

/// Memory for an identifier, with all in place but the numbers.
///
/// # Invariants
///
/// `pid` is memory from `cache`, the cache of `ns`, which nobody else knows. Everything is
/// initialised but `numbers` and what is first written by who uses it (`rcu`, parts for pidfs).
struct Memory {
    pid: NonNull<bindings::pid>,
    cache: PidCache,
    ns: ARef<PidNamespace>,
}

impl Memory {
    fn new(ns: &PidNamespace) -> Result<Self> {
        let cache = ns.pid_cache();
        let pid = cache.alloc()?;
        let raw = pid.as_ptr();

        // SAFETY: The memory is new, and has room for the structure; each field is written before
        // it is used.
        unsafe {
            bindings::refcount_set(&raw mut (*raw).count, 1);
            (&raw mut (*raw).level).write(ns.level());
            bindings::__spin_lock_init(
                &raw mut (*raw).lock,
                c"&pid->lock".as_char_ptr(),
                static_lock_class!().as_ptr(),
            );
            (&raw mut (*raw).tasks).write(Default::default());
            (&raw mut (*raw).inodes).write(Default::default());
            bindings::__init_waitqueue_head(
                &raw mut (*raw).wait_pidfd,
                c"&pid->wait_pidfd".as_char_ptr(),
                static_lock_class!().as_ptr(),
            );
            bindings::pidfs_prepare_pid(raw);
        }
        // INVARIANT: As just done.
        Ok(Self {
            pid,
            cache,
            ns: ns.into(),
        })
    }

    /// Sets the number at the level of `ns`.
    ///
    /// # Safety
    ///
    /// `ns` must be the identifier's own namespace or an ancestor of it.
    unsafe fn set_number(&self, nr: PidNr, ns: &PidNamespace) {
        // SAFETY: By the type invariants the memory has room for the numbers of all levels down to
        // that of `self.ns`, and the caller promises that `ns` is not further in.
        unsafe {
            (&raw mut (*self.pid.as_ptr()).numbers)
                .cast::<bindings::upid>()
                .add(ns.level() as usize)
                .write(bindings::upid {
                    nr: nr.get(),
                    ns: ns.as_ptr(),
                });
        }
    }

    /// Returns the number at the level of `ns`.
    ///
    /// # Safety
    ///
    /// It must have been set.
    unsafe fn number(&self, ns: &PidNamespace) -> Option<PidNr> {
        // SAFETY: As in `set_number`; the caller has set it.
        let upid = unsafe {
            (&raw const (*self.pid.as_ptr()).numbers)
                .cast::<Upid>()
                .add(ns.level() as usize)
                .as_ref()
        };
        upid?.nr()
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the memory comes from the cache, and nobody knows it.
        unsafe { self.cache.free(self.pid) };
    }
}

/// An identifier that is being given its numbers, from its own namespace outwards.
///
/// No lock is held between two of them. What is given is taken, and counts where the namespace is
/// open, but leads to nothing. Dropping it gives all numbers back; the cursors stay where they are.
///
/// # Invariants
///
/// The namespaces on the way from `memory.ns` out to but without `missing` have given a number,
/// which `memory` knows, and which leads to nothing yet. It counts unless `uncounted` has the bit
/// of its level; then the namespace is closed.
///
/// # Examples
///
/// ```
/// use kernel::{
///     pid::{
///         NewPid,
///         PidNr,
///         Wanted, //
///     },
///     pid_namespace::PidNamespace, //
/// };
///
/// let ns = PidNamespace::initial();
/// let any = || Wanted::Next(PidNamespace::RESERVED..ns.pid_max());
/// let new = || NewPid::new(ns, |_left, _reaper| {});
///
/// // Given up: the number is free, and was never to be found.
/// let mut pid = new()?;
/// let first = pid.give(|_| any())?;
/// assert!(pid.missing().is_none());
/// drop(pid);
///
/// // So it can be taken again, but not twice.
/// let mut pid = new()?;
/// assert_eq!(pid.give(|_| Wanted::This(first)), Ok(first));
/// assert_eq!(new()?.give(|_| Wanted::This(first)), Err(ENOSPC));
///
/// // Without all numbers it is not published.
/// assert_eq!(new()?.publish().err(), Some(EINVAL));
/// # Ok::<(), Error>(())
/// ```
pub struct NewPid<'a> {
    missing: Option<&'a PidNamespace>,
    uncounted: u64,
    given_back: GivenBack,
    memory: ManuallyDrop<Memory>,
}

impl<'a> NewPid<'a> {
    /// Begins to make an identifier in `ns`. May sleep.
    ///
    /// `given_back` is called if it is dropped, as [`UnusedPid::give_back`] does, for what counts.
    ///
    /// Returns `ENOMEM`.
    pub fn new(ns: &'a PidNamespace, given_back: GivenBack) -> Result<Self> {
        let memory = ManuallyDrop::new(Memory::new(ns)?);
        // INVARIANT: No namespace has given a number.
        Ok(Self {
            missing: Some(ns),
            uncounted: 0,
            given_back,
            memory,
        })
    }

    /// Returns the namespace whose turn it is to give a number, or [`None`] when all have.
    #[inline]
    pub fn missing(&self) -> Option<&'a PidNamespace> {
        self.missing
    }

    /// Takes a number in the namespace whose turn it is: that which `choose` wants, who is asked
    /// under the lock, and perhaps again when memory was got. May sleep.
    ///
    /// Returns `ENOSPC` if the number is taken, or all are; `ENOMEM`; and `EINVAL` if no number is
    /// missing.
    pub fn give(&mut self, choose: impl Fn(&LockedNumbers<'_>) -> Wanted) -> Result<PidNr> {
        let ns = self.missing.ok_or(EINVAL)?;
        let mut preload = None;
        let Taken { nr, counts } = loop {
            let mut numbers = ns.lock_numbers();
            let wanted = choose(&numbers);
            // SAFETY: What is taken is published, or given back when `self` is dropped, as one that
            // counts or one that does not.
            match unsafe { numbers.take(wanted) } {
                Err(ENOMEM) if preload.is_none() => {
                    drop(numbers);
                    preload = Some(Preload::new());
                }
                taken => break taken?,
            }
        };
        // SAFETY: Whose turn it is, is on the way from `memory.ns` outwards.
        unsafe { self.memory.set_number(nr, ns) };
        // INVARIANT: This namespace has given a number, and `memory` knows it.
        self.missing = ns.parent();
        if !counts {
            self.uncounted |= level_bit(ns);
        }
        Ok(nr)
    }

    /// Returns the namespaces that have given a number, and the number.
    fn given(&self) -> impl Iterator<Item = (&PidNamespace, PidNr)> {
        let missing = self.missing;
        self.memory
            .ns
            .lineage()
            .take_while(move |ns| missing != Some(ns))
            // SAFETY: By the type invariants the number was given.
            .filter_map(|ns| Some((ns, unsafe { self.memory.number(ns) }?)))
    }

    /// Lets the numbers lead to the identifier.
    ///
    /// Returns `EINVAL` if a number is missing, and `ENOMEM` if one of the namespaces is closed:
    /// who waits there for all to be gone must not be joined by others. One that is closed later
    /// waits for this identifier, since its number is counted, and finds the task, once there is
    /// one, or is seen to be closed by `fork()` before there is.
    pub fn publish(self) -> Result<PublishedPid> {
        if self.missing.is_some() {
            return Err(EINVAL);
        }
        // What does not count is in a namespace that was closed already, and is not opened again.
        let closed = |(ns, _): (&PidNamespace, _)| matches!(ns.numbers_taken(), Left::Closed(_));
        if self.given().any(closed) {
            return Err(ENOMEM);
        }
        for (ns, nr) in self.given() {
            // SAFETY: By the type invariants all numbers are given, so that the identifier is
            // complete. `UnusedPid` is who gives them back.
            unsafe { ns.publish(nr, self.memory.pid) };
        }

        let mut this = ManuallyDrop::new(self);
        // The memory is forgotten: it belongs to the identifier, with the reference to the namespace.
        // SAFETY: `this` is not used any more, and nothing else of it needs to be dropped.
        let memory = ManuallyDrop::new(unsafe { ManuallyDrop::take(&mut this.memory) });
        // The identifier keeps the namespace not only in memory, but visible.
        Active::new(&*memory.ns).into_count();
        // SAFETY: The identifier is published, no task uses it, and this is the only place where
        // such a value is made of it. All numbers count: a namespace where one did not was closed
        // when it was taken, and would have been found so above.
        Ok(PublishedPid(unsafe {
            UnusedPid::from_raw(memory.pid.cast::<Pid>())
        }))
    }
}

impl Drop for NewPid<'_> {
    fn drop(&mut self) {
        tasklist::assert_not_held();
        for (ns, nr) in self.given() {
            let mut numbers = ns.lock_numbers();
            if self.uncounted & level_bit(ns) == 0 {
                // SAFETY: By the type invariants it was taken, counts, and leads to nothing.
                unsafe { numbers.give_back(nr, self.given_back) };
            } else {
                // SAFETY: As above, but it does not count.
                unsafe { numbers.give_back_uncounted(nr) };
            }
        }
        // SAFETY: `self` is not used any more.
        unsafe { ManuallyDrop::drop(&mut self.memory) };
    }
}

/// Returns the bit that stands for the level of `ns`.
fn level_bit(ns: &PidNamespace) -> u64 {
    const { assert!(PidNamespace::MAX_LEVEL < u64::BITS) };
    1u64.wrapping_shl(ns.level())
}

/// An identifier that can be found by its numbers, but that pidfs does not know yet.
#[must_use = "its numbers stay taken until they are given back"]
pub struct PublishedPid(UnusedPid);

impl PublishedPid {
    /// Lets the file system of process descriptors know the identifier. May sleep.
    ///
    /// The error is the identifier, which no task may use then.
    #[doc(alias = "pidfs_add_pid")]
    pub fn add_to_pidfs(self) -> Result<UnusedPid, UnusedPid> {
        // SAFETY: The identifier is valid, and new, so that it was not added before.
        match to_result(unsafe { bindings::pidfs_add_pid(self.0.as_ptr()) }) {
            Ok(()) => Ok(self.0),
            Err(_) => Err(self.0),
        }
    }
}
