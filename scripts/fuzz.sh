#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: fuzz.sh IMPL...
#
# Runs the fuzzer on each implementation, SEEDS= A..B, and compares the
# transcripts, step by step. Prints what was reached, and of the first program that
# differs a small one.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/toolchain.sh"
. "$(dirname "$0")/guest.sh"
. "$(dirname "$0")/fuzzer.sh"

# So many seeds must reach all that the list of wanted results names.
ENOUGH=500

# usage: fuzz_ktap FOLDER REFERENCE RUN COVERAGE; a result for each seed: whether its
# transcript is in FOLDER, and whether it is the one of REFERENCE; and how the run as a
# whole and what it covered were, as statuses
fuzz_ktap() {
	local seed=$FIRST name number=1
	printf 'KTAP version 1\n1..%d\n' $((COUNT + 2))
	while [ "$number" -le "$COUNT" ]; do
		name=$(printf '%06d' "$seed")
		cmp -s "$1/$name.txt" "$2/$name.txt" || printf 'not '
		echo "ok $number fuzz: seed $name"
		seed=$((seed + 1)) number=$((number + 1))
	done
	[ "$3" = 0 ] || printf 'not '
	echo "ok $number fuzz: the guest, its log and all programs came to a good end"
	[ "$4" = 0 ] || printf 'not '
	echo "ok $((number + 1)) fuzz: all that is wanted was reached"
}

# usage: small SEED; prints the smallest program, and as C, that still differs
small() {
	note "making the program of seed $1 small; by itself: make fuzz-shrink SEED=$1${DEBUG:+ DEBUG=1}"
	run_child env TIMEOUT= "$TOP/scripts/fuzz-shrink.sh" "$1" 15 ||
		note "a small program was not found; the lines above say why"
}

[ $# -gt 0 ] || die "fuzz.sh: say which implementations"
seed_range 0..20
for impl in "$@"; do
	IMPL=$impl
	check_options
done
"$TOP/scripts/setup.sh"
build_fuzzer

failed=0 folders=() runs=()
mkdir -p "$CACHE/log"
for impl in "$@"; do
	stage_fuzzer "$impl" stage
	note "running seeds $SEEDS on IMPL=$impl"
	log=$CACHE/log/fuzz-$impl${DEBUG:+-debug}.log
	fuzz_in_guest "$stage" "$log" "${TIMEOUT:-$(((DEBUG ? 1200 : 300) + COUNT * (DEBUG ? 60 : 10)))}" \
		"$FUZZ_OUT/$impl" --seeds "$SEEDS" && run=0 || run=1
	folders+=("$FUZZ_OUT/$impl")
	runs+=("$run")
	rm -rf "$stage"
done

least=0
[ "$COUNT" -lt $ENOUGH ] || least=50
for number in "${!folders[@]}"; do
	folder=${folders[number]}
	echo
	echo "${folder##*/}:"
	"$FUZZ" coverage --least "$least" "$folder" && coverage=0 || coverage=1
	ktap=$CACHE/log/fuzz-${folder##*/}${DEBUG:+-debug}.ktap
	fuzz_ktap "$folder" "${folders[0]}" "${runs[number]}" "$coverage" >"$ktap"
	! grep -q '^not ok' "$ktap" || failed=1
done
if [ ${#folders[@]} -eq 2 ]; then
	echo
	"$FUZZ" diff "${folders[@]}" | tee "$CACHE/log/fuzz-diff.log" || {
		failed=1
		differs=$(sed -n 's/ differs:$//p' "$CACHE/log/fuzz-diff.log" | sed 1q)
		[ -z "$differs" ] || small "$((10#$differs))"
	}
fi
note "transcripts: ${folders[*]}"
# Those of the last implementation are compared with the first one's.
bad=$(grep -c '^not ok' "$ktap") || true
[ "$bad" -gt 0 ] || bad=$failed
echo "$(grep -c '^ok' "$ktap") passed, $bad failed"
[ "$bad" = 0 ]
