// SPDX-License-Identifier: GPL-2.0

//! `struct nsset`, which `setns(2)` prepares and commits.
//!
//! C headers: [`include/linux/nsproxy.h`](srctree/include/linux/nsproxy.h),
//! [`include/linux/proc_ns.h`](srctree/include/linux/proc_ns.h)

use super::PreparedNsProxy;
use core::ptr::null_mut;
use kernel::{
    bindings,
    cred::{
        Credential,
        NewCred, //
    },
    error::to_result,
    fs::fs_struct::FsCopy,
    ns::{
        NsCommon,
        NsType,
        NsTypes, //
    },
    prelude::*,
    sync::aref::ARef,
    syscall::Caller, //
};

/// A `struct nsset`: new versions of what joining namespaces changes.
///
/// Dropping it leaves the task as it was, unless [`Self::use_fs`] was called.
///
/// # Invariants
///
/// * The pointers in `raw` are to what this value owns or borrows.
/// * Its flags have `CLONE_NEWUSER` only if the credentials are new, and `CLONE_NEWNS` only if it
///   has an `fs_struct`.
pub(crate) struct NsSet<'a> {
    raw: bindings::nsset,
    proxy: PreparedNsProxy,
    _cred: ARef<Credential>,
    new_cred: Option<NewCred>,
    new_fs: Option<FsCopy>,
    caller: &'a Caller<'a>,
}

impl<'a> NsSet<'a> {
    /// Creates a set for joining namespaces of these `types`. For the user and the mount namespace,
    /// credentials and an `fs_struct` must be added.
    #[inline]
    pub(crate) fn new(caller: &'a Caller<'_>, types: NsTypes, mut proxy: PreparedNsProxy) -> Self {
        let types = types.without(NsType::User).without(NsType::Mnt);
        let cred = caller.cred();

        // INVARIANT: The flags have neither.
        Self {
            raw: bindings::nsset {
                // CAST: All `CLONE_NEW*` flags fit in 32 bits.
                flags: types.bits() as c_uint,
                nsproxy: proxy.as_ptr(),
                fs: null_mut(),
                cred: cred.as_ptr(),
            },
            proxy,
            _cred: cred,
            new_cred: None,
            new_fs: None,
            caller,
        }
    }

    /// Adds new credentials, for a user namespace.
    #[inline]
    pub(crate) fn add_cred(&mut self, cred: NewCred) {
        self.raw.cred = cred.as_ptr();
        // INVARIANT: They are new.
        self.raw.flags |= bindings::CLONE_NEWUSER;
        self.new_cred = Some(cred);
    }

    /// Adds the task's own `fs_struct`, which a mount namespace changes at once.
    #[inline]
    pub(crate) fn use_fs(&mut self) {
        self.raw.fs = self.caller.fs().as_ptr();
        // INVARIANT: There is one.
        self.raw.flags |= bindings::CLONE_NEWNS;
    }

    /// Adds a copy of the task's `fs_struct`, for a mount namespace.
    #[inline]
    pub(crate) fn add_fs(&mut self, fs: FsCopy) {
        self.raw.fs = fs.as_ptr();
        // INVARIANT: There is one.
        self.raw.flags |= bindings::CLONE_NEWNS;
        self.new_fs = Some(fs);
    }

    /// Calls the `install` operation of `ns`: checks whether the current task may join it, and adds
    /// it to the set.
    ///
    /// Returns `EINVAL` if the set is not for this type, and the errors of `install`: `EPERM`,
    /// `EINVAL`, `EUSERS`, `ENOMEM`. May sleep.
    #[doc(alias = "proc_ns_operations::install")]
    #[doc(alias = "validate_ns")]
    #[inline]
    pub(crate) fn install(&mut self, ns: &NsCommon) -> Result {
        if !NsTypes::from_bits_truncate(self.raw.flags.into()).contains_all(ns.types()) {
            return Err(EINVAL);
        }
        // SAFETY: `ns` is valid, and its operations, if any, are constant.
        let install = unsafe { (*ns.as_ptr()).ops.as_ref().and_then(|ops| ops.install) };
        let install = install.ok_or(EINVAL)?;
        // KMSAN does not see what Rust writes.
        #[cfg(CONFIG_KMSAN)]
        // SAFETY: The set is valid.
        unsafe {
            bindings::kmsan_unpoison_memory((&raw const self.raw).cast(), size_of_val(&self.raw));
        }
        // SAFETY: All parts of the set are valid. `install` replaces the namespace of its type in
        // the `nsproxy`, which nobody else uses. It changes the credentials only with
        // `CLONE_NEWUSER`, and then by the type invariants they are new. Only that of a mount
        // namespace changes the `fs_struct`, under its lock, and then by the type invariants there
        // is one. `Caller` guarantees what it reads of the current task, and keeps `self` on its
        // thread.
        to_result(unsafe { install(&raw mut self.raw, ns.as_ptr()) })
    }

    /// Returns the nsproxy to switch to, and the credentials and `fs_struct` to commit, if they
    /// were added.
    #[inline]
    pub(crate) fn into_parts(self) -> (PreparedNsProxy, Option<NewCred>, Option<FsCopy>) {
        (self.proxy, self.new_cred, self.new_fs)
    }
}
