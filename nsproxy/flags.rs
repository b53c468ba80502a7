// SPDX-License-Identifier: GPL-2.0

//! Flags of clone, unshare and setns.

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
    /// `UNSHARE_EMPTY_MNTNS` reuses the bit of another clone flag. It becomes `CLONE_EMPTY_MNTNS`,
    /// which does not fit in unshare's 32 bits.
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

    /// Returns the types of namespaces to create.
    #[inline]
    pub(crate) fn types(&self) -> NsTypes {
        NsTypes::from_bits_truncate(self.flags)
    }

    /// Returns whether a new nsproxy is needed. The user namespace is in the credentials instead.
    #[inline]
    pub(crate) fn wants_new(&self) -> bool {
        !self.types().without(NsType::User).is_empty()
    }

    /// Returns whether parent and child share the `mm`, and so the VVAR pages.
    #[inline]
    pub(crate) fn shares_vm(&self) -> bool {
        self.flags & u64::from(uapi::CLONE_VM) != 0
    }

    /// Returns whether `CLONE_NEWIPC` is combined with `CLONE_SYSVSEM`.
    #[inline]
    pub(crate) fn newipc_with_sysvsem(&self) -> bool {
        let both = u64::from(uapi::CLONE_NEWIPC | uapi::CLONE_SYSVSEM);

        self.flags & both == both
    }

    /// Returns clone flags.
    #[inline]
    pub(crate) fn flags(&self) -> u64 {
        self.flags
    }
}

/// Returns the types of namespaces that `setns(2)` joins by a pidfd.
///
/// Returns `EINVAL` if `flags` is 0 or has a bit that is not a type, or a type that is configured
/// out.
pub(crate) fn check_setns_flags(flags: c_int) -> Result<NsTypes> {
    // CAST: A negative number has bits set that are not types.
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

        // The same bit is another flag for clone.
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
        assert_eq!(check_setns_flags(0).err(), Some(EINVAL));
        assert_eq!(check_setns_flags(-1).err(), Some(EINVAL));
        assert_eq!(
            check_setns_flags(uapi::CLONE_VM as c_int).err(),
            Some(EINVAL)
        );

        let mut bit = 1u32;
        while bit != 0 {
            let kind = NsTypes::from_bits_truncate(bit.into());
            let known = !kind.is_empty() && NsTypes::supported().contains_all(kind);

            assert_eq!(check_setns_flags(bit as c_int).is_ok(), known);
            bit <<= 1;
        }
    }

    #[test]
    fn setns_rejects_unknown_bits() {
        let newns = uapi::CLONE_NEWNS as c_int;

        assert_eq!(
            check_setns_flags(newns).ok(),
            Some(NsTypes::from(NsType::Mnt))
        );
        assert_eq!(
            check_setns_flags(newns | uapi::CLONE_FILES as c_int).err(),
            Some(EINVAL)
        );
        // Sign extension sets bits that are not types.
        assert_eq!(check_setns_flags(newns | c_int::MIN).err(), Some(EINVAL));
    }
}
