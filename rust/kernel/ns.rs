// SPDX-License-Identifier: GPL-2.0

//! Namespaces.
//!
//! Every type of namespace has a structure of its own with a [`NsCommon`] inside. That is what the
//! files under `/proc/PID/ns` refer to, and it holds two counts: one keeps the memory, the other
//! says whether the namespace is *active*, that is, visible to userspace. A reference from Rust,
//! [`ARef`], keeps the memory. Active references are held by tasks through their sets of
//! namespaces (see [`nsproxy`](crate::nsproxy)) and credentials, by files and mounts, by process
//! identifiers, and by active namespaces to the user namespace that owns them; [`Active`] is one.
//!
//! C headers: [`include/linux/ns_common.h`](srctree/include/linux/ns_common.h),
//! [`include/linux/proc_ns.h`](srctree/include/linux/proc_ns.h)

use crate::{
    error::from_err_ptr,
    prelude::*,
    sync::aref::{
        ARef,
        AlwaysRefCounted, //
    },
};
use core::ptr::NonNull;

mod active;
mod cgroup;
mod common;
mod ipc;
mod mnt;
mod net;
mod operations;
pub mod pid;
mod time;
mod types;
mod user;
mod uts;

pub use self::{
    active::Active,
    cgroup::CgroupNamespace,
    common::NsCommon,
    ipc::IpcNamespace,
    mnt::{
        MntContents,
        MntNamespace, //
    },
    net::NetNamespace,
    operations::{
        FromCommon,
        NsOperations,
        NsOperationsTable, //
    },
    time::TimeNamespace,
    types::{
        NsType,
        NsTypes, //
    },
    user::UserNamespace,
    uts::UtsNamespace,
};

/// A namespace, whatever its type.
pub trait Namespace: AlwaysRefCounted {
    /// The type, as a `CLONE_NEW*` flag.
    const TYPE: NsType;

    /// Returns the part that all types of namespaces have.
    fn common(&self) -> &NsCommon;
}

/// Takes over what a C function that makes a namespace returned.
///
/// # Safety
///
/// `ns` is an error pointer, or valid with a reference that is passed on; `N` wraps `C`
/// transparently.
unsafe fn owned<C, N: Namespace>(ns: *mut C) -> Result<ARef<N>> {
    let ns = NonNull::new(from_err_ptr(ns)?.cast()).ok_or(EINVAL)?;
    // SAFETY: The caller promises a reference to a valid namespace.
    Ok(unsafe { ARef::from_raw(ns) })
}

/// Declares the wrapper of one type of namespace.
///
/// `$common` yields, from a valid `*mut bindings::$c`, the address of its `struct ns_common`, and
/// `$put` drops one reference to it.
macro_rules! declare_namespace {
    (
        $(#[$meta:meta])*
        pub struct $name:ident(
            $c:ident,
            $type:expr,
            put: $put:path,
            common: |$ptr:ident| $common:expr
        );
    ) => {
        $(#[$meta])*
        ///
        /// # Invariants
        ///
        /// Instances are always reference-counted through `__ns_ref`.
        #[repr(transparent)]
        pub struct $name($crate::types::Opaque<$crate::bindings::$c>);

        // SAFETY: References may be dropped on any thread.
        unsafe impl Send for $name {}

        // SAFETY: Shared references only lead to what is constant or synchronised by C.
        unsafe impl Sync for $name {}

        impl $name {
            /// Creates a reference from a valid pointer.
            ///
            /// # Safety
            ///
            /// `ptr` must be valid, and stay valid for the lifetime of the returned reference.
            #[inline]
            pub unsafe fn from_ptr<'a>(ptr: *const $crate::bindings::$c) -> &'a Self {
                // SAFETY: The caller promises validity, and the type is transparent.
                unsafe { &*ptr.cast() }
            }

            /// Returns a raw pointer to the C structure.
            #[inline]
            pub fn as_ptr(&self) -> *mut $crate::bindings::$c {
                self.0.get()
            }
        }

        $crate::ns::impl_namespace!($name, $type, put: $put, common: |$ptr| $common);
    };
}

/// Implements reference counting and [`Namespace`] for a wrapper with a method `as_ptr`.
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
                // SAFETY: The caller gives up a reference.
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
                // SAFETY: `self` is valid, and the common part lives as long as the whole.
                unsafe { $crate::ns::NsCommon::from_ptr($common) }
            }
        }
    };
}

use declare_namespace;
use impl_namespace;
