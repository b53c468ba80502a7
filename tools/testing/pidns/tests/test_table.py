# SPDX-License-Identifier: GPL-2.0
import unittest
from dataclasses import replace

from ..expected import Entry
from ..ktap import Outcome, Result
from ..table import compare

ONE, TWO, THREE = (f"pidfd:a_test: {name}" for name in ("one", "two", "three"))
LETTERS = {"+": Outcome.PASS, "-": Outcome.FAIL, "s": Outcome.SKIP, "x": Outcome.XFAIL}


def results(outcomes: str, again: str = "") -> list[Result]:
    """One to three results, and those of the program when it was run again."""

    def run(outcomes: str) -> list[Result]:
        pairs = zip((ONE, TWO, THREE), outcomes, strict=False)
        return [Result(name, LETTERS[letter]) for name, letter in pairs]

    return run(outcomes) + [replace(result, again=True) for result in run(again)]


class TableTest(unittest.TestCase):
    def table(
        self, c: list[Result], rust: list[Result], *entries: Entry, least: int = 1
    ) -> tuple[str, str]:
        verdict = compare({"c": c, "rust": rust}, entries, least, whole=least > 1)
        return verdict.last_line().replace(" skipped", ""), "\n".join(verdict.words)

    def check(
        self, c: list[Result], rust: list[Result], counts: str, words: str, *entries: Entry
    ) -> None:
        last, said = self.table(c, rust, *entries)
        self.assertEqual(last, counts)
        self.assertIn(words, said)

    def test_the_same_but_for_numbers_of_processes(self) -> None:
        c, rust = (
            [Result(f"pidfd:a_test: two {n} of 30", Outcome.PASS) for n in numbers]
            for numbers in ((17, 19), (18, 20))
        )
        self.check(c, rust, "2 passed, 0 failed, 0", "same")

    def test_what_differs(self) -> None:
        self.check(results("++"), results("+-"), "1 passed, 1 failed, 0", "DIFFERS")
        self.check(results("++"), results("+-"), "1 passed, 1 failed, 0", f"rust: {TWO}: fail")
        self.check(results("++"), results("+++"), "2 passed, 1 failed, 0", "DIFFERS")
        self.check(results("++"), results("+"), "1 passed, 1 failed, 0", f"rust: {TWO}: -")

    def test_what_is_not_listed(self) -> None:
        both = results("+-s")
        self.check(both, both, "1 passed, 2 failed, 0", "not on the list")

    def test_what_is_listed(self) -> None:
        entries = Entry(TWO, Outcome.FAIL, "because"), Entry(THREE, Outcome.SKIP, "because")
        self.check(results("+-s"), results("+-s"), "1 passed, 0 failed, 2", "same, known", *entries)
        wrong = Entry(TWO, Outcome.FAIL, "because"), Entry(THREE, Outcome.FAIL, "because")
        words = "listed to fail: take it off the list"
        self.check(results("+-s"), results("+-s"), "1 passed, 1 failed, 1", words, *wrong)
        self.check(results("+++"), results("+++"), "1 passed, 2 failed, 0", words, *wrong)

    def test_what_is_so_by_chance(self) -> None:
        c = results("+++")
        self.check(c, results("++s"), "2 passed, 1 failed, 0", "DIFFERS")
        chance = Entry(THREE, Outcome.FAIL, "it is asked too late", chance=True)
        for rust, counts, words in (
            (results("++s"), "2 passed, 1 failed, 0", "never passes"),
            (results("++s", "++-"), "2 passed, 1 failed, 0", "never passes"),
            (results("++s", "+++"), "3 passed, 0 failed, 0", "same"),
            (results("++s", "+-+"), "2 passed, 1 failed, 0", "DIFFERS"),
        ):
            self.check(c, rust, counts, words, chance)

    def test_what_skips_by_chance(self) -> None:
        c, chance = results("+++"), Entry(THREE, Outcome.SKIP, "it is asked too late", chance=True)
        self.check(c, results("++s", "+++"), "3 passed, 0 failed, 0", "same", chance)
        self.check(c, results("++-", "+++"), "2 passed, 1 failed, 0", "never passes", chance)

    def test_where_c_errs(self) -> None:
        self.check(results("+x"), results("++"), "1 passed, 1 failed, 0", "DIFFERS")
        entry = Entry(TWO, Outcome.XFAIL, "because", impl="c")
        self.check(results("+x"), results("++"), "2 passed, 0 failed, 0", "C errs, known", entry)
        self.check(results("+x"), results("+x"), "1 passed, 1 failed, 0", "take it off", entry)
        for impl, outcomes, last in (
            ("rust", "++", "2 passed, 0 failed, 0 skipped"),
            ("c", "+x", "1 passed, 0 failed, 1 skipped"),
        ):
            verdict = compare({impl: results(outcomes)}, [entry], 1, whole=False)
            self.assertEqual(verdict.last_line(), last)

    def test_too_few(self) -> None:
        self.check([], [], "0 passed, 1 failed, 0", "0 tests ran; there must be 1")
        one = results("+")
        self.assertEqual(self.table(one, one, least=2)[0], "1 passed, 1 failed, 0")

    def test_listed_and_no_test(self) -> None:
        both, entry = results("++"), Entry(THREE, Outcome.SKIP, "because")
        self.assertEqual(self.table(both, both, entry)[0], "2 passed, 0 failed, 0")
        self.assertEqual(self.table(both, both, entry, least=2)[0], "2 passed, 1 failed, 0")
