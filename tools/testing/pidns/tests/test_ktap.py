# SPDX-License-Identifier: GPL-2.0
import os
import unittest
from pathlib import Path
from typing import ClassVar

from ..ktap import Outcome, Parser, Result, nested, result_line

HARNESS = """TAP version 13
1..4
# Starting 4 tests from 1 test cases.
#  RUN           fix.passes ...
#            OK  fix.passes
ok 1 fix.passes
# a_test.c:11:fails:Expected 1 (1) == 2 (2)
# fails: Test failed
not ok 2 fix.fails
ok 3 fix.skips # SKIP no such device
ok 4 fix.errs # XFAIL C leaks
# FAILED: 3 / 4 tests passed.
""".splitlines()

SUITE = """KTAP version 1

1..1
    KTAP version 1
    # Subtest: suite
    1..2
    ok 1 one
    ok 2 two
# suite: pass:2 fail:0 skip:0 total:2
ok 1 suite
""".splitlines()


class KtapTest(unittest.TestCase):
    parser: ClassVar[Parser]

    @classmethod
    def setUpClass(cls) -> None:
        source = os.environ.get("PIDNS_SOURCE")
        if not source:
            raise RuntimeError("PIDNS_SOURCE= must name a kernel tree")
        cls.parser = Parser(Path(source))

    def test_kselftest(self) -> None:
        self.assertEqual(
            self.parser.results("prog", HARNESS),
            [
                Result("prog: fix.passes", Outcome.PASS),
                Result("prog: fix.fails", Outcome.FAIL),
                Result("prog: fix.skips", Outcome.SKIP, "no such device"),
                Result("prog: fix.errs", Outcome.XFAIL, "C leaks"),
            ],
        )

    def test_kunit(self) -> None:
        self.assertEqual(
            self.parser.results("suite", SUITE),
            [Result("suite: one", Outcome.PASS), Result("suite: two", Outcome.PASS)],
        )

    def test_suite_that_fails_as_a_whole(self) -> None:
        failed = [line.replace("ok 1 suite", "not ok 1 suite") for line in SUITE]
        results = self.parser.results("suite", failed)
        self.assertEqual(
            [result.outcome for result in results], [Outcome.PASS] * 2 + [Outcome.FAIL]
        )

    def test_result_that_is_missing(self) -> None:
        cut = [line for line in HARNESS if not line.startswith("ok 4")]
        results = self.parser.results("prog", cut)
        self.assertEqual(results[-1].outcome, Outcome.FAIL)
        self.assertEqual(results[-1].why, "it did not report")

    def test_no_results(self) -> None:
        for lines in ([], ["Segmentation fault"]):
            (result,) = self.parser.results("prog", lines)
            self.assertEqual(result.outcome, Outcome.FAIL)

    def test_results_of_results(self) -> None:
        lines = ["KTAP version 1", "1..1", *nested(SUITE), result_line(1, True, "outer")]
        names = [result.name for result in self.parser.results("all", lines)]
        self.assertEqual(names, ["all: outer: suite: one", "all: outer: suite: two"])


if __name__ == "__main__":
    unittest.main()
