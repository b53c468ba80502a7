// SPDX-License-Identifier: GPL-2.0

//! Mount namespaces.
//!
//! C header: [`include/linux/mnt_namespace.h`](srctree/include/linux/mnt_namespace.h)

use super::{
    declare_namespace,
    NsType,
    UserNamespace, //
};
use crate::{
    bindings,
    fs_struct::UnsharedFs,
    prelude::*,
    sync::aref::ARef, //
};

declare_namespace! {
    /// Wraps the kernel's `struct mnt_namespace`: a tree of mounts.
    pub struct MntNamespace(
        mnt_namespace,
        NsType::Mnt,
        put: bindings::put_mnt_ns,
        common: |ptr| bindings::from_mnt_ns(ptr)
    );
}

/// What a new mount namespace starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MntContents {
    /// A copy of the mounts, but for those of mount namespace files.
    Copy,
    /// A copy of the root mount alone (`CLONE_EMPTY_MNTNS`).
    RootOnly,
}

impl MntNamespace {
    /// Creates a namespace owned by `user_ns` with mounts taken from `old`, and moves `fs`, if
    /// any, there.
    ///
    /// Returns `ENOSPC` if `user.max_mnt_namespaces` is reached, and `ENOMEM`. May sleep.
    #[doc(alias = "copy_mnt_ns")]
    pub fn create(
        user_ns: &UserNamespace,
        old: &Self,
        fs: Option<UnsharedFs<'_>>,
        contents: MntContents,
    ) -> Result<ARef<Self>> {
        let flags = NsType::Mnt as u64
            | match contents {
                MntContents::Copy => 0,
                MntContents::RootOnly => bindings::CLONE_EMPTY_MNTNS,
            };
        let fs = fs.map_or(core::ptr::null_mut(), |mut fs| fs.as_ptr());
        // SAFETY: Both namespaces are valid. `fs` is null or, by its invariants, used by nobody
        // else, so that it may be changed without its lock. The result is an error or carries a
        // reference.
        unsafe {
            super::owned(bindings::copy_mnt_ns(
                flags,
                old.as_ptr(),
                user_ns.as_ptr(),
                fs,
            ))
        }
    }
}
