# SPDX-License-Identifier: GPL-2.0
"""Tests of the comparison of logs."""

import unittest

from pidns.logs import differences


class Differences(unittest.TestCase):
    """Which lines count."""

    def found(self, c: str, rust: str) -> list[str]:
        """What differs."""
        return differences(("C", c), ("Rust", rust))

    def test_numbers_times_and_order_do_not_count(self) -> None:
        c = "[    0.1] Run 5\n[    0.2] Memory: 5K at 0xffff\n"
        rust = "\x1b[1m[    9.8][   T12] Memory: 77K at 0xabcd\r\n[    0.1] Run 77\n"
        self.assertEqual(self.found(c, rust), [])

    def test_the_task_of_a_message_that_is_printed_once_does_not_count(self) -> None:
        words = "memfd_create() requires MFD_NOEXEC_SEAL"
        self.assertEqual(self.found(f"a_test[7]: {words}\n", f"fuzz[12]: {words}\n"), [])
        self.assertEqual(len(self.found("a_test[7]: segfault\n", "fuzz[12]: segfault\n")), 2)

    def test_numbers_of_exact_lines_count(self) -> None:
        said = self.found("[ 0.1] pid_max: default: 32768\n", "[ 0.1] pid_max: default: 4096\n")
        self.assertEqual(len(said), 2)

    def test_a_line_of_one_is_told(self) -> None:
        said = self.found("[ 1.0] booted\n", "[ 1.0] booted\n[ 2.0] workqueue: 3 is deprecated\n")
        self.assertEqual(said, ["only Rust: workqueue: 3 is deprecated"])
        self.assertEqual(self.found("one\n", ""), ["only C: one"])

    def test_results_and_listed_lines_do_not_count(self) -> None:
        rust = "KTAP version 1\n1..2\n    # Subtest: x\n    ok 1 a\nnot ok 2 b\npidns_inspect: level 0\n"
        self.assertEqual(self.found("", rust), [])

    def test_what_is_said_while_a_suite_runs_does_not_count(self) -> None:
        suite = "    KTAP version 1\n    # Subtest: a\n{}    ok 1 one\n# a: pass:1\nok 3 a\n"
        self.assertEqual(self.found("", suite.format("a: hello\nb: hello\n")), [])
        said = self.found("", f"{suite.format('')}a: hello\n    # Subtest: b\nthe end\n")
        self.assertEqual(said, ["only Rust: a: hello", "only Rust: the end"])
        ours = suite.format("a: hello\n").replace("Subtest: a", "Subtest: pidns_a")
        self.assertEqual(self.found("", ours.replace("3 a", "3 pidns_a")), ["only Rust: a: hello"])

    def test_what_a_failed_allocation_makes_the_kernel_say_does_not_count(self) -> None:
        c = "sysctl could not get directory: /fs -12\nFailed to initialize the socket (err -23)\n"
        c += "kobject: kobject_add_internal failed for tx-0 (error: -12 parent: queues)\n"
        self.assertEqual(self.found(c, ""), [])
        self.assertEqual(len(self.found("free_pid: 23 left\n", "")), 1)
