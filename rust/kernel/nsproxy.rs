// SPDX-License-Identifier: GPL-2.0

//! The namespaces that a task uses.
//!
//! Tasks that use the same namespaces share one [`NsProxy`], which does not change. A task changes
//! a namespace by replacing the whole `nsproxy`.
//!
//! C header: [`include/linux/nsproxy.h`](srctree/include/linux/nsproxy.h)

use crate::{
    bindings,
    ns::{
        CgroupNamespace,
        IpcNamespace,
        MntNamespace,
        Namespace,
        NetNamespace,
        TimeNamespace,
        UtsNamespace, //
    },
    pid_namespace::PidNamespace,
    sync::aref::{
        ARef,
        AlwaysRefCounted, //
    },
    task::{
        Task,
        TaskLock, //
    },
    types::Opaque,
};
use core::{
    marker::PhantomData,
    mem::offset_of,
    ops::Deref,
    ptr::{
        self,
        NonNull, //
    },
};

/// A reference to a namespace of an nsproxy, as C stores it.
///
/// It is null if the kernel is configured without the type. The mount namespace of the initial
/// nsproxy is null until the root file system is mounted. Dropping the last reference may sleep.
///
/// # Invariants
///
/// The pointer is null, or valid and owns a reference.
#[repr(transparent)]
pub struct NsRef<N: Namespace>(*mut N, PhantomData<ARef<N>>);

impl<N: Namespace> NsRef<N> {
    /// Takes over a reference from C.
    ///
    /// # Safety
    ///
    /// `ns` must be null where [`NsRef`] allows that, or valid with a reference that the caller
    /// gives up.
    #[inline]
    pub const unsafe fn from_raw(ns: *mut N) -> Self {
        // INVARIANT: The caller promises it.
        Self(ns, PhantomData)
    }

    /// Returns the pointer.
    #[inline]
    pub fn as_ptr(&self) -> *mut N {
        self.0
    }

    /// Returns the namespace, or [`None`] if the pointer is null.
    #[inline]
    pub fn get(&self) -> Option<&N> {
        // SAFETY: By the type invariants the pointer is null or valid.
        unsafe { self.0.as_ref() }
    }
}

impl<N: Namespace> Clone for NsRef<N> {
    #[inline]
    fn clone(&self) -> Self {
        if let Some(ns) = self.get() {
            ns.inc_ref();
        }
        // INVARIANT: The reference was just taken.
        Self(self.0, PhantomData)
    }
}

impl<N: Namespace> Drop for NsRef<N> {
    #[inline]
    fn drop(&mut self) {
        if let Some(ns) = NonNull::new(self.0) {
            // SAFETY: By the type invariants the reference is ours to drop.
            unsafe { N::dec_ref(ns) };
        }
    }
}

impl<N: Namespace> PartialEq for NsRef<N> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self.0, other.0)
    }
}

/// Declares [`Namespaces`]; there is no other list of the fields of `struct nsproxy`.
///
/// `$init` is the namespace of the initial nsproxy if `$config` holds.
macro_rules! namespaces {
    ($($(#[$doc:meta])* $field:ident: $ns:ident = $init:ident if $config:meta,)*) => {
        /// The namespaces of an nsproxy, in the layout and under the names of `struct nsproxy`.
        ///
        /// A clone refers to the same namespaces. Dropping the last reference to one may sleep.
        #[derive(Clone)]
        #[repr(C)]
        pub struct Namespaces {
            $($(#[$doc])* pub $field: NsRef<$ns>,)*
        }

        impl Namespaces {
            /// Offset of the fields in `struct nsproxy`.
            pub const OFFSET: usize = offset_of!(bindings::nsproxy, uts_ns);

            /// The initial namespaces.
            // INVARIANT: Their references are not counted.
            pub const INITIAL: Self = Self {
                $($field: NsRef(
                    if cfg!($config) {
                        (&raw mut bindings::$init).cast()
                    } else {
                        ptr::null_mut()
                    },
                    PhantomData,
                ),)*
            };
        }

        const _: () = {
            $(assert!(
                Namespaces::OFFSET + offset_of!(Namespaces, $field)
                    == offset_of!(bindings::nsproxy, $field)
            );)*
            assert!(
                Namespaces::OFFSET + size_of::<Namespaces>() == size_of::<bindings::nsproxy>()
            );
        };
    };
}

namespaces! {
    /// Host name and domain name.
    uts_ns: UtsNamespace = init_uts_ns if all(),
    /// System V IPC objects and POSIX message queues.
    ipc_ns: IpcNamespace = init_ipc_ns if any(CONFIG_SYSVIPC, CONFIG_POSIX_MQUEUE),
    /// Mounts. The initial nsproxy gets its own when the root file system is mounted.
    mnt_ns: MntNamespace = init_mnt_ns if any(),
    /// The PID namespace of new children. That of the task itself never changes.
    pid_ns_for_children: PidNamespace = init_pid_ns if all(),
    /// Network devices, addresses, ports.
    net_ns: NetNamespace = init_net if CONFIG_NET,
    /// Clock offsets.
    time_ns: TimeNamespace = init_time_ns if CONFIG_TIME_NS,
    /// Clock offsets of new children, and of the task itself after `execve(2)`.
    time_ns_for_children: TimeNamespace = init_time_ns if CONFIG_TIME_NS,
    /// The roots of the cgroup hierarchies.
    cgroup_ns: CgroupNamespace = init_cgroup_ns if CONFIG_CGROUPS,
}

/// Wraps the kernel's `struct nsproxy`. Thread safe.
///
/// As long as there is a reference to it, its namespaces are active: visible to userspace. Dropping
/// the last reference may sleep.
///
/// # Invariants
///
/// The nsproxy is in use: its namespaces are active, and only its count changes.
///
/// # Examples
///
/// ```
/// use kernel::{
///     current,
///     pid_namespace::PidNamespace, //
/// };
///
/// // The tests run in a kernel thread.
/// let nsproxy = current!().nsproxy().ok_or(ESRCH)?;
/// assert!(nsproxy.pid_ns_for_children.get() == Some(PidNamespace::initial()));
/// assert!(nsproxy.mnt_ns.get().is_some());
/// # Ok::<(), Error>(())
/// ```
#[repr(transparent)]
pub struct NsProxy(Opaque<bindings::nsproxy>);

// SAFETY: References may be dropped on any thread.
unsafe impl Send for NsProxy {}

// SAFETY: By the type invariants only the count changes, which is atomic.
unsafe impl Sync for NsProxy {}

// SAFETY: A shared reference to an nsproxy in use implies a counted one.
unsafe impl AlwaysRefCounted for NsProxy {
    #[inline]
    fn inc_ref(&self) {
        // SAFETY: The existence of a shared reference means that the count is not zero.
        unsafe { bindings::get_nsproxy(self.as_ptr()) };
    }

    #[inline]
    unsafe fn dec_ref(obj: NonNull<Self>) {
        // SAFETY: The caller passes a reference.
        unsafe { bindings::put_nsproxy(obj.cast().as_ptr()) };
    }
}

impl NsProxy {
    /// Creates a reference from a valid pointer.
    ///
    /// # Safety
    ///
    /// `ptr` must be an nsproxy in use that stays so for the lifetime of the returned reference.
    #[inline]
    pub unsafe fn from_ptr<'a>(ptr: *const bindings::nsproxy) -> &'a Self {
        // SAFETY: The caller promises validity, and the type is transparent.
        unsafe { &*ptr.cast() }
    }

    /// Returns a raw pointer to the C structure.
    #[inline]
    pub fn as_ptr(&self) -> *mut bindings::nsproxy {
        self.0.get()
    }
}

impl Deref for NsProxy {
    type Target = Namespaces;

    #[inline]
    fn deref(&self) -> &Namespaces {
        // SAFETY: `Namespaces` has the layout of the fields from that offset on. They own
        // references and by the type invariants do not change.
        unsafe { &*self.as_ptr().byte_add(Namespaces::OFFSET).cast() }
    }
}

impl TaskLock<'_> {
    /// Returns the namespaces of the task, or [`None`] if the task is exiting and has dropped them.
    #[inline]
    pub fn nsproxy(&self) -> Option<&NsProxy> {
        // SAFETY: The lock keeps the task from changing the pointer, so its reference keeps what it
        // points to valid while the lock is held.
        unsafe { (*self.task().as_ptr()).nsproxy.cast::<NsProxy>().as_ref() }
    }
}

impl Task {
    /// Returns the namespaces of this task, or [`None`] if the task is exiting and has dropped
    /// them.
    ///
    /// Takes the task's `alloc_lock`. Dropping the reference may sleep.
    pub fn nsproxy(&self) -> Option<ARef<NsProxy>> {
        self.alloc_lock().nsproxy().map(ARef::from)
    }
}
