// SPDX-License-Identifier: GPL-2.0

//! What `setns(2)` prepares before it changes anything.
//!
//! C headers: [`include/linux/nsproxy.h`](srctree/include/linux/nsproxy.h),
//! [`include/linux/proc_ns.h`](srctree/include/linux/proc_ns.h)

use super::PreparedNsProxy;
use crate::{
    bindings,
    cred::{
        Credential,
        NewCred, //
    },
    error::to_result,
    fs_struct::{
        FsCopy,
        FsStruct, //
    },
    ns::{
        NsCommon,
        NsType,
        NsTypes, //
    },
    prelude::*,
    sync::aref::ARef,
    syscall::Caller,
    types::NotThreadSafe,
};
use core::marker::PhantomData;

/// The credentials that a set of namespaces is joined with.
pub enum SetCred {
    /// Those that the task has; they stay as they are.
    Current(ARef<Credential>),
    /// New ones, to be changed by the user namespace that is joined.
    New(NewCred),
}

/// The view of the file system that joining a mount namespace changes.
pub enum SetFs<'a> {
    /// None: no mount namespace is joined.
    Untouched,
    /// The task's own, changed at once: nothing that could still fail comes after.
    Own(&'a FsStruct),
    /// A copy, from which the task takes its paths when all else has succeeded.
    Copy(FsCopy),
}

/// Wraps the kernel's `struct nsset`: new versions of all that joining namespaces changes.
///
/// Dropping it leaves the task as it was, but for [`SetFs::Own`].
///
/// # Invariants
///
/// * There are new credentials if and only if `types` has [`NsType::User`], and a view of the file
///   system if and only if it has [`NsType::Mnt`].
/// * `raw` leads to these, and to `proxy`.
pub struct NsSet<'a> {
    types: NsTypes,
    raw: bindings::nsset,
    proxy: PreparedNsProxy,
    cred: SetCred,
    fs: SetFs<'a>,
    _caller: PhantomData<&'a Caller<'a>>,
    _not_send: NotThreadSafe,
}

impl<'a> NsSet<'a> {
    /// Puts together what joining namespaces of these `types` changes for the caller.
    ///
    /// Returns `EINVAL` if `cred` or `fs` do not fit the types.
    #[inline]
    pub fn new(
        _caller: &'a Caller<'_>,
        types: NsTypes,
        mut proxy: PreparedNsProxy,
        cred: SetCred,
        fs: SetFs<'a>,
    ) -> Result<Self> {
        let new_cred = matches!(cred, SetCred::New(_));
        let has_fs = !matches!(fs, SetFs::Untouched);
        if new_cred != types.contains(NsType::User) || has_fs != types.contains(NsType::Mnt) {
            return Err(EINVAL);
        }
        let raw = bindings::nsset {
            // CAST: All `CLONE_NEW*` flags fit in 32 bits.
            flags: types.bits() as c_uint,
            nsproxy: proxy.as_ptr(),
            fs: match &fs {
                SetFs::Untouched => core::ptr::null_mut(),
                SetFs::Own(fs) => fs.as_ptr(),
                SetFs::Copy(fs) => fs.as_ptr(),
            },
            cred: match &cred {
                SetCred::Current(cred) => cred.as_ptr(),
                SetCred::New(cred) => cred.as_ptr(),
            },
        };
        // INVARIANT: Just checked. What `raw` leads to is owned here or borrowed as long.
        Ok(Self {
            types,
            raw,
            proxy,
            cred,
            fs,
            _caller: PhantomData,
            _not_send: NotThreadSafe,
        })
    }

    /// Lets `ns` check whether the current task may join it, and if so puts it into the set.
    ///
    /// Returns `EINVAL` if the set was not made for this type, else what the namespace's type says:
    /// `EPERM`, `EINVAL`, `EUSERS`, `ENOMEM`. May sleep.
    #[doc(alias = "proc_ns_operations::install")]
    #[inline]
    pub fn install(&mut self, ns: &NsCommon) -> Result {
        if !self.types.contains_all(ns.types()) {
            return Err(EINVAL);
        }
        // SAFETY: `ns` is valid, and its operations, if any, are constant.
        let install = unsafe { (*ns.as_ptr()).ops.as_ref().and_then(|ops| ops.install) };
        let install = install.ok_or(EINVAL)?;
        // SAFETY: All parts of the set are valid. The function exchanges the reference to a
        // namespace of its type in the proxy, which is owned and which nobody else knows; changes
        // the credentials only if the flags have `CLONE_NEWUSER`, and then by the type invariants
        // they are new; and changes the view of the file system, under its lock, only for a mount
        // namespace, and then by the type invariants there is one. What it reads of the current
        // task is there: the borrow of the caller lasts as long as `self`, and `self` stays on its
        // thread.
        to_result(unsafe { install(&raw mut self.raw, ns.as_ptr()) })
    }

    /// Takes the set apart, for its parts to be made the task's.
    #[inline]
    pub fn into_parts(self) -> (PreparedNsProxy, SetCred, SetFs<'a>) {
        (self.proxy, self.cred, self.fs)
    }
}
