# SPDX-License-Identifier: GPL-2.0
from functools import partial
from unittest import mock

from .. import quick, soak, uml
from ..cache import Cache
from ..guest import Answer, End
from ..ktap import Outcome
from ..options import NAMES, Options
from ..soak import Soak, results_of, tests_of
from .kernel_tree import FolderTest


class TestsTest(FolderTest):
    def test_what_can_run_among_others(self) -> None:
        rust, c = (set(tests_of(Options(impl=impl))) for impl in ("rust", "c"))
        self.assertIn("pidns_create_test", rust)
        self.assertEqual(c & quick.LEAKING["c"], set())

    def test_bad_input(self) -> None:
        def refuses(words: str, **env: str) -> None:
            options = Options.read(env)
            self.refused(words, partial(soak.command, options, Cache(self.folder), env, []))

        refuses("TESTS=nope is not known", TESTS="nope")
        refuses("CPUS=9 is not a number from 1 to 8", CPUS="9")
        taken = set("CPUS DEBUG IMPL KDIR MEMORY MINUTES TESTS TIMEOUT".split())
        for name in set(NAMES.split()) - taken - {"SEEDS", "SHORT"}:
            refuses(f"{name}=7 is not for soak", **{name: "7"})


class RunTest(FolderTest):
    def test_what_a_guest_says(self) -> None:
        lines = ["# tests: 7 times", "ok the tests pass", "failed objects of pid_2: 1 before"]
        results = results_of(Answer(End.DONE, lines, 0))
        self.assertEqual(
            [(one.name, one.outcome, one.why) for one in results],
            [
                ("the tests pass", Outcome.PASS, ""),
                ("objects of pid_2", Outcome.FAIL, "1 before"),
            ],
        )
        dead = results_of(Answer(End.DEATH, lines, None, "the kernel panicked"))[-1]
        self.assertEqual((dead.outcome, dead.why), (Outcome.FAIL, "the kernel panicked"))

    def run_with(self, log: str, *lines: str, off: bool = True) -> int:
        asked: list[str] = []

        def ask(command: str, _limit: float) -> Answer:
            asked.append(command)
            return Answer(End.DONE, list(lines), 0)

        options = Options(impls=("rust",), tests=("pidns_create_test",), debug=True, minutes=2)
        guest = mock.Mock(ask=ask)
        guest.log_text.return_value = log
        guest.finish.return_value = off
        run = Soak(options, Cache(self.folder), self.folder)
        with (
            mock.patch.object(run, "build"),
            mock.patch.object(uml, "Uml", return_value=guest),
        ):
            status = run()
        self.assertEqual(asked, [f"script soak.sh 120 {soak.WARM} pidns_create_test", "scan"])
        self.assertTrue(guest.finish.called and guest.close.called)
        return status

    def test_runs(self) -> None:
        self.assertEqual(self.run_with("fine\n", "ok a", "ok b"), 0)
        self.assertEqual(self.shown(), "5 passed, 0 failed\n")
        self.assertEqual(self.run_with("fine\n", "ok a", "ok b", off=False), 1)
        self.assertIn("failed: IMPL=rust: the guest powers off: it did not\n", self.shown())
        self.assertEqual(self.run_with("BUG: so\n", "ok a", "failed b: 1 before, 2 after"), 1)
        said = self.shown()
        self.assertIn("# BUG: so\n", said)
        self.assertIn("failed: IMPL=rust: b: 1 before, 2 after\n", said)
        self.assertTrue(said.endswith("3 passed, 2 failed\n"))
