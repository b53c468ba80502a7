#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: upstream-tests.sh IMPL...
#
# Runs the kernel tree's own kselftests on each implementation and compares
# them, case by case. TESTS= names some of the suites.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/toolchain.sh"
. "$(dirname "$0")/guest.sh"

# usage: chosen_suites; fills SUITES and LIMITS (SUITE SECONDS PROGRAMS ..., where
# programs are joined by commas and "all" stands for all)
chosen_suites() {
	local name seconds programs all=() some
	read -r -a some <<<"${TESTS:-}"
	SUITES=() LIMITS=()
	while read -r name seconds programs; do
		all+=("$name")
		if [ ${#some[@]} -gt 0 ] && [[ " ${some[*]} " != *" $name "* ]]; then
			continue
		fi
		SUITES+=("$name")
		LIMITS+=("$name" "$seconds" "$(tr ' ' , <<<"${programs:-all}")")
	done < <(grep -v '^#' "$TOP/scripts/upstream-suites" | grep .)
	for name in "${some[@]}"; do
		[[ " ${all[*]} " = *" $name "* ]] ||
			die "TESTS=$name is not known; there are: ${all[*]}"
	done
}

# usage: run_on IMPL; its results are in $CACHE/log/upstream-IMPL.ktap
run_on() {
	local IMPL=$1 stage log end=0 seconds=120 i
	check_options
	log=$CACHE/log/upstream-$IMPL${DEBUG:+-debug}.log
	make_temp stage
	IMPL=$IMPL run_child "$TOP/scripts/kernel.sh" --stage "$stage" --kselftest "${SUITES[*]}"
	cp "$TOP"/scripts/guest-{upstream.sh,reaper} "$stage/"
	sed -n 's/^\([^:#]*\):\([^:]*\): \([^|]*\) | \(chance\|chance-skip\) |.*/\1 \2 \3/p' \
		"$TOP/scripts/upstream-known" >"$stage/again"
	for ((i = 1; i < ${#LIMITS[@]}; i += 3)); do
		seconds=$((seconds + LIMITS[i]))
	done
	mkdir -p "$CACHE/log"
	note "booting it (IMPL=$IMPL); the suites may take $((seconds / 60)) minutes"
	boot "$stage" "$log" "${TIMEOUT:-$seconds}" bash guest-upstream.sh "${LIMITS[@]}" \
		> >(grep --line-buffered -E '^(not )?ok |did not finish' | sed -u "s/^/$IMPL: /" >&2) || end=$?
	guest_results "$stage" "$log" "$end" >"${log%.log}.ktap"
	FILES+=("$IMPL=${log%.log}.ktap")
	rm -rf "$stage"
}

[ $# -gt 0 ] || die "upstream-tests.sh: say which implementations"
chosen_suites
FILES=()
for impl in "$@"; do
	IMPL=$impl
	check_options
done
"$TOP/scripts/setup.sh"
for impl in "$@"; do
	run_on "$impl"
done
echo
least=1
[ -n "${TESTS:-}" ] || least=$(least upstream)
"$TOP/scripts/compare" "$least" "$TOP/scripts/upstream-known" "${FILES[@]}"
