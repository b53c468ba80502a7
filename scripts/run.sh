#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: run.sh
#
# Builds the kernel, boots it, runs the demonstration in it.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/toolchain.sh"
. "$(dirname "$0")/guest.sh"

check_options
"$TOP/scripts/setup.sh"
make_temp stage
run_child "$TOP/scripts/kernel.sh" --stage "$stage"
cp "$TOP"/scripts/{demo,inspect,implementation}.sh "$stage/"
mkdir -p "$CACHE/log"
note "booting it"
log=$CACHE/log/run-$IMPL${DEBUG:+-debug}.log
boot "$stage" "$log" "${TIMEOUT:-$((DEBUG ? 1200 : 600))}" bash demo.sh ||
	die "the demonstration failed on IMPL=$IMPL; the kernel's log is in $log"
