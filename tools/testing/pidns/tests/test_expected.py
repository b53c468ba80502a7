# SPDX-License-Identifier: GPL-2.0
import unittest
from unittest import mock

from ..arch import ARM64, RISCV
from ..expected import Entry, Kernel, judge, known, least, read_entries
from ..ktap import Outcome, Result

RUST, C = Kernel("rust", False), Kernel("c", False)


def counts(results: list[Result], entries: list[Entry], kernel: Kernel = RUST) -> tuple[int, ...]:
    verdict = judge(results, entries, kernel, whole=True)
    return tuple(verdict.counts[one] for one in (Outcome.PASS, Outcome.FAIL, Outcome.SKIP))


class JudgeTest(unittest.TestCase):
    skipped = Entry("a", Outcome.SKIP, "no such device")
    failed = Entry("a", Outcome.FAIL, "no vDSO")
    errs = Entry("a", Outcome.XFAIL, "C leaks", impl="c")

    def test_nothing_listed(self) -> None:
        self.assertEqual(counts([Result("a", Outcome.PASS)], []), (1, 0, 0))
        for outcome in (Outcome.FAIL, Outcome.SKIP, Outcome.XFAIL):
            self.assertEqual(counts([Result("a", outcome)], []), (0, 1, 0))

    def test_as_listed(self) -> None:
        self.assertEqual(counts([Result("a", Outcome.SKIP)], [self.skipped]), (0, 0, 1))
        self.assertEqual(counts([Result("a", Outcome.FAIL)], [self.failed]), (0, 0, 1))
        self.assertEqual(counts([Result("a", Outcome.XFAIL)], [self.errs], C), (1, 0, 0))

    def test_passes_though_listed(self) -> None:
        for entry in (self.skipped, self.failed):
            self.assertEqual(counts([Result("a", Outcome.PASS)], [entry]), (0, 1, 0))
        self.assertEqual(counts([Result("a", Outcome.PASS)], [self.errs], C), (0, 1, 0))

    def test_otherwise_than_listed(self) -> None:
        self.assertEqual(counts([Result("a", Outcome.SKIP)], [self.errs], C), (0, 1, 0))
        self.assertEqual(counts([Result("a", Outcome.XFAIL)], [self.skipped], C), (0, 1, 0))
        self.assertEqual(counts([Result("a", Outcome.SKIP)], [self.errs]), (0, 1, 0))

    def test_listed_for_another_kernel(self) -> None:
        self.assertEqual(counts([Result("a", Outcome.PASS)], [self.errs], RUST), (1, 0, 0))
        self.assertEqual(counts([Result("a", Outcome.XFAIL)], [self.errs], RUST), (0, 1, 0))

    def test_listed_and_no_test(self) -> None:
        results = [Result("b", Outcome.PASS)]
        self.assertEqual(counts(results, [self.skipped]), (1, 1, 0))
        self.assertTrue(judge(results, [self.skipped], RUST, whole=False).good)

    def test_listed_and_not_reached(self) -> None:
        entry = Entry("a: b", Outcome.SKIP, "no such device")
        for result, advised in (
            (Result("a: c", Outcome.PASS), True),
            (Result("a", Outcome.FAIL, "the kernel panicked"), False),
            (Result("other", Outcome.FAIL), True),
        ):
            words = judge([result], [entry], RUST, whole=True).words[-1]
            self.assertEqual("remove it from the list" in words, advised)

    def test_of_an_architecture(self) -> None:
        row = {"test": "a", "outcome": "skip", "why": "no such unit", "arch": "arm64"}
        with mock.patch(
            "pidns.expected.load", return_value=read_entries({"tests": [row]}, "tests")
        ):
            self.assertEqual(len(known("tests", arch=ARM64)), 1)
            self.assertEqual(known("tests"), [])
        with self.assertRaisesRegex(ValueError, "write test, outcome"):
            read_entries({"tests": [row | {"arch": "m68k"}]}, "tests")

    def test_of_a_series(self) -> None:
        row = {"test": "a", "outcome": "skip", "why": "it came later", "series": "7.2"}
        with mock.patch(
            "pidns.expected.load", return_value=read_entries({"tests": [row]}, "tests")
        ):
            self.assertEqual(len(known("tests", series="7.2")), 1)
            self.assertEqual(known("tests"), [])
        with self.assertRaisesRegex(ValueError, "write test, outcome"):
            read_entries({"tests": [row | {"series": "6.1"}]}, "tests")

    def test_counts_of_a_series(self) -> None:
        table = {"quick": {"rust": 9, "c": 5}, "test": {"c": 7}, "7.2": {"quick": {"c": 4}}}
        table |= {"riscv": {"test": {"c": 6}}}
        with mock.patch("pidns.expected.load", lambda _, read: read(table)):
            self.assertEqual([least("quick", "c"), least("quick", "c", "7.2")], [5, 4])
            self.assertEqual(least("test", "c", "7.2"), 7)
            self.assertEqual(
                [least("test", "c", arch=RISCV), least("quick", "c", arch=RISCV)], [6, 5]
            )

    def test_no_test_at_all(self) -> None:
        self.assertFalse(judge([], [], RUST, whole=True).good)

    def test_too_few(self) -> None:
        verdict = judge([Result("a", Outcome.PASS)], [], RUST, whole=True)
        verdict.need(1, 1)
        self.assertTrue(verdict.good)
        verdict.need(2, 1)
        self.assertFalse(verdict.good)

    def test_last_line(self) -> None:
        verdict = judge([Result("a", Outcome.PASS)], [], RUST, whole=True)
        self.assertEqual(verdict.last_line(), "1 passed, 0 failed, 0 skipped")


class ListTest(unittest.TestCase):
    def test_ours(self) -> None:
        self.assertTrue(known("tests", "uml") and known("upstream"))
        self.assertFalse(known("containers"))
        self.assertGreater(least("quick", "rust"), least("quick", "c"))

    def test_wrong_entries(self) -> None:
        for row in (
            {"outcome": "skip", "test": "a"},
            {"outcome": "perhaps", "test": "a", "why": "b"},
            {"outcome": "skip", "test": "a", "why": "b", "where": "c"},
            {"outcome": "skip", "test": "a", "why": "b", "impl": "C"},
            {"outcome": "skip", "test": "a", "why": "b", "debug": "yes"},
            {"outcome": "skip", "test": "a", "why": "b", "chance": "yes"},
        ):
            with self.assertRaisesRegex(ValueError, "uml: (a|None): write"):
                read_entries({"uml": [row]}, "tests", "uml")

    def test_several_tests(self) -> None:
        row = {"outcome": "fail", "test": ["a", "b"], "why": "c", "chance": True}
        entries = read_entries({"tests": [row], "uml": [row]}, "tests")
        self.assertEqual(
            entries, [Entry(name, Outcome.FAIL, "c", chance=True) for name in ("a", "b")]
        )
