#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# splats: an ordinary boot is silent, each kind of complaint is found.

. "$(dirname "$0")/check.sh"
boot=$(dirname "$0")/boot.dmesg

check 'an ordinary boot is silent' prints '' "$SCRIPTS/splats" "$boot"

# usage: found LINE; a boot log with LINE in it is not silent
found() {
	{ cat "$boot" && printf '[    2.345678] %s\n' "$1" && seq 100; } >"$WORK/log"
	"$SCRIPTS/splats" "$WORK/log" | grep -qF -- "$1"
}
while read -r line; do
	check "found: $line" found "$line"
done <<'EOT'
WARNING: CPU: 1 PID: 70 at kernel/nsproxy.c:70 copy_namespaces+0x1/0x2
WARNING: kernel/pid.c:99 at free_pid+0x1/0x2, CPU#1: sh/70
WARNING: possible circular locking dependency detected
WARNING: possible recursive locking detected
WARNING: possible irq lock inversion dependency detected
WARNING: suspicious RCU usage
WARNING: inconsistent lock state
WARNING: bad unlock balance detected!
WARNING: lock held when returning to user space!
BUG: kernel NULL pointer dereference, address: 0000000000000008
BUG: KASAN: slab-use-after-free in put_pid+0x1/0x2
BUG: sleeping function called from invalid context at mm/slab.c:1
BUG: scheduling while atomic: sh/70/0x00000002
BUG: workqueue lockup - pool cpus=0
BUG pid_2 (Not tainted): Poison overwritten
kernel BUG at kernel/pid.c:1!
Oops: general protection fault, probably for non-canonical address 0xdead
Oops: 0002 [#1] SMP KASAN
UBSAN: array-index-out-of-bounds in kernel/pid.c:1:2
ODEBUG: free active (active state 0) object: 00000000 object type: rcu_head
refcount_t: underflow; use-after-free.
Call Trace:
INFO: task sh:70 blocked for more than 120 seconds.
rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:
rcu: INFO: rcu_preempt self-detected stall on CPU
watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [sh:70]
kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)
unreferenced object 0xffff888003c5e000 (size 128):
list_del corruption. prev->next should be ffff8880, but was ffff8881
list_add corruption. next->prev should be prev (ffff8880), but was ffff8881
unregister_netdevice: waiting for lo to become free. Usage count = 1
rust_kernel: panicked at kernel/pidns/nsproxy/create.rs:1:2:
Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000009
EOT

printf 'virtme-ng-init: WARNING: failed to run: "systemd-tmpfiles"\n' >"$WORK/log"
check 'what init says is not the kernel' prints '' "$SCRIPTS/splats" "$WORK/log"
printf '[    1.234567] virtme-ng-init: WARNING: failed to run\n' >"$WORK/log"
check 'nor with a time before it' prints '' "$SCRIPTS/splats" "$WORK/log"

printf 'one\nWARNING: a\n%s\nBUG: b\nlast\n' "$(seq 100)" >"$WORK/log"
check 'a splat comes with what follows it' test "$("$SCRIPTS/splats" "$WORK/log" | grep -c .)" = 42
finish
