#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: guest-mutants.sh
#
# Run in the guest: lets the kernel make one mistake after the other and runs the
# suites on each. Says, behind a mark, "NAME SUITE begins", then "NAME SUITE" and
#
#   passed          nothing was noticed
#   caught: how
#   skipped: why
#   unsure          something was noticed, but it may be an earlier one's doing
#
# and "NAME SUITE took SECONDS". A suite is kunit, fuzz, or one kselftest.
#
# What fails with the first mistake of a guest is caught. With a later one it must
# pass without the mistake right after that, else it is unsure. A guest that is not
# as good as new after that ends, and the host boots another one.
#
# From the host: plan (lines of NUMBER NAME SUITE...), kunit-suites, fuzz (the fuzzer,
# its seeds, and the transcripts of a kernel without a mistake), and limits (how many
# seconds each may take).
#
# To execute a program takes the guest longer than many a suite: what is done often is
# done by the shell itself.

MARK=pidns-mutant
SWITCH=/sys/module/pidns/parameters/mutant
KUNIT=/sys/kernel/debug/kunit

# Also to the kernel's log, so that what it says can be told apart.
tell() {
	echo "$MARK: $*"
	echo "<5>$MARK: $*" >/dev/kmsg
}

# usage: wait_for PID SECONDS FILE; the status of the process once it has ended;
# 1 as soon as a test has failed in FILE; 124 when the time is over, and the
# process may never end. Says now and then that the guest is alive.
wait_for() {
	local end=$((SECONDS + $2)) said=$SECONDS lines
	while kill -0 "$1" 2>/dev/null; do
		mapfile lines <"$3"
		[[ $'\n '${lines[*]} != *$'\n not ok'* ]] || return 1
		[ "$SECONDS" -lt "$end" ] || return 124
		if [ "$SECONDS" -ge $((said + 5)) ]; then
			said=$SECONDS
			echo "$MARK:"
		fi
		read -rt 0.1 <>/tmp/clock
	done
	wait "$1"
}

# usage: first_failure FILE
first_failure() { sed -n 's/^[[:space:]]*not ok [0-9]* \(- \)\?//p' "$1" | head -n 1; }

# usage: complaints; changes when the kernel finds something wrong with itself:
# an oops, a warning, bad memory, a lockup
complaints() {
	local tainted
	read -r tainted </proc/sys/kernel/tainted
	echo $((tainted & (1 << 5 | 1 << 7 | 1 << 9 | 1 << 14)))
}

# The suites. Each sets HOW if it fails, and FAILED, with which it can be run
# again for that part alone. The status 124 says that something hangs.

suite_kunit() {
	local suite status lines results=/tmp/kunit-results
	for suite in "$@"; do
		FAILED=$suite
		status=0
		: >$results
		(echo 1 >"$KUNIT/$suite/run" && mapfile lines <"$KUNIT/$suite/results" &&
			printf %s "${lines[@]}") >$results 2>&1 &
		wait_for $! "${LIMIT[kunit]}" /dev/null || status=$?
		lines=()
		mapfile lines <$results
		if [ "$status" = 124 ]; then
			HOW="$suite: hangs"
			return 124
		elif [ "$status" != 0 ] ||
			[[ $'\n '${lines[*]} != *$'\n ok'* || ${lines[*]} = *'not ok'* ]]; then
			HOW="$suite: $(first_failure $results)"
			return 1
		fi
	done
}

suite_kselftest() {
	local program=$1 pid status=0 out=/tmp/kselftest-out
	: >$out
	FAILED=$program
	(cd kselftest/pidns && exec "./$program" </dev/null) >$out 2>&1 &
	pid=$!
	wait_for $pid "${LIMIT[$program]}" $out || status=$?
	# Skipped is not passed: it would notice nothing. Nor is what fails as expected.
	if [ "$status" = 0 ] && ! grep -qE '^ok .* # (SKIP|XFAIL)' $out; then
		return
	fi
	sed 's/^/# /' $out
	HOW=$(first_failure $out)
	# It, or the harness, has waited too long.
	if [ "$status" = 124 ] || grep -q 'Test terminated by timeout' $out; then
		HOW+="${HOW:+: }hangs"
		return 124
	fi
	# The others of its tests are not waited for.
	kill $pid 2>/dev/null
	wait_for $pid 10 /dev/null
	return 1
}

# The transcripts must be those of the host: of a kernel without a mistake. One
# program after the other, as the first that differs is enough.
suite_fuzz() {
	local seed name status out=/tmp/fuzz-out here there
	for seed in "$@"; do
		FAILED=$seed
		status=0
		ATTEMPTS=$((ATTEMPTS + 1))
		printf -v name %06d "$seed"
		here=/tmp/transcripts/$ATTEMPTS there=/tmp/reference/$name
		[ -d "$there" ] || { mkdir -p "$there" && cp "fuzz/reference/$name.txt" "$there/"; }
		/tmp/pidns-fuzz run --transcripts "$here" --seeds "$seed..$((seed + 1))" >$out 2>&1 &
		wait_for $! "${LIMIT[fuzz]}" /dev/null || status=$?
		if [ "$status" = 124 ]; then
			HOW="$name hangs"
			return 124
		elif [ "$status" != 0 ] || ! /tmp/pidns-fuzz diff "$there" "$here" >$out 2>&1; then
			HOW=$(sed -n 1p $out)
			return 1
		fi
	done
}

# usage: attempt NUMBER SUITE ARGUMENT...; the suite, with the mistake
attempt() {
	local status start=$SECONDS
	echo "$1" >$SWITCH || exit
	case $2 in
	kunit | fuzz) "suite_$2" "${@:3}" ;;
	*) suite_kselftest "$2" ;;
	esac
	status=$?
	echo 0 >$SWITCH
	echo "$MARK: $name $2 took $((SECONDS - start))"
	if [ "$(complaints)" != "$CLEAN" ]; then
		HOW="the kernel complains${HOW:+; $HOW}"
		return 124
	fi
	return $status
}

# usage: judge NUMBER NAME SUITE ARGUMENT...
judge() {
	local number=$1 name=$2 suite=$3 how
	shift 3
	HOW='' FAILED=''
	tell "$name $suite begins"
	attempt "$number" "$suite" "$@"
	case $? in
	0)
		tell "$name $suite passed"
		return
		;;
	1)
		how=$HOW
		[ -z "$first" ] || tell "$name $suite caught: $how"
		if attempt 0 "$suite" "$FAILED"; then
			[ -n "$first" ] || tell "$name $suite caught: $how"
			return
		fi
		[ -n "$first" ] || tell "$name $suite unsure"
		;;
	*)
		[ -z "$first" ] || tell "$name $suite caught: $HOW"
		[ -n "$first" ] || tell "$name $suite unsure"
		;;
	esac
	# Not as good as new. It need not be left in good order, either.
	exit
}

# What a test waits for comes soon, or never.
export PIDNS_LOOKS=800
mkfifo /tmp/clock
mountpoint -q /sys/kernel/debug || mount -t debugfs none /sys/kernel/debug
# What spins in the kernel does not do so for ever.
echo 1 >/proc/sys/kernel/panic_on_rcu_stall
CLEAN=$(complaints)
mapfile -t kunit <kunit-suites
IFS=. read -r from _ to <fuzz/seeds
mapfile -t seeds < <(seq "$from" $((to - 1)))
declare -A LIMIT
while read -r suite seconds; do
	LIMIT[$suite]=$seconds
done <limits
ATTEMPTS=0
cp fuzz/pidns-fuzz /tmp/
mkdir /tmp/transcripts
first=1
while read -r number name suites <&3; do
	for suite in $suites; do
		case $suite in
		kunit) judge "$number" "$name" kunit "${kunit[@]}" ;;
		fuzz) judge "$number" "$name" fuzz "${seeds[@]}" ;;
		*) judge "$number" "$name" "$suite" "$suite" ;;
		esac
	done
	first=''
done 3<plan
