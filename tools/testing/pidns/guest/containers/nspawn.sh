# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# systemd-nspawn: a system within the system, on the same files, changes lost.

# usage: nspawn OPTION... COMMAND...; what it says is in $W/said, $W is its /mnt
nspawn() {
	mkdir -p "$W/root" /run/systemd
	mountpoint -q "$W/root" || mount --bind / "$W/root"
	systemd-nspawn --register=no --keep-unit --directory="$W/root" --volatile=overlay \
		--machine=small --link-journal=no --console=read-only --bind="$W:/mnt" "$@" \
		</dev/null >"$W/said" 2>&1
}

# usage: nspawn_ends STATUS OPTION...
nspawn_ends() {
	local want=$1 got=0
	shift
	nspawn "$@" || got=$?
	[ "$got" = "$want" ] || fail "status $got, wanted $want; it says: $(tail -n 3 "$W/said" | xargs)"
}

check 120 'a command: it is 1, its status that of nspawn' nspawn_command
nspawn_command() {
	nspawn_ends 7 sh -c 'ps -e -o pid=,ppid=,comm= >/mnt/ps; exit 7'
	equal '1 0 sh 2 1 ps' "$(cat "$W/ps")"
}

check 120 '--as-pid2: a small init is 1' nspawn_as_pid2
nspawn_as_pid2() {
	nspawn_ends 0 --as-pid2 sh -c 'ps -e -o pid=,ppid=,comm= >/mnt/ps'
	matches '^1 0 .sd-stubinit. 2 1 sh ' "$(xargs <"$W/ps")"
}

check 120 '--private-users: the user namespace of its PID namespace is its own' nspawn_private_users
nspawn_private_users() {
	local pid
	start pid nspawn --private-users=65536:65536 --private-users-ownership=off sleep infinity
	equal "$pid 1" "$(numbers "$pid")"
	equal '0 65536 65536' "$(cat "/proc/$pid/uid_map")"
	equal "$(readlink "/proc/$pid/ns/user" | tr -dc 0-9)" \
		"$(lsns --task "$pid" --type pid --noheadings --output ONS)"
}

# The system in it: systemd, and as the only thing to do a command. The words
# are what its kernel command line would be. What the container does by reboot(2)
# its manager sees as the signal that init died of.
BOOT=(--boot systemd.show_status=0)

check 400 '--boot: systemd is 1, runs a command and powers off' nspawn_poweroff
nspawn_poweroff() {
	nspawn_ends 0 "${BOOT[@]}" \
		systemd.run='/bin/sh -c "ps -o pid=,comm= -p 1 >/mnt/ps; systemctl --failed --quiet --plain >/mnt/failed"' \
		systemd.run_success_action=poweroff
	equal '1 systemd' "$(cat "$W/ps")"
	equal '' "$(cat "$W/failed")"
	matches 'Container small has been shut down' "$(cat "$W/said")"
}

check 400 '--boot: the status of the command is that of nspawn' nspawn_exit
nspawn_exit() {
	nspawn_ends 5 "${BOOT[@]}" systemd.run='/bin/sh -c "exit 5"'
}

check 400 '--boot: a reboot of it is told apart' nspawn_reboot
nspawn_reboot() {
	# 133: whoever keeps the unit (--keep-unit) shall start it anew.
	nspawn_ends 133 "${BOOT[@]}" systemd.run=/bin/true systemd.run_success_action=reboot
	matches 'Container small is being rebooted' "$(cat "$W/said")"
}

check 120 'systemctl poweroff -ff, reboot -ff: from a container without systemd' nspawn_reboot_call
nspawn_reboot_call() {
	nspawn_ends 133 --as-pid2 systemctl reboot -ff
	nspawn_ends 0 --as-pid2 systemctl poweroff -ff
}

check 120 'a container whose init is killed ends, with all in it' nspawn_killed
nspawn_killed() {
	local pid init nspawn
	start pid nspawn --as-pid2 sh -c 'sleep infinity; :'
	nspawn=$!
	init=$(pgrep --ns "$pid" --nslist pid --oldest .)
	equal "$init 1" "$(numbers "$init")"
	kill -KILL "$init"
	wait_until gone "$pid"
	status 1 wait "$nspawn"
	matches 'terminated by signal KILL' "$(cat "$W/said")"
}
