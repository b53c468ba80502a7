# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# BPF by bpftrace: kprobes, and fentry and fexit, for which BTF has the prototypes.

# usage: attached KIND; "KIND:FUNCTION, ..." for all
attached() {
	sed "s/^/$1:/" functions | paste -sd,
}

# bpftrace may leave out in silence what it cannot attach to.
export BPFTRACE_MISSING_PROBES=error

# usage: bpf PROGRAM PATTERN...; what it prints while a namespace comes and goes
bpf() {
	local said pattern program=$1
	shift
	said=$(bpftrace -c '/usr/bin/unshare --pid --fork /bin/true' -e "$program" 2>&1) ||
		fail "bpftrace: $(tail -n 3 <<<"$said")"
	for pattern; do
		grep -Eq -- "$pattern" <<<"$said" || fail "bpftrace did not say '$pattern': $(tail -n 3 <<<"$said")"
	done
}

check 900 'kprobes: each function' bpf_kprobes
bpf_kprobes() {
	bpf "$(attached kprobe) { @[func] = count(); }" "Attach(ing|ed) $(wc -l <functions) probes" '@\[alloc_pid\]: ' '@\[copy_pid_ns\]: ' \
		'@\[switch_task_namespaces\]: ' '@\[free_pid\]: ' '@\[zap_pid_ns_processes\]: '
}

check 900 'kprobe_multi: functions by pattern' bpf_multi
bpf_multi() {
	bpftrace --info 2>&1 | grep -q 'kprobe_multi: yes' || fail "bpftrace has no kprobe_multi here"
	bpf 'kprobe:*_pid { @[func] = count(); }' '@\[alloc_pid\]: ' '@\[attach_pid\]: ' '@\[free_pid\]: '
}

check 900 'fentry: each function' bpf_fentry
bpf_fentry() {
	bpf "$(attached fentry) { @[func] = count(); }" '@\[alloc_pid\]: ' '@\[copy_pid_ns\]: '
}

check 900 'fexit: each function' bpf_fexit
bpf_fexit() {
	bpf "$(attached fexit) { @[func] = count(); }" '@\[alloc_pid\]: ' '@\[copy_pid_ns\]: '
}

check 900 'fexit: arguments and results by their names in C' bpf_arguments
bpf_arguments() {
	bpf 'fexit:alloc_pid { printf("new pid at level %d, size %d\n", retval->level, args.arg_set_tid_size) }
		fexit:copy_pid_ns /args.flags & 0x20000000/ { printf("%d below %d\n", retval->level, args.old_ns->level) }
		fentry:switch_task_namespaces { printf("from %p to %p\n", args.p->nsproxy, args.new) }' \
		'new pid at level 1, size 0' '1 below 0' 'from 0x[0-9a-f]+ to 0x[0-9a-f]+'
}
