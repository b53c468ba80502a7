#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: containers.sh IMPL...
#
# Runs container tools in a Debian guest on each implementation and compares
# them, check by check. CHECKS= names some of the tools.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/toolchain.sh"
. "$(dirname "$0")/guest.sh"

# Those of util-linux are in every root.
PACKAGES=(systemd-sysv systemd-container bubblewrap crun procps psmisc)

# usage: chosen_tools; fills CHOSEN with their files, in scripts/containers
chosen_tools() {
	local name all=("$TOP"/scripts/containers/*.sh) some
	read -r -a some <<<"${CHECKS:-}"
	CHOSEN=("${all[@]}")
	[ ${#some[@]} -eq 0 ] || CHOSEN=()
	for name in "${some[@]}"; do
		[ -f "$TOP/scripts/containers/$name.sh" ] ||
			die "CHECKS=$name is not known; there are: $(basename -s .sh "${all[@]}" | xargs)"
		CHOSEN+=("$TOP/scripts/containers/$name.sh")
	done
}

# usage: run_on IMPL; its results are in $CACHE/log/containers-IMPL.ktap
run_on() {
	local IMPL=$1 stage log end=0
	check_options
	log=$CACHE/log/containers-$IMPL${DEBUG:+-debug}.log
	make_temp stage
	run_child env "IMPL=$IMPL" "$TOP/scripts/kernel.sh" --stage "$stage"
	cp "$TOP/scripts/guest-containers.sh" "$stage/main.sh"
	cp "$TOP"/scripts/{guest-checks,implementation}.sh "$stage/"
	mkdir -p "$stage/containers" "$CACHE/log"
	cp "${CHOSEN[@]}" "$stage/containers/"
	note "booting it (IMPL=$IMPL)"
	# Nobody logs in, and without udev there is no word of the line either.
	boot_disk "$stage" "$log" "${TIMEOUT:-$((DEBUG ? 5400 : 1800))}" "$image" \
		systemd.mask=serial-getty@ttyS0.service > >(sed -u "s/^/$IMPL: /" >&2) || end=$?
	guest_results "$stage" "$log" "$end" >"${log%.log}.ktap"
	FILES+=("$IMPL=${log%.log}.ktap")
	rm -rf "$stage"
}

[ $# -gt 0 ] || die "containers.sh: say which implementations"
chosen_tools
FILES=()
for impl in "$@"; do
	IMPL=$impl
	check_options
done
"$TOP/scripts/setup.sh"
image=$("$TOP/scripts/rootfs.sh" "${PACKAGES[@]}")
for impl in "$@"; do
	run_on "$impl"
done
echo
# The checks of each tool, and two of the guest.
least=2
for tool in "${CHOSEN[@]}"; do
	least=$((least + $(least "$(basename -s .sh "$tool")")))
done
"$TOP/scripts/compare" "$least" "$TOP/scripts/containers-known" "${FILES[@]}"
