# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What tracefs offers: all functions of the C files take a probe, and it is hit where C's is.

TRACING=/sys/kernel/tracing
mapfile -t TRACED <functions

# usage: tracing FILE WORD...; writes a line to it
tracing() {
	local file=$TRACING/$1
	shift
	printf '%s\n' "$*" >"$file" || fail "'$*' was refused by $file"
}

# usage: reset_tracing; nothing of ours is left
reset_tracing() {
	tracing tracing_on 0
	tracing current_tracer nop
	tracing options/event-fork 0
	[ ! -e "$TRACING/events/pidns" ] || tracing events/pidns/enable 0
	: >"$TRACING/dynamic_events"
	: >"$TRACING/set_ftrace_filter"
	: >"$TRACING/set_graph_function"
	: >"$TRACING/set_event_pid"
	: >"$TRACING/trace"
}

# usage: seen PATTERN...; each is in the trace
seen() {
	local pattern
	tracing tracing_on 0
	for pattern; do
		grep -Eq -- "$pattern" "$TRACING/trace" || fail "the trace has no '$pattern'"
	done
	reset_tracing
}

check 120 'each function has an ftrace location' locations
locations() {
	equal '' "$(cut -d' ' -f1 "$TRACING/available_filter_functions" | sort -u | comm -13 - functions)"
}

check 300 'the function tracer: all functions at once' function_tracer
function_tracer() {
	reset_tracing
	printf '%s\n' "${TRACED[@]}" >"$TRACING/set_ftrace_filter"
	equal "${TRACED[*]}" "$(sort "$TRACING/set_ftrace_filter")"
	tracing current_tracer function
	tracing tracing_on 1
	unshare --pid --fork true
	seen ': alloc_pid <-' ': attach_pid <-' ': copy_pid_ns <-' ': switch_task_namespaces <-' \
		': zap_pid_ns_processes <-' ': free_pid <-'
}

check 300 'the function graph tracer: all functions at once' graph_tracer
graph_tracer() {
	reset_tracing
	printf '%s\n' "${TRACED[@]}" >"$TRACING/set_graph_function"
	equal "${TRACED[*]}" "$(sort "$TRACING/set_graph_function")"
	# Without this it patches all functions of the kernel, which QEMU's emulation does not
	# always survive on two processors.
	printf '%s\n' "${TRACED[@]}" >"$TRACING/set_ftrace_filter"
	tracing current_tracer function_graph
	tracing tracing_on 1
	unshare --pid --fork true
	seen ' alloc_pid\(' ' copy_pid_ns\(' ' switch_task_namespaces\(' ' free_pid\('
}

# usage: events_are_hit; those at the entry and the return, while a namespace comes and goes
events_are_hit() {
	tracing events/pidns/enable 1
	tracing tracing_on 1
	unshare --pid --fork true
	seen ' alloc_pid: ' ' alloc_pid_return: ' ' copy_pid_ns: ' ' free_pid: '
}

check 300 'kprobe events: at the entry and the return of each function' kprobe_events
kprobe_events() {
	local name
	reset_tracing
	for name in "${TRACED[@]}"; do
		echo "p:pidns/$name $name" >>"$TRACING/kprobe_events" || fail "no kprobe at $name()"
		echo "r:pidns/${name}_return $name" >>"$TRACING/kprobe_events" || fail "no kretprobe at $name()"
	done
	events_are_hit
}

check 300 'fprobe events: at the entry and the return of each function' fprobe_events
fprobe_events() {
	local name
	reset_tracing
	for name in "${TRACED[@]}"; do
		echo "f:pidns/$name $name" >>"$TRACING/dynamic_events" || fail "no fprobe at $name()"
		echo "f:pidns/${name}_return $name%return" >>"$TRACING/dynamic_events" ||
			fail "no fprobe at the return of $name()"
	done
	events_are_hit
}

# usage: count NAME; how often the event is in the trace
count() { grep -c " $1: " "$TRACING/trace" || true; }

# usage: of_workload COMMAND...; traces it and its descendants, and nobody else
of_workload() {
	reset_tracing
	"$@"
	tracing options/event-fork 1
	tracing events/pidns/enable 1
	# It waits for a line, so that its number is known before it begins.
	mkfifo "$W/go"
	python3 workload.py <"$W/go" &
	tracing set_event_pid $!
	tracing tracing_on 1
	echo >"$W/go"
	wait $! || fail "the workload failed"
	tracing tracing_on 0
}

count_events() {
	local name
	for name in alloc_pid free_pid switch_task_namespaces zap_pid_ns_processes; do
		echo "p:pidns/$name $name" >>"$TRACING/kprobe_events"
	done
	# shellcheck disable=SC2016 # the kernel's word
	echo 'p:pidns/copy_pid_ns copy_pid_ns flags=$arg1' >>"$TRACING/kprobe_events"
	# C also calls it without CLONE_NEWPID.
	echo 'flags & 0x20000000' >"$TRACING/events/pidns/copy_pid_ns/filter"
}

# usage: hits NAME WANT; of a workload whose calls are known
hits() {
	of_workload count_events
	[ "$(count "$1")" = "$2" ] || fail "$1() was hit $(count "$1") times, wanted $2"
	reset_tracing
}

check 300 'alloc_pid() is hit once a fork' alloc_pid_hits
alloc_pid_hits() { hits alloc_pid 15; }

check 300 'free_pid() is hit for each process that is reaped' free_pid_hits
free_pid_hits() { hits free_pid 15; }

check 300 'copy_pid_ns() is hit for each new PID namespace' copy_pid_ns_hits
copy_pid_ns_hits() { hits copy_pid_ns 1; }

check 300 'switch_task_namespaces() is hit by unshare, setns and exec' switch_hits
switch_hits() { hits switch_task_namespaces 8; }

check 300 'zap_pid_ns_processes() is hit once, by an init that exits' zap_hits
zap_hits() { hits zap_pid_ns_processes 1; }

switch_event() {
	echo 'f:pidns/switch switch_task_namespaces old=p->nsproxy new=new' >>"$TRACING/dynamic_events"
}

check 300 'switch_task_namespaces(): the task has the old set still, the argument is the new one' switch_sets
switch_sets() {
	local task old new
	local -A last=()
	of_workload switch_event
	while read -r task old new; do
		[ "$old" != "$new" ] || fail "the old set and the new one are $new"
		[ "${last[$task]:-$old}" = "$old" ] || fail "the old set is $old, and was ${last[$task]}"
		last[$task]=$new
	done < <(sed -n 's/^ *\S*-\([0-9]*\) .* switch: .*old=\(\S*\) new=\(\S*\).*/\1 \2 \3/p' "$TRACING/trace")
	[ ${#last[@]} = 4 ] || fail "${#last[@]} tasks changed their set, wanted 4"
	reset_tracing
}
