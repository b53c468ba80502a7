#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: kernel.sh [--stage DIR] [--kselftest SUITES]
#
# Builds the kernel. With --stage also puts bzImage, .config, the list of linked
# objects, the link's map and symbols, the sample, of a distribution's configuration
# vmlinux and the livepatch, and with --kselftest the built
# tests of these suites, into DIR: a run has its own copy, so that the next build
# does not change what a guest is reading.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/toolchain.sh"
. "$(dirname "$0")/overlay.sh"
. "$(dirname "$0")/tree.sh"
. "$(dirname "$0")/configure.sh"

stage='' kselftest=''
while [ $# -gt 0 ]; do
	case $1 in
	--stage) stage=$2 && shift 2 ;;
	--kselftest) kselftest=$2 && shift 2 ;;
	*) die "kernel.sh: $1 is not known" ;;
	esac
done

check_options
[ -z "$KDIR" ] || check_kdir "$KDIR"
"$TOP/scripts/setup.sh"
use_toolchain
if [ "$PIDNS_VARIANT" = distribution ]; then
	tools=$("$TOP/scripts/distro-tools.sh")
	KMAKE+=("PAHOLE=$tools/bin/pahole")
fi
lock_cache
use_tree "$IMPL"
lay_over

start=$SECONDS
[ -e "$BUILD/vmlinux" ] && need=1000 || need=4000
need_space $((need + (${#DEBUG} * 2000))) "the build"
# Most of one implementation's kernel is the other's as well.
[ "$IMPL" = c ] && other=rust || other=c
other=$CACHE/build/$(tree_key "$other")
if [ ! -e "$BUILD/vmlinux" ] && [ -e "$other/vmlinux" ]; then
	copy_built "$other"
fi
configure
note "building Linux $KERNEL_SERIES (IMPL=$IMPL${DEBUG:+ DEBUG=1}) in $BUILD"
build "$LOGS/build-$KEY.log" bzImage modules
note "kernel: $BUILD/arch/x86/boot/bzImage ($(elapsed "$start"))"

[ -n "$stage" ] || exit 0
cp "$BUILD/arch/x86/boot/bzImage" "$BUILD/.config" "$stage/"
[ "$IMPL" != rust ] || cp "$BUILD/samples/rust/pidns_inspect.ko" "$stage/"
"llvm-ar-$LLVM_MAJOR" t "$BUILD/vmlinux.a" >"$stage/objects"
! grep -q '^CONFIG_VMLINUX_MAP=y' "$BUILD/.config" || cp "$BUILD/vmlinux.map" "$stage/"
"llvm-nm-$LLVM_MAJOR" --extern-only --defined-only "$BUILD/vmlinux" >"$stage/symbols"
cp "$BUILD/Module.symvers" "$stage/"
if [ "$PIDNS_VARIANT" = distribution ]; then
	# The next build replaces the file, and leaves this one as it is.
	ln "$BUILD/vmlinux" "$stage/"
	cp -r "$TOP/tools/testing/livepatch" "$stage/"
	build "$LOGS/livepatch-$KEY.log" "M=$stage/livepatch" modules
	cp "$stage/livepatch/pidns_livepatch.ko" "$stage/"
fi
[ -n "$kselftest" ] || exit 0
start=$SECONDS
build "$LOGS/headers-$KEY.log" headers
# With the system's own compiler: these are ordinary programs of this machine.
log=$LOGS/kselftest-$KEY.log
limited "$BUILD_LIMIT" make -C "$SRC/tools/testing/selftests" "-j$JOBS" "O=$BUILD" "TARGETS=$kselftest" FORCE_TARGETS=1 \
	"INSTALL_PATH=$stage/kselftest" install >"$log" 2>&1 || {
	full_disk "$log"
	grep -E -A 6 'error:|\*\*\* ' "$log" | head -n 40 >&2
	die "the kselftests do not build; the whole of the output is in $log"
}
note "kselftests: $(wc -l <"$stage/kselftest/kselftest-list.txt") programs ($(elapsed "$start"))"
