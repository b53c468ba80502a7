#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs in a guest and executes the commands of the host, one a line: its standard
# input and output lead there. It says when it is ready; each answer ends with the
# command's status.

# usage: kselftest NAME SECONDS; one of our tests
kselftest() {
	cd kselftest/pidns && exec timeout --foreground -k 5 "$2" "./$1"
}

# usage: kunit SUITE; runs it now
kunit() {
	local folder=/sys/kernel/debug/kunit/$1
	echo 1 >"$folder/run" && cat "$folder/results"
}

# usage: fuzz --seeds A..B|--programs; runs the fuzzer, on seeds or on the programs of the
# stage folder, and prints its transcripts as an archive
fuzz() {
	local status=0
	[ "$1" != --programs ] || set -- --program programs/*.prog
	rm -rf /tmp/transcripts
	cp pidns-fuzz /tmp/
	/tmp/pidns-fuzz run --transcripts /tmp/transcripts --jobs "$(nproc)" "$@" >&2 || status=$?
	tar -C /tmp/transcripts -cz . | base64
	return $status
}

# usage: scan; looks for leaks, and whether lockdep is still on. An object must be found
# unreferenced twice to be a leak: it may be on its way between two owners.
scan() {
	local file=/sys/kernel/debug/kmemleak
	if ! grep -q '^ debug_locks: *1$' /proc/lockdep_stats; then
		echo 'lockdep is off'
		return 1
	fi
	for _ in 1 2; do
		sleep 6
		# If kmemleak has disabled itself, it refuses.
		echo scan >"$file" || return
	done
	cat "$file"
	! grep -q 'unreferenced object' "$file"
}

# usage: mutant NUMBER; makes that mistake from now on
mutant() { echo "$1" >/sys/module/pidns/parameters/mutant; }

# usage: delay NUMBER MICROSECONDS EVERY; from now on each EVERYth passage of that point takes so
# long. Prints how many have been slow so far.
delay() {
	local folder=/sys/module/pidns/parameters count
	read -r count <$folder/delays && echo "$count"
	echo "$2" >$folder/delay_us && echo "$3" >$folder/delay_every && echo "$1" >$folder/delay
}

# usage: script FILE ARGUMENT...; one of the stage folder
script() { exec bash "$@"; }

echo pidns-ready
while read -r -a words; do
	case ${words[0]} in
	kselftest | kunit | fuzz | scan | script)
		("${words[@]}") </dev/null 2>&1
		echo "pidns-status $?"
		;;
	# Here and not in a child: the mistake may be in making one.
	mutant | delay)
		"${words[@]}"
		echo "pidns-status $?"
		;;
	end) break ;;
	*) echo "pidns-status 127" ;;
	esac
done
