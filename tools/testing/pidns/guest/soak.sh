#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: soak.sh SECONDS WARM TEST...
#
# Lets all that uses namespaces run at once in a guest, under memory pressure: first for WARM
# seconds, so that all there is was used once, then for SECONDS. What the kernel has of pids,
# namespaces and sets of them must be as many afterwards as between the two. Prints a
# line "ok NAME" or "failed NAME: WHY" for each thing that must be so.

seconds=$1 warm=$2
shift 2
tests=("$@")
W=/tmp/soak
mkdir -p $W
kinds=(cgroup:-C ipc:-i mnt:-m net:-n pid:-p time:-T user:-U uts:-u)

verdict() {
	if [ -z "$2" ]; then echo "ok $1"; else echo "failed $1: $2"; fi
}

running() { [ ! -e $W/stop ]; }

# One worker each. A turn that came to a good end is a line in its file.
turn() { echo "$SECONDS" >>"$W/$1.turns"; }

a_tests() {
	local test status
	while running; do
		for test in $(printf '%s\n' "${tests[@]}" | shuf); do
			running || break
			(cd kselftest/pidns && timeout --foreground -k 5 300 "./$test") >$W/said 2>&1
			status=$?
			turn tests
			# 4: it has skipped itself.
			if [ $status != 0 ] && [ $status != 4 ]; then
				echo "$test ($status)" >>$W/failed
				echo "# $test: status $status"
				grep -v '^#  RUN\|OK ' $W/said | tail -n 15 | sed 's/^/# /'
			fi
		done
	done
}

a_fuzz() {
	local seed=100000
	cp pidns-fuzz $W/
	while running; do
		$W/pidns-fuzz run --transcripts $W/transcripts --jobs 1 --seeds $seed..$((seed + 4)) \
			>$W/fuzz.said 2>&1 && turn fuzz
		rm -rf $W/transcripts
		seed=$((seed + 4))
	done
}

a_container() {
	local all=(-C -i -m -n -p -T -u --fork --kill-child --mount-proc) pid
	while running; do
		timeout -k 5 60 unshare "${all[@]}" unshare -U -r "${all[@]}" \
			sh -c 'sleep 100 & sleep 100 & sleep 0.1' 2>$W/container.said && turn container
		unshare "${all[@]}" sleep 100 &
		pid=$!
		sleep 0.1
		timeout -k 5 60 nsenter -a -t "$(pgrep -P $pid | head -n 1)" true 2>/dev/null
		kill -KILL $pid
		wait $pid 2>/dev/null
	done
}

# Processes that are frozen when they are killed.
a_freezer() {
	local group=/sys/fs/cgroup/soak
	mkdir -p $group
	while running; do
		bash -c "echo \$BASHPID >$group/cgroup.procs
			exec unshare -p --fork sh -c 'sleep 100 & sleep 100'" &
		sleep 0.2
		echo 1 >$group/cgroup.freeze
		sleep 0.1
		echo 1 >$group/cgroup.kill
		echo 0 >$group/cgroup.freeze
		wait $! 2>/dev/null
		turn freezer
	done
	rmdir $group
}

# Half of the memory is in use, and files are read over and over, so that memory is reclaimed.
a_memory() {
	local kb
	read -r _ kb _ </proc/meminfo
	while running; do
		# By the megabyte: perl makes a string twice.
		timeout 30 perl -e "push @x, 'x' x 1048576 for 1..$((kb / 2048)); sleep 20" &
		find /usr/lib /usr/share -xdev -type f -size +64k 2>/dev/null | shuf -n 50 |
			xargs -d '\n' cat >/dev/null 2>&1
		kill $! 2>/dev/null
		wait $! 2>/dev/null
		turn memory
	done
}

a_tool() {
	while running; do
		if command -v bwrap >/dev/null; then
			timeout -k 5 60 bwrap --ro-bind / / --unshare-all --die-with-parent true
		fi
		if command -v stress-ng >/dev/null; then
			timeout -k 5 60 stress-ng --fork 2 --clone 2 --timeout 3 --temp-path $W
		fi
		turn tool
	done >$W/tool.said 2>&1
}

a_cpu() {
	local online=/sys/devices/system/cpu/cpu1/online
	while running; do
		echo 0 >$online
		sleep 1
		echo 1 >$online
		sleep 1
		turn cpu
	done
}

# usage: load SECONDS
load() {
	local workers=(tests fuzz container freezer memory) name end=$((SECONDS + $1)) told=$SECONDS
	if command -v bwrap >/dev/null || command -v stress-ng >/dev/null; then
		workers+=(tool)
	fi
	[ ! -w /sys/devices/system/cpu/cpu1/online ] || workers+=(cpu)
	rm -f $W/stop $W/failed $W/*.turns
	for name in "${workers[@]}"; do
		"a_$name" &
	done
	while [ $SECONDS -lt $end ]; do
		sleep 1
		if [ $((SECONDS - told)) -ge 60 ]; then
			told=$SECONDS
			echo "# $(((end - SECONDS + 30) / 60)) min to go"
		fi
	done
	touch $W/stop
	wait
	for name in "${workers[@]}"; do
		touch "$W/$name.turns"
		echo "# $name: $(wc -l <"$W/$name.turns") times"
	done
}

# What there is: a line "NAME NUMBER" each. A thread of the kernel has a pid, too, and these
# come and go.
counts() {
	local cache
	for cache in /sys/kernel/slab/{pid,pid_*,nsproxy}; do
		[ ! -e "$cache/shrink" ] || echo 1 >"$cache/shrink"
	done
	awk -v tasks="$(find /proc/[0-9]*/task -mindepth 1 -maxdepth 1 2>/dev/null | wc -l)" '
		$1 == "pid" { print "pids without a task", $2 - tasks }
		$1 ~ /^pid_[0-9]+$/ { below += $2 }
		$1 ~ /^(pid_namespace|nsproxy)$/ { print "objects of", $1, $2 }
		END { print "pids in namespaces", below + 0 }' /proc/slabinfo
	echo "user's processes $(grep -l '^Kthread:.0' /proc/[0-9]*/status 2>/dev/null | wc -l)"
	echo "PID namespaces $(lspidns -n -o ns | wc -l)"
	echo "next namespace's inode number $(unshare -p --fork readlink /proc/self/ns/pid | tr -dc 0-9)"
}

# What changes by itself for a while, such as what RCU frees.
settled_counts() {
	local last=none
	counts >$W/counts
	for _ in {1..30}; do
		[ "$last" != "$(<$W/counts)" ] || break
		last=$(<$W/counts)
		sleep 2
		counts >$W/counts
	done
	cat $W/counts
}

# usage: limit_of KIND OPTION; whether one namespace may be made if one is allowed: then no other
# one counts
limit_of() {
	local file=/proc/sys/user/max_$1_namespaces was why=
	was=$(<"$file")
	echo 1 >"$file"
	for _ in {1..30}; do
		why=$(unshare "$2" --fork true 2>&1) && why= && break
		sleep 2
	done
	echo "$was" >"$file"
	verdict "no $1 namespace is counted" "$why"
}

load "$warm"
settled_counts >$W/before
why=
if [ "$(wc -l <$W/before)" != 7 ] || ! grep -q '^PID namespaces [1-9]' $W/before; then
	why=$(tr '\n' ',' <$W/before)
fi
verdict "all is counted" "$why"
echo "# between: $(tr '\n' ',' <$W/before)"
load "$seconds"
verdict "the tests pass among all that" "$(sort $W/failed 2>/dev/null | uniq -c | tr -s '\n ' ' ')"
for name in tests fuzz container freezer memory; do
	why=
	[ -s $W/$name.turns ] ||
		why="it never came to a good end; $(tail -n 1 $W/$name.said 2>/dev/null)"
	verdict "$name was done" "$why"
done
# What is freed later may take its time.
for _ in {1..5}; do
	settled_counts >$W/after
	! cmp -s $W/before $W/after || break
done
while read -r line; do
	name=${line% *} then=${line##* }
	now=$(grep "^$name [-0-9]*\$" $W/after)
	now=${now##* }
	why='' slack=0
	# Each process takes a pid, and what is free in the slab of a processor is counted.
	[ "$name" != "pids without a task" ] || slack=128
	if [ -z "$now" ] || [ $((now - then)) -gt $slack ] || [ $((then - now)) -gt $slack ]; then
		why="$then before, $now after"
	fi
	verdict "$name" "$why"
done <$W/before
for kind in "${kinds[@]}"; do
	limit_of "${kind%:*}" "${kind#*:}"
done
