# SPDX-License-Identifier: GPL-2.0
"""What a guest says, or that it ended, becomes the right result. The guests are stand-ins."""

import os
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from ..errors import Fault
from ..expected import Entry
from ..guest import Answer, End, Guest
from ..ktap import Outcome, Parser
from ..run import Job, Reference, Run
from ..trials import Finding, Lab, Suite, Trial, limits
from .kernel_tree import FolderTest

GOOD = ["TAP version 13", "1..2", "ok 1 x", "ok 2 y"]
BAD = ["TAP version 13", "1..2", "ok 1 x", "not ok 2 y"]
SKIP = [*GOOD[:3], "ok 2 y # SKIP no such thing"]
OFF = "reboot: Power down\n"
OK, FAIL = Answer(End.DONE, GOOD, 0), Answer(End.DONE, BAD, 1)
# How guests end, and what is in their log then.
PANIC = (Answer(End.DEATH), "Kernel panic - not syncing: it\n")
KILLED = (Answer(End.DEATH), "")
SHELL = (Answer(End.DEATH, ["fork: no memory"]), OFF)
HANG = (Answer(End.HANG, seconds=100, why="timed out after 100 s"), "")
LATE = (Answer(End.DONE, GOOD[:3], 124, seconds=100), "")
A1 = "a1_test"


class Scripted(Guest):
    """Answers one command, and is asked to make the mistake before and after."""

    def __init__(self, folder: Path, answer: Answer | tuple[Answer, str], end: str = OFF) -> None:
        super().__init__(folder / "log", 1)
        self.answer, self.words = answer if isinstance(answer, tuple) else (answer, "")
        self.end = end
        self.asked: list[str] = []
        self.text = ""

    def ask(
        self, command: str, limit: float, enough: Callable[[str], object] | None = None
    ) -> Answer:
        self.asked.append(command)
        if command.startswith("mutant"):
            return Answer(End.DONE, [], 0)
        self.text += self.words
        if enough and any(enough(line) for line in self.answer.lines):
            return Answer(End.CUT, self.answer.lines, why="it was not waited for")
        return self.answer

    def this_boot(self) -> str:
        return self.text

    def finish(self) -> bool:
        self.text += self.end
        return self.end == OFF


class TrialTest(FolderTest):
    def setUp(self) -> None:
        super().setUp()
        self.entries: list[Entry] = []
        self.made: list[Scripted] = []

    def try_it(
        self, *answers: Answer | tuple[Answer, str], end: str = OFF, number: int = 1
    ) -> Trial:
        """KUnit and a kselftest, in guests that answer this; in full as before if nothing else is
        said."""
        left = list(answers)

        def guest(_name: str, suite: Suite) -> Guest:
            answer = answers[-1] if suite.full and not left else left.pop(0)
            self.made.append(Scripted(self.folder, answer, end))
            return self.made[-1]

        run = Run([], [], Parser(Path(os.environ["PIDNS_SOURCE"])), 100)
        suites = [Suite("kunit", (Job("kunit", "suite"),)), Suite(A1, (Job("kselftest", A1),))]
        trial = Trial("one", number, suites)
        lab = Lab(run, self.entries, [], {A1: 7}, 100, guest)
        lab.try_all(trial, Reference(Path(), self.folder, True, self.folder))
        self.assertEqual(left, [])
        return trial

    def found(self, trial: Trial) -> list[str]:
        return [str(finding) for finding in trial.found.values()]

    def kselftest(self, *answers: Answer | tuple[Answer, str], end: str = OFF) -> str:
        """What the kselftest finds, where KUnit has passed."""
        trial = self.try_it(OK, *answers, end=end)
        return self.found(trial)[1]

    def test_survives(self) -> None:
        trial = self.try_it(OK, OK, OK)
        self.assertEqual((self.found(trial), trial.verdict), (["passed", "passed"], "SURVIVES"))
        self.assertFalse(trial.good)
        asked = [["mutant 1", f"kselftest a1_test {limit}", "mutant 0"] for limit in (7, 70)]
        self.assertEqual([guest.asked for guest in self.made[1:]], asked)
        self.assertIn("a1_test: a1_test\n", (self.folder / "log.out").read_text())

    def test_in_full(self) -> None:
        self.assertEqual(self.kselftest(OK, FAIL, OK), "caught: y")
        also = "undecided: y; but without the mistake, caught: y"
        self.assertEqual(self.kselftest(OK, FAIL, FAIL), also)

    def test_without_a_mistake(self) -> None:
        trial = self.try_it(OK, OK, number=0)
        self.assertEqual((trial.verdict, trial.good), ("nothing fails", True))
        trial = self.try_it(OK, FAIL, number=0)
        self.assertEqual((trial.verdict, trial.good), ("caught by a1_test", False))

    def test_a_failure_counts_at_once(self) -> None:
        trial = self.try_it(OK, FAIL)
        self.assertEqual((self.found(trial)[1], trial.verdict), ("caught: y", "caught by a1_test"))
        self.assertTrue(trial.good)

    def test_each_kselftest_must_notice(self) -> None:
        trial = self.try_it(FAIL, OK)
        self.assertEqual(self.found(trial), ["caught: suite: y", "passed"])
        self.assertEqual((trial.verdict, trial.good), ("MISSED by a1_test", False))

    def test_a_panic(self) -> None:
        trial = self.try_it(PANIC, FAIL)
        panics = "caught: the kernel panics: Kernel panic - not syncing: it"
        self.assertEqual(self.found(trial), [panics, "caught: y"])
        self.assertEqual(self.kselftest((HANG[0], PANIC[1])), panics)
        self.assertEqual(self.kselftest(OK, end=PANIC[1]), panics)

    def test_a_guest_that_its_emulator_kills(self) -> None:
        with mock.patch.object(Scripted, "stale", return_value=True):
            finding = self.kselftest(PANIC, PANIC)
        self.assertEqual(finding, "undecided: an int3 that QEMU executed after its removal")

    def test_a_killed_guest_does_not_count(self) -> None:
        trial = self.try_it(KILLED, OK, OK)
        self.assertEqual(trial.verdict, "SURVIVES")
        self.assertIn(
            "one: kunit: undecided: the guest ended before its time; once more",
            self.said.getvalue(),
        )

    def test_nor_does_the_next_one(self) -> None:
        trial = self.try_it(KILLED, KILLED, OK)
        self.assertEqual((trial.verdict, trial.good), ("UNDECIDED in kunit", False))

    def test_a_hang_counts_twice(self) -> None:
        self.assertEqual(self.kselftest(HANG, OK), "passed")
        asked = [guest.asked[1] for guest in self.made[1:]]
        # The second one has more time, and then there is the one in full.
        self.assertEqual(asked, [f"kselftest a1_test {limit}" for limit in (7, 28, 70)])
        self.assertEqual(self.kselftest(HANG, HANG), "caught: hangs")
        self.assertEqual(self.kselftest(LATE, LATE), "caught: hangs")
        self.assertEqual(self.kselftest(OK, OK, end=""), "caught: hangs when it powers off")

    def test_in_the_next_suite_it_counts_once(self) -> None:
        trial = self.try_it(HANG, HANG, HANG)
        self.assertEqual(self.found(trial), ["caught: suite: hangs", "caught: hangs"])

    def test_a_test_that_times_out(self) -> None:
        lines = [*BAD[:3], "# y: Test terminated by timeout", BAD[3]]
        answer = Answer(End.DONE, lines, 1)
        self.assertEqual(self.kselftest(answer, answer), "caught: y: hangs")
        self.assertEqual(self.kselftest(answer, OK), "passed")

    def test_a_shell_that_fails_twice(self) -> None:
        said = "caught: the guest's shell fails: fork: no memory"
        self.assertEqual(self.kselftest(SHELL, SHELL), said)
        self.assertEqual(self.kselftest(SHELL, OK), "passed")

    def test_a_complaint_of_the_kernel(self) -> None:
        splat = "BUG: spinlock bad magic\n"
        complains = f"the kernel complains: {splat.strip()}"
        self.assertEqual(self.kselftest((OK, splat)), f"caught: {complains}")
        self.assertEqual(self.kselftest((FAIL, splat)), f"caught: y; {complains}")

    def test_skipped_is_not_passed(self) -> None:
        answer = Answer(End.DONE, SKIP, 0)
        skipped = "caught: y is skipped but is not listed: no such thing"
        self.assertEqual(self.kselftest(answer), skipped)
        self.entries = [Entry(f"pidns:{A1}: y", Outcome.SKIP, "so")]
        self.assertEqual(self.kselftest(answer), "passed")

    def test_what_fails_as_listed(self) -> None:
        self.entries = [Entry(f"pidns:{A1}: y", Outcome.FAIL, "so")]
        self.assertEqual(self.kselftest(FAIL), "passed")
        both = Answer(End.DONE, [*BAD[:2], "not ok 1 x", BAD[3]], 1)
        self.assertEqual(self.kselftest(both), "caught: x")

    def test_a_program_that_says_nothing(self) -> None:
        self.assertEqual(self.kselftest(Answer(End.DONE, [], 1)), "caught: status 1")
        self.assertEqual(self.kselftest(Answer(End.DONE, [], 0)), "caught: it printed no results")
        self.assertEqual(self.kselftest(Answer(End.DONE, GOOD, 139)), "caught: status 139")

    def test_the_mistake_cannot_be_chosen(self) -> None:
        self.made.clear()
        guest = Scripted(self.folder, OK)
        guest.ask = lambda *_: Answer(End.DONE, [], 1)  # type: ignore[method-assign]
        run = Run([], [], Parser(Path(os.environ["PIDNS_SOURCE"])), 1)
        lab = Lab(run, [], [], {}, 1, lambda *_: guest)
        suite, reference = (
            Suite(A1, (Job("kselftest", A1),)),
            Reference(Path(), Path(), True, Path()),
        )
        finding = lab.find(Trial("one", 1, []), suite, reference)
        said = f"undecided: mutant 1 could not be chosen; the guest's log is {guest.log}"
        self.assertEqual(str(finding), said)
        lab.stopped.set()
        text = "the run was ended"
        self.refused(text, lambda: lab.find(Trial("one", 1, []), suite, reference))

    def test_a_guest_that_is_slow_to_boot(self) -> None:
        """It costs a try, and not the run."""
        fault = Fault("the guest did not come up: timed out; its log:\nLinux version 7.3")
        ask, slow = Scripted.ask, [True]

        def late(guest: Scripted, *rest: Any) -> Answer:
            if slow and slow.pop():
                raise fault
            return ask(guest, *rest)

        with mock.patch.object(Scripted, "ask", late):
            self.assertEqual(self.found(self.try_it(OK, OK, FAIL)), ["passed", "caught: y"])
        said = "kunit: undecided: the guest did not come up: timed out; its log:; once more\n"
        self.assertIn(said, self.said.getvalue())


class LimitsTest(unittest.TestCase):
    def test_limits(self) -> None:
        found = {name: Finding("passed", "", 10.4) for name in ("kunit", "fuzz", A1)}
        self.assertEqual(limits(found), {"kunit": 30, "fuzz": 30, A1: 61})
