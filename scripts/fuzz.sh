#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: fuzz.sh IMPL...
#
# Runs the fuzzer on each implementation, SEEDS= A..B, and compares the
# transcripts, step by step. Prints what was reached.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/toolchain.sh"
. "$(dirname "$0")/guest.sh"
. "$(dirname "$0")/fuzzer.sh"

# So many seeds must reach all that the list of wanted results names.
ENOUGH=500

[ $# -gt 0 ] || die "fuzz.sh: say which implementations"
seeds=${SEEDS:-0..20}
count=0
if [[ $seeds =~ ^([0-9]{1,9})\.\.([0-9]{1,9})$ ]]; then
	count=$((10#${BASH_REMATCH[2]} - 10#${BASH_REMATCH[1]}))
fi
[ "$count" -gt 0 ] ||
	die "SEEDS=$seeds is not a range; give two numbers, the first being smaller, such as SEEDS=0..20"
for impl in "$@"; do
	IMPL=$impl
	check_options
done
"$TOP/scripts/setup.sh"
build_fuzzer

failed=0 folders=()
mkdir -p "$CACHE/log"
for impl in "$@"; do
	stage_fuzzer "$impl" stage
	note "running seeds $seeds on IMPL=$impl"
	log=$CACHE/log/fuzz-$impl${DEBUG:+-debug}.log
	fuzz_in_guest "$stage" "$log" "${TIMEOUT:-$(((DEBUG ? 1200 : 300) + count * (DEBUG ? 60 : 10)))}" \
		"$FUZZ_OUT/$impl" --seeds "$seeds" || failed=1
	folders+=("$FUZZ_OUT/$impl")
	rm -rf "$stage"
done

least=0
[ "$count" -lt $ENOUGH ] || least=50
for folder in "${folders[@]}"; do
	echo
	echo "${folder##*/}:"
	"$FUZZ" coverage --least "$least" "$folder" || failed=1
done
if [ ${#folders[@]} -eq 2 ]; then
	echo
	"$FUZZ" diff "${folders[@]}" || {
		failed=1
		note "make fuzz-shrink SEED=... makes a small program of such a seed"
	}
fi
note "transcripts: ${folders[*]}"
[ "$failed" = 0 ]
