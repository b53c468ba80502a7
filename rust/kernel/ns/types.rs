// SPDX-License-Identifier: GPL-2.0

//! The types of namespaces.
//!
//! C headers: [`include/linux/ns/ns_common_types.h`](srctree/include/linux/ns/ns_common_types.h),
//! [`include/uapi/linux/sched.h`](srctree/include/uapi/linux/sched.h)

use super::impl_namespace;
use crate::{
    bindings,
    impl_flags,
    types::Opaque, //
};

/// Declares the types of namespaces; there is no other list of them.
///
/// The kernel can create namespaces of a type if `$config` holds. The rest declares a wrapper, with
/// `$put` and `$common` as for [`impl_namespace`]; that of PID namespaces is declared elsewhere.
macro_rules! namespaces {
    ($(
        $(#[$doc:meta])*
        $type:ident = $flag:ident if $config:meta
        $(; $name:ident($c:ident, put: $put:ident, common: |$ptr:ident| $common:expr))?,
    )*) => {
        impl_flags!(
            /// A set of types of namespaces.
            ///
            /// # Examples
            ///
            /// ```
            /// use kernel::ns::{
            ///     NsType,
            ///     NsTypes, //
            /// };
            ///
            /// let types = NsTypes::from_bits_truncate(0x2000_0000 | 0x100);
            /// assert_eq!(types, NsTypes::from(NsType::Pid));
            /// assert!(!types.without(NsType::Pid).contains(NsType::Pid));
            /// assert!(NsTypes::supported().contains(NsType::Mnt));
            /// ```
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
            pub struct NsTypes(u64);

            /// A type of namespace, as its `CLONE_NEW*` flag.
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub enum NsType {
                $(
                    $(#[$doc])*
                    #[doc = ""]
                    #[doc = concat!("`", stringify!($flag), "`.")]
                    $type = bindings::$flag as u64,
                )*
            }
        );

        impl NsTypes {
            /// Returns the types of which this kernel can create namespaces.
            pub const fn supported() -> Self {
                Self(0 $(| if cfg!($config) { NsType::$type as u64 } else { 0 })*)
            }
        }

        $($(
            #[doc = concat!(
                "Wraps the kernel's `struct ", stringify!($c), "`. ",
                "See [`NsType::", stringify!($type), "`]."
            )]
            ///
            /// # Invariants
            ///
            /// Instances are always reference-counted through `__ns_ref`.
            #[repr(transparent)]
            pub struct $name(Opaque<bindings::$c>);

            // SAFETY: References may be dropped on any thread.
            unsafe impl Send for $name {}

            // SAFETY: Shared references give access only to what is constant or synchronised by C.
            unsafe impl Sync for $name {}

            impl $name {
                /// Creates a reference from a valid pointer.
                ///
                /// # Safety
                ///
                /// `ptr` must be valid, and stay valid for the lifetime of the returned reference.
                #[inline]
                pub unsafe fn from_ptr<'a>(ptr: *const bindings::$c) -> &'a Self {
                    // SAFETY: The caller promises validity, and the type is transparent.
                    unsafe { &*ptr.cast() }
                }

                /// Returns a raw pointer to the C structure.
                #[inline]
                pub fn as_ptr(&self) -> *mut bindings::$c {
                    self.0.get()
                }
            }

            impl_namespace!(
                $name,
                NsType::$type,
                put: bindings::$put,
                common: |$ptr| $common
            );
        )?)*
    };
}

namespaces! {
    /// Offsets of the monotonic and the boot clock.
    Time = CLONE_NEWTIME if CONFIG_TIME_NS;
    TimeNamespace(time_namespace, put: put_time_ns, common: |ns| &raw const (*ns).ns),

    /// A tree of mounts.
    Mnt = CLONE_NEWNS if all();
    MntNamespace(mnt_namespace, put: put_mnt_ns, common: |ns| bindings::from_mnt_ns(ns)),

    /// The roots of the cgroup hierarchies.
    Cgroup = CLONE_NEWCGROUP if CONFIG_CGROUPS;
    CgroupNamespace(cgroup_namespace, put: put_cgroup_ns, common: |ns| &raw const (*ns).ns),

    /// Host name and domain name.
    Uts = CLONE_NEWUTS if CONFIG_UTS_NS;
    UtsNamespace(uts_namespace, put: put_uts_ns, common: |ns| &raw const (*ns).ns),

    /// System V IPC objects and POSIX message queues.
    Ipc = CLONE_NEWIPC if CONFIG_IPC_NS;
    IpcNamespace(ipc_namespace, put: put_ipc_ns, common: |ns| &raw const (*ns).ns),

    /// User and group IDs, and capabilities. Every other namespace is owned by one of these.
    User = CLONE_NEWUSER if CONFIG_USER_NS;
    UserNamespace(user_namespace, put: put_user_ns, common: |ns| &raw const (*ns).ns),

    /// PIDs.
    Pid = CLONE_NEWPID if CONFIG_PID_NS,

    /// Network devices, addresses, ports.
    Net = CLONE_NEWNET if CONFIG_NET_NS;
    NetNamespace(net, put: put_net, common: |ns| &raw const (*ns).ns),
}

impl NsTypes {
    /// Returns the types in `bits`, ignoring other bits.
    #[inline]
    pub const fn from_bits_truncate(bits: u64) -> Self {
        Self(bits & Self::all_bits())
    }

    /// Returns the types in `bits`, or [`None`] if it has other bits.
    #[inline]
    pub const fn from_bits(bits: u64) -> Option<Self> {
        if bits & !Self::all_bits() == 0 {
            Some(Self(bits))
        } else {
            None
        }
    }

    /// Returns all types but `kind`.
    #[inline]
    pub const fn without(self, kind: NsType) -> Self {
        Self(self.0 & !(kind as u64))
    }

    /// Returns whether the set is empty.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns the set as `CLONE_NEW*` flags.
    #[inline]
    pub const fn bits(self) -> u64 {
        self.0
    }
}
