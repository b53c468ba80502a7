// SPDX-License-Identifier: GPL-2.0

//! Namespaces.
//!
//! Every type of namespace embeds a [`NsCommon`], which the files under `/proc/PID/ns` refer to. It
//! has two counts: an [`ARef`](crate::sync::aref::ARef) keeps the namespace in memory; an
//! [`Active`] reference keeps it *active*, that is, visible to userspace. Tasks own active
//! references through their [`nsproxy`](crate::nsproxy) and credentials. Files, mounts and pids own
//! some as well, and an active namespace owns one to its user namespace.
//!
//! C headers: [`include/linux/ns_common.h`](srctree/include/linux/ns_common.h),
//! [`include/linux/proc_ns.h`](srctree/include/linux/proc_ns.h)

use crate::sync::aref::AlwaysRefCounted;

mod active;
mod common;
pub mod pid;
mod types;
mod user;

pub use self::{
    active::Active,
    common::NsCommon,
    types::{
        CgroupNamespace,
        IpcNamespace,
        MntNamespace,
        NetNamespace,
        NsType,
        NsTypes,
        TimeNamespace,
        UserNamespace,
        UtsNamespace, //
    },
};

/// A namespace of any type.
pub trait Namespace: AlwaysRefCounted {
    /// The type, as a `CLONE_NEW*` flag.
    const TYPE: NsType;

    /// Returns the embedded `struct ns_common`.
    fn common(&self) -> &NsCommon;
}

/// Implements reference counting and [`Namespace`] for a wrapper with a method `as_ptr`.
///
/// `$put` drops a reference. `$common` is the address of the `struct ns_common` of `$ptr`.
macro_rules! impl_namespace {
    ($name:ident, $type:expr, put: $put:path, common: |$ptr:ident| $common:expr) => {
        // SAFETY: By the type invariants instances are always reference-counted.
        unsafe impl $crate::sync::aref::AlwaysRefCounted for $name {
            #[inline]
            fn inc_ref(&self) {
                let ns = $crate::ns::Namespace::common(self);
                // SAFETY: The existence of a shared reference means that the count is not zero.
                unsafe { $crate::bindings::__ns_ref_inc(ns.as_ptr()) };
            }

            #[inline]
            unsafe fn dec_ref(obj: ::core::ptr::NonNull<Self>) {
                // SAFETY: The caller passes a reference.
                unsafe { $put(obj.cast().as_ptr()) };
            }
        }

        $crate::ns::impl_namespace!($name, $type, common: |$ptr| $common);
    };
    ($name:ident, $type:expr, common: |$ptr:ident| $common:expr) => {
        impl $crate::ns::Namespace for $name {
            const TYPE: $crate::ns::NsType = $type;

            #[inline]
            fn common(&self) -> &$crate::ns::NsCommon {
                let $ptr = self.as_ptr();
                // SAFETY: `self` is valid, and the common part lives as long as it does.
                unsafe { $crate::ns::NsCommon::from_ptr($common) }
            }
        }
    };
}

use impl_namespace;
