// SPDX-License-Identifier: GPL-2.0

//! Control group namespaces.
//!
//! C header: [`include/linux/cgroup_namespace.h`](srctree/include/linux/cgroup_namespace.h)

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
    /// Wraps the kernel's `struct cgroup_namespace`: the roots that a task sees of the hierarchies.
    pub struct CgroupNamespace(
        cgroup_namespace,
        NsType::Cgroup,
        put: bindings::put_cgroup_ns,
        common: |ptr| &raw const (*ptr).ns
    );
}

impl CgroupNamespace {
    /// Creates a namespace owned by `user_ns` whose roots are the current task's control groups.
    ///
    /// Returns `EPERM` without `CAP_SYS_ADMIN` over `user_ns`, `ENOSPC` if
    /// `user.max_cgroup_namespaces` is reached, and `ENOMEM`. May sleep.
    ///
    /// A kernel without control groups has nothing to separate and says so to nobody: the result
    /// is [`None`], as `old` is.
    #[doc(alias = "copy_cgroup_ns")]
    #[cfg(CONFIG_CGROUPS)]
    pub fn create(user_ns: &UserNamespace, old: Option<&Self>) -> Result<Option<ARef<Self>>> {
        let old = old.ok_or(EINVAL)?;
        // SAFETY: Both namespaces are valid; the result is an error or carries a reference.
        unsafe {
            super::owned(bindings::copy_cgroup_ns(
                NsType::Cgroup as u64,
                user_ns.as_ptr(),
                old.as_ptr(),
            ))
        }
        .map(Some)
    }

    /// Creates a namespace: here there is nothing to separate.
    #[cfg(not(CONFIG_CGROUPS))]
    pub fn create(_user_ns: &UserNamespace, old: Option<&Self>) -> Result<Option<ARef<Self>>> {
        Ok(old.map(ARef::from))
    }
}
