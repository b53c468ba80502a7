// SPDX-License-Identifier: GPL-2.0

//! Tests of null pointers from C, and of reference counts.

use super::{
    pid::{
        lookup::{
            get_pid_task,
            pid_nr_ns,
            pid_task,
            pid_vnr, //
        },
        put_pid,
    },
    pid_namespace::put_pid_ns, //
};
use core::ptr;
use kernel::{
    bindings,
    pid_namespace::PidNamespace,
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{
            Atomic,
            Relaxed, //
        },
    },
};

#[kunit_tests(pidns_abi)]
mod suite {
    use super::*;

    #[test]
    fn null_pid_and_ns() {
        let initial = PidNamespace::initial().as_ptr();

        // SAFETY: These take null.
        unsafe {
            put_pid(ptr::null_mut());
            put_pid_ns(ptr::null_mut());
            assert!(pid_task(ptr::null_mut(), bindings::pid_type_PIDTYPE_PID).is_null());
            assert!(get_pid_task(ptr::null_mut(), bindings::pid_type_PIDTYPE_PID).is_null());
            assert_eq!(pid_nr_ns(ptr::null_mut(), initial), 0);
            assert_eq!(pid_vnr(ptr::null_mut()), 0);
        }
    }

    #[test]
    fn pid_nr_ns_null_ns() {
        // SAFETY: `init_struct_pid` is static, and the namespace may be null.
        let nr = unsafe { pid_nr_ns(&raw mut bindings::init_struct_pid, ptr::null_mut()) };

        assert_eq!(nr, 0);
    }

    #[test]
    fn init_pid_ns_not_counted() {
        let initial = PidNamespace::initial();
        // SAFETY: The namespace is valid, and the count is accessed by single loads and stores.
        let counted = || unsafe {
            let count = &raw mut (*initial.as_ptr())
                .ns
                .__bindgen_anon_1
                .__ns_ref
                .refs
                .counter;
            Atomic::from_ptr(count).load(Relaxed)
        };
        let before = counted();

        let held = ARef::from(initial);
        assert_eq!(counted(), before);
        drop(held);
        // SAFETY: References to the initial namespace are not counted.
        unsafe { put_pid_ns(initial.as_ptr()) };
        assert_eq!(counted(), before);
    }
}
