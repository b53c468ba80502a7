// SPDX-License-Identifier: GPL-2.0

//! The set of sysctls of a PID namespace, as the sysctl core knows it.
//!
//! C header: [`include/linux/sysctl.h`](srctree/include/linux/sysctl.h)

use super::{
    super::new::PidNsObject,
    PidSysctlPolicy, //
};
use crate::{
    bindings,
    container_of,
    current,
    ns::UserNamespace,
    pid_namespace::PidNamespace,
    prelude::*,
    sysctl::is_built_in,
    types::Opaque, //
};
use core::{
    marker::PhantomData,
    mem::{
        offset_of,
        size_of, //
    },
    ptr, //
};

/// Wraps the kernel's `struct ctl_table_root`: what the sets of all PID namespaces share.
///
/// It is made for a `static`, of which there should be one: sets of different roots exclude each
/// other.
///
/// # Invariants
///
/// All functions are those of one policy, and the default set is empty.
#[repr(transparent)]
pub struct PidSysctlRoot(Opaque<bindings::ctl_table_root>);

// SAFETY: Nobody changes the root, and its functions may be called from any thread.
unsafe impl Sync for PidSysctlRoot {}

impl PidSysctlRoot {
    /// Makes the root for the policy `P`, for use in a `static`.
    pub const fn new<P: PidSysctlPolicy>() -> Self {
        // INVARIANT: The functions are those of `P`.
        Self(Opaque::new(bindings::ctl_table_root {
            default_set: pin_init::zeroed(),
            lookup: Some(Thunks::<P>::lookup),
            set_ownership: Some(Thunks::<P>::set_ownership),
            permissions: Some(Thunks::<P>::permissions),
        }))
    }
}

/// The functions that C calls.
struct Thunks<P>(PhantomData<P>);

impl<P: PidSysctlPolicy> Thunks<P> {
    /// Returns the set that the current task sees, or null if there is none.
    ///
    /// The task lives in the namespace, which stays as long as it does: it is not for the policy
    /// to say otherwise.
    fn seen() -> *mut bindings::ctl_table_set {
        let ns = current!().active_pid_ns().map(|ns| ns.as_ptr());
        // SAFETY: The namespace was valid just now, and only an address is computed.
        ns.map_or(ptr::null_mut(), |ns| unsafe { &raw mut (*ns).set })
    }

    /// Returns the owner of the namespace that a table or folder belongs to.
    ///
    /// # Safety
    ///
    /// `head` must be in the set of a PID namespace, which must not be freed as long as the result
    /// is used.
    unsafe fn owner<'a>(head: *mut bindings::ctl_table_header) -> &'a UserNamespace {
        // SAFETY: The caller promises a set that is part of a namespace, whose owner never changes
        // and is kept until the namespace is freed.
        unsafe {
            let ns = container_of!((*head).set, bindings::pid_namespace, set);
            UserNamespace::from_ptr((*ns).user_ns)
        }
    }

    /// # Safety
    ///
    /// * `root` is a [`PidSysctlRoot`] made for `P`.
    unsafe extern "C" fn lookup(
        root: *mut bindings::ctl_table_root,
    ) -> *mut bindings::ctl_table_set {
        let set = Self::seen();

        if set.is_null() {
            // SAFETY: The caller promises a valid root, and only an address is computed.
            unsafe { &raw mut (*root).default_set }
        } else {
            set
        }
    }

    /// # Safety
    ///
    /// * There is nothing to be kept: the set is only compared.
    unsafe extern "C" fn is_seen(set: *mut bindings::ctl_table_set) -> c_int {
        c_int::from(ptr::eq(Self::seen(), set))
    }

    /// # Safety
    ///
    /// * `head` is in use, and in a set made by [`register`] for `P`.
    /// * `uid` and `gid` are valid for writes.
    unsafe extern "C" fn set_ownership(
        head: *mut bindings::ctl_table_header,
        uid: *mut bindings::kuid_t,
        gid: *mut bindings::kgid_t,
    ) {
        // SAFETY: Such a set is part of a namespace. Somebody lives in it, or `head` has an inode;
        // then `unregister` waits until `head` is no longer in use before anything is freed.
        let (user, group) = P::owner(unsafe { Self::owner(head) });

        if let Some(user) = user {
            // SAFETY: The caller promises that it is valid for writes.
            unsafe { *uid = user.into_raw() };
        }
        if let Some(group) = group {
            // SAFETY: As above.
            unsafe { *gid = group.into_raw() };
        }
    }

    /// # Safety
    ///
    /// * `head` is in use, and in a set made by [`register`] for `P`.
    /// * `table` is valid.
    unsafe extern "C" fn permissions(
        head: *mut bindings::ctl_table_header,
        table: *const bindings::ctl_table,
    ) -> c_int {
        // SAFETY: As in `set_ownership`.
        let user_ns = unsafe { Self::owner(head) };
        // SAFETY: The caller promises a valid table.
        let mode = unsafe { (*table).mode };

        c_int::from(P::mode(current!(), user_ns, mode))
    }
}

/// The table of the initial namespace, which is in no [`PidNsObject`].
struct InitialTable(Opaque<bindings::ctl_table>);

// SAFETY: Only `register` writes it, before anybody else knows it.
unsafe impl Sync for InitialTable {}

static INITIAL: InitialTable = InitialTable(Opaque::uninit());

/// Returns the memory for the table of `ns`.
fn table_of(ns: *mut bindings::pid_namespace) -> *mut bindings::ctl_table {
    if ptr::eq(ns, PidNamespace::initial().as_ptr()) {
        INITIAL.0.get()
    } else {
        // Only an address is computed.
        ns.cast::<PidNsObject>()
            .wrapping_byte_add(offset_of!(PidNsObject, table))
            .cast()
    }
}

/// Makes the set of a namespace and fills it.
///
/// Returns `ENOMEM`, and `EINVAL` if the policy is part of a module, and leaves nothing behind
/// then. May sleep.
///
/// # Safety
///
/// * `ns` must be valid for writes and stay at its place: the initial namespace, or one in a
///   [`PidNsObject`].
/// * It must have no sysctls, and nobody else may give it some meanwhile.
/// * They must be taken away by [`unregister`] before the memory is used for anything else.
pub(in crate::ns::pid) unsafe fn register<P: PidSysctlPolicy>(
    ns: *mut bindings::pid_namespace,
) -> Result {
    // The set may live longer than a module, so what it calls must be built in.
    // SAFETY: The root is valid, and nobody changes it.
    let lookup = unsafe { (*P::root().0.get()).lookup };
    if !is_built_in(Thunks::<P>::is_seen as *const ())
        || !lookup.is_some_and(|lookup| is_built_in(lookup as *const ()))
    {
        return Err(EINVAL);
    }
    let (min, max) = P::pid_max_bounds();
    let table = table_of(ns);

    // SAFETY: The caller promises a namespace without sysctls that stays at its place, and so does
    // its table. The root is never freed, and by its invariants has functions that suit the set.
    // The table has one entry; what it points to is there as long as the namespace, or for ever.
    unsafe {
        table.write(bindings::ctl_table {
            procname: c"pid_max".as_char_ptr(),
            data: (&raw mut (*ns).pid_max).cast(),
            maxlen: size_of::<c_int>() as c_int,
            mode: 0o644,
            proc_handler: Some(bindings::proc_dointvec_minmax),
            poll: ptr::null_mut(),
            extra1: min.as_ptr().cast(),
            extra2: ptr::from_ref(max).cast_mut().cast(),
        });
        let set = &raw mut (*ns).set;
        bindings::setup_sysctl_set(set, P::root().0.get(), Some(Thunks::<P>::is_seen));
        let header = bindings::__register_sysctl_table(set, c"kernel".as_char_ptr(), table, 1);
        (*ns).sysctls = header;
        if header.is_null() {
            bindings::retire_sysctl_set(set);
            return Err(ENOMEM);
        }
    }
    Ok(())
}

/// Empties the set of a namespace and gives it up, when nobody uses it any more. May sleep.
///
/// # Safety
///
/// [`register`] must have succeeded for `ns`, and nobody else may do this.
pub(in crate::ns::pid) unsafe fn unregister(ns: *mut bindings::pid_namespace) {
    // SAFETY: The caller promises that `register` succeeded, so the header is valid. Once that is
    // unregistered nobody uses the table any more.
    unsafe {
        bindings::unregister_sysctl_table((*ns).sysctls);
        bindings::retire_sysctl_set(&raw mut (*ns).set);
        (*ns).sysctls = ptr::null_mut();
    }
}
