#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# configs/asked: each option that is asked for is configured, or it says why not.

. "$(dirname "$0")/check.sh"

CONFIGS=$(cd "$SCRIPTS/../configs" && pwd -P)

# usage: asked FILE; lines of "SYMBOL<tab>y or why not"
asked() {
	sed -n 's/^\([A-Z0-9_ ]*\): *[a-z]*\( *! *\(.\+\)\)\?$/\1\t\3/p' "$1" |
		awk -F'\t' '{ n = split($1, names, " "); for (i = 1; i <= n; i++) print names[i] "\t" $2 }'
}
# usage: faults FILE; what is neither configured nor explained, or both, or not understood
faults() {
	local symbol why
	grep -v '^#' "$1" | grep . | grep -vE '^[A-Z0-9_ ]+: [a-z]+( ! .+)?$'
	while IFS=$'\t' read -r symbol why; do
		if cat "$CONFIGS"/{base,guest,test}.config | grep -qx "CONFIG_$symbol=y"; then
			[ -z "$why" ] || echo "$symbol is configured; it says why not: $why"
		else
			[ -n "$why" ] || echo "$symbol is not configured"
		fi
	done < <(asked "$1")
}
no_faults() { [ -z "$(faults "$1" | tee /dev/stderr)" ]; }

check 'all that is asked for' no_faults "$CONFIGS/asked"
check 'it was read' test "$(asked "$CONFIGS/asked" | wc -l)" -gt 100
echo 'NO_SUCH_OPTION: moby' >"$WORK/asked"
check 'what is not there is found' prints 'NO_SUCH_OPTION is not configured' faults "$WORK/asked"
echo 'PID_NS: moby ! nobody needs it' >"$WORK/asked"
check 'so is a reason too many' prints 'PID_NS is configured; it says why not: nobody needs it' faults "$WORK/asked"
finish
