// SPDX-License-Identifier: GPL-2.0

//! The point where a task is slow. Only in the kernel of `make delays`.

use crate::ffi::c_int;

extern "C" {
    fn pidns_delay(number: c_int, sleeps: bool);
}

/// Spins for a while, if the point with this number is to be slow.
#[inline]
pub fn spin(number: c_int) {
    // SAFETY: It only spins, which any context may.
    unsafe { pidns_delay(number, false) };
}

/// Sleeps for a while, if the point with this number is to be slow.
#[inline]
pub fn sleep(number: c_int) {
    // SAFETY: The list of points has those that may sleep.
    unsafe { pidns_delay(number, true) };
}
