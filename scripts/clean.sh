#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: clean.sh build | all
#
# Deletes the build trees and logs, or the whole cache.

. "$(dirname "$0")/lib.sh"

[ -d "$CACHE" ] || exit 0
lock_cache
for stage in "$CACHE"/tmp/*; do
	pid=${stage##*/}
	pid=${pid%%.*}
	! tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qE 'scripts/|-m pidns ' ||
		die "process $pid works in $stage; let it end, then try again"
done
case ${1:-} in
build) targets=("$CACHE/build" "$CACHE/log") ;;
all) targets=("$CACHE"/*) ;;
*) die "clean.sh: say build or all" ;;
esac
for target in "${targets[@]}"; do
	[ -e "$target" ] || continue
	note "deleting $target ($(du -sh "$target" | cut -f1))"
	rm -rf -- "$target"
done
[ "$1" != all ] || rmdir "$CACHE"
