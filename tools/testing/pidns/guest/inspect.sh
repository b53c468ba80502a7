#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: inspect.sh [itself] [number] [pidfd]
#
# Run in the guest: loads the sample from within two nested PID namespaces, to look at who
# loads it, or at another process by its number or by a pidfd. Shows what it prints. Fails if
# that is not what /proc says.

# Writes what the sample is to print of this shell. The /proc that is mounted is the
# outermost namespace's: it knows all numbers. Without a fork, so that self is the shell.
record() {
	local lines line numbers namespaces level count
	mapfile -t lines </proc/self/status
	mapfile -t namespaces </tmp/inspect-ns
	for line in "${lines[@]}"; do
		[[ $line != NSpid:* ]] || read -ra numbers <<<"${line#NSpid:}"
	done
	count=${#numbers[@]}
	for ((level = count - 1; level >= 0; level--)); do
		echo "level $level: number ${numbers[level]} in ${namespaces[level]}"
	done >/tmp/inspect
	cat >>/tmp/inspect <<-END
		found by number at $count of $count levels
		thread ${numbers[-1]}
		process ${numbers[-1]}
	END
}

# A process to look at.
target() {
	record
	touch /tmp/inspect-ready
	exec sleep 1000
}

# usage: load CASE; in the innermost namespace, whose end is the target's, too
load() {
	if [ "$1" = itself ]; then
		record
		exec insmod ./pidns_inspect.ko
	fi
	bash "$0" --target &
	until [ -e /tmp/inspect-ready ]; do
		sleep 0.1
	done
	if [ "$1" = number ]; then
		insmod ./pidns_inspect.ko nr=$!
		return
	fi
	# pidfd_open(), and not closed at exec.
	# shellcheck disable=SC2016 # these are Perl's
	perl -e 'use Fcntl; my $fd = syscall(434, $ARGV[0] + 0, 0);
		open(my $file, "<&=", $fd) or die "pidfd: $!\n";
		fcntl($file, F_SETFD, 0);
		exec "insmod", "./pidns_inspect.ko", "pidfd=$fd"' $!
}

# usage: within LEVELS CASE; loads it from so many namespaces further in
within() {
	readlink /proc/self/ns/pid >>/tmp/inspect-ns
	if [ "$1" -gt 0 ]; then
		unshare --pid --fork bash "$0" --within $(($1 - 1)) "$2"
		return
	fi
	load "$2"
}

# What it has printed last: from the first of several lines that begin with a level.
printed() {
	dmesg | sed -n 's/.*pidns_inspect: //p' | awk '
		/^level/ && !level { text = "" }
		{ level = /^level/; text = text $0 "\n" }
		END { printf "%s", text }'
}

case ${1:-} in
--within)
	within "$2" "$3"
	exit
	;;
--target) target ;;
esac
[ $# != 0 ] || set -- itself number pidfd
status=0
for case; do
	rm -f /tmp/inspect /tmp/inspect-*
	within 2 "$case" || exit
	rmmod pidns_inspect
	printed | tee /tmp/inspect-printed
	missing=$(grep -vxFf /tmp/inspect-printed /tmp/inspect)
	if [ -n "$missing" ]; then
		printf 'but /proc says:\n%s\n' "$missing"
		status=1
	fi
done
exit $status
