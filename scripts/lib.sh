# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# What every script here shares: where things are, how an error reads, and how
# a step that is interrupted leaves nothing behind. Source it, do not run it.

set -euo pipefail

# With it cd may go elsewhere, and prints where.
unset CDPATH
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
KERNEL_SERIES=7.3
# usage: "${HARNESS[@]}" MODULE ARGUMENT...; of our Python package
HARNESS=(env PYTHONDONTWRITEBYTECODE=1 "PYTHONPATH=$TOP/tools/testing" /usr/bin/python3 -m)

# The user's own locale must not change what the tools print: some of it is read.
export LC_ALL=C.UTF-8

note() { printf 'pidns: %s\n' "$*" >&2; }
die() {
	printf 'pidns: error: %s\n' "$*" >&2
	exit 1
}

[ -n "${XDG_CACHE_HOME:-}${HOME:-}" ] || die "HOME is not set; set it, or XDG_CACHE_HOME"
CACHE=${XDG_CACHE_HOME:-${HOME:-}/.cache}/pidns
[[ $CACHE =~ ^/[^[:space:]:]*$ ]] || die "$CACHE cannot be the cache: the kernel's make wants an" \
	"absolute path without blanks or colons; set XDG_CACHE_HOME to such a one"

# --- What the user asked for -------------------------------------------------

# usage: check_options; sets IMPL, DEBUG and KDIR to valid values, and PIDNS_VARIANT, by which
# one of our commands asks another for a lean kernel with one more fragment
check_options() {
	local name
	IMPL=${IMPL:-rust} DEBUG=${DEBUG:-} KDIR=${KDIR:-} PIDNS_VARIANT=${PIDNS_VARIANT:-}
	[ "${ARCH:-x86_64}" = x86_64 ] || die "ARCH=$ARCH is not for $(basename "$0" .sh); leave it out"
	case $IMPL in
	rust | c) ;;
	*) die "IMPL=$IMPL is not known; use IMPL=rust or IMPL=c" ;;
	esac
	case $DEBUG in
	'' | 0) DEBUG= ;;
	1) ;;
	*) die "DEBUG=$DEBUG is not known; use DEBUG=1, or leave it out" ;;
	esac
	[[ ${TIMEOUT:-1} =~ ^[1-9][0-9]*$ ]] ||
		die "TIMEOUT=$TIMEOUT is not a number of seconds; give one, or leave it out"
	for name in CPUS JOBS; do
		[[ ${!name:-1} =~ ^[1-9][0-9]*$ ]] ||
			die "$name=${!name} is not a number from 1; give one, or leave it out"
	done
	# QEMU takes megabytes where there is no unit.
	[[ ${MEMORY:-1} =~ ^[1-9][0-9]*[MmGg]?$ ]] ||
		die "MEMORY=$MEMORY is not an amount of memory; give one as in MEMORY=4G, or leave it out"
	[ -z "$KDIR" ] || check_kdir "$KDIR"
}

# usage: check_kdir DIR; DIR is a kernel tree of the series we are made for
check_kdir() {
	local dir=$1 version file
	[ -d "$dir" ] || die "KDIR=$dir is not a folder; give the path of a Linux $KERNEL_SERIES tree"
	for file in Makefile init/Kconfig kernel/nsproxy.c; do
		[ -f "$dir/$file" ] ||
			die "KDIR=$dir is not a kernel source tree; give the path of a Linux $KERNEL_SERIES one"
	done
	version=$(awk '
		$1 == "VERSION" { v = $3 }
		$1 == "PATCHLEVEL" { print v "." $3; exit }' "$dir/Makefile")
	[ "$version" = "$KERNEL_SERIES" ] ||
		die "KDIR=$dir is Linux ${version:-of no version}, not $KERNEL_SERIES; give a $KERNEL_SERIES tree"
	[ -w "$dir" ] || die "KDIR=$dir cannot be written to; give a tree of your own"
}

# --- Interruption ------------------------------------------------------------
# A step works under a temporary name and renames when it is complete. On exit,
# for whatever reason, the temporary names go and the children are stopped.

TEMPS=()
CHILD=

_cleanup() {
	local status=$?
	trap '' INT TERM HUP
	if [ -n "$CHILD" ]; then
		# The child leads a process group of its own: see run_child.
		kill -TERM -- "-$CHILD" 2>/dev/null || true
		_wait_group "$CHILD" || kill -KILL -- "-$CHILD" 2>/dev/null || true
	fi
	[ ${#TEMPS[@]} -eq 0 ] || rm -rf -- "${TEMPS[@]}"
	exit "$status"
}

# usage: _wait_group PGID; true when the group is gone within 5 seconds
_wait_group() {
	local i
	for ((i = 0; i < 50; i++)); do
		kill -0 -- "-$1" 2>/dev/null || return 0
		sleep 0.1
	done
	return 1
}

trap _cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# usage: run_child COMMAND...; like COMMAND, but a signal to us ends all of it.
# A shell runs its traps only between foreground commands, so the command runs
# behind, in a process group of its own, and we wait.
run_child() {
	local status=0
	setsid "$@" &
	CHILD=$!
	wait "$CHILD" || status=$?
	CHILD=
	return "$status"
}

# usage: limited MINUTES COMMAND...; like run_child. A command whose time is over is
# stopped, with all that it started.
limited() {
	local minutes=$1 status=0
	shift
	run_child timeout -k 30 "${minutes}m" "$@" || status=$?
	! late "$status" || note "error: it was not done after $minutes minutes and was stopped"
	return "$status"
}

# usage: late STATUS; whether timeout stopped the command that ended so
late() { [ "$1" = 124 ] || [ "$1" = 137 ]; }

# usage: make_temp VARIABLE; a fresh folder in the cache, gone when we exit.
# Its name carries our process id, so that what a killed run left is swept.
make_temp() {
	local -n _temp=$1
	local old pid
	mkdir -p "$CACHE/tmp"
	for old in "$CACHE"/tmp/*; do
		pid=${old##*/}
		pid=${pid%%.*}
		[ ! -e "$old" ] || kill -0 "$pid" 2>/dev/null || rm -rf -- "$old"
	done
	_temp=$(mktemp -d "$CACHE/tmp/$$.XXXXXX")
	TEMPS+=("$_temp")
}

# usage: lock_cache; from here to our end nobody else changes this cache
lock_cache() {
	[ -z "${PIDNS_LOCKED:-}" ] || return 0
	mkdir -p "$CACHE"
	exec 9>"$CACHE/lock"
	if ! flock --nonblock 9; then
		note "another build uses $CACHE; waiting for it"
		flock 9
	fi
	export PIDNS_LOCKED=1
}

# usage: need_space MEGABYTES WHAT
need_space() {
	local have
	mkdir -p "$CACHE"
	have=$(df -Pm "$CACHE" | awk 'NR == 2 { print $4 }')
	[ "$have" -ge "$1" ] ||
		die "$2 needs $1 MB in $CACHE and the disk has $have MB; free some," \
			"or set XDG_CACHE_HOME to a folder on a larger disk"
}

# usage: full_disk LOG FOLDERS; says so if that is why the command of LOG failed,
# which wrote to these FOLDERS
full_disk() {
	! grep -q 'No space left on device' "$1" || die "the disk of $2 is full; free some space there"
}

# usage: least COMMAND IMPL; how many results that must have, at least
least() {
	sed -n "/^\[$1\]/,/^\$/s/^$2 = //p" "$TOP/tools/testing/pidns/lists/counts.toml" | grep . ||
		die "lists/counts.toml lacks $1 of $2"
}

# usage: not_for TARGET NAME...; these options of the user mean nothing to it
not_for() {
	local name
	for name in "${@:2}"; do
		case $name=${!name:-} in
		*= | IMPL=rust | DEBUG=0) ;;
		*) die "$name=${!name} is not for $1; leave it out" ;;
		esac
	done
}

declare -A LOG_LOCKS
# usage: lock_log LOG; from here to our end no other run writes it, or what goes with it
lock_log() {
	local fd
	[ -z "${LOG_LOCKS[$1]:-}" ] || return 0
	mkdir -p "$(dirname "$1")"
	exec {fd}>"$1.lock"
	flock --nonblock "$fd" || die "another run writes $1; wait until it has ended"
	LOG_LOCKS[$1]=$fd
}
