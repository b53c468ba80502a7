# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# perf probe, which sets kprobe events by name.

# usage: by_symbols COMMAND...; out of reach of vmlinux: reading its debug information takes
# minutes here
by_symbols() {
	(cd "$W" && "$@")
}

check 600 'perf probe: each function' perf_probe
perf_probe() {
	local said
	# All at once: perf reads all symbols each time.
	# shellcheck disable=SC2046 # words
	said=$(by_symbols perf probe $(sed 's/.*/--add pidns_perf:&=&/' functions) 2>&1) || fail "perf: $(tail -n 2 <<<"$said")"
	equal "$(wc -l <functions)" "$(grep -c 'pidns_perf/' /sys/kernel/tracing/kprobe_events)"
	said=$(perf probe --del 'pidns_perf:*' 2>&1) || fail "perf: $(tail -n 2 <<<"$said")"
}

check 600 'perf stat counts a probe' perf_stat
perf_stat() {
	local said
	said=$(by_symbols perf probe --add pidns_perf:alloc_pid=alloc_pid 2>&1) || fail "perf: $(tail -n 2 <<<"$said")"
	said=$(perf stat -x, -e pidns_perf:alloc_pid sh -c '/bin/true; /bin/true; :' 2>&1) ||
		fail "perf: $(tail -n 2 <<<"$said")"
	perf probe --quiet --del 'pidns_perf:*'
	matches '(^|[[:space:]])2,' "$said"
}
