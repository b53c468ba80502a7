#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: test.sh [TEST...]
#
# The tests, run in the guest: the kselftests (all, or those named) under the
# kernel tree's own runner, then what KUnit found at boot. All output is KTAP.

selected=()
for test in "$@"; do
	selected+=(-t "pidns:$test")
done
./kselftest/run_kselftest.sh "${selected[@]}"

mountpoint -q /sys/kernel/debug || mount -t debugfs none /sys/kernel/debug
# kunit-suites, from the host, names the suites that our sources define.
while read -r suite; do
	if [ -r "/sys/kernel/debug/kunit/$suite/results" ]; then
		cat "/sys/kernel/debug/kunit/$suite/results"
	else
		printf 'KTAP version 1\n1..1\nnot ok 1 %s # this KUnit suite did not run\n' "$suite"
	fi
done <kunit-suites

# The sample, where there is one.
if [ -f pidns_inspect.ko ]; then
	printf 'KTAP version 1\n1..1\n'
	bash ./inspect.sh >/tmp/inspected 2>&1 || printf 'not '
	echo 'ok 1 the sample pidns_inspect prints what /proc says'
	sed 's/^/# /' /tmp/inspected
fi

# Tracers: functions, from the host, names what must have an ftrace location and take a probe.
tracing=/sys/kernel/tracing
if [ -f functions ]; then
	printf 'KTAP version 1\n1..1\n'
	mountpoint -q $tracing || mount -t tracefs none $tracing
	missing=$(cut -d' ' -f1 $tracing/available_filter_functions | LC_ALL=C sort -u |
		LC_ALL=C comm -13 - functions)
	while read -r name; do
		echo "p:pidns/$name $name" >>$tracing/dynamic_events 2>/dev/null || missing+=" $name"
	done <functions
	echo >$tracing/dynamic_events
	[ -z "$missing" ] || printf 'not '
	echo "ok 1 all functions have an ftrace location and take a probe${missing:+ #} $missing"
fi

implementation=$(bash ./implementation.sh)

# The names of our locks, where lockdep is there (DEBUG=1): all were taken by now.
if [ -r /proc/lockdep ] && [ $# = 0 ] && [[ $implementation = *Rust ]]; then
	printf 'KTAP version 1\n1..1\n'
	unknown=$(printf '%s\n' pidns_numbers '&pid->wait_pidfd' PID_CACHES_LOCK |
		while read -r lock; do
			grep -qF -- " $lock" /proc/lockdep || printf ' %s' "$lock"
		done)
	[ -z "$unknown" ] || printf 'not '
	echo "ok 1 lockdep knows our locks by name${unknown:+ # not$unknown}"
fi

# Leaks, where the kernel looks for them (DEBUG=1). An object must be found
# unreferenced twice to be one: it may be on its way between two owners.
if [ -w /sys/kernel/debug/kmemleak ]; then
	result='ok 1 kmemleak'
	for _ in 1 2; do
		sleep 6
		echo scan 2>/dev/null >/sys/kernel/debug/kmemleak ||
			result='not ok 1 kmemleak # it has disabled itself'
	done
	printf 'KTAP version 1\n1..1\n'
	sed 's/^/# /' /sys/kernel/debug/kmemleak
	! grep -q 'unreferenced object' /sys/kernel/debug/kmemleak || result='not ok 1 kmemleak'
	echo "$result"
fi
# shellcheck disable=SC2001
sed 's/^/# /' <<<"$implementation"
