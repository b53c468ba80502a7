# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# Builds the fuzzer and runs it in guests. Source it after lib.sh and toolchain.sh;
# a guest needs guest.sh as well.

FUZZ_DIR=$TOP/tools/testing/fuzz
# What is known of programs and transcripts: the latest, by implementation.
FUZZ_OUT=$CACHE/fuzz
FUZZ_TRIPLE=x86_64-unknown-linux-gnu
FUZZ_TARGET=$FUZZ_OUT/target/$FUZZ_TRIPLE
# The program, static: it runs in any guest.
FUZZ=$FUZZ_TARGET/release/pidns-fuzz
TRANSCRIPTS_MARK='pidns-fuzz-transcripts'

# usage: fuzz_cargo COMMAND ARGUMENT...; cargo on the crate, its products in the
# cache; what it says is shown if it fails
fuzz_cargo() {
	local log=$FUZZ_OUT/cargo.log command=("$CARGO" "$1")
	# By itself cargo may find the clippy of another rustc.
	[ "$1" != clippy ] || command=("$(dirname "$CLIPPY_DRIVER")/cargo-clippy" clippy)
	shift
	mkdir -p "$FUZZ_OUT"
	limited 60 env -C "$FUZZ_DIR" CARGO="$CARGO" RUSTC="$RUSTC" \
		CARGO_TARGET_DIR="$FUZZ_OUT/target" RUSTFLAGS='-C target-feature=+crt-static' \
		"${command[@]}" --locked --target "$FUZZ_TRIPLE" "$@" >"$log" 2>&1 || {
		full_disk "$log"
		tail -n 30 "$log" >&2
		return 1
	}
}

# usage: build_fuzzer; FUZZ, as the sources are now
build_fuzzer() {
	use_toolchain
	note "building the fuzzer"
	fuzz_cargo build --release ||
		die "the fuzzer does not build; look at the lines above, and at the network"
}

# usage: stage_fuzzer IMPL VARIABLE; a stage folder with a kernel and the fuzzer
stage_fuzzer() {
	make_temp "$2"
	IMPL=$1 run_child "$TOP/scripts/kernel.sh" --stage "${!2}"
	cp "$FUZZ" "$TOP/scripts/guest-fuzz.sh" "${!2}/"
}

# usage: fuzz_in_guest STAGE LOG SECONDS OUT ARGUMENT...; runs the fuzzer with
# these arguments, its transcripts are put into OUT. False if the guest did not
# come to its end, if a program did not, or if the kernel's log has a complaint.
fuzz_in_guest() {
	local stage=$1 log=$2 seconds=$3 out=$4 end=0
	shift 4
	boot "$stage" "$log" "$seconds" bash guest-fuzz.sh "$@" \
		> >(grep --line-buffered '^pidns-fuzz: ' >&2) || end=$?
	rm -rf "$out"
	mkdir -p "$out"
	sed -e "1,/^$TRANSCRIPTS_MARK\$/d" -e "/^$EXIT_MARK /d" "$stage/out" |
		base64 -d 2>/dev/null | tar -C "$out" -xz 2>/dev/null || {
		note "error: no transcripts came out of the guest; the kernel's log is in $log"
		return 1
	}
	silent "$log" || return 1
	[ "$end" = 0 ]
}
