# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# crun: OCI containers, from create to delete, one in the PID namespace of another.

CRUN=(crun --root "${W:-}/state")

# usage: bundle NAME COMMAND [NAMESPACE [mapped]]; an OCI bundle in $W/NAME, with a
# PID namespace of its own or, by NAMESPACE, an existing one; with "mapped" in a
# user namespace. $W is its /mnt.
bundle() {
	local dir=$W/$1 command=$2 path=${3:+,\"path\":\"$3\"} mapping='' user=''
	if [ -n "${4:-}" ]; then
		mapping='[{ "containerID": 0, "hostID": 65536, "size": 65536 }]'
		mapping="\"uidMappings\": $mapping, \"gidMappings\": $mapping,"
		user='{ "type": "user" },'
	fi
	mkdir -p "$dir/rootfs"
	mount --bind / "$dir/rootfs"
	cat >"$dir/config.json" <<EOT
{
	"ociVersion": "1.0.2",
	"hostname": "$1",
	"process": {
		"user": { "uid": 0, "gid": 0 },
		"args": ["/bin/sh", "-c", "$command"],
		"env": ["PATH=$PATH"],
		"cwd": "/"
	},
	"root": { "path": "rootfs", "readonly": true },
	"mounts": [
		{ "destination": "/proc", "type": "proc", "source": "proc" },
		{ "destination": "/dev", "type": "tmpfs", "source": "tmpfs" },
		{ "destination": "/tmp", "type": "tmpfs", "source": "tmpfs" },
		{ "destination": "/mnt", "type": "bind", "source": "$W", "options": ["bind"] }
	],
	"linux": {
		"cgroupsPath": "${CGROUP#/sys/fs/cgroup}/$1",
		$mapping
		"namespaces": [
			$user
			{ "type": "pid"$path },
			{ "type": "mount" }, { "type": "uts" }, { "type": "ipc" }
		]
	}
}
EOT
}

# usage: up NAME COMMAND [NAMESPACE [mapped]]; a container that runs
up() {
	bundle "$@"
	"${CRUN[@]}" run --detach --bundle "$W/$1" "$1" </dev/null >"$W/$1/said" 2>&1 ||
		fail "crun run: $(cat "$W/$1/said")"
}

# usage: tells NAME FIELD; what crun state says of it
tells() { "${CRUN[@]}" state "$1" | sed -n "s/^ *\"$2\": \"\{0,1\}\([^\",]*\).*/\1/p"; }

# usage: is NAME STATUS
is() { [ "$(tells "$1" status)" = "$2" ]; }

# usage: settle NAME; until its init has become the sleep that it is to be
settle() { wait_until grep -qsx sleep "/proc/$(tells "$1" pid)/comm"; }

check 120 'run: the command is 1 and sees nobody else' crun_run
crun_run() {
	bundle one 'ps -e -o pid=,ppid=,comm=; exit 7'
	status 7 "${CRUN[@]}" run --bundle "$W/one" one </dev/null >"$W/said"
	equal '1 0 sh 2 1 ps' "$(cat "$W/said")"
}

check 120 'run: in a user namespace, which owns the PID namespace' crun_user
crun_user() {
	local pid
	chmod 755 "$TMPDIR" "$W"
	up one 'exec sleep infinity' '' mapped
	settle one
	pid=$(tells one pid)
	equal "$pid 1" "$(numbers "$pid")"
	equal '0 65536 65536' "$(cat "/proc/$pid/uid_map")"
	equal "$(readlink "/proc/$pid/ns/user" | tr -dc 0-9)" \
		"$(lsns --task "$pid" --type pid --noheadings --output ONS)"
	equal '1 0 sleep 2 0 ps' "$("${CRUN[@]}" exec one ps -e -o pid=,uid=,comm=)"
}

check 120 'state: the number outside is that of 1 inside' crun_state
crun_state() {
	local pid
	up one 'exec sleep infinity'
	is one running
	pid=$(tells one pid)
	equal "$pid 1" "$(numbers "$pid")"
	[ "$(ns "$pid")" != "$(ns self)" ] || fail 'it has our PID namespace'
}

check 120 'create, start: it waits as 1 for its start' crun_create
crun_create() {
	local pid
	bundle one 'echo started >/mnt/said; exec sleep infinity'
	"${CRUN[@]}" create --bundle "$W/one" one </dev/null >/dev/null 2>&1
	is one created
	pid=$(tells one pid)
	equal "$pid 1" "$(numbers "$pid")"
	[ ! -e "$W/said" ] || fail 'it has begun'
	"${CRUN[@]}" start one
	wait_until [ -s "$W/said" ]
	is one running
	equal "$pid" "$(tells one pid)"
}

check 120 'exec: a process more in the namespace' crun_exec
crun_exec() {
	up one 'exec sleep infinity'
	settle one
	matches '^1 0 sleep [0-9]+ 0 sh [0-9]+ [0-9]+ ps $' \
		"$("${CRUN[@]}" exec one sh -c 'ps -e -o pid=,ppid=,comm=; :' | xargs -n 1 | tr '\n' ' ')"
	status 5 "${CRUN[@]}" exec one sh -c 'exit 5'
}

check 120 'ps: the numbers outside, of init and of what exec began' crun_ps
crun_ps() {
	local said pid
	up one 'exec sleep infinity'
	"${CRUN[@]}" exec --detach one sleep infinity </dev/null >/dev/null 2>&1
	said=$("${CRUN[@]}" ps one | grep -v PID)
	equal 2 "$(wc -w <<<"$said")"
	for pid in $said; do
		equal "$(ns "$(tells one pid)")" "$(ns "$pid")"
	done
}

check 120 'kill: an init without a handler ignores TERM and dies by KILL' crun_kill
crun_kill() {
	up one 'exec sleep infinity'
	"${CRUN[@]}" kill one TERM
	"${CRUN[@]}" exec one true
	is one running
	"${CRUN[@]}" kill one KILL
	wait_until is one stopped
}

check 120 'kill: an init with a handler gets TERM' crun_handler
crun_handler() {
	up one "trap 'echo got it >/mnt/said; exit' TERM; echo ready >/mnt/ready; while :; do sleep 0.1; done"
	wait_until [ -s "$W/ready" ]
	"${CRUN[@]}" kill one TERM
	wait_until is one stopped
	equal 'got it' "$(cat "$W/said")"
}

check 120 'kill: with init dies all that exec began' crun_kill_all
crun_kill_all() {
	local pid
	up one 'exec sleep infinity'
	"${CRUN[@]}" exec --detach --pid-file "$W/pid" one sleep infinity </dev/null >/dev/null 2>&1
	pid=$(cat "$W/pid")
	! gone "$pid" || fail 'what exec began has ended before the kill'
	"${CRUN[@]}" kill one KILL
	wait_until is one stopped
	wait_until gone "$pid"
	refused 'is not running' "${CRUN[@]}" exec one true
}

check 120 'pause, resume: frozen in between' crun_pause
crun_pause() {
	mkfifo "$W/fifo"
	up one 'echo ready >/mnt/ready; cat /mnt/fifo >/mnt/said; exec sleep infinity'
	wait_until [ -s "$W/ready" ]
	"${CRUN[@]}" pause one
	is one paused
	grep -q 'frozen 1' "$CGROUP/one/cgroup.events"
	"${CRUN[@]}" resume one
	is one running
	echo word >"$W/fifo"
	wait_until [ -s "$W/said" ]
	equal word "$(cat "$W/said")"
}

check 120 'pause: KILL ends a frozen one' crun_pause_kill
crun_pause_kill() {
	up one 'sleep infinity; :'
	"${CRUN[@]}" pause one
	"${CRUN[@]}" kill one KILL
	wait_until is one stopped
}

check 120 'delete: a stopped one; a running one only by force' crun_delete
crun_delete() {
	local pid
	up one 'exec sleep infinity'
	pid=$(tells one pid)
	refused "is not in \`created\` or \`stopped\` state" "${CRUN[@]}" delete one
	"${CRUN[@]}" delete --force one
	wait_until gone "$pid"
	equal '' "$("${CRUN[@]}" list --quiet)"
	[ ! -e "$CGROUP/one" ] || fail 'its cgroup is left'

	up two 'exit 0'
	wait_until is two stopped
	"${CRUN[@]}" delete two
	equal '' "$("${CRUN[@]}" list --quiet)"
}

check 120 'join: a container in the PID namespace of another' crun_join
crun_join() {
	local one two
	up one 'exec sleep infinity'
	one=$(tells one pid)
	up two 'exec sleep infinity' "/proc/$one/ns/pid"
	two=$(tells two pid)
	settle one
	settle two
	equal "$(ns "$one")" "$(ns "$two")"
	equal "$one 1" "$(numbers "$one")"
	matches "^$two [2-9][0-9]*\$" "$(numbers "$two")"
	# Each has its own mounts, and the /proc of the same namespace.
	equal "1 sleep $(number "$two") sleep" "$("${CRUN[@]}" exec one ps -e -o pid=,comm= | grep -v ps)"
	equal "1 sleep $(number "$two") sleep" "$("${CRUN[@]}" exec two ps -e -o pid=,comm= | grep -v ps)"
	equal "PID $one" "$("${CRUN[@]}" ps one)"
	equal "PID $two" "$("${CRUN[@]}" ps two)"
}

check 120 'join: the first ends with its guest, not the other way round' crun_join_end
crun_join_end() {
	up one 'exec sleep infinity'
	up two 'exec sleep infinity' "/proc/$(tells one pid)/ns/pid"
	up three 'exec sleep infinity' "/proc/$(tells one pid)/ns/pid"
	"${CRUN[@]}" kill two KILL
	wait_until is two stopped
	is one running
	is three running
	"${CRUN[@]}" kill one KILL
	wait_until is one stopped
	wait_until is three stopped
}

check 120 'join: not into one whose init is gone' crun_join_dead
crun_join_dead() {
	local pid
	up one 'exec sleep infinity'
	pid=$(tells one pid)
	touch "$W/pid"
	mount --bind "/proc/$pid/ns/pid" "$W/pid"
	"${CRUN[@]}" delete --force one
	wait_until gone "$pid"
	bundle two 'exit 0' "$W/pid"
	refused 'Cannot allocate memory' "${CRUN[@]}" run --bundle "$W/two" two
}
