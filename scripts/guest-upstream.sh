#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: guest-upstream.sh SUITE SECONDS [SUITE SECONDS]...
#
# The kernel tree's own kselftests, run in the guest, each suite within its own
# limit. A test may take all of its suite's time: the runner's 45 s are for
# processors, not for emulated ones.

# Some write where they are, and the host's files are read-only.
cp -r kselftest /tmp/
while [ $# -gt 0 ]; do
	timeout -k 10 "$2" ./guest-reaper /tmp/kselftest/run_kselftest.sh -o "$2" -c "$1"
	[ $? -lt 124 ] || printf '\n# %s did not finish within %s s\n' "$1" "$2"
	shift 2
done
