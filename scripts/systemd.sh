#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: systemd.sh IMPL...
#
# Boots Debian with systemd as PID 1 on each implementation. It must reach its
# default target, with no failed unit.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/toolchain.sh"
. "$(dirname "$0")/guest.sh"

PACKAGES=(systemd-sysv dbus udev libpam-systemd procps kmod)

# usage: value FILE NAME; what guest-systemd.sh says of it
value() { sed -n "s/^$2: *//p" "$1" | head -n 1; }

passed=0 failed=0
# usage: check CLAIM COMMAND...
check() {
	local claim=$1
	shift
	if "$@"; then
		printf 'ok      %s\n' "$claim"
		passed=$((passed + 1))
	else
		printf 'FAILED  %s\n' "$claim"
		failed=$((failed + 1))
	fi
}

# usage: boot_on IMPL; what it says goes to $CACHE/log/systemd-IMPL.txt
boot_on() {
	local IMPL=$1 stage log end=0
	check_options
	make_temp stage
	run_child env "IMPL=$IMPL" "$TOP/scripts/kernel.sh" --stage "$stage"
	mkdir -p "$CACHE/log"
	log=$CACHE/log/systemd-$IMPL${DEBUG:+-debug}.log
	cp "$TOP/scripts/guest-systemd.sh" "$stage/main.sh"
	note "booting systemd (IMPL=$IMPL)"
	boot_disk "$stage" "$log" "${TIMEOUT:-$((DEBUG ? 1800 : 600))}" "$image" || end=$?
	cp "$stage/out" "${log%.log}.txt"
	check "$IMPL: the guest came to its end" test "$end" != 125
	check "$IMPL: the kernel log is silent" silent "$log"
	rm -rf "$stage"
}

[ $# -gt 0 ] || die "systemd.sh: say which implementations"
for impl in "$@"; do
	IMPL=$impl
	check_options
done
"$TOP/scripts/setup.sh"
image=$("$TOP/scripts/rootfs.sh" "${PACKAGES[@]}")
for impl in "$@"; do
	boot_on "$impl"
	said=$CACHE/log/systemd-$impl${DEBUG:+-debug}.txt
	check "$impl: systemd is PID 1" grep -q '^PID 1: .*/systemd$' "$said"
	check "$impl: the default target is reached" grep -q '^default target: .*, active$' "$said"
	check "$impl: the system is running" test "$(value "$said" state)" = running
	check "$impl: no unit failed" grep -q '^failed units: *$' "$said"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
