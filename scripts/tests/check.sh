# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# What the tests of the scripts share. Source it; end with `finish`.

set -u
unset CDPATH
SCRIPTS=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# Without it stubs would be written over programs in /bin.
WORK=$(mktemp -d) || exit 1
trap 'rm -rf "$WORK"' EXIT
faults=0

# A cache and a git of the test's own; no lock of a caller's.
export XDG_CACHE_HOME=$WORK/cache
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
unset PIDNS_LOCKED ARCH IMPL DEBUG KDIR RUSTC TIMEOUT CPUS MEMORY JOBS

# usage: check CLAIM COMMAND...
check() {
	local claim=$1
	shift
	if ! "$@" >"$WORK/.out" 2>&1; then
		printf '%s: not so: %s\n' "$(basename "$0")" "$claim"
		sed 's/^/    /' "$WORK/.out"
		faults=$((faults + 1))
	fi
}

# usage: says STATUS TEXT COMMAND...; COMMAND ends with STATUS and, in one line
# that begins with "pidns: error: ", says TEXT
says() {
	local want=$1 text=$2 status=0 out
	shift 2
	out=$("$@" 2>&1 </dev/null) || status=$?
	printf '%s\n(status %s)\n' "$out" "$status"
	[ "$status" = "$want" ] && [ "$(wc -l <<<"$out")" = 1 ] &&
		grep -q '^pidns: error: ' <<<"$out" && grep -qF -- "$text" <<<"$out"
}

# usage: prints TEXT COMMAND...
prints() {
	local text=$1 out
	shift
	out=$("$@" 2>&1) || true
	printf '%s\n' "$out"
	[ "$out" = "$text" ]
}

# usage: path_without PATTERN...; a PATH of a system that lacks these programs
path_without() {
	rm -rf "$WORK/path"
	mkdir "$WORK/path"
	ln -sf -t "$WORK/path" /bin/* /usr/bin/*
	# shellcheck disable=SC2048,SC2086 # patterns
	(cd "$WORK/path" && rm -f $*)
	printf '%s\n' "$WORK/path"
}

not() { ! "$@"; }

finish() { exit $((faults > 0)); }
