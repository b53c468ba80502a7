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
    core::{
        mem::{
            offset_of,
            size_of, //
        },
        ptr,
    },
    kernel::types::Opaque,
};

/// Wraps the `struct ctl_table_root` of all PID namespaces' sets.
///
/// # Invariants
///
/// `is_seen` and the functions of the root are for sets of PID namespaces.
#[cfg(CONFIG_SYSCTL)]
pub(crate) struct PidSysctlRoot {
    root: Opaque<bindings::ctl_table_root>,
    is_seen: unsafe extern "C" fn(*mut bindings::ctl_table_set) -> c_int,
}

/// Empty without `CONFIG_SYSCTL`.
#[cfg(not(CONFIG_SYSCTL))]
pub(crate) struct PidSysctlRoot;

// SAFETY: The root is constant, and its functions may be called from any thread.
#[cfg(CONFIG_SYSCTL)]
unsafe impl Sync for PidSysctlRoot {}

#[cfg(CONFIG_SYSCTL)]
impl PidSysctlRoot {
    /// Returns a root, for use in a `static`.
    ///
    /// # Safety
    ///
    /// The functions must be for sets in a `struct pid_namespace`.
    pub(crate) const unsafe fn new(
        root: bindings::ctl_table_root,
        is_seen: unsafe extern "C" fn(*mut bindings::ctl_table_set) -> c_int,
    ) -> Self {
        // INVARIANT: The caller promises it.
        Self {
            root: Opaque::new(root),
            is_seen,
        }
    }
}

/// The table of the initial namespace, which is in no [`PidNsObject`].
#[cfg(CONFIG_SYSCTL)]
struct InitialTable(Opaque<bindings::ctl_table>);

// SAFETY: Only `register` writes it, before it is visible to others.
#[cfg(CONFIG_SYSCTL)]
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
///   [`PidNsObject`](super::new_ns::PidNsObject).
/// * It must have no sysctls, and nobody else may register any meanwhile.
/// * [`unregister`] must be called before the memory is used for anything else.
pub(crate) unsafe fn register(
    ns: *mut bindings::pid_namespace,
    root: &'static PidSysctlRoot,
) -> Result {
    #[cfg(CONFIG_SYSCTL)]
    // SAFETY: The caller promises a namespace without sysctls that does not move, and neither does
    // its table. The root is static, and by its invariants its functions are for the set. The table
    // has one entry, and what it points to lives as long as the namespace, or is static.
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
        bindings::setup_sysctl_set(set, root.root.get(), Some(root.is_seen));
        let header = bindings::__register_sysctl_table(set, c"kernel".as_char_ptr(), table, 1);
        (*ns).sysctls = header;
        if header.is_null() {
            bindings::retire_sysctl_set(set);
            return Err(ENOMEM);
        }
    }
    #[cfg(not(CONFIG_SYSCTL))]
    let _ = (ns, root);
    Ok(())
}

/// Registers the sysctls of the initial namespace.
///
/// Returns `ENOMEM`, and `EEXIST` if this has been called before. May sleep.
pub(crate) fn register_initial(root: &'static PidSysctlRoot) -> Result {
    static CALLED: SetOnce<()> = SetOnce::new();

    if !CALLED.populate(()) {
        return Err(EEXIST);
    }
    // SAFETY: The initial namespace is never freed, and this is the first call.
    unsafe { register(PidNamespace::initial().as_ptr(), root) }
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
