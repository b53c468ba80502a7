// SPDX-License-Identifier: GPL-2.0

//! Which mistake is made. Part of the mutants' kernel only.

use crate::{
    ffi::c_int,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
};

extern "C" {
    static mut pidns_mutant: c_int;
}

/// Tells whether the mistake of this number is to be made.
#[inline]
pub fn on(number: c_int) -> bool {
    // SAFETY: The variable is always there, and only accessed in one piece.
    unsafe { Atomic::from_ptr(&raw mut pidns_mutant) }.load(Relaxed) == number
}
