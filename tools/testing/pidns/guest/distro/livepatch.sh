# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# A livepatch of find_get_pid(), which a wait for a child calls: it counts its calls.

LIVEPATCH=/sys/kernel/livepatch/pidns_livepatch
PARAMETER=/sys/module/pidns_livepatch/parameters/calls

# usage: settled WANT; the patch is in that state for all tasks
settled() { [ "$(cat "$LIVEPATCH/enabled" 2>/dev/null)$(cat "$LIVEPATCH/transition" 2>/dev/null)" = "$1"0 ]; }

removed() { [ ! -e "$LIVEPATCH" ]; }

# usage: wait_for_child; calls find_get_pid() once
wait_for_child() { python3 -c 'import os; os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)'; }

# usage: unpatch; whatever became of it
unpatch() {
	[ ! -e "$LIVEPATCH" ] || echo 0 >"$LIVEPATCH/enabled"
	wait_until removed
	rmmod pidns_livepatch
}

check 600 'find_get_pid() is patched, the patch is hit, and reverted' livepatch
livepatch() {
	local before after
	insmod ./pidns_livepatch.ko || fail "the patch was refused"
	trap unpatch EXIT
	wait_until settled 1
	before=$(cat "$PARAMETER")
	wait_for_child
	after=$(cat "$PARAMETER")
	[ "$after" -gt "$before" ] || fail "the patch was not hit"
	echo 0 >"$LIVEPATCH/enabled"
	wait_until removed
	before=$(cat "$PARAMETER")
	wait_for_child
	equal "$before" "$(cat "$PARAMETER")"
}
