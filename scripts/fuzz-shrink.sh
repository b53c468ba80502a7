#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: fuzz-shrink.sh SEED|FILE [MINUTES]
#
# Makes the program of a seed, or of a file, as small as can be while C and Rust
# still differ, and prints it, how the two differ, and a C program that does the
# same. Each round boots both: all candidates of a round run at one go. After MINUTES
# (60) no further round begins but one that confirms the smallest by then.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/toolchain.sh"
. "$(dirname "$0")/guest.sh"
. "$(dirname "$0")/fuzzer.sh"

[ -n "${1:-}" ] || die "say which: SEED=17, or SEED=/path/of/a/program"
limit=$((${2:-60} * 60))
check_options
"$TOP/scripts/setup.sh"
build_fuzzer
work=
make_temp work
if [[ $1 =~ ^[0-9]{1,9}$ ]]; then
	"$FUZZ" generate --seed "$1" >"$work/best.prog"
else
	[ -f "$1" ] || die "SEED=$1 is neither a number nor a file"
	cp "$1" "$work/best.prog"
fi
# Used by name.
# shellcheck disable=SC2034
stage_c='' stage_rust=
stage_fuzzer c stage_c
stage_fuzzer rust stage_rust
mkdir -p "$CACHE/log"

# usage: round; runs what is in $work/programs on both. True if any differ, 1 if
# none does, more if that cannot be said
round() {
	local impl stage count
	count=$(find "$work/programs" -name '*.prog' | wc -l)
	for impl in c rust; do
		stage=stage_$impl
		rm -rf "${!stage:?}/programs"
		cp -r "$work/programs" "${!stage}/"
		# That a program hangs may be the difference.
		fuzz_in_guest "${!stage}" "$CACHE/log/shrink-$impl${DEBUG:+-debug}.log" \
			"${TIMEOUT:-$(((DEBUG ? 1200 : 300) + count * (DEBUG ? 60 : 20)))}" "$work/$impl" --programs || true
	done
	"$FUZZ" shrink-pick "$work/c" "$work/rust" --bold "$work/bold.prog" >"$work/new.prog"
}

# usage: try; a round, and another one if a guest brought nothing: the host may be busy
try() { round || { [ $? -gt 1 ] && note "once more" && round; }; }

mkdir "$work/programs"
cp "$work/best.prog" "$work/programs/"
status=0 begun=$SECONDS
try || status=$?
case $status in
0) mv "$work/new.prog" "$work/best.prog" ;;
1) die "C and Rust do not differ on $1" ;;
*) die "no transcripts of $1 came out of a guest; look at the lines above, and at $CACHE/log/shrink-*.log" ;;
esac
fine=()
while :; do
	note "$(wc -l <"$work/best.prog") steps are left"
	if [ $((SECONDS - begun)) -ge $limit ]; then
		note "stopped after $(elapsed "$begun"); to go on: make fuzz-shrink SEED=$FUZZ_OUT/smallest.prog${DEBUG:+ DEBUG=1}"
		break
	fi
	also=()
	[ ! -s "$work/bold.prog" ] || also=(--also "$work/bold.prog")
	rm -rf "$work/programs"
	"$FUZZ" shrink-candidates "$work/best.prog" --out "$work/programs" "${also[@]}" "${fine[@]}" >/dev/null
	rm -f "$work/bold.prog"
	if [ -n "$(ls "$work/programs")" ] && try &&
		[ "$(wc -c <"$work/new.prog")" -lt "$(wc -c <"$work/best.prog")" ]; then
		mv "$work/new.prog" "$work/best.prog"
	elif [ ${#fine[@]} -gt 0 ]; then
		break
	else
		fine=(--fine)
	fi
done

rm -rf "$work/programs"
mkdir "$work/programs"
cp "$work/best.prog" "$work/programs/"
try || note "the last program did not differ once more; it may do so by chance only"
mkdir -p "$FUZZ_OUT"
cp "$work/best.prog" "$FUZZ_OUT/smallest.prog"
"$FUZZ" script "$work/best.prog" >"$FUZZ_OUT/smallest.c"
cat "$work/best.prog"
echo
"$FUZZ" diff "$work/c" "$work/rust" || true
echo
cat "$FUZZ_OUT/smallest.c"
note "A is C, B is Rust; the program is $FUZZ_OUT/smallest.prog, and as C, as shown: $FUZZ_OUT/smallest.c"
note "to build and run that, as root: cc -static -o smallest $FUZZ_OUT/smallest.c && ./smallest"
