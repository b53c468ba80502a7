// SPDX-License-Identifier: GPL-2.0

//! User and group IDs, and their mapping by user namespaces.
//!
//! [`Kuid`] and [`Kgid`] are the same everywhere in the kernel; a user namespace maps them to the
//! IDs that userspace knows.
//!
//! C header: [`include/linux/uidgid.h`](srctree/include/linux/uidgid.h)

use crate::{
    bindings,
    ns::UserNamespace,
    task::{
        CurrentTask,
        Kuid, //
    },
};

/// `INVALID_UID` and `INVALID_GID`.
const INVALID: u32 = u32::MAX;

/// A group ID of the kernel.
#[derive(Clone, Copy)]
pub struct Kgid {
    kgid: bindings::kgid_t,
}

impl Kgid {
    /// Creates a `Kgid` from the raw C type.
    #[inline]
    pub fn from_raw(kgid: bindings::kgid_t) -> Self {
        Self { kgid }
    }

    /// Returns the raw C type.
    #[inline]
    pub fn into_raw(self) -> bindings::kgid_t {
        self.kgid
    }
}

impl UserNamespace {
    /// Maps `uid` of this namespace, or returns [`None`] if it has no mapping.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::current;
    ///
    /// // The tests run in the initial namespace, where all valid IDs are mapped.
    /// let cred = current!().cred();
    /// assert!(cred.user_ns().kuid(0).is_some_and(|root| root == cred.euid()));
    /// assert!(cred.user_ns().kuid(u32::MAX).is_none());
    /// ```
    #[doc(alias = "make_kuid")]
    #[inline]
    pub fn kuid(&self, uid: u32) -> Option<Kuid> {
        // SAFETY: `self` is a valid user namespace; `uid` may be any number.
        let kuid = unsafe { bindings::make_kuid(self.as_ptr(), uid) };
        (kuid.val != INVALID).then(|| Kuid::from_raw(kuid))
    }

    /// Maps `gid` of this namespace, or returns [`None`] if it has no mapping.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::current;
    ///
    /// let task = current!();
    /// let group = task.cred().user_ns().kgid(0);
    /// assert!(group.is_some_and(|group| task.in_effective_group(group)));
    /// assert!(task.cred().user_ns().kgid(u32::MAX).is_none());
    /// ```
    #[doc(alias = "make_kgid")]
    #[inline]
    pub fn kgid(&self, gid: u32) -> Option<Kgid> {
        // SAFETY: `self` is a valid user namespace; `gid` may be any number.
        let kgid = unsafe { bindings::make_kgid(self.as_ptr(), gid) };
        (kgid.val != INVALID).then(|| Kgid::from_raw(kgid))
    }
}

impl CurrentTask {
    /// Returns whether `group` is the effective group of the current task or one of its
    /// supplementary groups.
    #[doc(alias = "in_egroup_p")]
    #[inline]
    pub fn in_effective_group(&self, group: Kgid) -> bool {
        // SAFETY: It only reads the current task's credentials.
        unsafe { bindings::in_egroup_p(group.kgid) != 0 }
    }
}
