#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# policy: finds each forbidden thing where it is code, and only there.

. "$(dirname "$0")/check.sh"

mkdir -p "$WORK"/{pidns,nsproxy}
file=$WORK/nsproxy/lib.rs
policy() { "$SCRIPTS/policy" "$WORK"; }
# usage: with LINE COMMAND...; COMMAND, with LINE in the midst of a file
with() {
	printf '//! Docs.\n\n#![deny(unsafe_code)]\nfn before() {}\n%s\nfn after() {}\n' "$1" >"$file"
	shift
	"$@"
}

while read -r line; do
	check "found: $line" with "$line" not policy
	check "at its line: $line" grep -q '^nsproxy/lib.rs:5: ' <(policy)
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
let x = '"'; unsafe { g() } // "
let x = 'a: loop { unsafe { g() } };
/* a /* nested */ comment */ unsafe { g() }
let x = r#"a " b"#; unsafe { g() }
let x = kernel::current!();
container_of!(p, T, f);
EOT
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
let area = width * mutual; let rebindings = 1;
fn f<'a>(x: &'a str) -> &'a str { x }
assert!(a != b); assert_eq!(a, b); if !(a) {}
EOT

with 'fn f() {}' true
mv "$file" "$WORK/nsproxy/abi.rs"
echo 'fn f() { unsafe { bindings::f() } }' >>"$WORK/nsproxy/abi.rs"
check 'abi.rs is exempt' policy
mkdir "$WORK/nsproxy/abi"
echo 'fn f() { unsafe { bindings::f() } }' >"$WORK/nsproxy/abi/x.rs"
check 'the folder of abi.rs is exempt' policy
mkdir "$WORK/pidns/deep"
echo 'unsafe fn f() {}' >"$WORK/pidns/deep/x.rs"
check 'every folder is read' not policy
rm "$WORK/pidns/deep/x.rs"
{ for i in $(seq 119); do printf '/* %s\n */\nint x;\n\n' "$i"; done; echo 'int x; // y'; } >"$WORK/pidns/glue.c"
check 'glue.c may have 120 lines without comments' policy
echo 'int x;' >>"$WORK/pidns/glue.c"
check 'and no more' not policy
finish
