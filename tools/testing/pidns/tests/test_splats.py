# SPDX-License-Identifier: GPL-2.0
"""Tests of what counts as a complaint."""

import re
import unittest
from pathlib import Path

from pidns import splats

UML = """smp: Bringing up secondary CPUs ...
WARNING: suspicious RCU usage
kernel/rcu/tree.c:3185 Callback enqueued on offline CPU!!
Call Trace:
 [<60156f00>] ? um_set_signals+0x0/0x50
 [<602e1210>] ? call_rcu+0x0/0x80
smp: Brought up 1 node, 2 CPUs
""".splitlines()
OURS = """WARNING: possible recursive locking detected
Call Trace:
 [<60156f00>] ? alloc_pid+0x0/0x50
""".splitlines()


BOOT = (Path(__file__).parent / "boot.dmesg").read_text(encoding="utf-8").splitlines()
COMPLAINTS = """
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
""".strip().splitlines()


class Find(unittest.TestCase):
    """Which lines are shown."""

    def test_an_ordinary_boot_is_silent(self) -> None:
        self.assertEqual(list(splats.find(BOOT)), [])

    def test_each_kind_is_found(self) -> None:
        for line in COMPLAINTS:
            said = list(splats.find([*BOOT, f"[    2.345678] {line}", *map(str, range(100))]))
            self.assertIn(f"[    2.345678] {line}", said)

    def test_what_init_says_is_not_the_kernel(self) -> None:
        said = 'virtme-ng-init: WARNING: failed to run: "systemd-tmpfiles"'
        self.assertEqual(list(splats.find([said, f"[    1.234567] {said}"])), [])

    def test_what_follows_is_shown(self) -> None:
        log = ["one", "WARNING: a", *map(str, range(1, 101)), "BUG: b", "last"]
        self.assertEqual(len(list(splats.find(log))), 42)

    def test_a_known_one_is_left_out_and_others_are_not(self) -> None:
        said = list(splats.find(UML + OURS, splats.known(debug=True)))
        self.assertEqual(said, OURS)

    def test_the_next_one_behind_a_known_one_counts(self) -> None:
        said = list(splats.find(UML[:6] + OURS, splats.known(debug=True)))
        self.assertEqual(said[0], OURS[0])

    def test_one_before_a_known_one_counts(self) -> None:
        said = list(splats.find(OURS + UML, splats.known(debug=True)))
        self.assertEqual(said[: len(OURS)], OURS)
        bare = ["BUG: Bad page state in process x", "some line"]
        said = list(splats.find(bare + UML, splats.known(debug=True)))
        self.assertEqual(said[: len(bare)], bare)

    def test_known_with_debug_only(self) -> None:
        self.assertEqual(next(splats.find(UML, splats.known(debug=False))), UML[1])

    def test_nothing_is_excused_by_itself(self) -> None:
        self.assertEqual(next(splats.find(UML)), UML[1])

    def test_one_without_a_stack_is_one_line(self) -> None:
        said = list(splats.find(["BUG: one", "BUG: two"], [re.compile("one")]))
        self.assertEqual(said, ["BUG: two"])
