// SPDX-License-Identifier: GPL-2.0

//! The deliberate mistake that is made. Only in the kernel of `make mutants`.

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

/// Returns whether the mistake with this number is to be made.
#[inline]
pub fn on(number: c_int) -> bool {
    // SAFETY: The variable is static, and only accessed by single loads and stores.
    unsafe { Atomic::from_ptr(&raw mut pidns_mutant) }.load(Relaxed) == number
}
