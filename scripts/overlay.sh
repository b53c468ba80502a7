# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# What this project lays over a kernel tree, for scripts that are not moved yet.
# Source it after lib.sh.

OVERLAY=${PIDNS_OVERLAY:-$TOP}
MANIFEST=kernel/pidns/.manifest

# usage: overlay_map; lines of "FILE<tab>PATH IN THE KERNEL TREE"
overlay_map() {
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$TOP/tools/testing /usr/bin/python3 -m pidns overlay
}

# usage: replace STAGED FILE; an atomic rename, and none where nothing differs,
# so that a build sees only true changes
replace() {
	cmp -s "$1" "$2" || mv -f "$1" "$2"
}
