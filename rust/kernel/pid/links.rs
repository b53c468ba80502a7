// SPDX-License-Identifier: GPL-2.0

//! The links between tasks and the process identifiers that they use.
//!
//! A task points to its identifiers, one for each use, and is on a list of each of them. The lists
//! change under `tasklist_lock`, and are read under RCU.

use super::{
    Pid,
    PidNr,
    PidType,
    UnusedPid,
    Upid, //
};
use crate::{
    bindings,
    sync::atomic::{
        Atomic,
        Relaxed,
        Release, //
    },
    task::Task,
    tasklist::TasklistWrite,
    warn_on, //
};
use core::{
    marker::PhantomData,
    mem::{
        offset_of,
        size_of, //
    },
    ptr::NonNull,
};

/// Returns the task that `node` is the link of.
///
/// # Safety
///
/// `node` must be a task's link of `kind`, and the task stay valid for the lifetime `'a`.
#[inline]
pub(super) unsafe fn task_of<'a>(node: NonNull<bindings::hlist_node>, kind: PidType) -> &'a Task {
    const LINKS: usize = offset_of!(bindings::task_struct, pid_links);
    let offset = LINKS + kind.index() * size_of::<bindings::hlist_node>();
    // SAFETY: The caller promises that the link lies at this offset in a valid task.
    unsafe { node.byte_sub(offset).cast::<Task>().as_ref() }
}

impl Task {
    /// Returns where the task keeps the pointer to its identifier of `kind`.
    #[doc(alias = "task_pid_ptr")]
    #[inline]
    pub(super) fn pid_pointer(&self, kind: PidType) -> &Atomic<*mut bindings::pid> {
        let task = self.as_ptr();
        // SAFETY: `self` is valid, and so is the part that threads share, which lives as long as
        // the last of them. The pointers are only accessed in one piece.
        unsafe {
            Atomic::from_ptr(match kind {
                PidType::Pid => &raw mut (*task).thread_pid,
                _ => (&raw mut (*(*task).signal).pids)
                    .cast::<*mut bindings::pid>()
                    .add(kind.index()),
            })
        }
    }

    #[inline]
    fn pid_link(&self, kind: PidType) -> *mut bindings::hlist_node {
        // SAFETY: `self` is valid, and there is a link for each kind.
        unsafe {
            (&raw mut (*self.as_ptr()).pid_links)
                .cast::<bindings::hlist_node>()
                .add(kind.index())
        }
    }
}

/// An identifier whose numbers are not given back while `tasklist_lock` is held.
///
/// # Invariants
///
/// As just said, for the lifetime `'a`.
#[derive(Clone, Copy)]
pub struct LivePid<'a>(&'a Pid);

impl<'a> LivePid<'a> {
    /// Declares that `pid` keeps its numbers.
    ///
    /// # Safety
    ///
    /// A task must use `pid`, or be about to, for as long as the lock is held: nobody unlinks the
    /// last one while this value or a copy of it is used.
    #[inline]
    pub unsafe fn new(pid: &'a Pid, _lock: &'a TasklistWrite) -> Self {
        // INVARIANT: The caller promises it.
        Self(pid)
    }
}

/// State of a [`PidLink`]: the task is on the list.
pub enum Linked {}

/// State of a [`PidLink`]: the task is not on the list.
pub enum Unlinked {}

/// One use that a task makes of an identifier, which can be changed as `tasklist_lock` is held.
///
/// # Invariants
///
/// * If `State` is [`Linked`], the task points to a valid identifier for the use `kind`, and is on
///   its list of that kind.
/// * If `State` is [`Unlinked`], the task is on no list of that kind.
/// * No other value for the same link exists.
pub struct PidLink<'a, State> {
    task: &'a Task,
    kind: PidType,
    lock: &'a TasklistWrite,
    _state: PhantomData<State>,
}

impl<'a, State> PidLink<'a, State> {
    /// Declares what state a link is in.
    ///
    /// # Safety
    ///
    /// The link must be in the state `State`, and nobody else change it while the result exists.
    #[inline]
    pub unsafe fn new(task: &'a Task, kind: PidType, lock: &'a TasklistWrite) -> Self {
        // INVARIANT: The caller promises it.
        Self {
            task,
            kind,
            lock,
            _state: PhantomData,
        }
    }

    /// Returns what the identifier is used as.
    #[inline]
    pub fn kind(&self) -> PidType {
        self.kind
    }

    #[inline]
    fn pid_ptr(&self) -> *mut bindings::pid {
        self.task.pid_pointer(self.kind).load(Relaxed)
    }

    #[inline]
    fn into_state<To>(self) -> PidLink<'a, To> {
        PidLink {
            task: self.task,
            kind: self.kind,
            lock: self.lock,
            _state: PhantomData,
        }
    }
}

impl<'a> PidLink<'a, Unlinked> {
    /// Lets the task use `pid`, and be found through it.
    #[inline]
    pub fn link(self, pid: LivePid<'_>) -> PidLink<'a, Linked> {
        let pointer = self.task.pid_pointer(self.kind);
        if !core::ptr::eq(pointer.load(Relaxed), pid.0.as_ptr()) {
            pointer.store(pid.0.as_ptr(), Release);
        }
        // SAFETY: Both are valid, the lock for changing lists is held, and by the type invariants
        // the task is on no list of this kind.
        unsafe {
            bindings::hlist_add_head_rcu(self.task.pid_link(self.kind), pid.0.list(self.kind))
        };
        // INVARIANT: The task is on the list of what it points to.
        self.into_state()
    }
}

impl<'a> PidLink<'a, Linked> {
    /// Ends the use, and lets the task point to no identifier.
    ///
    /// If no task uses the identifier any more, in whatever way, that comes back as well.
    #[inline]
    pub fn unlink(self) -> (PidLink<'a, Unlinked>, Option<UnusedPid>) {
        self.unlink_for(core::ptr::null_mut())
    }

    /// As [`Self::unlink`], but lets the task point to `next` at once: nobody sees it without. If
    /// that is what it points to already, it does not become unused.
    #[inline]
    pub fn unlink_before(self, next: LivePid<'_>) -> (PidLink<'a, Unlinked>, Option<UnusedPid>) {
        self.unlink_for(next.0.as_ptr())
    }

    #[inline]
    fn unlink_for(self, next: *mut bindings::pid) -> (PidLink<'a, Unlinked>, Option<UnusedPid>) {
        let pointer = self.task.pid_pointer(self.kind);
        let old = pointer.load(Relaxed);
        let stays = core::ptr::eq(old, next);
        // SAFETY: By the type invariants the task is on a list, and the lock is held.
        unsafe { bindings::hlist_del_rcu(self.task.pid_link(self.kind)) };
        pointer.store(next, Release);

        let unused = NonNull::new(old.cast::<Pid>()).filter(|old| {
            // SAFETY: By the type invariants the task pointed to a valid identifier, whose numbers
            // are not given back before a task is its last user, which is decided here.
            let old = unsafe { old.as_ref() };
            !stays && PidType::ALL.iter().all(|kind| old.first(*kind).is_none())
        });
        // SAFETY: The identifier is published, since a task used it; no task is on its lists any
        // more, and it is the removal of the last one that comes here.
        let unused = unused.map(|pid| unsafe { UnusedPid::from_raw(pid) });
        // INVARIANT: The task was taken from the list.
        (self.into_state(), unused)
    }

    /// Passes the use on to another task that points to the same identifier.
    ///
    /// If the other task points elsewhere, or its link is of another kind, that is reported and
    /// nothing changes. An identifier of [`PidType::Pid`] is the task's own and cannot be passed
    /// on.
    pub fn pass_to(self, to: PidLink<'a, Unlinked>) {
        let same = self.kind == to.kind && self.pid_ptr() == to.pid_ptr();
        if warn_on!(self.kind == PidType::Pid || !same) {
            return;
        }
        // SAFETY: By the type invariants the one is on the list of the identifier that both point
        // to, and the other is on no list. The lock is held.
        unsafe {
            bindings::hlist_replace_rcu(self.task.pid_link(self.kind), to.task.pid_link(to.kind));
        }
    }

    /// Exchanges the identifiers of two threads.
    ///
    /// Only links of [`PidType::Pid`] can be exchanged; if they are not, that is reported and
    /// nothing changes.
    #[doc(alias = "exchange_tids")]
    pub fn exchange_with(self, other: PidLink<'a, Linked>) {
        if warn_on!(self.kind != PidType::Pid || other.kind != PidType::Pid) {
            return;
        }
        // SAFETY: By the type invariants both tasks point to valid identifiers.
        let (own, others) = unsafe {
            (
                Pid::from_ptr(self.pid_ptr()),
                Pid::from_ptr(other.pid_ptr()),
            )
        };

        // SAFETY: The lists are valid, and the lock is held. An identifier is of one thread, so
        // that each list is its one task.
        unsafe {
            bindings::hlists_swap_heads_rcu(own.list(PidType::Pid), others.list(PidType::Pid));
        }
        self.take_over(others);
        other.take_over(own);
    }

    /// Lets the task point to `pid`, whose list it is on by now, and know its number.
    fn take_over(&self, pid: &Pid) {
        let pointer = self.task.pid_pointer(self.kind);
        pointer.store(pid.as_ptr(), Release);

        let nr = pid.numbers().first().and_then(Upid::nr);
        // SAFETY: The task is valid; the field is accessed in one piece.
        unsafe { Atomic::from_ptr(&raw mut (*self.task.as_ptr()).pid) }
            .store(nr.map_or(0, PidNr::get), Relaxed);
    }
}
