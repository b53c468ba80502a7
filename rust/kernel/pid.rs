// SPDX-License-Identifier: GPL-2.0

//! Process IDs: `struct pid`.
//!
//! C header: [`include/linux/pid.h`](srctree/include/linux/pid.h)

use crate::{
    bindings,
    error::from_err_ptr,
    fs::LocalFile,
    pid_namespace::PidNamespace,
    sync::{
        aref::AlwaysRefCounted,
        atomic::{
            Atomic,
            Relaxed, //
        },
    },
    task::Task,
    tasklist::RcuOrTasklist,
    types::Opaque, //
};
use core::ptr::NonNull;

mod task;
mod upid;

pub use self::upid::{
    PidNr,
    Upid, //
};

/// How tasks use a pid: `enum pid_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum PidType {
    /// The pid of a thread.
    Pid = bindings::pid_type_PIDTYPE_PID,
    /// The pid of a thread group, that is, of a process.
    Tgid = bindings::pid_type_PIDTYPE_TGID,
    /// The pid of a process group.
    Pgid = bindings::pid_type_PIDTYPE_PGID,
    /// The pid of a session.
    Sid = bindings::pid_type_PIDTYPE_SID,
}

impl PidType {
    /// Number of types: `PIDTYPE_MAX`.
    pub const COUNT: usize = bindings::pid_type_PIDTYPE_MAX as usize;

    /// All types.
    pub const ALL: [Self; Self::COUNT] = [Self::Pid, Self::Tgid, Self::Pgid, Self::Sid];

    /// Returns the type with C's value `kind`.
    ///
    /// # Safety
    ///
    /// `kind` must be less than `PIDTYPE_MAX`.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::pid::PidType;
    ///
    /// for kind in PidType::ALL {
    ///     // SAFETY: This is the value of a type.
    ///     assert_eq!(unsafe { PidType::from_raw(kind as u32) }, kind);
    /// }
    /// assert_eq!(PidType::Sid.index(), PidType::COUNT - 1);
    /// ```
    #[inline]
    pub const unsafe fn from_raw(kind: bindings::pid_type) -> Self {
        match kind {
            bindings::pid_type_PIDTYPE_PID => Self::Pid,
            bindings::pid_type_PIDTYPE_TGID => Self::Tgid,
            bindings::pid_type_PIDTYPE_PGID => Self::Pgid,
            bindings::pid_type_PIDTYPE_SID => Self::Sid,
            // SAFETY: The caller promises that there is no other.
            _ => unsafe { core::hint::unreachable_unchecked() },
        }
    }

    /// Returns the index in C's arrays of `PIDTYPE_MAX` elements.
    #[inline]
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// Wraps the kernel's `struct pid`. Thread safe.
///
/// It stands for a thread, a thread group, a process group or a session, and has a number in its
/// PID namespace and in each ancestor.
///
/// # Invariants
///
/// * Instances are always reference-counted through `count`.
/// * `numbers` has `level + 1` elements, which never change: element `i` is a number in a namespace
///   at level `i`, and each namespace is the parent of the next.
/// * A reference to the namespace at `level` is held.
/// * The numbers own one reference, which is dropped a grace period after they are freed.
#[repr(transparent)]
pub struct Pid(Opaque<bindings::pid>);

// SAFETY: References may be dropped on any thread.
unsafe impl Send for Pid {}

// SAFETY: All that can be reached through a shared reference is constant or synchronised.
unsafe impl Sync for Pid {}

// SAFETY: By the type invariants instances are always reference-counted.
unsafe impl AlwaysRefCounted for Pid {
    #[inline]
    fn inc_ref(&self) {
        // SAFETY: The existence of a shared reference means that the count is not zero.
        unsafe { bindings::get_pid(self.as_ptr()) };
    }

    #[inline]
    unsafe fn dec_ref(obj: NonNull<Self>) {
        // SAFETY: The caller passes a reference.
        unsafe { bindings::put_pid(obj.cast().as_ptr()) };
    }
}

impl PartialEq for Pid {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        core::ptr::eq(self, other)
    }
}

impl Eq for Pid {}

impl Pid {
    /// Creates a reference from a valid pointer.
    ///
    /// # Safety
    ///
    /// `ptr` must be valid, and stay valid for the lifetime of the returned reference.
    #[inline]
    pub unsafe fn from_ptr<'a>(ptr: *const bindings::pid) -> &'a Self {
        // SAFETY: The caller promises validity, and the type is transparent.
        unsafe { &*ptr.cast() }
    }

    /// Returns a raw pointer to the C structure.
    #[inline]
    pub fn as_ptr(&self) -> *mut bindings::pid {
        self.0.get()
    }

    /// Returns the numbers, the one in the initial namespace first.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::{
    ///     current,
    ///     pid::PidType,
    ///     sync::rcu, //
    /// };
    ///
    /// let task = current!();
    /// let rcu = rcu::read_lock();
    /// let pid = task.pid_of(PidType::Pid, &rcu).ok_or(ESRCH)?;
    /// let levels = pid.numbers().len();
    /// let initial = pid.numbers()[0].ns().is_initial();
    /// let nr = pid.numbers()[0].nr().map(|nr| nr.get());
    /// drop(rcu);
    /// // The tests run in the initial namespace: there is one number only.
    /// assert_eq!(levels, 1);
    /// assert!(initial);
    /// assert_eq!(nr, Some(task.pid()));
    /// # Ok::<(), Error>(())
    /// ```
    #[inline]
    pub fn numbers(&self) -> &[Upid] {
        let pid = self.as_ptr();
        // CAST: `Upid` wraps the element type transparently; a level is at most 32.
        // SAFETY: By the type invariants there are this many elements, which never change.
        unsafe {
            core::slice::from_raw_parts(
                (&raw const (*pid).numbers).cast::<Upid>(),
                (*pid).level as usize + 1,
            )
        }
    }

    /// Returns the namespace that the pid was allocated in, the innermost one where it has a
    /// number.
    #[doc(alias = "ns_of_pid")]
    #[inline]
    pub fn ns(&self) -> &PidNamespace {
        let pid = self.as_ptr();
        // SAFETY: By the type invariants the element at `level` exists, and the namespace is
        // referenced.
        unsafe {
            let innermost = (&raw const (*pid).numbers)
                .cast::<bindings::upid>()
                .add((*pid).level as usize);
            PidNamespace::from_ptr((*innermost).ns)
        }
    }

    /// Returns the pid of the pidfd `file`, or [`None`] if it is not a pidfd.
    ///
    /// In C, `pidfd_send_signal(2)` and `waitid(2)` do this.
    #[doc(alias = "pidfd_pid")]
    pub fn from_pidfd(file: &LocalFile) -> Option<&Self> {
        // SAFETY: `file` is a valid file.
        let pid = from_err_ptr(unsafe { bindings::pidfd_pid(file.as_ptr()) }).ok()?;
        // SAFETY: A pidfd holds a reference to its `struct pid` for as long as it is open, which
        // the borrow of `file` guarantees.
        Some(unsafe { &*pid.cast() })
    }

    /// Returns the first task that uses this pid as `kind`. It may be a zombie.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::{
    ///     current,
    ///     pid::PidType,
    ///     sync::rcu, //
    /// };
    ///
    /// let rcu = rcu::read_lock();
    /// let pid = current!().pid_of(PidType::Pid, &rcu);
    /// let found = pid.and_then(|pid| pid.task(PidType::Pid, &rcu));
    /// let same = found.is_some_and(|found| *found == **current!());
    /// let used = pid.is_some_and(|pid| pid.has_task(PidType::Pid));
    /// drop(rcu);
    /// assert!(same && used);
    /// ```
    #[doc(alias = "pid_task")]
    #[inline]
    pub fn task<'a>(
        &self,
        kind: PidType,
        _guard: impl Into<RcuOrTasklist<'a>>,
    ) -> Option<&'a Task> {
        let node = self.first(kind)?;
        // SAFETY: The list has the links of this type of tasks. A task that is found is freed only
        // after the protection ends.
        Some(unsafe { task::linked_by(node, kind) })
    }

    /// Returns the first link on the list of tasks that use the pid as `kind`.
    #[inline]
    fn first(&self, kind: PidType) -> Option<NonNull<bindings::hlist_node>> {
        // SAFETY: The list is valid as long as `self`, and its head is only accessed by single
        // loads and stores. The address dependency orders the reads through the result.
        let first = unsafe { Atomic::from_ptr(&raw mut (*self.tasks(kind)).first) };
        NonNull::new(first.load(Relaxed))
    }

    /// Returns whether a task uses the pid as `kind`.
    #[doc(alias = "pid_has_task")]
    #[inline]
    pub fn has_task(&self, kind: PidType) -> bool {
        self.first(kind).is_some()
    }

    /// Returns a raw pointer to the list of tasks that use the pid as `kind`.
    #[inline]
    pub fn tasks(&self, kind: PidType) -> *mut bindings::hlist_head {
        // SAFETY: `self` is valid, and there is a list for each kind.
        unsafe {
            (&raw mut (*self.as_ptr()).tasks)
                .cast::<bindings::hlist_head>()
                .add(kind.index())
        }
    }
}
