# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Processes for debuggers to find. Source it after checks.sh.

# usage: population TABLE; starts some that stay, in namespaces, nested and not, and
# writes "NUMBER INNERMOST COMM" for each, and for two that are always there
population() {
	local pid
	start pid sleep infinity
	start pid unshare --pid --fork sleep infinity
	start pid unshare --pid --fork unshare --pid --fork sleep infinity
	for pid in 1 2 $(pgrep -x sleep); do
		echo "$pid $(number "$pid") $(cat "/proc/$pid/comm")"
	done >"$1"
}
