#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# lint.sh: what its checks look at.

. "$(dirname "$0")/check.sh"

top=$(cd "$SCRIPTS/.." && pwd -P)
# usage: lint COMMANDS; they, with the functions of lint.sh
lint() { bash -c ". $SCRIPTS/lint.sh; $1" "$SCRIPTS/." 2>&1; }

# checkpatch: one that tells what it is given.
mkdir -p "$WORK/src/scripts"
printf '%s\n' 'print map { "$_\n" } grep { -f } @ARGV;' >"$WORK/src/scripts/checkpatch.pl"
checked=$(lint "SRC=$WORK/src; check_checkpatch" | sort)
all=$(cd "$top" && git ls-files --cached --others --exclude-standard -- \
	':!LICENSE' ':!patches' ':!scripts/tests/boot.dmesg' ':!tools/testing/fuzz/Cargo.lock' |
	while read -r file; do [ ! -f "$file" ] || echo "$file"; done | sort)
check 'checkpatch sees each file, once' diff <(echo "$all") <(echo "$checked")
finish
