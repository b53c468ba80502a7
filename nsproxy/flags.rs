// SPDX-License-Identifier: GPL-2.0

//! What the flags of a system call ask of the namespaces.

use kernel::{
    ns::{
        MntContents,
        NsType,
        NsTypes, //
    },
    prelude::*,
    uapi,
};

/// What a clone or an unshare asks for.
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
    /// There the flag for an empty mount namespace has the bit of a clone flag that unshare has no
    /// use for; clone's own is beyond the 32 bits that unshare takes.
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

    /// The types of namespaces to be made.
    #[inline]
    pub(crate) fn types(&self) -> NsTypes {
        NsTypes::from_bits_truncate(self.flags)
    }

    /// Whether a namespace is asked for that belongs to a proxy; the user namespace belongs to the
    /// credentials.
    #[inline]
    pub(crate) fn wants_new(&self) -> bool {
        !self.types().without(NsType::User).is_empty()
    }

    /// Whether parent and child share the address space, and so the clocks that it shows.
    #[inline]
    pub(crate) fn shares_vm(&self) -> bool {
        self.flags & u64::from(uapi::CLONE_VM) != 0
    }

    /// Whether a new IPC namespace would come with an undo list of semaphores in the old one.
    #[inline]
    pub(crate) fn new_ipc_with_shared_undo(&self) -> bool {
        let both = u64::from(uapi::CLONE_NEWIPC | uapi::CLONE_SYSVSEM);

        self.flags & both == both
    }

    /// What a new mount namespace starts with.
    #[inline]
    pub(crate) fn mnt_contents(&self) -> MntContents {
        if self.flags & uapi::CLONE_EMPTY_MNTNS != 0 {
            MntContents::RootOnly
        } else {
            MntContents::Copy
        }
    }
}

/// Returns the types that `setns(2)` is to join of a process.
///
/// Returns `EINVAL` for none, for a bit that names no type, and for a type that this kernel cannot
/// make a second one of.
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
    fn clone_without_namespace_flags_wants_nothing() {
        let thread = u64::from(uapi::CLONE_VM | uapi::CLONE_THREAD | uapi::CLONE_SYSVSEM);

        assert!(!Request::of_clone(0).wants_new());
        assert!(!Request::of_clone(thread).wants_new());
        assert!(Request::of_clone(thread).shares_vm());
        assert!(!Request::of_clone(0).shares_vm());
    }

    #[test]
    fn user_namespace_alone_is_not_the_proxys() {
        assert!(!Request::of_clone(NEWUSER).wants_new());
        assert!(Request::of_clone(NEWUSER | NEWPID).wants_new());
        assert!(Request::of_clone(NEWUSER | NEWPID)
            .types()
            .contains(NsType::User));
    }

    #[test]
    fn every_other_type_is_the_proxys() {
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
    fn ipc_with_undo_needs_both() {
        let ipc = u64::from(uapi::CLONE_NEWIPC);
        let undo = u64::from(uapi::CLONE_SYSVSEM);

        assert!(!Request::of_clone(ipc).new_ipc_with_shared_undo());
        assert!(!Request::of_clone(undo).new_ipc_with_shared_undo());
        assert!(Request::of_clone(ipc | undo | NEWPID).new_ipc_with_shared_undo());
    }

    #[test]
    fn empty_mounts_have_two_spellings() {
        let newns = u64::from(uapi::CLONE_NEWNS);
        let shared_bit = u64::from(uapi::UNSHARE_EMPTY_MNTNS);

        // The bit means something else to clone.
        assert_eq!(uapi::UNSHARE_EMPTY_MNTNS, uapi::CLONE_PARENT_SETTID);
        assert_eq!(
            Request::of_clone(newns | shared_bit).mnt_contents(),
            MntContents::Copy
        );
        assert_eq!(
            Request::of_unshare(newns | shared_bit).mnt_contents(),
            MntContents::RootOnly
        );
        assert_eq!(Request::of_unshare(newns).mnt_contents(), MntContents::Copy);
        assert_eq!(
            Request::of_clone(newns | uapi::CLONE_EMPTY_MNTNS).mnt_contents(),
            MntContents::RootOnly
        );
        assert!(!Request::of_unshare(shared_bit).wants_new());
    }

    #[test]
    fn setns_takes_only_supported_types() {
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
    fn setns_rejects_the_whole_if_a_part_is_unknown() {
        let newns = uapi::CLONE_NEWNS as c_int;

        assert_eq!(types_to_join(newns).ok(), Some(NsTypes::from(NsType::Mnt)));
        assert_eq!(
            types_to_join(newns | uapi::CLONE_FILES as c_int).err(),
            Some(EINVAL)
        );
        // The sign bit is a clone flag, and stays one when widened.
        assert_eq!(types_to_join(newns | c_int::MIN).err(), Some(EINVAL));
    }
}
