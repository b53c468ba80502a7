# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The smoke test: a kernel with nothing but smoke.c as its first program. It
# asks for a serial console and an initramfs, and for no file system, network or
# other help. Source it after lib.sh, toolchain.sh, tree.sh and guest.sh.

# usage: smoke DIR LOG SECONDS; the kernel in BUILD, with work files in DIR. Its
# results are on the console, which is in LOG
smoke() {
	local dir=$1 log=$2 seconds=$3
	cc -Wall -Werror -O1 -static -I "$BUILD/include" -include "$SRC/include/linux/kconfig.h" \
		-o "$dir/smoke" "$TOP/scripts/smoke.c" || die "smoke.c does not build"
	printf '%s\n' 'dir /dev 0755 0 0' 'nod /dev/console 0600 0 0 c 5 1' \
		"file /init $dir/smoke 0755 0 0" >"$dir/list"
	"$BUILD/usr/gen_init_cpio" "$dir/list" >"$dir/initramfs" || return
	qemu_command
	run_child timeout -k 10 "$seconds" "${QEMU[@]}" -kernel "$BUILD/arch/x86/boot/bzImage" \
		-initrd "$dir/initramfs" -append \
		'console=ttyS0 kunit.enable=1 slab_nomerge oops=panic panic=-1' >"$log" 2>&1 </dev/null
}
