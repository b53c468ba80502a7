# SPDX-License-Identifier: GPL-2.0
"""What is tried with a point, and what is told of it."""

import unittest
from dataclasses import replace

from ..cache import Cache
from ..delaying import caught, command, judge, outcome, trials
from ..delays import parse
from ..mutants import parse as parse_mutants
from ..options import Options
from ..trials import Finding, Trial
from .kernel_tree import FolderTest
from .test_delays import DELAY
from .test_mutants import GOOD

(POINT,) = parse(DELAY.replace('"a1_test"', '"a1_test", "b1_test"'), "a.toml")
(MISTAKE,) = parse_mutants(GOOD, "a.toml")
BITES = replace(POINT, name="bites", catches=("good",))
PASSED, CAUGHT = Finding("passed", seconds=2.5, slow=7), Finding("caught", "y", 1.0)
NOT_THERE = Finding("passed", seconds=1.0)


def found(trial: Trial, *findings: Finding) -> Trial:
    trial.found = dict(zip(("a1_test", "b1_test"), findings, strict=True))
    return trial


class TrialsTest(unittest.TestCase):
    def test_what_guests_are_asked(self) -> None:
        plain, slow, fast = trials(BITES, {"good": MISTAKE})
        self.assertEqual(plain.begin, ["mutant 0", "delay 1 100 1"])
        self.assertEqual(slow.begin, ["mutant 1", "delay 1 100 1"])
        self.assertEqual(slow.end, ["mutant 0", "delay 0 0 1"])
        self.assertEqual((fast.begin, fast.end), (["mutant 1"], ["mutant 0"]))
        self.assertEqual([suite.name for suite in fast.suites], ["a1_test", "b1_test"])
        self.assertEqual(len({one.name for one in (plain, slow, fast)}), 3)

    def test_outcome(self) -> None:
        (plain,) = trials(POINT, {})
        self.assertEqual(outcome(found(plain, PASSED, PASSED)), "passed")
        self.assertEqual(outcome(found(plain, PASSED, CAUGHT)), "b1_test: y")
        self.assertEqual(outcome(found(plain, NOT_THERE, PASSED)), "a1_test never gets there")

    def test_caught(self) -> None:
        _, slow, _ = trials(BITES, {"good": MISTAKE})
        self.assertEqual(caught(found(slow, PASSED, CAUGHT)), "caught in 1.0 s by b1_test: y")
        self.assertEqual(caught(found(slow, PASSED, PASSED)), "not caught in 5.0 s")
        late = Finding("undecided", "it did not come up")
        said = "undecided in 0.0 s by b1_test: it did not come up"
        self.assertEqual(caught(found(slow, PASSED, late)), said)


class JudgeTest(FolderTest):
    def judged(self, *findings: tuple[Finding, Finding]) -> tuple[int, list[str]]:
        """How many points have failed, and what is printed."""
        both = {one: trials(one, {"good": MISTAKE}) for one in (POINT, BITES)}
        every = [trial for several in both.values() for trial in several]
        for trial, two in zip(every, findings, strict=True):
            found(trial, *two)
        failed = judge(both, "usual")
        return failed, self.shown().splitlines()

    def test_all_is_well(self) -> None:
        good = (PASSED, PASSED)
        failed, said = self.judged(good, good, (PASSED, CAUGHT), good)
        self.assertEqual(failed, 0)
        self.assertEqual(said[3].split(), "slow a1_test 7 2.5 passed".split())
        catches = "caught in 1.0 s by b1_test: y; without the delay, not caught in 5.0 s"
        self.assertEqual(said[-1], f"bites: good: {catches}")

    def test_some_is_not(self) -> None:
        good = (PASSED, PASSED)
        failed, said = self.judged((CAUGHT, PASSED), (PASSED, NOT_THERE), good, good)
        self.assertEqual(failed, 2)
        self.assertEqual(
            said[-3:],
            [
                "FAILED: usual: slow: a1_test: y",
                "FAILED: usual: bites: b1_test never gets there",
                "FAILED: usual: bites: good is not caught",
            ],
        )
        self.assertEqual(said[3].split(), "slow a1_test - 1.0 FAILED".split())
        self.assertEqual(said[6].split()[-3:], ["never", "gets", "there"])

    def test_unknown_kernels(self) -> None:
        asked = {"CONFIGS": "usual fast"}
        self.refused(
            "CONFIGS=fast is not known; there are: usual debug strict rt",
            lambda: command(Options(), Cache(self.folder), asked, ()),
        )
        self.refused(
            "CPUS=8 is more than the kernel strict has; give 4",
            lambda: command(Options(cpus=8), Cache(self.folder), {"CONFIGS": "strict"}, ()),
        )
