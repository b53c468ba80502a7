// SPDX-License-Identifier: GPL-2.0

//! Copying namespaces: a new one if the flags ask for it, else a reference to the old one.
//!
//! All take the flags of the system call. If the kernel is configured without a type, C's stubs are
//! called.

use core::{
    marker::PhantomData,
    ptr::null_mut, //
};
use kernel::{
    bindings,
    error::from_err_ptr,
    ns::{
        CgroupNamespace,
        IpcNamespace,
        MntNamespace,
        NetNamespace,
        TimeNamespace,
        UserNamespace,
        UtsNamespace, //
    },
    nsproxy::NsRef,
    pid_namespace::PidNamespace,
    prelude::*, //
};

/// Declares wrappers of C functions, with their names and a common signature.
macro_rules! copy {
    ($($(#[$doc:meta])* $name:ident($ns:ident);)*) => {$(
        $(#[$doc])*
        ///
        /// A new namespace is owned by `user_ns`. Returns `EINVAL` if the kernel cannot create one,
        /// `ENOSPC` if the owner's limit is reached, and `ENOMEM`. May sleep.
        pub(crate) fn $name(
            flags: u64,
            user_ns: &UserNamespace,
            old: &NsRef<$ns>,
        ) -> Result<NsRef<$ns>> {
            // SAFETY: `user_ns` is valid, and so is `old`, or it is null and the kernel configured
            // without the type.
            let ns = unsafe { bindings::$name(flags, user_ns.as_ptr(), old.as_ptr().cast()) };
            // SAFETY: The result is an error, or `old` or a new namespace with a reference.
            Ok(unsafe { NsRef::from_raw(from_err_ptr(ns)?.cast()) })
        }
    )*};
}

copy! {
    /// Copies a UTS namespace and its names.
    copy_utsname(UtsNamespace);

    /// Copies an IPC namespace. A new one is empty.
    copy_ipcs(IpcNamespace);

    /// Copies a PID namespace. A new one is a child of `old`.
    ///
    /// Returns `EINVAL` if `old` is not the current task's active namespace, or if `user_ns` is
    /// neither its owner nor a descendant of that; `ENOSPC` beyond the maximum level.
    copy_pid_ns(PidNamespace);

    /// Copies a cgroup namespace. The roots of a new one are the current task's cgroups.
    ///
    /// Returns `EPERM` without `CAP_SYS_ADMIN` over `user_ns`. Without `CONFIG_CGROUPS` the flag is
    /// ignored.
    copy_cgroup_ns(CgroupNamespace);

    /// Copies a network namespace. A new one has only a loopback device.
    ///
    /// Returns `EINTR` if a fatal signal is pending.
    copy_net_ns(NetNamespace);

    /// Copies a time namespace and its offsets.
    copy_time_ns(TimeNamespace);
}

/// The `fs_struct` whose root and working directory a new mount namespace updates to its own
/// mounts.
///
/// # Invariants
///
/// The pointer is null, or for the lifetime `'a` valid and used by nobody else.
pub(crate) struct NewFs<'a>(*mut bindings::fs_struct, PhantomData<&'a mut ()>);

impl NewFs<'_> {
    /// No `fs_struct`.
    pub(crate) const NONE: Self = Self(null_mut(), PhantomData);

    /// Borrows an `fs_struct`.
    ///
    /// # Safety
    ///
    /// `fs` must be null, or for the lifetime that the caller chooses valid and used by nobody
    /// else.
    #[inline]
    pub(crate) unsafe fn new(fs: *mut bindings::fs_struct) -> Self {
        // INVARIANT: The caller promises it.
        Self(fs, PhantomData)
    }
}

/// Copies a mount namespace: all mounts, or with `CLONE_EMPTY_MNTNS` only the root mount. A new one
/// updates `fs`.
///
/// A new namespace is owned by `user_ns`. Returns `ENOSPC` if the owner's limit is reached, and
/// `ENOMEM`. May sleep.
pub(crate) fn copy_mnt_ns(
    flags: u64,
    old: &MntNamespace,
    user_ns: &UserNamespace,
    fs: NewFs<'_>,
) -> Result<NsRef<MntNamespace>> {
    // SAFETY: Both namespaces are valid. By its invariants `fs` is null or used by nobody else, so
    // its lock is not needed.
    let ns = unsafe { bindings::copy_mnt_ns(flags, old.as_ptr(), user_ns.as_ptr(), fs.0) };
    // SAFETY: The result is an error, or `old` or a new namespace with a reference.
    Ok(unsafe { NsRef::from_raw(from_err_ptr(ns)?.cast()) })
}
