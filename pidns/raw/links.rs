// SPDX-License-Identifier: GPL-2.0

//! Links between tasks and pids.
//!
//! A task points to its pids, one for each `enum pid_type`, and is on a list of each. The lists are
//! changed under `tasklist_lock` and read under RCU.

use super::free::UnusedPid;
use core::{
    marker::PhantomData,
    ptr::{
        self,
        NonNull, //
    },
};
use kernel::{
    bindings,
    pid::{
        Pid,
        PidNr,
        PidType,
        Upid, //
    },
    sync::atomic::{
        Atomic,
        Relaxed,
        Release, //
    },
    task::Task,
    tasklist::TasklistWrite,
    warn_on, //
};

/// A pid whose numbers are not freed while `tasklist_lock` is held.
///
/// # Invariants
///
/// The numbers are not freed for the lifetime `'a`.
#[derive(Clone, Copy)]
pub(crate) struct LivePid<'a>(&'a Pid);

impl<'a> LivePid<'a> {
    /// Declares that `pid` keeps its numbers.
    ///
    /// # Safety
    ///
    /// A task must use `pid`, or be about to, for as long as the lock is held: the last one is not
    /// unlinked while this value or a copy of it is used.
    #[inline]
    pub(crate) unsafe fn new(pid: &'a Pid, _lock: &'a TasklistWrite) -> Self {
        // INVARIANT: The caller promises it.
        Self(pid)
    }

    /// Returns the pid.
    #[inline]
    pub(crate) fn pid(self) -> &'a Pid {
        self.0
    }
}

/// State of a [`PidLink`]: the task is on the list.
pub(crate) enum Linked {}

/// State of a [`PidLink`]: the task is not on the list.
pub(crate) enum Unlinked {}

/// The link of a task to its pid of one type, with `tasklist_lock` held.
///
/// # Invariants
///
/// * If `State` is [`Linked`], the task points to a valid pid of type `kind`, and is on its list.
/// * If `State` is [`Unlinked`], the task is on no list of type `kind`.
/// * No other value for the same link exists.
pub(crate) struct PidLink<'a, State> {
    task: &'a Task,
    kind: PidType,
    lock: &'a TasklistWrite,
    _state: PhantomData<State>,
}

impl<'a, State> PidLink<'a, State> {
    /// Declares the state of a link.
    ///
    /// # Safety
    ///
    /// The link must be in the state `State`, and not be changed by others while the result exists.
    #[inline]
    pub(crate) unsafe fn new(task: &'a Task, kind: PidType, lock: &'a TasklistWrite) -> Self {
        // INVARIANT: The caller promises it.
        Self {
            task,
            kind,
            lock,
            _state: PhantomData,
        }
    }

    /// Returns the type.
    #[inline]
    pub(crate) fn kind(&self) -> PidType {
        self.kind
    }

    /// Returns the task.
    #[inline]
    pub(crate) fn task(&self) -> &'a Task {
        self.task
    }

    #[inline]
    fn pid_ptr(&self) -> &Atomic<*mut bindings::pid> {
        // SAFETY: The task is valid, and the pointer is only accessed by single loads and stores.
        unsafe { Atomic::from_ptr(self.task.pid_ptr(self.kind)) }
    }

    #[inline]
    fn node(&self) -> *mut bindings::hlist_node {
        // SAFETY: The task is valid, and has a link for each kind.
        unsafe {
            (&raw mut (*self.task.as_ptr()).pid_links)
                .cast::<bindings::hlist_node>()
                .add(self.kind.index())
        }
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
    /// Points the task to `pid` and adds it to the list.
    #[inline]
    pub(crate) fn link(self, pid: LivePid<'_>) -> PidLink<'a, Linked> {
        let pointer = self.pid_ptr();
        if !ptr::eq(pointer.load(Relaxed), pid.0.as_ptr()) {
            pointer.store(pid.0.as_ptr(), Release);
        }
        // SAFETY: Both are valid, `tasklist_lock` is held, and by the type invariants the task is
        // on no list of this type.
        unsafe { bindings::hlist_add_head_rcu(self.node(), pid.0.tasks(self.kind)) };
        // INVARIANT: The task is on the list of the pid that it points to.
        self.into_state()
    }
}

impl<'a> PidLink<'a, Linked> {
    /// Removes the task from the list, and clears its pointer.
    ///
    /// Also returns the pid if no task uses it any more, as any type.
    #[inline]
    pub(crate) fn unlink(self) -> (PidLink<'a, Unlinked>, Option<UnusedPid>) {
        self.unlink_for(ptr::null_mut())
    }

    /// As [`Self::unlink`], but points the task to `next`: readers never see it without a pid.
    /// `next` itself does not become unused.
    #[inline]
    pub(crate) fn unlink_before(
        self,
        next: LivePid<'_>,
    ) -> (PidLink<'a, Unlinked>, Option<UnusedPid>) {
        self.unlink_for(next.0.as_ptr())
    }

    #[inline]
    fn unlink_for(self, next: *mut bindings::pid) -> (PidLink<'a, Unlinked>, Option<UnusedPid>) {
        let pointer = self.pid_ptr();
        let old = pointer.load(Relaxed);
        let stays = ptr::eq(old, next);
        // SAFETY: By the type invariants the task is on a list, and the lock is held.
        unsafe { bindings::hlist_del_rcu(self.node()) };
        pointer.store(next, Release);

        let unused = NonNull::new(old.cast::<Pid>()).filter(|old| {
            // SAFETY: By the type invariants the task pointed to a valid pid. Its numbers are freed
            // after its last task is unlinked, which is decided here.
            let old = unsafe { old.as_ref() };
            !stays && !PidType::ALL.iter().any(|kind| old.has_task(*kind))
        });
        // SAFETY: The pid is published, since a task used it. No task is on its lists any more, and
        // only the removal of the last one gets here.
        let unused = unused.map(|pid| unsafe { UnusedPid::from_raw(pid) });
        // INVARIANT: The task was removed from the list.
        (self.into_state(), unused)
    }

    /// Replaces the task on the list by another one that points to the same pid.
    ///
    /// Warns and does nothing if the other task points to another pid, if its link is of another
    /// type, or for [`PidType::Pid`]: that pid is the task's own.
    pub(crate) fn pass_to(self, to: PidLink<'a, Unlinked>) {
        let same =
            self.kind == to.kind && self.pid_ptr().load(Relaxed) == to.pid_ptr().load(Relaxed);
        if warn_on!(self.kind == PidType::Pid || !same) {
            return;
        }
        // SAFETY: By the type invariants one is on the list of the pid that both point to, and the
        // other is on no list. The lock is held.
        unsafe { bindings::hlist_replace_rcu(self.node(), to.node()) };
    }

    /// Exchanges the pids of two threads.
    ///
    /// Warns and does nothing for links of types other than [`PidType::Pid`].
    #[doc(alias = "exchange_tids")]
    pub(crate) fn exchange_with(self, other: PidLink<'a, Linked>) {
        if warn_on!(self.kind != PidType::Pid || other.kind != PidType::Pid) {
            return;
        }
        // SAFETY: By the type invariants both tasks point to valid pids.
        let (own, others) = unsafe {
            (
                Pid::from_ptr(self.pid_ptr().load(Relaxed)),
                Pid::from_ptr(other.pid_ptr().load(Relaxed)),
            )
        };

        // SAFETY: The lists are valid, and the lock is held. Each list has one task, since a pid is
        // of one thread.
        unsafe {
            bindings::hlists_swap_heads_rcu(own.tasks(PidType::Pid), others.tasks(PidType::Pid));
        }
        self.take_over(others);
        other.take_over(own);
    }

    /// Points the task to `pid`, whose list it is on, and sets `task->pid`.
    fn take_over(&self, pid: &Pid) {
        self.pid_ptr().store(pid.as_ptr(), Release);

        let nr = pid.numbers().first().and_then(Upid::nr);
        // SAFETY: The task is valid; the field is only accessed by single loads and stores.
        unsafe { Atomic::from_ptr(&raw mut (*self.task.as_ptr()).pid) }
            .store(nr.map_or(0, PidNr::get), Relaxed);
    }
}
