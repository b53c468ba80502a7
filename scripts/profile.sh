#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: profile.sh OPERATION [LEVEL]
#
# Where the instructions of an operation of tools/testing/bench/bench.c go, function
# by function, C beside Rust.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/toolchain.sh"
. "$(dirname "$0")/tree.sh"
. "$(dirname "$0")/counting.sh"

# For so many seconds the guest's instructions are logged.
LONG=${TIMEOUT:-4}
# Seconds that all else may take: the guest's boot, and to read what was logged.
REST=900

# usage: run_on IMPL; what it counted is in $CACHE/log/profile-IMPL.txt
run_on() {
	local IMPL=$1 out=$CACHE/log/profile-$1.txt limit=$((LONG + REST)) status=0
	run_child env "IMPL=$IMPL" "${HARNESS[@]}" pidns kernel
	use_tree "$IMPL"
	pack_bench "$WORK"
	note "looking (IMPL=$IMPL)"
	"llvm-nm-$LLVM_MAJOR" --demangle "$BUILD/vmlinux" >"$WORK/symbols"
	run_child timeout -k 10 "$limit" "$TOP/scripts/profile" count "$operation" "$LONG" "$WORK" "${COUNTING[@]}" \
		-kernel "$BUILD/arch/x86/boot/bzImage" -initrd "$WORK/initramfs" \
		-append "$STILL BENCH_LOOP=$operation BENCH_LEVEL=$level" >"$out" || status=$?
	case $status in
	0) ;;
	124 | 137) die "the guest was not done with $operation within $limit s and was stopped (IMPL=$IMPL)" ;;
	*) exit "$status" ;;
	esac
}

operation=${1:-} level=${2:-}
level=${level:-0}
[[ $operation =~ ^[a-z0-9_-]+$ && $level =~ ^[0-9]{1,2}$ && $((10#$level)) -le 31 ]] ||
	die "say what to look at, as in: make profile OP=newpid LEVEL=1"
"$TOP/scripts/profile" knows "$operation" ||
	die "OP=$operation is not known; there are: $("$TOP/scripts/profile" knows)"
on_both run_on
"$TOP/scripts/profile" table "$CACHE"/log/profile-{c,rust}.txt
note "all functions are in $CACHE/log/profile-c.txt and profile-rust.txt"
