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

# usage: chosen_tools; fills CHOSEN with their names, and LEAST with how many checks
# they have, with two of the guest
chosen_tools() {
	local name all count
	mapfile -t all < <(basename -s .sh "$TOP"/scripts/containers/*.sh)
	mapfile -t CHOSEN < <(tr -s '[:space:]' '\n' <<<"${CHECKS:-}" | sed '/^$/d' | sort -u)
	[ ${#CHOSEN[@]} -gt 0 ] || CHOSEN=("${all[@]}")
	LEAST=2
	for name in "${CHOSEN[@]}"; do
		[ -f "$TOP/scripts/containers/$name.sh" ] ||
			die "CHECKS=$name is not known; there are: ${all[*]}"
		count=$(least "$name")
		LEAST=$((LEAST + count))
	done
}

# usage: run_on IMPL; its results are in $CACHE/log/containers-IMPL.ktap
run_on() {
	local IMPL=$1 stage log name end=0
	check_options
	log=$CACHE/log/containers-$IMPL${DEBUG:+-debug}.log
	make_temp stage
	run_child env "IMPL=$IMPL" "$TOP/scripts/kernel.sh" --stage "$stage"
	cp "$TOP/scripts/guest-containers.sh" "$stage/main.sh"
	cp "$TOP"/scripts/{guest-checks,implementation}.sh "$stage/"
	mkdir -p "$stage/containers" "$CACHE/log"
	for name in "${CHOSEN[@]}"; do
		cp "$TOP/scripts/containers/$name.sh" "$stage/containers/"
	done
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
# What is listed of tools that did not run is not asked for.
make_temp WORK
cp "$TOP/scripts/containers-known" "$WORK/known"
for file in "$TOP"/scripts/containers/*.sh; do
	name=$(basename -s .sh "$file")
	[[ " ${CHOSEN[*]} " = *" $name "* ]] || sed -i "/^$name: /d" "$WORK/known"
done
echo
"$TOP/scripts/compare" "$LEAST" "$WORK/known" "${FILES[@]}"
