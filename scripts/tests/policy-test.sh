#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# policy: finds each forbidden thing where it is code, and only there.

. "$(dirname "$0")/check.sh"

mkdir -p "$WORK"/{pidns,nsproxy}
file=$WORK/nsproxy/lib.rs
echo '#![deny(unsafe_code)]' >"$WORK/pidns/lib.rs"
policy() { "$SCRIPTS/policy" "$WORK"; }
# usage: with LINE COMMAND...; COMMAND, with LINE in the midst of a file
with() {
	printf '//! Docs.\n\n#![deny(unsafe_code)]\nfn before() {}\n%s\nfn after() {}\n' "$1" >"$file"
	shift
	"$@"
}

while read -r line; do
	check "found: $line" with "$line" not policy
	check "at its line: $line" grep '^nsproxy/lib.rs:5: ' <(policy)
done <<'EOT'
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
EOT
# What a line break parts is one all the same.
printf '%s\n' '#![deny(unsafe_code)]' 'kernel::container_of' '!(p, T, f);' >"$file"
check 'found: a macro on two lines' not policy
check 'at its line' grep '^nsproxy/lib.rs:2: container_of!' <(policy)
printf '%s\n' '#![deny(unsafe_code)]' '#[derive(' 'Clone,' 'Zeroable,' ')]' 'struct X;' >"$file"
check 'found: an attribute on several lines' grep '^nsproxy/lib.rs:2: derive(Zeroable) ' <(policy)
for line in '' '#![warn(unsafe_code)]' '// #![deny(unsafe_code)]'; do
	echo "$line" >"$file"
	check "found: '$line' for #![deny(unsafe_code)]" grep '^nsproxy/lib.rs: #!\[deny(unsafe_code)\] is missing' <(policy)
done
rm "$file"
check 'found: no lib.rs' not policy
while read -r line; do
	check "not found: $line" with "$line" policy
done <<'EOT'
// unsafe { bindings::f(x as *const u8) }
/// Like `macro_rules!`, without `unsafe`.
/* unsafe /* *mut */ bindings::f */
let x = "unsafe *mut bindings::f";
let x = r#"unsafe " *mut "#;
#![deny(unsafe_code)]
#[expect(unsafe_code, reason = "the boundary to C")] mod abi;
#[expect(unsafe_code, reason = "the floor below")] mod raw;
let area = width * mutual; let rebindings = 1;
fn f<'a>(x: &'a str) -> &'a str { x }
assert!(a != b); assert_eq!(a, b); if !(a) {}
while !(a) { return !(b); } match !(a) { _ => {} }
use core::ptr; let x = ptr::eq(a, b) || core::ptr::eq(a, b);
let x = RebootCommand::from_raw(y); let ptrace = 1;
#[derive(Clone, Copy, Debug, PartialEq, Eq)] #[inline(never)] struct X;
#[cfg(not(any(CONFIG_NET, CONFIG_SYSVIPC)))] #[kunit_tests(x)] mod x { #[test] fn f() {} }
#[expect(dead_code, reason = "why")] fn f() {}
EOT

with 'fn f() {}' true
for floor in abi raw; do
	cp "$file" "$WORK/nsproxy/$floor.rs"
	echo 'fn f() { unsafe { bindings::f() } }' >>"$WORK/nsproxy/$floor.rs"
	check "$floor.rs is exempt" policy
	mkdir "$WORK/nsproxy/$floor"
	echo 'fn f() { unsafe { bindings::f() } }' >"$WORK/nsproxy/$floor/x.rs"
	check "the folder of $floor.rs is exempt" policy
done
row() { printf '#![deny(unsafe_code)]\n//! | `%s()` | `X::f`  | `abi/x.rs` |\n' "$1" >"$file"; }
printf '#[export]\n#[inline(never)]\npub(crate) unsafe extern "C" fn g() {}\n' >>"$WORK/nsproxy/abi/x.rs"
row g
check 'the table of lib.rs has what C calls' policy
row h
check 'or it does not' not policy
sed -i s/X::f/X::none/ "$file"
check 'the table names functions' grep 'has none() for h()' <(policy)
with 'fn f() {}' true
mkdir "$WORK/pidns/deep"
echo 'unsafe fn f() {}' >"$WORK/pidns/deep/x.rs"
check 'every folder is read' not policy
rm "$WORK/pidns/deep/x.rs"
echo 'int f(int x) { return x ? 1 : 2; } /* if */' >"$WORK/pidns/glue.c"
check 'glue.c decides nothing' not policy
{ for i in $(seq 119); do printf '/* %s\n */\nint x;\n\n' "$i"; done; echo 'int x; // y'; } >"$WORK/pidns/glue.c"
check 'glue.c may have 120 lines without comments' policy
echo 'int x;' >>"$WORK/pidns/glue.c"
check 'and no more' not policy
finish
