#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# compare: tells results apart case by case, and excuses only what is listed.

. "$(dirname "$0")/check.sh"

# usage: ktap FILE CASE-LINE...; a program of this name with these results
ktap() {
	local file=$WORK/$1 line
	shift
	{
		printf 'TAP version 13\n1..1\n# TAP version 13\n# 1..%d\n' $#
		for line in "$@"; do printf '# %s\n' "$line"; done
		if printf '%s\n' "$@" | grep -q '^not'; then
			echo 'not ok 1 selftests: pidfd: a_test # exit=1'
		else
			echo 'ok 1 selftests: pidfd: a_test'
		fi
	} >"$file"
}
# usage: compares "N passed, N failed, N skipped" STATUS [TEXT]
compares() {
	local status=0 out
	out=$("$SCRIPTS/compare" 1 "$WORK/known" "C=$WORK/c" "Rust=$WORK/rust") || status=$?
	printf '%s\nstatus %s\n' "$out" "$status"
	[ "$(tail -n 1 <<<"$out")" = "$1" ] && [ "$status" = "$2" ] && grep -qF -- "${3:-}" <<<"$out"
}

# usage: prints_last TEXT COMMAND...
prints_last() { [ "$("${@:2}" | tee /dev/stderr | tail -n 1)" = "$1" ]; }

echo '# nothing' >"$WORK/known"
ktap c 'ok 1 one' 'ok 2 two 17 of 30'
ktap rust 'ok 1 one' 'ok 2 two 18 of 31'
check 'the same, but for the numbers of processes' compares '2 passed, 0 failed, 0 skipped' 0
ktap rust 'ok 1 one' 'not ok 2 two 18 of 31'
check 'a case that differs' compares '1 passed, 1 failed, 0 skipped' 1 DIFFERS
check 'with its case' compares '1 passed, 1 failed, 0 skipped' 1 'Rust: pidfd:a_test: two 17 of 30: fail'
ktap rust 'ok 1 one' 'ok 2 two 18 of 31' 'ok 3 three'
check 'a case that only one has' compares '2 passed, 1 failed, 0 skipped' 1 DIFFERS
ktap rust 'ok 1 one'
sed -i 's/1\.\.1$/1..2/; 2s/2$/1/' "$WORK/rust"
check 'a program that stopped early' compares '1 passed, 2 failed, 0 skipped' 1 'planned 2 results, gave 1'
ktap c 'ok 1 one' 'not ok 2 two' 'ok 3 three # SKIP no file'
cp "$WORK/c" "$WORK/rust"
check 'what fails and skips on both, and is not listed' compares '1 passed, 2 failed, 0 skipped' 1 'not on the list'
printf '%s | %s | because\n' 'pidfd:a_test: two' fail 'pidfd:a_test: three' skip >"$WORK/known"
check 'what is listed is excused' compares '1 passed, 0 failed, 2 skipped' 0 'same, known'
printf '%s | %s | because\n' 'pidfd:a_test: t*' fail >"$WORK/known"
check 'with the outcome listed only' compares '1 passed, 1 failed, 1 skipped' 1 'take it off the list'
ktap c 'ok 1 one' 'ok 2 two' 'ok 3 three'
cp "$WORK/c" "$WORK/rust"
check 'what is listed and passes' compares '1 passed, 2 failed, 0 skipped' 1 'take it off the list'
: >"$WORK/known"
ktap rust 'ok 1 one' 'ok 2 two' 'ok 3 three # SKIP too late'
check 'what skips by chance' compares '2 passed, 1 failed, 0 skipped' 1 DIFFERS
echo 'pidfd:a_test: three | chance | it is asked too late' >"$WORK/known"
check 'is a fault though listed' compares '2 passed, 1 failed, 0 skipped' 1 'never passes'
# usage: again FILE CASE-LINE...; the program was run once more
again() {
	local name=$1
	shift
	cp "$WORK/$name" "$WORK/before"
	ktap "$name" "$@"
	sed -i 's/selftests: /again: /' "$WORK/$name"
	cat "$WORK/before" "$WORK/$name" >"$WORK/both" && mv "$WORK/both" "$WORK/$name"
}
again rust 'ok 1 one' 'ok 2 two' 'not ok 3 three'
check 'also if it fails when it is run again' compares '2 passed, 1 failed, 0 skipped' 1 'never passes'
again rust 'ok 1 one' 'ok 2 two' 'ok 3 three'
check 'but not if it passes then' compares '3 passed, 0 failed, 0 skipped' 0
again rust 'ok 1 one' 'not ok 2 two' 'ok 3 three'
check 'where nothing else may fail' compares '2 passed, 1 failed, 0 skipped' 1 DIFFERS
echo 'pidfd:a_test: three | chance-skip | it is asked too late' >"$WORK/known"
ktap rust 'ok 1 one' 'ok 2 two' 'ok 3 three # SKIP too late'
again rust 'ok 1 one' 'ok 2 two' 'ok 3 three'
check 'what skips by chance, and passes later' compares '3 passed, 0 failed, 0 skipped' 0
ktap rust 'ok 1 one' 'ok 2 two' 'not ok 3 three'
again rust 'ok 1 one' 'ok 2 two' 'ok 3 three'
check 'but must not fail' compares '2 passed, 1 failed, 0 skipped' 1 'never passes'
ktap c 'ok 1 one' 'ok 2 two # XFAIL C errs'
ktap rust 'ok 1 one' 'ok 2 two'
check 'a failure that C expects' compares '1 passed, 1 failed, 0 skipped' 1 DIFFERS
echo 'pidfd:a_test: two | c-errs | because' >"$WORK/known"
columns=("c=$WORK/c" "rust=$WORK/rust")
check 'is excused where listed, of C' prints_last '2 passed, 0 failed, 0 skipped' \
	"$SCRIPTS/compare" 1 "$WORK/known" "${columns[@]}"
cp "$WORK/c" "$WORK/rust"
check 'and not of Rust' prints_last '1 passed, 1 failed, 0 skipped' \
	"$SCRIPTS/compare" 1 "$WORK/known" "${columns[@]}"
ktap rust 'ok 1 one' 'ok 2 two'
check 'by itself, too' prints_last '2 passed, 0 failed, 0 skipped' \
	"$SCRIPTS/compare" 1 "$WORK/known" "rust=$WORK/rust"
check 'which goes for C as well' prints_last '1 passed, 0 failed, 1 skipped' \
	"$SCRIPTS/compare" 1 "$WORK/known" "c=$WORK/c"
echo 'pidfd:a_test' >"$WORK/known"
check 'a list without reasons' not "$SCRIPTS/compare" 1 "$WORK/known" "C=$WORK/c"
: >"$WORK/c" && : >"$WORK/rust" && : >"$WORK/known"
check 'nothing ran' compares '0 passed, 1 failed, 0 skipped' 1
ktap c 'ok 1 one'
ktap rust 'ok 1 one'
check 'fewer than there must be' not "$SCRIPTS/compare" 2 "$WORK/known" "C=$WORK/c" "Rust=$WORK/rust"
ktap c 'ok 1 one' 'ok 2 two'
ktap rust 'ok 1 one' 'ok 2 two'
echo 'pidfd:a_test: three | skip | because' >"$WORK/known"
check 'what is listed may be one of those that did not run' compares '2 passed, 0 failed, 0 skipped' 0
check 'but not where all ran' prints_last '2 passed, 1 failed, 0 skipped' \
	"$SCRIPTS/compare" 2 "$WORK/known" "C=$WORK/c" "Rust=$WORK/rust"
finish
