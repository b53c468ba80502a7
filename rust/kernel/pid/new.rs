// SPDX-License-Identifier: GPL-2.0

//! A process identifier while it gets its numbers.

use super::{
    table::Preload,
    Pid,
    PidCache,
    PidNr,
    PidmapLock,
    UnusedPid, //
};
use crate::{
    bindings,
    error::to_result,
    ns::Active,
    pid_namespace::PidNamespace,
    prelude::*,
    static_lock_class,
    sync::aref::ARef, //
};
use core::{
    mem::ManuallyDrop,
    ops::Range,
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
    unsafe fn set_number(&self, nr: i32, ns: &PidNamespace) {
        // SAFETY: By the type invariants the memory has room for the numbers of all levels down to
        // that of `self.ns`, and the caller promises that `ns` is not further in.
        unsafe {
            (&raw mut (*self.pid.as_ptr()).numbers)
                .cast::<bindings::upid>()
                .add(ns.level() as usize)
                .write(bindings::upid {
                    nr,
                    ns: ns.as_ptr(),
                });
        }
    }

    /// Returns the number at the level of `ns`.
    ///
    /// # Safety
    ///
    /// It must have been set.
    unsafe fn number(&self, ns: &PidNamespace) -> i32 {
        // SAFETY: As in `set_number`; the caller has set it.
        unsafe {
            (*(&raw const (*self.pid.as_ptr()).numbers)
                .cast::<bindings::upid>()
                .add(ns.level() as usize))
            .nr
        }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the memory comes from the cache, and nobody knows it.
        unsafe { self.cache.free(self.pid) };
    }
}

/// The lock, and memory for what the tables could need under it. Released in this order.
struct Held {
    lock: ManuallyDrop<PidmapLock>,
    preload: ManuallyDrop<Preload>,
}

impl Held {
    fn new() -> Self {
        let preload = ManuallyDrop::new(Preload::new());
        Self {
            lock: ManuallyDrop::new(PidmapLock::lock()),
            preload,
        }
    }

    /// Sets memory aside again. The lock is released meanwhile.
    fn refill(&mut self) {
        // SAFETY: Both are replaced before anybody uses them.
        unsafe {
            ManuallyDrop::drop(&mut self.lock);
            ManuallyDrop::drop(&mut self.preload);
        }
        self.preload = ManuallyDrop::new(Preload::new());
        self.lock = ManuallyDrop::new(PidmapLock::lock());
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // SAFETY: Neither is used any more.
        unsafe {
            ManuallyDrop::drop(&mut self.lock);
            ManuallyDrop::drop(&mut self.preload);
        }
    }
}

/// An identifier that is being given its numbers, from its own namespace outwards.
///
/// [`PidmapLock`] is held, so nothing may sleep while it exists. Dropping it gives all numbers
/// back; the cursors stay where they are.
///
/// # Invariants
///
/// The namespaces on the way from `memory.ns` out to but without `missing` have given a number,
/// which `memory` knows, and which leads to nothing yet.
///
/// # Examples
///
/// ```
/// use kernel::{
///     pid::{
///         NewPid,
///         PidNr, //
///     },
///     pid_namespace::PidNamespace, //
/// };
///
/// let ns = PidNamespace::initial();
/// let numbers = |ns: &PidNamespace| PidNamespace::RESERVED..ns.pid_max();
///
/// // Given up: the number is free, and was never to be found. Nothing is asserted under the lock.
/// let mut pid = NewPid::new(ns)?;
/// let first = pid.take_next(numbers)?;
/// let complete = pid.missing().is_none();
/// drop(pid);
/// assert!(complete);
///
/// // So it can be taken again, but not twice.
/// let mut pid = NewPid::new(ns)?;
/// let again = pid.take(first);
/// drop(pid);
/// assert_eq!(again, Ok(first));
/// let one = PidNr::new(1).ok_or(EINVAL)?;
/// let mut pid = NewPid::new(ns)?;
/// let taken = pid.take(one);
/// drop(pid);
/// assert_eq!(taken, Err(ENOSPC));
///
/// // Without all numbers it is not published.
/// assert_eq!(NewPid::new(ns)?.publish().err(), Some(EINVAL));
/// # Ok::<(), Error>(())
/// ```
pub struct NewPid<'a> {
    missing: Option<&'a PidNamespace>,
    held: ManuallyDrop<Held>,
    memory: ManuallyDrop<Memory>,
}

impl<'a> NewPid<'a> {
    /// Begins to make an identifier in `ns`. Sleeps, but not when it has returned.
    ///
    /// Returns `ENOMEM`.
    pub fn new(ns: &'a PidNamespace) -> Result<Self> {
        let memory = Memory::new(ns)?;
        // INVARIANT: No namespace has given a number.
        Ok(Self {
            missing: Some(ns),
            held: ManuallyDrop::new(Held::new()),
            memory: ManuallyDrop::new(memory),
        })
    }

    /// Returns the namespace whose turn it is to give a number, or [`None`] when all have.
    #[inline]
    pub fn missing(&self) -> Option<&'a PidNamespace> {
        self.missing
    }

    /// Returns the lock that is held.
    #[inline]
    pub fn lock(&self) -> &PidmapLock {
        &self.held.lock
    }

    /// Takes the number `nr` in the namespace whose turn it is.
    ///
    /// Returns `ENOSPC` if it is taken already, and `ENOMEM`.
    pub fn take(&mut self, nr: PidNr) -> Result<PidNr> {
        // SAFETY: What is taken is given back when `self` is dropped, or published.
        self.take_with(|ns, lock| unsafe { ns.take(nr.get(), lock) })
    }

    /// Takes the next free number of a range in the namespace whose turn it is: the search begins
    /// at the cursor and wraps to the beginning of the range, which is asked for under the lock.
    ///
    /// Returns `ENOSPC` if there is none, `EINVAL` if the range has numbers that cannot be, and
    /// `ENOMEM`.
    pub fn take_next(&mut self, range: impl Fn(&PidNamespace) -> Range<i32>) -> Result<PidNr> {
        self.take_with(|ns, lock| {
            let range = range(ns);
            if range.start < 1 {
                return Err(EINVAL);
            }
            // SAFETY: What is taken is given back when `self` is dropped, or published.
            unsafe { ns.take_next(range, lock) }
        })
    }

    fn take_with(
        &mut self,
        take: impl Fn(&PidNamespace, &PidmapLock) -> Result<i32>,
    ) -> Result<PidNr> {
        let ns = self.missing.ok_or(EINVAL)?;
        let nr = match take(ns, self.lock()) {
            // What was set aside may have been used up by another level.
            Err(error) if error == ENOMEM => {
                self.held.refill();
                take(ns, self.lock())
            }
            result => result,
        }?;
        // SAFETY: Whose turn it is, is on the way from `memory.ns` outwards.
        unsafe { self.memory.set_number(nr, ns) };
        // INVARIANT: This namespace has given a number, and `memory` knows it.
        self.missing = ns.parent();
        PidNr::new(nr).ok_or(EINVAL)
    }

    /// Returns the namespaces that have given a number.
    fn numbered(&self) -> impl Iterator<Item = &PidNamespace> {
        let missing = self.missing;
        self.memory
            .ns
            .lineage()
            .take_while(move |ns| missing != Some(ns))
    }

    /// Lets the numbers lead to the identifier, in all namespaces at once as seen under the lock,
    /// and releases the lock.
    ///
    /// Returns `EINVAL` if a number is missing, and `ENOMEM` if one of the namespaces is closed:
    /// who waits there for all to be gone must not be joined by others.
    pub fn publish(self) -> Result<PublishedPid> {
        if self.missing.is_some() {
            return Err(EINVAL);
        }
        if self.numbered().any(|ns| ns.is_closed(self.lock())) {
            return Err(ENOMEM);
        }
        for ns in self.numbered() {
            // SAFETY: By the type invariants the number was given, so that the identifier is
            // complete. `UnusedPid` is who gives it back.
            unsafe { ns.publish(self.memory.number(ns), self.memory.pid, self.lock()) };
        }

        let mut this = ManuallyDrop::new(self);
        // SAFETY: `this` is not used any more, and nothing else of it needs to be dropped. The
        // memory is forgotten: it belongs to the identifier, with the reference to the namespace.
        let memory = unsafe {
            ManuallyDrop::drop(&mut this.held);
            ManuallyDrop::new(ManuallyDrop::take(&mut this.memory))
        };
        // The identifier keeps the namespace not only in memory, but visible.
        Active::new(&*memory.ns).into_count();
        // SAFETY: The identifier is published, no task uses it, and this is the only place where
        // such a value is made of it.
        Ok(PublishedPid(unsafe {
            UnusedPid::from_raw(memory.pid.cast::<Pid>())
        }))
    }
}

impl Drop for NewPid<'_> {
    fn drop(&mut self) {
        for ns in self.numbered() {
            // SAFETY: By the type invariants the number was taken, and leads to nothing.
            unsafe { ns.give_back(self.memory.number(ns), self.lock()) };
        }
        // SAFETY: `self` is not used any more. The lock goes first: memory may be freed then.
        unsafe {
            ManuallyDrop::drop(&mut self.held);
            ManuallyDrop::drop(&mut self.memory);
        }
    }
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
