#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# scripts/linked: tells which implementation the kernel was linked from.

. "$(dirname "$0")/check.sh"

list=$WORK/objects
linked() { "$SCRIPTS/linked" "$1" "$list"; }
rust='kernel/pidns/pidns/glue.o
kernel/pidns/pidns/lib.o
kernel/pidns/nsproxy/lib.o'

printf '%s\n' kernel/fork.o "$rust" >"$list"
check 'Rust is Rust' linked rust
check 'Rust is not C' prints 'kernel/nsproxy.o is not linked
kernel/pid.o is not linked
kernel/pid_namespace.o is not linked
kernel/pidns/nsproxy/lib.o is linked
kernel/pidns/pidns/glue.o is linked
kernel/pidns/pidns/lib.o is linked' linked c

printf '%s\n' kernel/fork.o kernel/nsproxy.o kernel/pid.o kernel/pid_namespace.o >"$list"
check 'C is C' linked c
check 'C is not Rust' not linked rust

printf '%s\n' kernel/pid.o "$rust" >"$list"
check 'both is wrong' prints 'kernel/pid.o is linked' linked rust
check 'and so is it for C' not linked c

printf '%s\n' kernel/fork.o >"$list"
check 'neither is wrong' not linked rust

finish
