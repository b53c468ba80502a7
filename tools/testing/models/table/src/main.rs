// SPDX-License-Identifier: GPL-2.0

//! Model of the IDR of a PID namespace: the kernel's own writer and reader, run by loom.
//!
//! The files `pidns/raw/idr.rs` and `rust/kernel/ns/pid/idr.rs` are included as they are. What
//! they use of the kernel is here: atomics, RCU and memory in `memory.rs`, the part of `lib/idr.c`
//! that adds and removes nodes in `bindings.rs`, and names in this file.
//!
//! See Documentation/pidns/models.rst.
//!
//! usage: pidns-table-model SCENARIO [MISTAKE]
//!        pidns-table-model list

// The included files are checked by the kernel's own build.
#![allow(dead_code, unexpected_cfgs, unused_unsafe, clippy::all)]

extern crate self as kernel;

#[path = "../../../../../pidns/raw/idr.rs"]
mod idr;
#[path = "../../../../../rust/kernel/ns/pid/idr.rs"]
mod pid_idr;

mod bindings;
mod memory;
mod scenarios;

use std::sync::OnceLock;

/// Name of the planted mistake, if any.
static MISTAKE: OnceLock<String> = OnceLock::new();

/// Returns whether this mistake is chosen. Only copies of the sources with mistakes call it.
pub fn planted(name: &str) -> bool {
    MISTAKE.get().is_some_and(|chosen| chosen == name)
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [list] if list == "list" => {
            for (name, _) in scenarios::ALL {
                println!("{name}");
            }
        }
        [name, mistake @ ..] if mistake.len() < 2 => {
            if let Some(mistake) = mistake.first() {
                let _ = MISTAKE.set(mistake.clone());
            }
            match scenarios::ALL.iter().find(|(known, _)| known == name) {
                Some((_, run)) => run(),
                None => fail("there is no such scenario"),
            }
        }
        _ => fail("usage: pidns-table-model SCENARIO [MISTAKE]"),
    }
}

fn fail(text: &str) -> ! {
    eprintln!("{text}");
    std::process::exit(2);
}

/// Stands for the kernel's modules that the included files use.
pub mod ffi {
    pub use core::ffi::c_void;
}

pub mod types {
    use core::{cell::UnsafeCell, marker::PhantomData};

    /// Memory that C writes.
    #[repr(transparent)]
    pub struct Opaque<T>(UnsafeCell<T>);

    impl<T> Opaque<T> {
        pub fn get(&self) -> *mut T {
            self.0.get()
        }
    }

    pub type NotThreadSafe = PhantomData<*mut ()>;
    #[allow(non_upper_case_globals)]
    pub const NotThreadSafe: NotThreadSafe = PhantomData;
}

pub mod error {
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Error(pub i32);

    pub type Result<T = (), E = Error> = core::result::Result<T, E>;

    pub fn to_result(value: i32) -> Result {
        if value < 0 {
            Err(Error(value))
        } else {
            Ok(())
        }
    }
}

pub mod prelude {
    pub use super::{error::Result, ffi::c_void};
    pub use core::pin::Pin;

    pub trait CStrExt {
        fn as_char_ptr(&self) -> *const core::ffi::c_char;
    }

    impl CStrExt for core::ffi::CStr {
        fn as_char_ptr(&self) -> *const core::ffi::c_char {
            self.as_ptr()
        }
    }
}

pub mod sync {
    pub use super::memory::atomic;

    pub struct LockClassKey;

    impl LockClassKey {
        pub fn as_ptr(&self) {}
    }
}

#[macro_export]
macro_rules! warn_on {
    ($condition:expr) => {
        assert!(!$condition, "WARN_ON");
    };
}

pub mod tasklist {
    use core::marker::PhantomData;

    /// Evidence for RCU or tasklist_lock.
    #[derive(Clone, Copy)]
    pub struct RcuOrTasklist<'a>(pub PhantomData<&'a ()>);
}

pub mod pid {
    use super::{bindings, types::Opaque};

    #[repr(transparent)]
    pub struct Pid(Opaque<bindings::pid>);

    impl Pid {
        /// Reads the pid's memory.
        pub fn nr(&self) -> u32 {
            // SAFETY: The memory stays until the end of the execution.
            unsafe { (*self.0.get()).nr.into() }
        }
    }
}

pub mod pid_namespace {
    use super::{bindings, types::Opaque};

    #[repr(transparent)]
    pub struct PidNamespace(pub Opaque<bindings::pid_namespace>);

    impl PidNamespace {
        pub fn as_ptr(&self) -> *mut bindings::pid_namespace {
            self.0.get()
        }
    }
}

pub mod ns {
    pub mod pid {
        pub use crate::pid_idr::{IdrNode, PidIdr};
    }
}
