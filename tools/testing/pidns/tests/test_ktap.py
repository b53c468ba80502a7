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

    def test_processes_that_print_headers(self) -> None:
        lines = [
            "TAP version 13",
            "1..1",
            "# TAP version 13",
            "# 1..1",
            "# TAP version 13",
            "# ok 1 one",
        ]
        (result,) = self.parser.run([*lines, "ok 1 selftests: pidfd: a_test"])
        self.assertEqual(result, Result("pidfd:a_test: one", Outcome.PASS))

    def counts(self, text: str) -> tuple[int, int, int]:
        outcomes = [result.outcome for result in self.parser.run(text.splitlines())]
        return (
            outcomes.count(Outcome.PASS),
            outcomes.count(Outcome.FAIL),
            outcomes.count(Outcome.SKIP),
        )

    def test_the_runner(self) -> None:
        """What did not come to its end is a failure."""
        head = "TAP version 13\n1..1\n# selftests: pidns: a_test\n# TAP version 13\n"
        for name, text, counts in (
            (
                "leaves are counted, not what holds them",
                f"{head}# 1..3\n# # Starting 3 tests from 1 test cases.\n# #  RUN  global.one ...\n"
                "# ok 1 global.one\n# ok 2 global.two # SKIP no such file\n# ok 3 global.three\n"
                "# # PASSED: 3 / 3 tests passed.\nok 1 selftests: pidns: a_test",
                (2, 0, 1),
            ),
            (
                "a failure is counted once",
                f"{head}# 1..2\n# ok 1 one\n# not ok 2 two\nnot ok 1 selftests: pidns: a_test # exit=1",
                (1, 1, 0),
            ),
            (
                "a program without results of its own is one",
                "TAP version 13\n1..3\n# hello\nok 1 selftests: pidns: a.sh\n"
                "not ok 2 selftests: pidns: b.sh # exit=1\nok 3 selftests: pidns: c.sh # SKIP",
                (1, 1, 1),
            ),
            (
                "a program that skips all is one skip",
                f"{head}# 1..0 # SKIP must run as root\nok 1 selftests: pidns: a_test # SKIP",
                (0, 0, 1),
            ),
            (
                "a program that dies fails, in each case that is missing",
                f"{head}# 1..3\n# ok 1 one\nnot ok 1 selftests: pidns: a_test # exit=139",
                (1, 2, 0),
            ),
            (
                "fewer results than planned fail, whatever the exit status",
                f"{head}# 1..3\n# ok 1 one\nok 1 selftests: pidns: a_test",
                (1, 2, 0),
            ),
            (
                "good results and a bad end fail",
                f"{head}# 1..1\n# ok 1 one\nnot ok 1 selftests: pidns: a_test # TIMEOUT 45 seconds",
                (1, 1, 0),
            ),
            (
                "a run that stops fails, with the program",
                f"{head.replace('1..1', '1..5')}# 1..1\n# ok 1 one\nok 1 selftests: pidns: a_test\n"
                "# selftests: pidns: b_test",
                (1, 2, 0),
            ),
            ("a run that stops within a test", f"{head}# 1..2\n# ok 1 one", (1, 2, 0)),
            ("no test is a failure", "TAP version 13\n1..0\n", (0, 1, 0)),
        ):
            with self.subTest(name):
                self.assertEqual(self.counts(text), counts)

    def test_a_plan_at_the_end(self) -> None:
        self.assertEqual(
            self.counts("KTAP version 1\nok 1 one\nok 2 two\n1..2\nthe end\n"), (2, 0, 0)
        )
        self.assertEqual(self.counts("KTAP version 1\nok 1 one\n1..2\n"), (1, 1, 0))

    def test_streams_follow_each_other(self) -> None:
        text = "\n".join(
            ["TAP version 13", "1..1", "ok 1 selftests: pidns: a_test", *SUITE, "KTAP version 1"]
            + ["1..2", "not ok 1 holes", "ok 2 levels # SKIP not configured"]
        )
        self.assertEqual(self.counts(text), (3, 1, 1))

    def test_a_program_that_is_run_again(self) -> None:
        text = "TAP version 13\n1..1\n# ok 1 one\nok 1 again: pidfd: a_test"
        (result,) = self.parser.run(text.splitlines())
        self.assertEqual(result, Result("pidfd:a_test: one", Outcome.PASS, again=True))
