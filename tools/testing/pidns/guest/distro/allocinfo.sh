# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# /proc/allocinfo: pids, namespaces and nsproxies are accounted to call sites of their own;
# and their slab caches.

# usage: calls PATTERN; how many objects are there from functions with such a name
calls() {
	awk -v pattern="func:($1)" '{ for (i = 3; i <= NF; i++) if ($i ~ "^" pattern "$") calls += $2 }
		END { print calls + 0 }' /proc/allocinfo
}

# usage: grows PATTERN COMMAND...; by five at least, while COMMAND's processes are there
grows() {
	local pattern=$1 before i
	# shellcheck disable=SC2034 # start wants one
	local pid
	shift
	[ "$(cat /proc/sys/vm/mem_profiling)" = 1 ] || fail "allocations are not profiled"
	before=$(calls "$pattern")
	for ((i = 0; i < 5; i++)); do
		start pid "$@"
	done
	[ $(($(calls "$pattern") - before)) -ge 5 ] || fail "there are $(calls "$pattern") by $pattern, and were $before"
}

check 120 'pids have a call site' allocinfo_pids
allocinfo_pids() { grows 'alloc_pid|rust_helper_kmem_cache_alloc_pid' sleep infinity; }

check 120 'namespaces have a call site' allocinfo_namespaces
allocinfo_namespaces() {
	grows 'create_pid_namespace|copy_pid_ns|rust_helper_kmem_cache_alloc_pid_ns' \
		unshare --pid --fork sleep infinity
}

check 120 'nsproxies have a call site' allocinfo_proxies
allocinfo_proxies() {
	grows 'create_nsproxy|create_new_namespaces|rust_helper_kmem_cache_alloc_nsproxy' \
		unshare --uts sleep infinity
}

# Each object is accounted, and none of these is reclaimable; the nodes of an IDR are.
check 120 'slab caches: C'\''s and no others' slab_caches
slab_caches() {
	local cache
	equal 'nsproxy pid pid_2 pid_namespace' \
		"$(cd /sys/kernel/slab && printf '%s\n' pid* nsproxy* | grep -Ev '^(pid_([3-9]|[1-3][0-9])|pidfs.*)$' | sort)"
	for cache in pid pid_2 pid_namespace nsproxy; do
		equal "$cache 0" "$cache $(cat "/sys/kernel/slab/$cache/reclaim_account")"
	done
	equal 1 "$(cat /sys/kernel/slab/radix_tree_node/reclaim_account)"
}
