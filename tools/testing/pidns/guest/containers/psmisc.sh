# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# psmisc: pstree shows namespaces, killall kills in one.

check 120 'pstree -N pid: each namespace with its own tree' pstree_ns
pstree_ns() {
	local pid said
	start pid unshare --pid --fork sh -c 'sleep infinity; :'
	said=$(pstree -N pid)
	matches "\\[$(ns self)\\]" "$said"
	matches "\\[$(ns "$pid")\\]"$'\n'"sh---sleep(\$|"$'\n'')' "$said"
}

check 120 'pstree -S: where a namespace begins' pstree_changes
pstree_changes() {
	local pid init
	start pid unshare --pid --fork sh -c 'sleep infinity; :'
	init=$(ps -o ppid= -p "$pid" | xargs)
	matches "sh\\($init,pid\\)---sleep\\($pid\\)" "$(pstree -S -p $$)"
}

check 120 'pstree within: the tree begins at 1' pstree_within
pstree_within() {
	equal 'sh(1)---pstree(2)' "$(unshare --pid --fork --mount-proc sh -c 'pstree -p; :')"
}

check 120 'killall --ns: only those of a namespace' killall_ns
killall_ns() {
	local one two
	start one unshare --pid --fork sleep infinity
	start two unshare --pid --fork sleep infinity
	killall --signal KILL --ns "$one" sleep
	wait_until gone "$one"
	equal sleep "$(cat "/proc/$two/comm")"
}
