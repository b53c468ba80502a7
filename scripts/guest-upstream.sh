#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: guest-upstream.sh [SUITE SECONDS PROGRAMS]...
#
# The kernel tree's own kselftests, run in the guest, each suite within its own
# limit. A test may take all of its suite's time: the runner's 45 s are for
# processors, not for emulated ones. Programs are joined by commas; "all" stands for
# all of the suite.

# Some write where they are, and the host's files are read-only.
cp -r kselftest /tmp/
while [ $# -gt 0 ]; do
	what=(-c "$1")
	[ "$3" = all ] || mapfile -t what < <(tr , '\n' <<<"$3" | sed "s/.*/-t\n$1:&/")
	timeout -k 10 "$2" ./guest-reaper /tmp/kselftest/run_kselftest.sh -o "$2" "${what[@]}" |
		tee /tmp/said
	[ "${PIPESTATUS[0]}" -lt 124 ] || printf '\n# %s did not finish within %s s\n' "$1" "$2"
	grep -q '^1\.\.' /tmp/said || printf 'TAP version 13\n1..1\nnot ok 1 %s did not begin\n' "$1"
	shift 3
done
