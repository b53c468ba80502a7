#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: crash.sh TABLE VMLINUX MEMORY
#
# Fails unless crash's ps, by the list of tasks and by number, knows the processes in
# TABLE: "NUMBER INNERMOST COMM" a line.

set -eu -o pipefail
[ "$(wc -l <"$1")" -gt 3 ] || { echo "the table has too few processes" && exit 1; }
# It does not know the slab caches of every kernel, and a kernel that was dumped as it ran has
# no stack of a panic.
said=$({ echo ps; cut -d' ' -f1 "$1" | sed 's/^/ps /'; echo quit; } | timeout 900 crash --no_kmem_cache --no_panic -s "$2" "$3" 2>&1) ||
	{ printf 'crash failed: %s\n' "$(tail -n 3 <<<"$said")" && exit 1; }
while read -r number _ comm; do
	# ">" stands before one that runs, and threads of the kernel are in brackets.
	lines=$(grep -Ec "^[> ] +$number +[0-9]+ .* \[?$comm\]?( |\$)" <<<"$said") || true
	[ "$lines" = 2 ] || {
		echo "crash shows $number ($comm) $lines times, wanted 2; it says: $(tail -n 3 <<<"$said")"
		exit 1
	}
done <"$1"
