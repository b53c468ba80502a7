# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# A guest whose instructions are counted, and what runs in it. Source it after
# tree.sh.

# Nothing may differ between two runs: no clock of the machine, no addresses and
# no seeds by chance. With these features of the processor a string instruction
# would count once for each byte.
COUNTING=(qemu-system-x86_64 -m 2G -smp 1 -accel tcg -cpu 'max,-erms,-fsrm' -icount 'shift=0,sleep=off'
	-seed 1 -rtc 'base=2026-01-01T00:00:00,clock=vm' -vga none -nic none
	-nodefaults -no-reboot -display none -serial stdio)
STILL='console=ttyS0 quiet nokaslr norandmaps randomize_kstack_offset=off slab_nomerge oops=panic panic=-1'

# usage: build_bench FOLDER; FOLDER/bench, the guest's only program
build_bench() {
	cc -Wall -Werror -O2 -static -pthread -o "$1/bench" "$TOP/tools/testing/bench/bench.c" ||
		die "bench.c does not build"
}

# usage: pack_bench FOLDER; FOLDER/initramfs with it, by the built tree's own tool
pack_bench() {
	printf '%s\n' 'dir /dev 0755 0 0' 'dir /proc 0755 0 0' 'dir /sys 0755 0 0' \
		'nod /dev/console 0600 0 0 c 5 1' "file /init $1/bench 0755 0 0" >"$1/list"
	"$BUILD/usr/gen_init_cpio" "$1/list" >"$1/initramfs"
}

# usage: on_both COMMAND...; with "c" and "rust", when all is there that it needs:
# WORK has the guest's program
on_both() {
	local impl
	not_for "$(basename "$0" .sh)" IMPL DEBUG
	DEBUG=''
	for IMPL in c rust; do
		check_options
	done
	"$TOP/scripts/setup.sh"
	use_toolchain
	make_temp WORK
	build_bench "$WORK"
	mkdir -p "$CACHE/log"
	for impl in c rust; do
		IMPL=$impl
		"$@" "$impl"
	done
}
