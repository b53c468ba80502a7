# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# Builds the fuzzer. Source it after lib.sh and toolchain.sh.

FUZZ_DIR=$TOP/tools/testing/fuzz
# What is known of programs and transcripts: the latest, by implementation.
FUZZ_OUT=$CACHE/fuzz
FUZZ_TRIPLE=x86_64-unknown-linux-gnu
FUZZ_TARGET=$FUZZ_OUT/target/$FUZZ_TRIPLE
# The program, static: it runs in any guest.
FUZZ=$FUZZ_TARGET/release/pidns-fuzz

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
