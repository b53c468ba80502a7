#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: bench.sh
#
# What operations cost on both implementations, in instructions: both kernels
# run tools/testing/bench/bench.c on one processor that counts. Also how much memory
# processes and namespaces take, and the code, and, from kernels of their own, for how
# long locks are held. The table is shown, kept as CSV, and drawn; a second one is of
# kernels that are configured as a distribution's.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/toolchain.sh"
. "$(dirname "$0")/tree.sh"
. "$(dirname "$0")/counting.sh"

# usage: text_size; the bytes of machine code in the kernel, without that of KUnit and
# its tests: only the Rust kernel has ours
text_size() {
	"llvm-nm-$LLVM_MAJOR" --print-size --radix=d "$BUILD/vmlinux" |
		awk '$3 ~ /^[tT]$/ && $4 !~ /kunit|doctest|5tests/ { bytes += $2 }
			END { printf "bench text 0 %d %d\n", bytes, bytes }'
}

# usage: count_on IMPL PIDNS_VARIANT OUT [PARAMETER]; boots that kernel and lets it count
count_on() {
	local IMPL=$1 PIDNS_VARIANT=$2 out=$3
	run_child env "IMPL=$IMPL" "PIDNS_VARIANT=$PIDNS_VARIANT" "${HARNESS[@]}" pidns kernel
	use_tree "$IMPL"
	pack_bench "$WORK"
	note "counting (IMPL=$IMPL${PIDNS_VARIANT:+, $PIDNS_VARIANT})"
	run_child timeout -k 10 "${TIMEOUT:-1800}" "${COUNTING[@]}" -kernel "$BUILD/arch/x86/boot/bzImage" \
		-initrd "$WORK/initramfs" -append "$STILL ${4:-}" >"$out" 2>&1 </dev/null || true
	{ grep -q '^bench: done' "$out" && ! grep '^bench: .*: ' "$out" >&2; } || {
		tail -n 20 "$out" >&2
		die "the guest did not come to its end; all that it said is in $out"
	}
}

# usage: run_on IMPL; its figures are in $CACHE/log/bench-IMPL.txt
run_on() {
	local out=$CACHE/log/bench-$1.txt
	count_on "$1" '' "$out"
	use_tree "$1"
	text_size >>"$out"
	# Lockdep, which knows how long locks are held, is for a kernel of its own.
	count_on "$1" locks "${out%.txt}-locks.txt" BENCH_LOCKS=1
	cat "${out%.txt}-locks.txt" >>"$out"
	count_on "$1" distribution "${out%.txt}-distribution.txt"
}

on_both run_on
"$TOP/scripts/bench-table" --csv "$CACHE/log/bench.csv" --svg "$CACHE/log/bench.svg" \
	"$CACHE"/log/bench-{c,rust}.txt
printf '\nConfigured as a distribution does (make distro):\n'
"$TOP/scripts/bench-table" --csv "$CACHE/log/bench-distribution.csv" --svg "$CACHE/log/bench-distribution.svg" \
	"$CACHE"/log/bench-{c,rust}-distribution.txt
note "the figures are in $CACHE/log/bench{,-distribution}.csv, and drawn in .svg of the same names"
