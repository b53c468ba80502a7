#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# fuzz-shrink.sh: a program becomes as small as can be, and is shown with what
# differs and as C. fuzz.sh: it asks for that. The guests are
# stand-ins, and so is the fuzzer: Rust errs on programs with both x and y.

. "$(dirname "$0")/check.sh"

mkdir -p "$WORK/top/scripts"
printf '#!/bin/sh\n' >"$WORK/top/scripts/setup.sh"
cat >"$WORK/fuzz" <<'END'
#!/bin/bash
# Programs are lines, and what C says of them are the same lines.
command=$1
shift
case $command in
generate) [ "$2" = 17 ] && printf '%s\n' a b x c d y e f || printf '%s\n' a b c ;;
shrink-candidates)
	mkdir "$3"
	lines=$(wc -l <"$1") size=$((lines / 2))
	[[ " $* " != *' --fine '* ]] || size=1
	for ((at = 1; size > 0 && at <= lines; at += size)); do
		sed "$at,$((at + size - 1))d" "$1" >"$3/$at.prog"
	done
	[ "$4" != --also ] || cp "$5" "$3/also.prog"
	;;
shrink-pick)
	[ -n "$(ls "$1")" ] && [ -n "$(ls "$2")" ] || exit 2
	cd "$1"
	for name in *; do
		cmp -s "$name" "$2/$name" || echo "$(wc -c <"$name") $name"
	done | sort -n >"$4"
	read -r _ name <"$4" || exit 1
	cp "$name" "$4"
	cat "$name"
	;;
script) echo "int main(void) { /* $(xargs <"$1") */ }" ;;
diff) ! diff -r "$1" "$2" >/dev/null || exit 0; echo '000017 differs:'; exit 1 ;;
coverage) ;;
esac
END
chmod +x "$WORK"/{fuzz,top/scripts/setup.sh}
cat >"$WORK/stand-ins" <<'END'
TOP=$WORK/top
build_fuzzer() { FUZZ=$WORK/fuzz; }
stage_fuzzer() {
	make_temp "$2"
	echo "$1" >"${!2}/impl"
}
# A boot of Rust takes a line of $WORK/boots, which says how it goes.
fuzz_in_guest() {
	local impl program how=errs
	read -r impl <"$1/impl"
	rm -rf "$4"
	mkdir -p "$4"
	if [ "$impl" = rust ]; then
		how=$(sed -n 1p "$WORK/boots")
		sed -i 1d "$WORK/boots"
	fi
	[ "$how" != silent ] || return 1
	[ "$5" = --programs ] || printf '%s\n' x y >"$1/000017.prog"
	for program in "$1"/programs/*.prog "$1"/000017.prog; do
		[ -f "$program" ] || continue
		cp "$program" "$4/$(basename "$program" .prog).txt"
		[ "$impl$how" = rusterrs ] && grep -q x "$program" && grep -q y "$program" || continue
		echo 'another result' >>"$4/$(basename "$program" .prog).txt"
	done
}
END

# usage: run SCRIPT BOOT,BOOT... ARGUMENT...; the script, where each BOOT is how one
# of Rust goes: it "errs", is "right" or "silent"; then it errs
run() {
	local script=$1 boots=$2
	shift 2
	rm -rf "$XDG_CACHE_HOME/pidns"
	{ tr , '\n' <<<"$boots"; printf "errs\\n%.0s" {1..50}; } >"$WORK/boots"
	{
		sed '/fuzzer\.sh"$/q' "$SCRIPTS/$script"
		echo '. "$WORK/stand-ins"'
		sed '1,/fuzzer\.sh"$/d' "$SCRIPTS/$script"
	} >"$WORK/script"
	WORK=$WORK bash -c '. "$WORK/script"' "$SCRIPTS/$script" "$@"
}
shrink() { run fuzz-shrink.sh "$@" 2>/dev/null; }
# usage: tells TEXT SCRIPT BOOT,BOOT... ARGUMENT...; all is read before the next begins
tells() {
	local out
	out=$(run "${@:2}" 2>&1) || true
	printf '%s\n' "$out"
	grep -q -- "$1" <<<"$out"
}
kept() { cat "$XDG_CACHE_HOME"/pidns/fuzz/smallest.*; }
shown='x
y

000017 differs:

int main(void) { /* x y */ }'

check 'a seed becomes small and is shown as C' prints "$shown" shrink errs 17
check 'and is kept' prints 'int main(void) { /* x y */ }
x
y' kept
check 'it is said how to build it' tells 'cc -static -o smallest .*/smallest.c' fuzz-shrink.sh errs 17
printf '%s\n' y q x >"$WORK/own"
check 'a file does as well' prints 'y
x

000017 differs:

int main(void) { /* y x */ }' shrink errs "$WORK/own"
check 'a guest that is silent once does not end it' prints "$shown" shrink silent,errs,silent 17
printf '%s\n' x y {a..n} >"$WORK/own"
check 'rows of steps go before single ones' shrink errs "$WORK/own"
check 'that takes few rounds' [ "$(wc -l <"$WORK/boots")" -gt 40 ]
check 'when the time is over it is shown as it is' prints 'int main(void) { /* a b x c d y e f */ }' \
	bash -c 'tail -n 1 <<<"$1"' - "$(shrink errs 17 0)"
check 'and that is said' tells 'to go on: make fuzz-shrink SEED=.*/smallest.prog$' fuzz-shrink.sh errs 17 0
check 'what differs no more is said' tells 'by chance only' fuzz-shrink.sh errs,right,right,right 17
check 'no difference' says 1 'C and Rust do not differ on 18' run fuzz-shrink.sh errs 18
check 'then nothing is kept' not kept
check 'no transcript is not the same' tells 'error: no transcripts of 17 came out' \
	fuzz-shrink.sh silent,silent 17
check 'nor a success' not shrink silent,silent 17
check 'no program' says 1 'say which: SEED=17' run fuzz-shrink.sh errs ''
check 'neither a seed nor a file' says 1 'neither a number nor a file' run fuzz-shrink.sh errs nope

export SEEDS=17..18
printf '#!/bin/sh\necho "a small $*"\nexit 1\n' >"$WORK/top/scripts/fuzz-shrink.sh"
chmod +x "$WORK/top/scripts/fuzz-shrink.sh"
check 'fuzz.sh makes the first one small' tells '^a small 17 15$' fuzz.sh errs c rust
check 'and names the command' tells 'by itself: make fuzz-shrink SEED=17$' fuzz.sh errs c rust
check 'and fails' not run fuzz.sh errs c rust
check 'with its count at the end' tells '^2 passed, 1 failed$' fuzz.sh errs c rust
sed -i 's/exit 1/exit 0/' "$WORK/top/scripts/fuzz-shrink.sh"
check 'also if that was found' not run fuzz.sh errs c rust
check 'but not if nothing differs' not tells small fuzz.sh right c rust
check 'which is said' tells '^3 passed, 0 failed$' fuzz.sh right c rust
finish
