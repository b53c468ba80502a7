# SPDX-License-Identifier: GPL-2.0
"""Tests of what counts as a complaint."""

import re
import unittest

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


class Find(unittest.TestCase):
    """Which lines are shown."""

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


if __name__ == "__main__":
    unittest.main()
