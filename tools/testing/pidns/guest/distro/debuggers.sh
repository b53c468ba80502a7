# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# drgn and crash read the live kernel by /proc/kcore.

# shellcheck source=tools/testing/pidns/guest/population.sh
. ./population.sh

check 900 'drgn: all tasks, by number and in namespaces' live_drgn
live_drgn() {
	local said
	population "$W/table"
	said=$(drgn -s "$VMLINUX" --no-default-symbols drgn_tasks.py "$W/table" 2>&1) || fail "$said"
}

check 900 'crash: ps' live_crash
live_crash() {
	local said
	population "$W/table"
	said=$(bash ./crash.sh "$W/table" "$VMLINUX" /proc/kcore 2>&1) || fail "$said"
}
