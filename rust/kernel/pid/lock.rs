// SPDX-License-Identifier: GPL-2.0

//! The lock that numbers are given and taken back under.

use crate::{
    prelude::*,
    sync::{
        global_lock,
        GlobalGuard, //
    },
    types::NotThreadSafe, //
};

global_lock! {
    // SAFETY: `PidmapLock::init()` is called at boot, before the first identifier is made.
    #[expect(non_upper_case_globals)]
    unsafe(uninit) static pidmap_lock: SpinLock<()> = ();
}

/// Evidence that the lock is held which guards the numbers of all namespaces, and how many of them
/// are taken.
///
/// Nothing may sleep under it. It is taken inside of `tasklist_lock` by nobody: neither lock is
/// taken while the other is held.
///
/// # Examples
///
/// ```
/// use kernel::{
///     pid::PidmapLock,
///     pid_namespace::PidNamespace, //
/// };
///
/// let lock = PidmapLock::lock();
/// let closed = PidNamespace::initial().is_closed(&lock);
/// drop(lock);
/// assert!(!closed);
/// ```
pub struct PidmapLock {
    _guard: GlobalGuard<pidmap_lock>,
    _not_sync: NotThreadSafe,
}

impl PidmapLock {
    /// Makes the lock usable.
    ///
    /// # Safety
    ///
    /// It must be called once, at boot, before the first [`Self::lock`].
    pub unsafe fn init() {
        // SAFETY: The caller promises that this is the only call.
        unsafe { pidmap_lock.init() };
    }

    /// Takes the lock.
    #[inline]
    pub fn lock() -> Self {
        Self {
            _guard: pidmap_lock.lock(),
            _not_sync: NotThreadSafe,
        }
    }
}
