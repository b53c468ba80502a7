# SPDX-License-Identifier: GPL-2.0
"""Each forbidden thing is found where it is code, and only there."""

from ..policy import faults
from .kernel_tree import FolderTest, write

BAD = r"""
fn f() { unsafe { g() } }
unsafe impl Send for X {}
fn f(x: *const u8) {}
fn f(x: * mut u8) {}
let x = &raw const y;
let x: NonNull<u8> = y;
use kernel::bindings;
let x = bindings::task_struct::default();
macro_rules! f { () => {} }
#![allow(unsafe_code)]
#[expect(unsafe_code)]
#[allow(dead_code, unsafe_code)]
let x = '"'; unsafe { g() } // "
let x = 'a: loop { unsafe { g() } };
/* a /* nested */ comment */ unsafe { g() }
let x = r#"a " b"#; unsafe { g() }
let x = kernel::current!();
container_of!(p, T, f);
container_of !(p, T, f);
let x = core::ptr::null::<u8>();
let x = ptr::from_ref(x).cast();
use core::ptr::{eq, null};
use core::ptr as p;
let x = y.into_raw();
let x = y.as_ref_ptr();
let x: AtomicPtr<u8> = y;
let x: Opaque<u8> = y;
#[no_mangle] fn f() {}
#[export] fn f() {}
#[vtable] impl T for X {}
#[other::inline] fn f() {}
#[cfg_attr(CONFIG_NET, export)] fn f() {}
#![feature(x)]
# [unsafe(no_mangle)] fn f() {}
#[derive(Zeroable)] struct X;
#[derive(Clone, kernel::Zeroable)] struct X;
"""
GOOD = r"""
// unsafe { bindings::f(x as *const u8) }
/// Like `macro_rules!`, without `unsafe`.
/* unsafe /* *mut */ bindings::f */
let x = "unsafe *mut bindings::f";
let x = r#"unsafe " *mut "#;
#![deny(unsafe_code)]
#[expect(unsafe_code, reason = "the boundary to C")] mod abi;
#[expect(unsafe_code, reason = "the mechanism below the policy")] mod raw;
let area = width * mutual; let rebindings = 1;
fn f<'a>(x: &'a str) -> &'a str { x }
assert!(a != b); assert_eq!(a, b); if !(a) {}
while !(a) { return !(b); } match !(a) { _ => {} }
use core::ptr; let x = ptr::eq(a, b) || core::ptr::eq(a, b);
let x = RebootCommand::from_raw(y); let ptrace = 1;
#[derive(Clone, Copy, Debug, PartialEq, Eq)] #[inline(never)] struct X;
#[cfg(not(any(CONFIG_NET, CONFIG_SYSVIPC)))] #[kunit_tests(x)] mod x { #[test] fn f() {} }
#[expect(dead_code, reason = "why")] fn f() {}
"""
DENY = "#![deny(unsafe_code)]"
UNSAFE = "fn f() { unsafe { bindings::f() } }\n"


class PolicyTest(FolderTest):
    def setUp(self) -> None:
        super().setUp()
        self.top = self.folder
        write(self.top, {"pidns/lib.rs": DENY, "nsproxy/lib.rs": DENY})

    def found(self, text: str, name: str = "nsproxy/lib.rs") -> list[str]:
        write(self.top, {name: text})
        return list(faults(self.top))

    def among(self, line: str) -> list[str]:
        return self.found(f"//! Docs.\n\n{DENY}\nfn before() {{}}\n{line}\nfn after() {{}}\n")

    def test_found(self) -> None:
        for line in BAD.strip().splitlines():
            found = self.among(line)
            self.assertTrue(found, line)
            for fault in found:
                self.assertTrue(fault.startswith("nsproxy/lib.rs:5: "), fault)

    def test_not_found(self) -> None:
        for line in GOOD.strip().splitlines():
            self.assertEqual(self.among(line), [], line)

    def test_what_a_line_break_parts(self) -> None:
        for text, name in (
            ("kernel::container_of\n!(p, T, f);", "container_of!"),
            ("#[derive(\nClone,\nZeroable,\n)]\nstruct X;", "derive(Zeroable)"),
        ):
            [fault] = self.found(f"{DENY}\n{text}\n")
            self.assertTrue(fault.startswith(f"nsproxy/lib.rs:2: {name} is not among"), fault)

    def test_deny(self) -> None:
        fault = "nsproxy/lib.rs: #![deny(unsafe_code)] is missing; the compiler needs it"
        for line in ("", "#![warn(unsafe_code)]", f"// {DENY}"):
            self.assertIn(fault, self.found(line))
        (self.top / "nsproxy/lib.rs").unlink()
        self.assertEqual(list(faults(self.top)), [fault])

    def test_folders(self) -> None:
        for name in ("abi.rs", "abi/x.rs", "raw.rs", "raw/x.rs"):
            self.assertEqual(self.found(UNSAFE, f"nsproxy/{name}"), [])
        self.assertTrue(self.found(UNSAFE, "pidns/deep/x.rs"))

    def test_glue(self) -> None:
        text = "int f(int x) { return x ? 1 : 2; } /* if */\n"
        decision = "pidns/glue.c:1: ?: a decision, which belongs in Rust"
        self.assertEqual(self.found(text, "pidns/glue.c"), [decision])
        text = "/* x\n */\nint x;\n\n" * 119 + "int x; // y\n"
        self.assertEqual(self.found(text, "pidns/glue.c"), [])
        self.assertIn("121 lines without", self.found(text + "int x;\n", "pidns/glue.c")[0])
