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

# usage: fuzz_ktap FOLDER REFERENCE; a result for each seed: whether its transcript is
# in FOLDER, and whether it is the one of REFERENCE
fuzz_ktap() {
	local seed=$first name number=1
	printf 'KTAP version 1\n1..%d\n' "$count"
	while [ "$number" -le "$count" ]; do
		name=$(printf '%06d' "$seed")
		cmp -s "$1/$name.txt" "$2/$name.txt" || printf 'not '
		echo "ok $number fuzz: seed $name"
		seed=$((seed + 1)) number=$((number + 1))
	done
}

[ $# -gt 0 ] || die "fuzz.sh: say which implementations"
seeds=${SEEDS:-0..20}
count=0
if [[ $seeds =~ ^([0-9]{1,9})\.\.([0-9]{1,9})$ ]]; then
	first=$((10#${BASH_REMATCH[1]}))
	count=$((10#${BASH_REMATCH[2]} - first))
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
	fuzz_ktap "$FUZZ_OUT/$impl" "${folders[0]}" >"${log%.log}.ktap"
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
# Those of the last implementation are compared with the first one's.
ktap=${log%.log}.ktap
bad=$(grep -c '^not ok' "$ktap") || true
[ "$bad" -gt 0 ] || bad=$failed
echo "$(grep -c '^ok' "$ktap") passed, $bad failed"
[ "$failed" = 0 ]
