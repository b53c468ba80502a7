# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# util-linux: unshare makes namespaces, nsenter enters them, lsns lists them.

check 120 'unshare --pid: the first process is 1' unshare_first
unshare_first() {
	# shellcheck disable=SC2016 # the number is the inner shell's
	equal 1 "$(unshare --pid --fork sh -c 'echo $$')"
}

check 120 'unshare --pid without --fork: the second fork fails' unshare_no_fork
unshare_no_fork() {
	# The first child is the init, and its end is that of the namespace.
	refused 'Cannot allocate memory' unshare --pid bash -c '/bin/true; /bin/true; /bin/true'
}

check 120 'unshare --mount-proc: ps sees the namespace and nothing else' unshare_proc
unshare_proc() {
	equal '1 2' "$(unshare --pid --fork --mount-proc sh -c 'ps -e -o pid=; :')"
}

check 120 'unshare, three deep: four numbers, the last is 1' unshare_nested
unshare_nested() {
	local pid
	start pid unshare --pid --fork unshare --pid --fork unshare --pid --fork sleep infinity
	matches "^$pid [0-9]+ [0-9]+ 1\$" "$(numbers "$pid")"
}

check 120 'unshare --map-root-user: a user without rights makes a namespace' unshare_rootless
unshare_rootless() {
	equal '1 0' "$(as_nobody unshare --user --map-root-user --pid --fork --mount-proc \
		sh -c 'ps -o pid=,uid= -p 1')"
	refused 'Operation not permitted' as_nobody unshare --pid --fork true
}

check 120 'unshare --kill-child: the namespace ends with it' unshare_kill_child
unshare_kill_child() {
	local pid
	start pid unshare --pid --fork --kill-child sleep infinity
	kill -KILL "$(ps -o ppid= -p "$pid" | xargs)"
	wait_until gone "$pid"
}

check 120 'unshare --pid=FILE: the namespace outlives its processes, and takes no new one' unshare_file
unshare_file() {
	touch "$W/pid"
	unshare "--pid=$W/pid" --fork true
	equal "$(stat --file-system --format %T "$W/pid")" nsfs
	equal "$(stat --format %i "$W/pid")" "$(lsns --persistent --type pid --noheadings --output NS)"
	refused 'Cannot allocate memory' nsenter "--pid=$W/pid" true
}

check 120 'nsenter --target --pid: a second process of the namespace' nsenter_pid
nsenter_pid() {
	local pid
	start pid unshare --pid --fork sleep infinity
	# shellcheck disable=SC2016
	equal 2 "$(nsenter --target "$pid" --pid sh -c 'echo $$')"
	equal "$(ns "$pid")" "$(nsenter --target "$pid" --pid readlink /proc/self/ns/pid | tr -dc 0-9)"
}

check 120 'nsenter --all: ps in it is that of the namespace' nsenter_all
nsenter_all() {
	local pid
	start pid unshare --pid --fork --mount-proc --uts --ipc --net sleep infinity
	equal '1 sleep 2 ps' "$(nsenter --target "$pid" --all ps -e -o pid=,comm=)"
}

check 120 'nsenter --no-fork: its children enter, it does not' nsenter_no_fork
nsenter_no_fork() {
	local pid
	start pid unshare --pid --fork sleep infinity
	# The /proc is the outer one's: it knows what is in its own namespace.
	equal "$(ns self) $(ns "$pid")" "$(nsenter --target "$pid" --pid --no-fork \
		readlink /proc/self/ns/pid /proc/self/ns/pid_for_children | tr -dc '0-9\n')"
}

check 120 'nsenter --user --pid: a user without rights enters what is his' nsenter_rootless
nsenter_rootless() {
	local pid
	start pid as_nobody unshare --user --map-root-user --pid --fork --mount-proc sleep infinity
	equal '1 0 sleep 2 0 ps' "$(as_nobody nsenter --target "$pid" --user --pid --mount \
		--preserve-credentials ps -e -o pid=,uid=,comm=)"
	refused 'Operation not permitted' as_nobody nsenter --target "$pid" --pid true
}

check 120 'nsenter: outwards is refused' nsenter_outwards
nsenter_outwards() {
	refused 'Invalid argument' unshare --pid --fork nsenter --target $$ --pid true
}

check 120 'lsns: a namespace, its first process, its parent and its owner' lsns_pid
lsns_pid() {
	local pid
	start pid unshare --pid --fork sleep infinity
	equal "$(ns "$pid") $(ns self) $(readlink /proc/self/ns/user | tr -dc 0-9) 1 $pid sleep infinity" \
		"$(lsns --task "$pid" --type pid --noheadings --output NS,PNS,ONS,NPROCS,PID,COMMAND)"
}

check 120 'lsns --tree=parent: one below the other' lsns_tree
lsns_tree() {
	local pid
	start pid unshare --pid --fork unshare --pid --fork sleep infinity
	matches "  └─$(ns "$pid")\$" "$(lsns --type pid --tree=parent --noheadings --output NS)"
}
