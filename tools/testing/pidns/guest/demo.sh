#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The demonstration, run in the guest: what PID namespaces and a container's
# set of namespaces do, each claim checked as it is told. Section 6 needs minicontainer
# beside this file.
#
# It starts itself again as the first process of each namespace: --level N.

set -u
DEMO=/tmp/demo
failed=0 checked=0

title() { printf '\n%s\n' "$*"; }
say() {
	local line
	for line in "$@"; do
		printf '%s\n' "${line:+  $line}"
	done
}
# usage: shown COMMAND-LINE; prints it and what it prints; keeps that in OUT
shown() {
	printf '    # %s\n' "$1"
	OUT=$(eval "$1" 2>&1)
	[ -z "$OUT" ] || printf '%s\n' "$OUT" | sed 's/^/    /'
}
# usage: check CLAIM COMMAND...
check() {
	local claim=$1
	shift
	checked=$((checked + 1))
	if "$@" >/dev/null 2>&1; then
		printf '  ok      %s\n' "$claim"
	else
		printf '  FAILED  %s\n' "$claim"
		failed=$((failed + 1))
	fi
}
# usage: eventually COMMAND...; true as soon as it is; the limit is for a hang
eventually() {
	local i
	for ((i = 0; i < 1200; i++)); do
		! "$@" || return 0
		sleep 0.1
	done
	return 1
}
not() { ! "$@"; }
# A killed process stays as a zombie until it is waited for: that is gone too.
alive() { grep -qs '^State:.[^ZX]' "/proc/$1/status"; }
gone() { ! alive "$1"; }
host_name() { nsenter --uts -t "$1" hostname; }
pid_ns() { readlink "/proc/$1/ns/pid"; }
# usage: first_in PID; the first process of the namespace that an unshare made
first_in() { tr -d ' ' <"/proc/$1/task/$1/children"; }
nspid() { awk -v f="$2" '$1 == "NSpid:" { print $(f + 1) }' "/proc/$1/status"; }

level() {
	hostname "h$1"
	if [ "$1" -lt 3 ]; then
		unshare --uts --pid --mount --fork --mount-proc bash "$0" --level $(($1 + 1))
		touch "$DEMO/h$1-has-the-prompt-again"
	else
		sleep 1000 &
		pstree -p >"$DEMO/h3-tree"
		touch "$DEMO/h3-is-ready"
	fi
	wait
	sleep 1000
}

one_namespace() {
	title '1. A new PID namespace: its first process is number 1'
	# shellcheck disable=SC2016 # the shell within expands it
	shown 'unshare --uts --ipc --pid --fork sh -c '\''echo I am $$, /proc calls me $(readlink /proc/self)'\'
	check 'to itself the shell is process 1' grep -q '^I am 1,' <<<"$OUT"
	check 'to /proc, mounted for the outer namespace, it is not' grep -Eq 'me [0-9]{2,}$' <<<"$OUT"
	say '' 'With a /proc of its own (and a mount namespace, so that nobody else gets it):'
	shown "unshare --uts --ipc --pid --mount --fork --mount-proc ps -e"
	check 'it sees itself, as 1, and nothing else' \
		test "$(sed 1d <<<"$OUT" | awk '{ print $1, $NF }')" = '1 ps'
}

nested() {
	title '2. Three namespaces, one within the other: h1 -> h2 -> h3'
	say 'Each is made inside the last by: unshare --uts --pid --mount --fork --mount-proc'
	unshare --uts --pid --mount --fork --mount-proc bash "$0" --level 1 2>/dev/null &
	check 'all three are up' eventually test -e "$DEMO/h3-is-ready"
	outer=$!
	h1=$(first_in $outer)
	h2=$(first_in "$(first_in "$h1")")
	h3=$(first_in "$(first_in "$h2")")
	below=$(first_in "$h3")
	say '' "From outside the whole row is seen (h1 begins at $h1, h2 at $h2, h3 at $h3):"
	shown "pstree -p $outer"
	check 'the outer namespace sees into all three' grep -q "($h1).*($h2).*($h3).*($below)" <<<"$OUT"
	say '' 'From inside h3 there is nothing but h3:'
	sed 's/^/    /' "$DEMO/h3-tree"
	check 'h3 sees its own first process as 1, and none of the others' \
		test "$(grep -c unshare "$DEMO/h3-tree")/$(grep -c '^bash(1)' "$DEMO/h3-tree")" = 0/1
	say ''
	for pid in $$ "$h1" "$h2" "$h3"; do
		printf '    %-6s %5d  %s\n' "$(host_name "$pid")" "$pid" "$(pid_ns "$pid")"
	done
	check 'each has a host name of its own' \
		test "$(for pid in "$h1" "$h2" "$h3"; do host_name "$pid"; done | xargs)" = 'h1 h2 h3'
	check 'that is four different PID namespaces' \
		test "$(for pid in $$ "$h1" "$h2" "$h3"; do pid_ns "$pid"; done | sort -u | wc -l)" = 4
	say '' 'The first process of h3 has a number in each of the four:'
	shown "grep NSpid /proc/$h3/status"
	check 'outermost first: four numbers, the last is 1' \
		grep -Eq "^NSpid:.$h3(.[0-9]+){2}.1$" <<<"$OUT"
}

enter() {
	local in_h1="nsenter --uts --mount --pid -t $h1"
	title '3. A visitor in h1'
	shown "$in_h1 hostname"
	check 'the visitor is in h1' test "$OUT" = h1
	shown "$in_h1 pstree -p"
	check 'h1 sees h2 and h3, by its own numbers' \
		grep -q "^bash(1).*bash($(nspid "$h2" 2)).*bash($(nspid "$h3" 2))" <<<"$OUT"
	shown "$in_h1 ps -e -o pid,ppid,args"
	check "the visitor's parent is outside: number 0" grep -Eq '^ +[0-9]+ +0 ps ' <<<"$OUT"
}

kills() {
	local in_h1="nsenter --uts --mount --pid -t $h1" number
	number=$(nspid "$h3" 2)
	title '4. Signals from h1 to the first process of h3'
	say "In h1 it is number $number. It does not handle SIGTERM:"
	shown "grep SigCgt /proc/$h3/status"
	check 'bit 15 is not set' test $((0x$(awk '{ print $2 }' <<<"$OUT") >> 14 & 1)) = 0
	shown "$in_h1 kill -TERM $number"
	sleep 1
	check 'the first process of a namespace has no default action for SIGTERM: it lives' alive "$h3"
	say ''
	shown "$in_h1 kill -KILL $number"
	check 'SIGKILL from a namespace above does act: it is gone' eventually gone "$h3"
	check 'and so is all else in h3' eventually gone "$below"
	check 'h2 and h1 live' eval "alive $h2 && alive $h1"
	check 'and h2 has its prompt again' eventually test -e "$DEMO/h2-has-the-prompt-again"
	say ''
	shown "kill -KILL $h1"
	check 'the end of h1 is the end of h2' eventually eval "gone $h1 && gone $h2"
	wait $outer 2>/dev/null
}

container() {
	local box kind
	title '5. What a container engine asks for: six namespaces and a private volume'
	mkdir -p "$DEMO/volume" "$DEMO/soft" /sys/fs/cgroup/box
	echo 'from the host' >"$DEMO/volume/greeting"
	cat >"$DEMO/box" <<-END
		hostname box
		mount --bind $DEMO/volume $DEMO/soft
		touch $DEMO/box-is-ready
		sleep 1000
	END
	say '  # unshare --mount --cgroup --pid --ipc --net --uts --fork --mount-proc'
	say "  box# mount --bind $DEMO/volume $DEMO/soft" ''
	(
		echo $BASHPID >/sys/fs/cgroup/box/cgroup.procs
		exec unshare --mount --cgroup --pid --ipc --net --uts --fork --mount-proc \
			bash "$DEMO/box" 2>/dev/null
	) &
	outer=$!
	check 'the container is up' eventually test -e "$DEMO/box-is-ready"
	box=$(first_in $outer)
	for kind in mnt cgroup pid ipc net uts user; do
		printf '    %-7s %-22s %s\n' "$kind" \
			"$(readlink "/proc/$$/ns/$kind")" "$(readlink "/proc/$box/ns/$kind")"
	done
	for kind in mnt cgroup pid ipc net uts; do
		check "its $kind namespace is its own" not test "/proc/$$/ns/$kind" -ef "/proc/$box/ns/$kind"
	done
	check 'what was not asked for is shared: the user namespace' \
		test "/proc/$$/ns/user" -ef "/proc/$box/ns/user"
	say ''
	shown "nsenter -t $box --mount cat $DEMO/soft/greeting"
	check 'inside, the volume is mounted' test "$OUT" = 'from the host'
	shown "ls $DEMO/soft | wc -l"
	check 'outside, nothing is there' test "$OUT" = 0
	shown "nsenter -t $box --net ip -o link | cut -d: -f2"
	check 'inside, the network is the loopback device' test "$(xargs <<<"$OUT")" = lo
	shown "nsenter -t $box --mount --cgroup cat /proc/1/cgroup"
	check 'inside, its control group is the root of all' test "$OUT" = 0::/
	shown "cat /proc/$box/cgroup"
	check 'outside, it is one among others' test "$OUT" = 0::/box
	kill -KILL "$box"
	check 'SIGKILL ends it' eventually gone "$box"
	wait $outer 2>/dev/null
	check 'and its control group is empty again' eventually rmdir /sys/fs/cgroup/box
}

# usage: of_table ROW COLUMN; of the table of numbers that the runner has printed
of_table() { awk -v r="$1" -v c="$2" '/pid:\[/ && ++n == r { print $(c + 2) }' "$DEMO/runner"; }
table_is_there() { [ -n "$(of_table 2 3)" ]; }

runner() {
	local volume=$DEMO/runner-volume outer
	title '6. The same by a container runner in Rust, samples/minicontainer, without root'
	mkdir -p "$volume"
	echo 'from the host' >"$volume/greeting"
	chmod 777 "$volume" "$DEMO"
	cp minicontainer "$DEMO/"
	say "  \$ minicontainer --verbose -v $volume:/soft --hostname box sh -c ..."
	# shellcheck disable=SC2016 # the shell within expands it
	setpriv --reuid=65534 --regid=65534 --clear-groups "$DEMO/minicontainer" --verbose \
		-v "$volume:/soft" --hostname box sh -c '
			trap "exit 7" TERM
			echo "I am $$ on $(uname -n), my parent is $PPID, and I am user $(id -u)" >/soft/said
			sleep 1000 & wait' >"$DEMO/runner" 2>&1 &
	outer=$!
	check 'the container is up' eventually test -s "$volume/said"
	check 'the runner has told the numbers at each level' eventually table_is_there
	shown "sed 's/^minicontainer: //' $DEMO/runner"
	check 'outside there are the runner, the init and the command' \
		eval "[ $(of_table 1 1) = $outer ] && alive $(of_table 1 2) && alive $(of_table 1 3)"
	check 'inside, the init is 1 and the command 2' test "$(of_table 2 2) $(of_table 2 3)" = '1 2'
	say ''
	shown "cat $volume/said"
	check 'the command sees that, too, and is root there' \
		test "$OUT" = 'I am 2 on box, my parent is 1, and I am user 0'
	shown "grep -E '^(Uid|NSpid)' /proc/$(of_table 1 3)/status"
	check 'outside it is the user who has started it' grep -q '^Uid:.65534' <<<"$OUT"
	check 'the volume has no mount point outside' not test -e /soft
	say ''
	shown "kill -TERM $outer"
	wait $outer
	check "the signal has reached the command, whose exit status is the runner's" test $? = 7
}

module() {
	title '7. A module in Rust that asks the kernel crate'
	say 'Loaded from within two more namespaces, it prints the number of who loads it in each:'
	shown 'bash inspect.sh'
	check 'they are what /proc says of it' not grep -q 'but /proc says' <<<"$OUT"
	check 'as many as there are namespaces' test "$(grep -c '^level' <<<"$OUT")/$(wc -l <<<"$OUT")" = 3/3
}

stuck() {
	local init visitor child
	title '8. A container that cannot die, and what blocks it'
	unshare --pid --fork --mount-proc sleep 1000 2>/dev/null &
	outer=$!
	eventually eval "first_in $outer | grep -q ."
	init=$(first_in $outer)
	nsenter --pid -t "$init" sleep 1000 &
	visitor=$!
	check 'a container is up, and a visitor has put a process there' \
		eventually eval "first_in $visitor | grep -q ."
	child=$(first_in $visitor)
	say "Its first process is $init, the visitor $visitor. The visitor is stopped; now:"
	shown "kill -STOP $visitor"
	shown "kill -KILL $init"
	check 'the process that the visitor has put there is a zombie' \
		eventually grep -q '^State:.Z' "/proc/$child/status"
	sleep 1
	check 'and the first process is still there, no zombie' grep -q '^State:.[^Z]' "/proc/$init/status"
	say ''
	shown "lspidns --quiet --why pid:$init"
	check 'lspidns names the zombie, and the visitor who does not wait for it' \
		grep -q "$child (sleep) is a zombie: its parent $visitor (nsenter), outside" <<<"$OUT"
	say ''
	shown "kill -CONT $visitor"
	check 'once the visitor goes on, it reaps its child, and the container is gone' \
		eventually gone "$init"
	wait $outer 2>/dev/null
}

if [ "${1:-}" = --level ]; then
	level "$2"
	exit
fi
mkdir -p "$DEMO"
printf 'Linux %s, %d processors, on %s\n' "$(uname -r)" "$(nproc)" "$(hostname)"
one_namespace
nested
enter
kills
container
[ ! -f minicontainer ] || runner
[ ! -f pidns_inspect.ko ] || module
stuck
title "$checked claims checked, $failed failed"
bash "$(dirname "$0")/implementation.sh"
[ "$failed" = 0 ]
