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
sed -i '/pid_namespace/d' "$list"
check 'which is missed' prints 'kernel/pid_namespace.o is not linked' linked c
without() { "$SCRIPTS/linked" --no-pid-ns c "$list"; }
check 'but not where there are none' without
sed -i '/pid.o/d' "$list"
check 'where the others must be' prints 'kernel/pid.o is not linked' without
printf '%s\n' kernel/{nsproxy,pid,pid_namespace}.o >"$list"
check 'and that one must not' prints 'kernel/pid_namespace.o is linked' without

printf '%s\n' kernel/pid.o "$rust" >"$list"
check 'both is wrong' prints 'kernel/pid.o is linked' linked rust
check 'and so is it for C' not linked c

printf '%s\n' kernel/fork.o >"$list"
check 'neither is wrong' not linked rust

# The link's map.
printf '%s\n' kernel/fork.o "$rust" >"$list"
mapped() { "$SCRIPTS/linked" "$1" "$list" "$WORK"/{map,symbols}; }
# usage: make_map "OBJECT SYMBOL..." ...; as lld writes one
make_map() {
	local words
	{
		echo '             VMA              LMA     Size Align Out     In      Symbol'
		echo 'ffffffff81000000          1000000   96f550  4096 .text'
		while read -ra words; do
			printf 'ffffffff810a6fa0          10a6fa0       80    16         vmlinux.a(%s):(.text)\n' "${words[0]}"
			printf 'ffffffff810a6fa0          10a6fa0       40     1                 %s\n' "${words[@]:1}"
		done < <(printf '%s\n' "$@")
	} >"$WORK/map"
}
printf '# Wanted.\n\nalloc_pid EXPORT_SYMBOL\nswitch_it\n__x64_sys_setns\n' >"$WORK/symbols"
glue='kernel/pidns/pidns/glue.o __x64_sys_setns'
pidns='kernel/pidns/pidns/lib.o alloc_pid'
nsproxy='kernel/pidns/nsproxy/lib.o switch_it'
make_map 'kernel/fork.o fork alloc' "$glue" "$pidns" "$nsproxy"
check 'the map is of Rust' mapped rust
make_map "$glue" "$pidns" "$nsproxy" 'kernel/pid.o pid'
check 'an object of C in the map' prints 'kernel/pid.o is in the map' mapped rust
make_map "$pidns" "$nsproxy" 'kernel/sys.o __x64_sys_setns'
check 'one of Rust that is not' prints 'kernel/pidns/pidns/glue.o is not in the map
__x64_sys_setns comes from kernel/sys.o' mapped rust
make_map "$glue" "$pidns" "$nsproxy" 'rust/kernel.o switch_it'
check 'a symbol of another object' prints 'switch_it comes from rust/kernel.o' mapped rust
check 'and that is an error' not mapped rust
make_map "$glue" "$pidns" "${nsproxy% *}"
check 'a symbol of none' prints 'switch_it comes from nothing' mapped rust

printf '%s\n' kernel/nsproxy.o kernel/pid.o kernel/pid_namespace.o >"$list"
make_map 'kernel/nsproxy.o switch_it __x64_sys_setns' 'kernel/pid.o alloc_pid' kernel/pid_namespace.o
check 'the map is of C' mapped c

finish
