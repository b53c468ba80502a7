// SPDX-License-Identifier: GPL-2.0

//! A process identifier while it gets its numbers.

use super::{
    table::Preload,
    Pid,
    PidCache,
    PidmapLock,
    UnusedPid, //
};
use crate::{
    bindings,
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
/// `pid` is memory from `cache`, the cache of `ns`, which nobody else knows. Everything but
/// `numbers` is initialised.
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
                c"pid->lock".as_char_ptr(),
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
    fn set_number(&self, nr: i32, ns: &PidNamespace) {
        // SAFETY: The memory has room for the numbers of all levels down to that of `self.ns`, of
        // which `ns` is an ancestor.
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

    /// Returns the number at the level of `ns`, which must have been set.
    fn number(&self, ns: &PidNamespace) -> i32 {
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
    lock: PidmapLock,
    _preload: Preload,
}

impl Held {
    fn new() -> Self {
        let preload = Preload::new();
        Self {
            lock: PidmapLock::lock(),
            _preload: preload,
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
/// * The namespaces on the way from `memory.ns` out to but without `missing` have given a number,
///   which `memory` knows, and which leads to nothing yet.
/// * `held` is something but inside of [`Self::refill`].
pub struct NewPid<'a> {
    missing: Option<&'a PidNamespace>,
    held: Option<Held>,
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
            held: Some(Held::new()),
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
    pub fn lock(&self) -> Option<&PidmapLock> {
        self.held.as_ref().map(|held| &held.lock)
    }

    /// Takes the number `nr` in the namespace whose turn it is.
    ///
    /// Returns `ENOSPC` if it is taken already, and `ENOMEM`.
    pub fn take(&mut self, nr: i32) -> Result<i32> {
        // SAFETY: What is taken is given back when `self` is dropped, or published.
        self.take_with(|ns, lock| unsafe { ns.take(nr, lock) })
    }

    /// Takes the next free number of `range` in the namespace whose turn it is: the search begins
    /// at the cursor and wraps to the beginning of `range`.
    ///
    /// Returns `ENOSPC` if there is none, and `ENOMEM`.
    pub fn take_next(&mut self, range: Range<i32>) -> Result<i32> {
        // SAFETY: What is taken is given back when `self` is dropped, or published.
        self.take_with(|ns, lock| unsafe { ns.take_next(range.clone(), lock) })
    }

    fn take_with(
        &mut self,
        take: impl Fn(&PidNamespace, &PidmapLock) -> Result<i32>,
    ) -> Result<i32> {
        let ns = self.missing.ok_or(EINVAL)?;
        let nr = match take(ns, self.lock().ok_or(EINVAL)?) {
            // What was set aside may have been used up by another level.
            Err(error) if error == ENOMEM => {
                self.refill();
                take(ns, self.lock().ok_or(EINVAL)?)
            }
            result => result,
        }?;
        self.memory.set_number(nr, ns);
        // INVARIANT: This namespace has given a number, and `memory` knows it.
        self.missing = ns.parent();
        Ok(nr)
    }

    /// Sets memory aside again. The lock is released meanwhile.
    fn refill(&mut self) {
        self.held = None;
        self.held = Some(Held::new());
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
    /// Returns `EINVAL` if a number is missing.
    pub fn publish(self) -> Result<UnusedPid> {
        let mut this = ManuallyDrop::new(self);
        let complete = this.missing.is_none();
        let Some(held) = this.held.take().filter(|_| complete) else {
            drop(ManuallyDrop::into_inner(this));
            return Err(EINVAL);
        };
        let memory = &this.memory;
        for ns in memory.ns.lineage() {
            // SAFETY: The identifier is complete. `UnusedPid` is who gives the numbers back.
            unsafe { ns.publish(memory.number(ns), memory.pid, &held.lock) };
        }
        drop(held);

        // SAFETY: All was taken out of `this` by now but the memory, which is forgotten.
        let memory = ManuallyDrop::new(unsafe { ManuallyDrop::take(&mut this.memory) });
        // The identifier keeps the namespace in memory, and visible.
        Active::new(&*memory.ns).into_count();
        // SAFETY: The identifier is published, no task uses it, and this is the only place where
        // such a value is made of it. Its reference to the namespace is the one in `memory`.
        Ok(unsafe { UnusedPid::from_raw(memory.pid.cast::<Pid>()) })
    }
}

impl Drop for NewPid<'_> {
    fn drop(&mut self) {
        if let Some(held) = &self.held {
            for ns in self.numbered() {
                // SAFETY: By the type invariants the number was taken, and leads to nothing.
                unsafe { ns.give_back(self.memory.number(ns), &held.lock) };
            }
        }
        self.held = None;
        // SAFETY: `self` is not used any more.
        unsafe { ManuallyDrop::drop(&mut self.memory) };
    }
}
