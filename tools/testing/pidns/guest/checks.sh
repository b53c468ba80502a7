# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the checks of container tools share. containers.sh sources it, then
# a file of checks. A check is a function, run by itself; it passes if it returns.
# $W is a folder of its own, gone afterwards, as are its mounts and processes.

# usage: fail WORD...; what is wrong
fail() {
	printf '%s\n' "$*"
	exit 1
}

# usage: skip WORD...; why it cannot run. 4 is what kselftests exit with.
skip() {
	printf '%s\n' "$*"
	exit 4
}

# usage: words TEXT; all white space is one blank
words() {
	local word
	read -r -d '' -a word <<<"$1" || true
	printf '%s\n' "${word[*]}"
}

# usage: equal WANT GOT; but for white space
equal() {
	[ "$(words "$1")" = "$(words "$2")" ] || fail "got '$(words "$2")', wanted '$(words "$1")'"
}

# usage: matches EXPRESSION TEXT
matches() {
	[[ $2 =~ $1 ]] || fail "got '$2', wanted a match of '$1'"
}

# usage: status WANT COMMAND...; it ends with that status
status() {
	local want=$1 got=0
	shift
	"$@" || got=$?
	equal "$want" "$got"
}

# usage: refused TEXT COMMAND...; it fails, and says TEXT
refused() {
	local text=$1 said
	shift
	! said=$("$@" 2>&1) || fail "'$*' succeeded"
	[[ $said = *"$text"* ]] || fail "'$*' says '$said', wanted '$text'"
}

# usage: wait_until COMMAND...; that there is an end to it is the check's limit
wait_until() {
	until "$@"; do
		sleep 0.1
	done
}

# usage: gone PID
gone() { ! kill -0 "$1" 2>/dev/null; }

# usage: ns PID; the inode number of its PID namespace
ns() { readlink "/proc/$1/ns/pid" | tr -dc 0-9; }

# usage: numbers PID; its number in each namespace, the outermost first
numbers() { words "$(sed -n 's/^NSpid://p' "/proc/$1/status")"; }

# usage: number PID; the innermost of them
number() { numbers "$1" | awk '{ print $NF }'; }

# usage: start VARIABLE COMMAND...; behind us. COMMAND ends up, itself or as a
# descendant, as "sleep infinity", and that one's PID is what we get.
start() {
	local -n _pid=$1
	local child
	shift
	"$@" </dev/null &
	_pid=$!
	until grep -qsx sleep "/proc/$_pid/comm"; do
		! gone $! || fail "'$*' has ended"
		# One on the way may have been there for a while only.
		! gone "$_pid" || _pid=$!
		child=$(pgrep --oldest --parent "$_pid") || true
		_pid=${child:-$_pid}
	done
}

# usage: as_nobody COMMAND...; without any right
as_nobody() {
	chmod 1777 "$W"
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}
