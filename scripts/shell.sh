#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: shell.sh
#
# Builds the kernel and gives an interactive shell in it, on this machine's own
# files. Changes to them stay in the guest.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/toolchain.sh"
. "$(dirname "$0")/guest.sh"

check_options
[ -t 0 ] || die "make shell needs a terminal; for a run without one there is make run"
"$TOP/scripts/setup.sh"
make_temp stage
run_child "$TOP/scripts/kernel.sh" --stage "$stage"
cp "$TOP/scripts/implementation.sh" "$stage/"
note "booting it; exit ends it, /run/pidns/implementation.sh there tells what runs"
boot_shell "$stage"
