# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# procps: ps, pgrep, pkill and pidwait know namespaces; sysctl sets theirs.

check 120 'ps -o pidns: the namespace of each process' ps_pidns
ps_pidns() {
	local pid
	start pid unshare --pid --fork sleep infinity
	equal "$(ns self)" "$(ps -o pidns= -p $$)"
	equal "$(ns "$pid")" "$(ps -o pidns= -p "$pid")"
	[ "$(ns self)" != "$(ns "$pid")" ] || fail "there is but one namespace"
}

check 120 'ps: the same process by its two numbers' ps_numbers
ps_numbers() {
	local pid
	start pid unshare --pid --fork --mount-proc unshare --ipc --fork sleep infinity
	equal "$pid sleep" "$(ps -o pid=,comm= -p "$pid")"
	equal "$(number "$pid") 1 sleep" \
		"$(nsenter --target "$pid" --all ps -o pid=,ppid=,comm= -C sleep)"
}

check 120 'pgrep --ns: all of a namespace and no others' pgrep_ns
pgrep_ns() {
	local one two
	start one unshare --pid --fork sleep infinity
	start two unshare --pid --fork sleep infinity
	equal "$one" "$(pgrep --ns "$one" --nslist pid .)"
	equal "$two" "$(pgrep --ns "$two" --nslist pid .)"
}

check 120 'pkill --ns: those of a namespace, by name' pkill_ns
pkill_ns() {
	local one two
	start one unshare --pid --fork sleep infinity
	start two unshare --pid --fork sleep infinity
	pkill -KILL --ns "$one" --nslist pid sleep
	wait_until gone "$one"
	equal sleep "$(cat "/proc/$two/comm")"
}

check 120 'pkill from within: the init is spared' pkill_within
pkill_within() {
	equal 'bash killed (pid 1) and lives' "$(unshare --pid --fork --mount-proc bash -c '
		pkill --echo -KILL -x bash
		echo and lives')"
}

# usage: holds_pidfd HOLDER PID
holds_pidfd() { grep -qs "^Pid:[[:space:]]*$2\$" "/proc/$1/fdinfo/"*; }

check 120 'pidwait: until the last process of a namespace has ended' pidwait_ns
pidwait_ns() {
	local pid waiter
	start pid unshare --pid --fork sleep infinity
	pidwait --ns "$pid" --nslist pid sleep &
	waiter=$!
	wait_until holds_pidfd "$waiter" "$pid"
	kill -KILL "$pid"
	wait "$waiter"
	gone "$pid"
}

check 120 'sysctl kernel.pid_max: of a namespace by itself' sysctl_pid_max
sysctl_pid_max() {
	local before
	before=$(sysctl -n kernel.pid_max)
	equal 4444 "$(unshare --pid --fork --mount-proc \
		sh -c 'sysctl -q -w kernel.pid_max=4444; sysctl -n kernel.pid_max')"
	equal "$before" "$(sysctl -n kernel.pid_max)"
}

check 120 'sysctl kernel.ns_last_pid: the next process has the next number' sysctl_last_pid
sysctl_last_pid() {
	# shellcheck disable=SC2016
	equal 778 "$(unshare --pid --fork --mount-proc bash -c '
		sysctl -q -w kernel.ns_last_pid=777
		sh -c "echo \$\$"
		:')"
}
