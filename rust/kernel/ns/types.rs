// SPDX-License-Identifier: GPL-2.0

//! The types of namespaces, told by their `CLONE_NEW*` flags.
//!
//! C header: [`include/uapi/linux/sched.h`](srctree/include/uapi/linux/sched.h)

use crate::{
    bindings,
    impl_flags, //
};

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

    /// A type of namespace; its value is the flag by which system calls name it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum NsType {
        /// Clock offsets: `CLONE_NEWTIME`.
        Time = bindings::CLONE_NEWTIME as u64,
        /// Mounts: `CLONE_NEWNS`.
        Mnt = bindings::CLONE_NEWNS as u64,
        /// Roots of the control group hierarchies: `CLONE_NEWCGROUP`.
        Cgroup = bindings::CLONE_NEWCGROUP as u64,
        /// Host and domain name: `CLONE_NEWUTS`.
        Uts = bindings::CLONE_NEWUTS as u64,
        /// System V IPC and POSIX message queues: `CLONE_NEWIPC`.
        Ipc = bindings::CLONE_NEWIPC as u64,
        /// Users, groups and capabilities: `CLONE_NEWUSER`.
        User = bindings::CLONE_NEWUSER as u64,
        /// Process identifiers: `CLONE_NEWPID`.
        Pid = bindings::CLONE_NEWPID as u64,
        /// Network devices, addresses, ports: `CLONE_NEWNET`.
        Net = bindings::CLONE_NEWNET as u64,
    }
);

impl NsTypes {
    /// Returns the types named in `bits`, whatever else is set there.
    #[inline]
    pub const fn from_bits_truncate(bits: u64) -> Self {
        Self(bits & Self::all_bits())
    }

    /// Returns the types named in `bits`, or [`None`] if a bit names none.
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

    /// Returns whether no type is in the set.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns the set as `CLONE_NEW*` flags.
    #[inline]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Returns the types that this kernel can make more than one of.
    pub const fn supported() -> Self {
        const fn flag(kind: NsType, configured: bool) -> u64 {
            if configured {
                kind as u64
            } else {
                0
            }
        }

        Self(
            flag(NsType::Mnt, true)
                | flag(NsType::Cgroup, cfg!(CONFIG_CGROUPS))
                | flag(NsType::Ipc, cfg!(CONFIG_IPC_NS))
                | flag(NsType::Net, cfg!(CONFIG_NET_NS))
                | flag(NsType::Pid, cfg!(CONFIG_PID_NS))
                | flag(NsType::Time, cfg!(CONFIG_TIME_NS))
                | flag(NsType::User, cfg!(CONFIG_USER_NS))
                | flag(NsType::Uts, cfg!(CONFIG_UTS_NS)),
        )
    }
}
