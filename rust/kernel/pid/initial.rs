// SPDX-License-Identifier: GPL-2.0

//! The identifier that exists before there is an allocator: that of the idle tasks.

use super::Upid;
use crate::{
    bindings,
    types::Opaque, //
};

/// A process identifier with one number, 0, for a `static`.
///
/// It is in the table of no namespace and never freed.
#[repr(C)]
pub struct InitialPid {
    header: Opaque<bindings::pid>,
    number: Upid,
}

// SAFETY: As for every `Pid`, what is shared is constant or synchronised by the functions called.
unsafe impl Sync for InitialPid {}

impl InitialPid {
    /// Makes the identifier, in the initial namespace.
    pub const fn new() -> Self {
        // SAFETY: All zeroes is a valid value: an unlocked lock, empty lists.
        let mut header: bindings::pid = unsafe { core::mem::zeroed() };
        header.count.refs.counter = 1;

        const {
            assert!(core::mem::offset_of!(InitialPid, number) == size_of::<bindings::pid>());
        }
        Self {
            header: Opaque::new(header),
            // INVARIANT: The initial namespace is valid for ever.
            number: Upid(bindings::upid {
                nr: 0,
                ns: &raw mut bindings::init_pid_ns,
            }),
        }
    }
}

impl Default for InitialPid {
    fn default() -> Self {
        Self::new()
    }
}
