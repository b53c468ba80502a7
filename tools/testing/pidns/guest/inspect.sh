#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: inspect.sh
#
# Run in the guest: loads the sample from within two nested PID namespaces, and
# shows what it prints of them. Fails if that is not what /proc says.

# usage: within LEVELS; loads it from so many namespaces further in
within() {
	local name numbers
	readlink /proc/self/ns/pid >>/tmp/inspect-ns
	if [ "$1" -gt 0 ]; then
		unshare --pid --fork bash "$0" --within $(($1 - 1))
		return
	fi
	# The /proc that is mounted is the outermost namespace's: it knows all numbers.
	while read -r name numbers; do
		[ "$name" != NSpid: ] || printf '%s\n' "$numbers" >/tmp/inspect
	done </proc/self/status
	exec insmod ./pidns_inspect.ko
}

if [ "${1:-}" = --within ]; then
	within "$2"
	exit
fi
rm -f /tmp/inspect-ns
within 2 || exit
rmmod pidns_inspect
read -ra numbers </tmp/inspect
mapfile -t namespaces </tmp/inspect-ns
want=()
for ((level = ${#numbers[@]} - 1; level >= 0; level--)); do
	want+=("level $level: number ${numbers[level]} in ${namespaces[level]}")
done
got=$(dmesg | sed -n 's/.*pidns_inspect: //p' | tail -n ${#want[@]})
printf '%s\n' "$got"
if [ "$got" != "$(printf '%s\n' "${want[@]}")" ]; then
	echo "but /proc says, from the outside in: ${numbers[*]} in ${namespaces[*]}"
	exit 1
fi
