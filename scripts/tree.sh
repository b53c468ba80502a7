# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Which source and which build tree a command works on. Source it after lib.sh
# and toolchain.sh, with check_options done.

# usage: use_tree NAME; sets SRC, and BUILD for what is called NAME ("rust", "c")
use_tree() {
	if [ -n "$KDIR" ]; then
		check_kdir "$KDIR"
		SRC=$(cd "$KDIR" && pwd -P)
		if [ -e "$SRC/.config" ] || [ -d "$SRC/include/config" ]; then
			die "KDIR=$SRC was configured or built in place;" \
				"run make mrproper there, or give a clean git worktree of it"
		fi
		SOURCE_KEY=kdir-$(printf '%s' "$SRC" | sha256sum | cut -c1-8)
	else
		SRC=$("$TOP/scripts/source.sh")
		SOURCE_KEY=${SRC##*/}
	fi
	BUILD=$CACHE/build/$SOURCE_KEY-$1${DEBUG:+-debug}${PIDNS_VARIANT:+-$PIDNS_VARIANT}
	mkdir -p "$BUILD" "$CACHE/log"
}
