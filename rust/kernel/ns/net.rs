// SPDX-License-Identifier: GPL-2.0

//! Network namespaces.
//!
//! C header: [`include/net/net_namespace.h`](srctree/include/net/net_namespace.h)

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
    /// Wraps the kernel's `struct net`: network devices, addresses, ports.
    pub struct NetNamespace(
        net,
        NsType::Net,
        put: bindings::put_net,
        common: |ptr| &raw const (*ptr).ns
    );
}

impl NetNamespace {
    /// Creates a namespace owned by `user_ns` with a loopback device only.
    ///
    /// Returns `ENOSPC` if `user.max_net_namespaces` is reached, `ENOMEM`, `EINTR` if a fatal
    /// signal came, and `EINVAL` in a kernel that has but one. May sleep.
    #[doc(alias = "copy_net_ns")]
    #[cfg(CONFIG_NET_NS)]
    pub fn create(user_ns: &UserNamespace, old: Option<&Self>) -> Result<ARef<Self>> {
        let old = old.ok_or(EINVAL)?;
        // SAFETY: Both namespaces are valid; the result is an error or carries a reference.
        unsafe {
            super::owned(bindings::copy_net_ns(
                NsType::Net as u64,
                user_ns.as_ptr(),
                old.as_ptr(),
            ))
        }
    }

    /// Creates a namespace: here there is but one, `EINVAL`.
    #[cfg(not(CONFIG_NET_NS))]
    pub fn create(_user_ns: &UserNamespace, _old: Option<&Self>) -> Result<ARef<Self>> {
        Err(EINVAL)
    }
}
