// SPDX-License-Identifier: GPL-2.0

//! UTS namespaces.
//!
//! C header: [`include/linux/uts_namespace.h`](srctree/include/linux/uts_namespace.h)

use super::{
    declare_namespace,
    NsType,
    UserNamespace, //
};
use crate::{
    bindings,
    prelude::*,
    sync::aref::ARef, //
};

declare_namespace! {
    /// Wraps the kernel's `struct uts_namespace`: a host name and a domain name.
    pub struct UtsNamespace(
        uts_namespace,
        NsType::Uts,
        put: bindings::put_uts_ns,
        common: |ptr| &raw const (*ptr).ns
    );
}

impl UtsNamespace {
    /// Creates a namespace owned by `user_ns` with the names of `old`.
    ///
    /// Returns `ENOSPC` if `user.max_uts_namespaces` is reached, `ENOMEM`, and `EINVAL` in a kernel
    /// that has but one. May sleep.
    #[doc(alias = "copy_utsname")]
    #[cfg(CONFIG_UTS_NS)]
    pub fn create(user_ns: &UserNamespace, old: &Self) -> Result<ARef<Self>> {
        // SAFETY: Both namespaces are valid; the result is an error or carries a reference.
        unsafe {
            super::owned(bindings::copy_utsname(
                NsType::Uts as u64,
                user_ns.as_ptr(),
                old.as_ptr(),
            ))
        }
    }

    /// Creates a namespace: here there is but one, `EINVAL`.
    #[cfg(not(CONFIG_UTS_NS))]
    pub fn create(_user_ns: &UserNamespace, _old: &Self) -> Result<ARef<Self>> {
        Err(EINVAL)
    }
}
