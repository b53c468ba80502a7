# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# bubblewrap: sandboxes without a daemon, within each other, without rights.

BWRAP=(bwrap --unshare-all --dev-bind / / --proc /proc)

check 120 '--unshare-all: its own init is 1, the command is 2' bwrap_all
bwrap_all() {
	equal '1 0 bwrap 2 1 sh 3 2 ps' "$("${BWRAP[@]}" sh -c 'ps -e -o pid=,ppid=,comm=; :')"
}

check 120 '--unshare-all: all namespaces are new' bwrap_namespaces
bwrap_namespaces() {
	local pid type
	start pid "${BWRAP[@]}" sleep infinity
	for type in cgroup ipc mnt net pid user uts; do
		[ "$(readlink "/proc/$pid/ns/$type")" != "$(readlink "/proc/self/ns/$type")" ] ||
			fail "the $type namespace is ours"
	done
}

check 120 '--as-pid-1: the command is 1' bwrap_as_pid_1
bwrap_as_pid_1() {
	equal '1 0 sh 2 1 ps' "$("${BWRAP[@]}" --as-pid-1 sh -c 'ps -e -o pid=,ppid=,comm=; :')"
}

check 120 '--as-pid-1: the command cannot kill itself, and its end is that of all' bwrap_immortal
bwrap_immortal() {
	local said
	said=$("${BWRAP[@]}" --as-pid-1 sh -c 'sleep infinity & kill -KILL 1; echo alive; exit 9') ||
		equal 9 $?
	equal alive "$said"
}

check 120 'its init adopts orphans, and reaps them' bwrap_orphans
bwrap_orphans() {
	# The orphan's father is the shell that $( ) starts, which ends.
	# shellcheck disable=SC2016
	equal '1 reaped' "$("${BWRAP[@]}" bash -c '
		orphan=$(sleep infinity >/dev/null & echo $!)
		ps -o ppid= -p $orphan
		kill -KILL $orphan
		while [ -e /proc/$orphan ]; do sleep 0.1; done
		echo reaped')"
}

# Root's /proc in a sandbox is covered in parts, and so cannot be mounted again
# in one within it: these are for a user.
check 120 'nested, by a user without rights: one number more at each depth' bwrap_nested
bwrap_nested() {
	local pid
	start pid as_nobody "${BWRAP[@]}" --as-pid-1 "${BWRAP[@]}" "${BWRAP[@]}" sleep infinity
	matches "^$pid [0-9]+ [0-9]+ 2\$" "$(numbers "$pid")"
}

check 120 'nested, by a user without rights: ps sees the innermost only' bwrap_nested_ps
bwrap_nested_ps() {
	equal '1 bwrap 2 sh 3 ps' "$(as_nobody "${BWRAP[@]}" "${BWRAP[@]}" \
		sh -c 'ps -e -o pid=,comm=; :')"
}

check 120 '--die-with-parent: the sandbox ends with what started it' bwrap_die
bwrap_die() {
	local pid starter
	start pid sh -c "$(printf '%q ' "${BWRAP[@]}") --die-with-parent sleep infinity; :"
	starter=$!
	kill -KILL "$starter"
	wait_until gone "$pid"
}

check 120 '--info-fd: the number and the namespace that it tells are so' bwrap_info
bwrap_info() {
	local pid
	start pid "${BWRAP[@]}" --as-pid-1 --info-fd 9 sleep infinity 9>"$W/info"
	matches "\"child-pid\": $pid," "$(cat "$W/info")"
	matches "\"pid-namespace\": $(ns "$pid")[,[:space:]]" "$(cat "$W/info")"
}

check 120 '--pidns: into the namespace of another' bwrap_join
bwrap_join() {
	local pid
	start pid unshare --pid --fork sleep infinity
	equal "$(ns "$pid")" "$(bwrap --dev-bind / / --pidns 9 readlink /proc/self/ns/pid \
		9<"/proc/$pid/ns/pid" | tr -dc 0-9)"
	equal 'sleep ps' "$(bwrap --dev-bind / / --proc /proc --pidns 9 \
		ps -e -o comm= 9<"/proc/$pid/ns/pid")"
}

check 120 'the status of the command is that of bwrap' bwrap_status
bwrap_status() {
	status 42 "${BWRAP[@]}" sh -c 'exit 42'
	status 143 "${BWRAP[@]}" sh -c 'kill -TERM $$'
}
