#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: compare.sh IMPL...
#
# Runs our kselftests, the kernel tree's own ones and the fuzzer (SEEDS= A..B) on
# each implementation, and prints one table: test, C, Rust, same or not.

. "$(dirname "$0")/lib.sh"

[ $# -gt 0 ] || die "compare.sh: say which implementations"
# With DEBUG= kmemleak may rightly fail the run of the C kernel, which leaks (row E1).
not_for compare TESTS DEBUG
for impl in "$@"; do
	IMPL=$impl
	check_options
done
seed_range 0..500
export SEEDS
# What the parts must have, and of the fuzzer a result for each seed and two more.
kselftests=$(least test-c)
upstream=$(least upstream)
least=$((kselftests + upstream + COUNT + 2))

# usage: enough PART IMPL LEAST; whether so many results are there
enough() {
	local ran
	ran=$({ "$TOP/scripts/results" "$CACHE/log/$1-$2.ktap" || true; } |
		awk 'END { print $1 + $3 + $5 }')
	[ "$ran" -lt "$3" ] || return 0
	note "$1 on IMPL=$2: $ran tests ran; there must be $3"
	return 1
}

# What fails of what is compared is in the table: only a run that left no results ends
# this one. KUnit and the sample are of Rust alone, so `make test` tells of them.
files=() all=$CACHE/log/compare
for impl in "$@"; do
	rm -f "$CACHE/log/whole-$impl".{log,key} "$CACHE/log/test-$impl.ktap" "$CACHE/log/upstream-$impl.ktap" \
		"$CACHE/log/fuzz-$impl.ktap"
	run_child env "IMPL=$impl" "$TOP/scripts/test.sh" >&2 || true
done
run_child "$TOP/scripts/upstream-tests.sh" "$@" >&2 || true
run_child "$TOP/scripts/fuzz.sh" "$@" >&2 || true
for impl in "$@"; do
	for part in test upstream fuzz; do
		[ -s "$CACHE/log/$part-$impl.ktap" ] ||
			die "$part did not run on IMPL=$impl; what it said is above"
	done
	# Between the kselftests and what the host says of the run are KUnit and the
	# sample, which are of Rust alone.
	{
		awk '/^KTAP version/ { last = ""; inside = 1 }
			inside { last = last $0 "\n"; next }
			{ print }
			END { printf "%s", last }' "$CACHE/log/test-$impl.ktap"
		cat "$CACHE/log/upstream-$impl.ktap" "$CACHE/log/fuzz-$impl.ktap"
	} >"$all-$impl.ktap"
	files+=("$impl=$all-$impl.ktap")
done
work=''
make_temp work
cat "$TOP"/scripts/{tests,upstream}-known >"$work/known"
echo
status=0
"$TOP/scripts/compare" "$least" "$work/known" "${files[@]}" || status=1
# Where both ran their logs are held side by side.
if [ $# = 2 ] && ! "$TOP/scripts/log-diff" "$CACHE"/log/whole-{c,rust}.log; then
	note "the kernel's log has other lines with C than with Rust"
	status=1
fi
for impl in "$@"; do
	enough test "$impl" "$(least "test-$impl")" || status=1
	enough upstream "$impl" "$upstream" || status=1
	enough fuzz "$impl" $((COUNT + 2)) || status=1
done
exit $status
