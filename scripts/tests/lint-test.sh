#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# lint.sh: what its checks look at.

. "$(dirname "$0")/check.sh"

top=$(cd "$SCRIPTS/.." && pwd -P)
# usage: lint COMMANDS; they, with the functions of lint.sh
lint() { bash -c ". \"$SCRIPTS/lint.sh\"; $1" "$SCRIPTS/." 2>&1; }

# checkpatch: one that tells what it is given.
mkdir -p "$WORK/src/scripts"
printf '%s\n' 'print map { "$_\n" } grep { -f } @ARGV;' >"$WORK/src/scripts/checkpatch.pl"
checked=$(lint "SRC=$WORK/src; check_checkpatch" | sort)
all=$(cd "$top" && git ls-files --cached --others --exclude-standard -- \
	':!LICENSE' ':!patches' ':!*.dmesg' ':!tools/testing/fuzz/Cargo.lock' |
	while read -r file; do [ ! -f "$file" ] || echo "$file"; done | sort)
check 'checkpatch sees each file, once' diff <(echo "$all") <(echo "$checked")

# clippy: a build that tells its goals, and in its log has a warning on the sample.
mkdir -p "$WORK/build/samples/rust" "$WORK/src/manifest"
echo '0  samples/rust/pidns_inspect.rs' >"$WORK/src/manifest/files"
touch "$WORK/build/.clippy-clean"
clippy() {
	lint "SRC=$WORK/src BUILD=$WORK/build LOGS=$WORK KEY=key MANIFEST=manifest
		configure() { true; }
		build() { shift; echo \"\$*\" >>$WORK/goals
			printf 'warning: wrong\n  --> samples/rust/pidns_inspect.rs:7:1\n' >\$LOGS/clippy-key.log; }
		check_clippy"
}
echo CONFIG_SAMPLE_PIDNS_INSPECT=m >"$WORK/build/.config"
check "clippy's word on the sample" grep -x 'samples/rust/pidns_inspect.rs:7:1: warning: wrong' <(clippy)
check 'which it is asked for' grep -q '^CLIPPY=1 .* kernel/pidns/ samples/rust/pidns_inspect.o$' "$WORK/goals"
touch "$WORK/build/samples/rust/pidns_inspect.o"
clippy >"$WORK/said"
check 'and again after a fault' not test -e "$WORK/build/samples/rust/pidns_inspect.o"
rm "$WORK/goals"
echo '# CONFIG_SAMPLE_PIDNS_INSPECT is not set' >"$WORK/build/.config"
clippy >"$WORK/said"
check 'where there is none it is not' not grep -q samples "$WORK/goals"

# A tarball: no git. (Were it not refused at once, the compiler would be, before all else.)
mkdir "$WORK/tarball"
cp -r "$SCRIPTS" "$WORK/tarball/scripts"
check 'no git' says 1 'lint asks git which files are ours, and git says: fatal: ' \
	env RUSTC="$WORK/nowhere/rustc" "$WORK/tarball/scripts/lint.sh"
check 'a git that is not ours' says 1 "git says: $WORK; run it" \
	env RUSTC="$WORK/nowhere/rustc" bash -c 'git init -q "$1" && exec "$1/tarball/scripts/lint.sh"' - "$WORK"
finish
