#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: upstream.sh [SUITE SECONDS PROGRAMS]...
#
# The kernel tree's own kselftests, run in the guest, each suite within its own
# limit. A test may take all of its suite's time: the runner's 45 s are for
# processors, not for emulated ones. Programs are joined by commas; "all" stands for
# all of the suite.
#
# From the host: again, with lines of SUITE PROGRAM CASE, for what may fail by chance.
# Such a program is run again until each of these has passed, up to TRIES times.

TRIES=12

# usage: suite SECONDS ARGUMENT...; runs what the arguments say
suite() { timeout -k 10 "$1" ./reaper /tmp/kselftest/run_kselftest.sh -o "$1" "${@:2}"; }

# usage: all_passed SUITE PROGRAM; of those by chance, by what was said in /tmp/said
all_passed() {
	local case
	while read -r case; do
		grep -qE "^# ok [0-9]+ $case\$" /tmp/said || return 1
	done < <(sed -n "s|^$1 $2 ||p" again)
}

# usage: once_more SUITE SECONDS
once_more() {
	local program try
	while read -r program; do
		for ((try = 1; try < TRIES; try++)); do
			! all_passed "$1" "$program" || break
			suite "$2" -t "$1:$program" </dev/null |
				sed -u 's/^\(\(not \)\?ok [0-9]* \)selftests: /\1again: /' | tee -a /tmp/said
		done
	done < <(awk -v suite="$1" '$1 == suite { print $2 }' again | sort -u)
}

# Some write where they are, and the host's files are read-only.
cp -r kselftest /tmp/
while [ $# -gt 0 ]; do
	what=(-c "$1")
	[ "$3" = all ] || mapfile -t what < <(tr , '\n' <<<"$3" | sed "s/.*/-t\n$1:&/")
	suite "$2" "${what[@]}" | tee /tmp/said
	[ "${PIPESTATUS[0]}" -lt 124 ] || printf '\n# %s did not finish within %s s\n' "$1" "$2"
	grep -q '^1\.\.' /tmp/said || printf 'TAP version 13\n1..1\nnot ok 1 %s did not begin\n' "$1"
	once_more "$1" "$2"
	shift 3
done
