# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the long runs share, which try one thing after the other in kernels of their
# own: all to build and boot one, and what is kept of each thing, so that an
# interrupted run goes on where it was. That is in the folder ROWS, a file each, of
# lines of "FIELD<tab>TEXT". One of the fields is the key, which changes when anything
# does that the result comes from. Source it after lib.sh.

. "$(dirname "$0")/toolchain.sh"
. "$(dirname "$0")/overlay.sh"
. "$(dirname "$0")/tree.sh"
. "$(dirname "$0")/configure.sh"
. "$(dirname "$0")/guest.sh"

# usage: tell NAME FIELD TEXT; for the table
tell() { printf '%s\t%s\n' "$2" "$3" >>"$ROWS/$1.row"; }
# usage: told NAME FIELD
told() { sed -n "s/^$2\t//p" "$ROWS/$1.row" 2>/dev/null | tail -n 1; }
# usage: is_kept NAME KEY; its result is there, and still what it would be
is_kept() { [ -n "$2" ] && [ "$(told "$1" key)" = "$2" ]; }

# usage: laid_but PARTS; for a key: all that is laid over and patched, without these
# folders ("tools|samples")
laid_but() {
	overlay_map | cut -f1 | grep -Ev "^($1)/" | (cd "$OVERLAY" && xargs -d '\n' cat)
	cat "$OVERLAY"/patches/*.patch
}
