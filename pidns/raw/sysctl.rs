// SPDX-License-Identifier: GPL-2.0

//! The sysctl set of each PID namespace: `kernel.pid_max`.
//!
//! C header: [`include/linux/sysctl.h`](srctree/include/linux/sysctl.h)

use kernel::{
    bindings,
    pid_namespace::PidNamespace,
    prelude::*,
    sync::SetOnce, //
};
#[cfg(CONFIG_SYSCTL)]
use {
    super::{
        limits::{
            PID_MAX_MAX,
            PID_MAX_MIN, //
        },
        new_ns::PidNsObject,
    },
    crate::abi::pid::sysctl::{
        pid_table_root_permissions,
        pid_table_root_set_ownership, //
    },
    core::{
        mem::{
            offset_of,
            size_of, //
        },
        ptr,
    },
    kernel::{
        current,
        types::Opaque, //
    },
};

/// Wraps `struct ctl_table_root`.
#[cfg(CONFIG_SYSCTL)]
struct Root(Opaque<bindings::ctl_table_root>);

#[cfg(CONFIG_SYSCTL)]
// SAFETY: The root is constant, and its functions may be called from any thread.
unsafe impl Sync for Root {}

/// The root of all PID namespaces' sets. Those of its functions that call the policy are in `abi`.
///
/// C counterpart: `pid_table_root`.
#[cfg(CONFIG_SYSCTL)]
static ROOT: Root = Root(Opaque::new(bindings::ctl_table_root {
    default_set: pin_init::zeroed(),
    lookup: Some(lookup),
    set_ownership: Some(pid_table_root_set_ownership),
    permissions: Some(pid_table_root_permissions),
}));

/// Returns the set of the current task's active namespace, or null if there is none.
#[cfg(CONFIG_SYSCTL)]
fn seen() -> *mut bindings::ctl_table_set {
    let ns = current!().active_pid_ns().map(PidNamespace::as_ptr);
    // SAFETY: The namespace was valid just now, and this only computes an address.
    ns.map_or(ptr::null_mut(), |ns| unsafe { &raw mut (*ns).set })
}

/// # Safety
///
/// `root` must be valid.
#[cfg(CONFIG_SYSCTL)]
unsafe extern "C" fn lookup(root: *mut bindings::ctl_table_root) -> *mut bindings::ctl_table_set {
    let set = seen();
    if set.is_null() {
        // SAFETY: The caller promises a valid root, and this only computes an address.
        unsafe { &raw mut (*root).default_set }
    } else {
        set
    }
}

/// # Safety
///
/// None: `set` is only compared.
#[cfg(CONFIG_SYSCTL)]
unsafe extern "C" fn is_seen(set: *mut bindings::ctl_table_set) -> c_int {
    c_int::from(ptr::eq(seen(), set))
}

/// The table of the initial namespace, which is in no [`PidNsObject`].
#[cfg(CONFIG_SYSCTL)]
struct InitialTable(Opaque<bindings::ctl_table>);

#[cfg(CONFIG_SYSCTL)]
// SAFETY: Only `register` writes it, before it is visible to others.
unsafe impl Sync for InitialTable {}

#[cfg(CONFIG_SYSCTL)]
static INITIAL: InitialTable = InitialTable(Opaque::uninit());

/// Returns the memory for the table of `ns`.
#[cfg(CONFIG_SYSCTL)]
fn table_of(ns: *mut bindings::pid_namespace) -> *mut bindings::ctl_table {
    if ptr::eq(ns, PidNamespace::initial().as_ptr()) {
        INITIAL.0.get()
    } else {
        // This only computes an address.
        ns.cast::<PidNsObject>()
            .wrapping_byte_add(offset_of!(PidNsObject, table))
            .cast()
    }
}

/// Sets up the sysctl set of a namespace and registers its table. Does nothing without
/// `CONFIG_SYSCTL`.
///
/// Returns `ENOMEM`, with the set retired. May sleep.
///
/// # Safety
///
/// * `ns` must be valid for writes and not move: the initial namespace, or one in a
///   `PidNsObject`.
/// * It must have no sysctls, and nobody else may register any meanwhile.
/// * [`unregister`] must be called before the memory is used for anything else.
pub(crate) unsafe fn register(ns: *mut bindings::pid_namespace) -> Result {
    #[cfg(CONFIG_SYSCTL)]
    // SAFETY: The caller promises a namespace without sysctls that does not move, and neither does
    // its table. The root is static, and its functions are for sets in a namespace. The table has
    // one entry, and what it points to lives as long as the namespace, or is static.
    unsafe {
        let (set, table) = (&raw mut (*ns).set, table_of(ns));
        table.write(bindings::ctl_table {
            procname: c"pid_max".as_char_ptr(),
            data: (&raw mut (*ns).pid_max).cast(),
            maxlen: size_of::<c_int>() as c_int,
            mode: 0o644,
            proc_handler: Some(bindings::proc_dointvec_minmax),
            poll: ptr::null_mut(),
            extra1: PID_MAX_MIN.as_ptr().cast(),
            extra2: (&raw const PID_MAX_MAX).cast_mut().cast(),
        });
        bindings::setup_sysctl_set(set, ROOT.0.get(), Some(is_seen));
        let header = bindings::__register_sysctl_table(set, c"kernel".as_char_ptr(), table, 1);
        (*ns).sysctls = header;
        if header.is_null() {
            bindings::retire_sysctl_set(set);
            return Err(ENOMEM);
        }
    }
    #[cfg(not(CONFIG_SYSCTL))]
    let _ = ns;
    Ok(())
}

/// Registers the sysctls of the initial namespace.
///
/// Returns `ENOMEM`, and `EEXIST` if this has been called before. May sleep.
pub(crate) fn register_initial() -> Result {
    static CALLED: SetOnce<()> = SetOnce::new();

    if !CALLED.populate(()) {
        return Err(EEXIST);
    }
    // SAFETY: The initial namespace is never freed, and this is the first call.
    unsafe { register(PidNamespace::initial().as_ptr()) }
}

/// Unregisters the sysctls of a namespace and retires its set. Waits for users. May sleep.
///
/// # Safety
///
/// [`register`] must have succeeded for `ns`, and this must be the only call.
pub(crate) unsafe fn unregister(ns: *mut bindings::pid_namespace) {
    #[cfg(CONFIG_SYSCTL)]
    // SAFETY: The caller promises that `register` succeeded, so the header is valid. Nobody uses
    // the table after it is unregistered.
    unsafe {
        bindings::unregister_sysctl_table((*ns).sysctls);
        bindings::retire_sysctl_set(&raw mut (*ns).set);
        (*ns).sysctls = ptr::null_mut();
    }
    #[cfg(not(CONFIG_SYSCTL))]
    let _ = ns;
}
