// SPDX-License-Identifier: GPL-2.0

//! The flags of clone, unshare and setns.

use kernel::{
    ns::{
        NsType,
        NsTypes, //
    },
    prelude::*,
    uapi,
};

/// The flags of a clone or an unshare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    flags: u64,
}

impl Request {
    /// Reads the flags of `clone(2)`.
    #[inline]
    pub(crate) fn of_clone(flags: u64) -> Self {
        Self { flags }
    }

    /// Reads the flags of `unshare(2)`.
    ///
    /// `UNSHARE_EMPTY_MNTNS` is the bit of a clone flag that unshare does not take; it is turned
    /// into clone's own flag, which does not fit in the 32 bits of unshare's.
    #[inline]
    pub(crate) fn of_unshare(flags: u64) -> Self {
        let unshare_empty = u64::from(uapi::UNSHARE_EMPTY_MNTNS);

        Self {
            flags: if flags & unshare_empty != 0 {
                flags & !unshare_empty | uapi::CLONE_EMPTY_MNTNS
            } else {
                flags
            },
        }
    }

    /// The types of namespaces to create.
    #[inline]
    pub(crate) fn types(&self) -> NsTypes {
        NsTypes::from_bits_truncate(self.flags)
    }

    /// Whether a new nsproxy is needed; the user namespace belongs to the credentials.
    #[inline]
    pub(crate) fn wants_new(&self) -> bool {
        !self.types().without(NsType::User).is_empty()
    }

    /// Whether parent and child share the address space, and so its clock pages.
    #[inline]
    pub(crate) fn shares_vm(&self) -> bool {
        self.flags & u64::from(uapi::CLONE_VM) != 0
    }

    /// Whether a new IPC namespace would come with an undo list for semaphores of the old one.
    #[inline]
    pub(crate) fn newipc_with_sysvsem(&self) -> bool {
        let both = u64::from(uapi::CLONE_NEWIPC | uapi::CLONE_SYSVSEM);

        self.flags & both == both
    }

    /// The flags, as those of clone.
    #[inline]
    pub(crate) fn flags(&self) -> u64 {
        self.flags
    }
}

/// Returns the types of namespaces that `setns(2)` joins with a pidfd.
///
/// Returns `EINVAL` for none, for a bit that names no type, and for a type that this kernel does
/// not support.
///
/// C counterpart: `check_setns_flags()`.
pub(crate) fn types_to_join(flags: c_int) -> Result<NsTypes> {
    // CAST: A negative number has bits set that name no type.
    let types = NsTypes::from_bits(i64::from(flags) as u64).ok_or(EINVAL)?;

    if types.is_empty() || !NsTypes::supported().contains_all(types) {
        return Err(EINVAL);
    }
    Ok(types)
}

#[cfg(CONFIG_PIDNS_KUNIT_TEST)]
#[kunit_tests(nsproxy_flags)]
mod tests {
    use super::*;

    const NEWPID: u64 = uapi::CLONE_NEWPID as u64;
    const NEWUSER: u64 = uapi::CLONE_NEWUSER as u64;
    const NEWTIME: u64 = uapi::CLONE_NEWTIME as u64;

    #[test]
    fn clone_without_flags_shares_nsproxy() {
        let thread = u64::from(uapi::CLONE_VM | uapi::CLONE_THREAD | uapi::CLONE_SYSVSEM);

        assert!(!Request::of_clone(0).wants_new());
        assert!(!Request::of_clone(thread).wants_new());
        assert!(Request::of_clone(thread).shares_vm());
        assert!(!Request::of_clone(0).shares_vm());
    }

    #[test]
    fn newuser_alone_shares_nsproxy() {
        assert!(!Request::of_clone(NEWUSER).wants_new());
        assert!(Request::of_clone(NEWUSER | NEWPID).wants_new());
        assert!(Request::of_clone(NEWUSER | NEWPID)
            .types()
            .contains(NsType::User));
    }

    #[test]
    fn other_types_need_new_nsproxy() {
        let mut bit = 1u64;
        let mut seen = 0;

        while bit != 0 {
            if Request::of_clone(bit).wants_new() {
                seen += 1;
            }
            bit <<= 1;
        }
        assert_eq!(seen, 7);
        assert!(Request::of_clone(NEWTIME).wants_new());
    }

    #[test]
    fn newipc_conflicts_with_sysvsem() {
        let ipc = u64::from(uapi::CLONE_NEWIPC);
        let undo = u64::from(uapi::CLONE_SYSVSEM);

        assert!(!Request::of_clone(ipc).newipc_with_sysvsem());
        assert!(!Request::of_clone(undo).newipc_with_sysvsem());
        assert!(Request::of_clone(ipc | undo | NEWPID).newipc_with_sysvsem());
    }

    #[test]
    fn unshare_empty_mntns_flag() {
        let newns = u64::from(uapi::CLONE_NEWNS);
        let unshare_bit = u64::from(uapi::UNSHARE_EMPTY_MNTNS);
        let empty = newns | uapi::CLONE_EMPTY_MNTNS;

        // For clone the bit means something else.
        assert_eq!(uapi::UNSHARE_EMPTY_MNTNS, uapi::CLONE_PARENT_SETTID);
        for flags in [newns, newns | unshare_bit, empty] {
            assert_eq!(Request::of_clone(flags).flags(), flags);
        }
        assert_eq!(Request::of_unshare(newns | unshare_bit).flags(), empty);
        assert_eq!(Request::of_unshare(newns).flags(), newns);
        assert!(!Request::of_unshare(unshare_bit).wants_new());
    }

    #[test]
    fn setns_accepts_supported_types_only() {
        assert_eq!(types_to_join(0).err(), Some(EINVAL));
        assert_eq!(types_to_join(-1).err(), Some(EINVAL));
        assert_eq!(types_to_join(uapi::CLONE_VM as c_int).err(), Some(EINVAL));

        let mut bit = 1u32;
        while bit != 0 {
            let kind = NsTypes::from_bits_truncate(bit.into());
            let known = !kind.is_empty() && NsTypes::supported().contains_all(kind);

            assert_eq!(types_to_join(bit as c_int).is_ok(), known);
            bit <<= 1;
        }
    }

    #[test]
    fn setns_rejects_unknown_bits() {
        let newns = uapi::CLONE_NEWNS as c_int;

        assert_eq!(types_to_join(newns).ok(), Some(NsTypes::from(NsType::Mnt)));
        assert_eq!(
            types_to_join(newns | uapi::CLONE_FILES as c_int).err(),
            Some(EINVAL)
        );
        // Sign extension sets bits that name no type.
        assert_eq!(types_to_join(newns | c_int::MIN).err(), Some(EINVAL));
    }
}
