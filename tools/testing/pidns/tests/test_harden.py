# SPDX-License-Identifier: GPL-2.0
import os
import unittest
from typing import Any
from unittest import mock

from .. import cli, harden, process
from ..cache import Cache
from ..harden import BOTH, Harden, Job, Outcome
from ..lists import load
from ..options import NAMES, Options
from ..run import RACES
from ..source import Source
from ..toolchain import Toolchain
from .kernel_tree import FolderTest

RACE = Job("race", "races", "quick", {"TESTS": "{races}", "MINUTES": "9"}, {"MINUTES": ""})
MODEL = Job("model", "a model", "models", impls=())


class ListTest(unittest.TestCase):
    def test_the_list(self) -> None:
        for job in load(harden.LIST, harden.read):
            self.assertIn(job.command, cli.COMMANDS)
            for short in (False, True):
                Options.read(job.given(short))
        self.assertTrue(harden.jobs_of((), short=True))

    def test_bad_lists(self) -> None:
        for row, words in (
            ({"what": "x", "command": "quick", "hours": 1}, "hours is none of command"),
            ({"what": "x", "command": "quick", "options": {"TIME": "1"}}, "TIME is no option"),
            ({"what": "x", "command": "quick", "impls": ["java"]}, "impls of c and rust"),
            ({"what": "", "command": "quick"}, "write what it looks for"),
            ({"command": "quick"}, "missing"),
        ):
            with self.assertRaisesRegex((ValueError, TypeError), words):
                harden.read({"a": row})

    def test_what_a_job_is_given(self) -> None:
        races = " ".join(sorted(RACES))
        self.assertEqual(RACE.given(False), {"TESTS": races, "MINUTES": "9"})
        self.assertEqual(RACE.given(True), {"TESTS": races})
        self.assertEqual(RACE.where(("rust",)), ["rust"])
        self.assertEqual(MODEL.where(("rust",)), [BOTH])


class OutcomeTest(unittest.TestCase):
    def test_outcomes(self) -> None:
        for status, said, good, words in (
            (0, "x\n3 passed, 0 failed, 0 skipped\n", True, "3 passed"),
            (0, "1 passed, 0 failed\n3 passed, 0 failed, 2 skipped\n", True, "3 passed, 2 skipped"),
            (1, "3 passed, 4 failed, 1 skipped\n", False, "3 passed, 4 failed, 1 skipped"),
            (1, "3 passed, 0 failed\n", False, "status 1"),
            (1, "pidns: error: no space\n", False, "no space"),
            (0, "", False, "it counted nothing"),
            (None, "3 passed, 0 failed\n", False, "not done in time"),
        ):
            self.assertEqual(Outcome.of(status, said), Outcome(good, words))

    def test_a_table(self) -> None:
        found = {
            ("race", "c"): Outcome(True, "3 passed", 7.0),
            ("race", "rust"): Outcome(False, "1 failed", 600.0),
            ("model", BOTH): Outcome(True, "9 passed", 1.0),
        }
        self.assertEqual(
            harden.table([RACE, MODEL], found),
            [
                "job    C                  Rust                      what",
                "race   ok, 3 passed, 7 s  FAILED, 1 failed, 10 min  races",
                "model  -                  ok, 9 passed, 1 s         a model",
            ],
        )


class RunTest(FolderTest):
    def setUp(self) -> None:
        super().setUp()
        self.built_from("linux-7.3.4", "1.85")

    def built_from(self, source: str, rustc: str) -> None:
        """Kernels are built from that source by that compiler."""
        found, tools = mock.Mock(path=source), mock.Mock(identity=rustc)
        self.enterContext(mock.patch.object(Source, "find", return_value=found))
        self.enterContext(mock.patch.object(Toolchain, "find", return_value=tools))

    def run_with(
        self, said: str, status: int = 0, short: bool = True, tests: tuple[str, ...] = ()
    ) -> tuple[int, list[dict[str, str]]]:
        given = []

        def run(
            command: list[str], *, limit: float, log: object, env: dict[str, str], grace: float
        ) -> int:
            given.append({"command": command[-1], "limit": f"{limit:.0f}"} | env)
            # What its own children take, and more.
            self.assertGreater(grace, 10 * process.GRACE)
            with open(str(log), "w", encoding="utf-8") as file:
                # The models are always well.
                file.write("1 passed, 0 failed\n" if command[-1] == "models" else said)
            return 0 if command[-1] == "models" else status

        options, cache = Options(tests=tests), Cache(self.folder)
        with mock.patch.object(process, "run", run):
            return Harden(options, cache, [RACE, MODEL], short)(), given

    def test_a_run(self) -> None:
        env = {"TESTS": "race", "SHORT": "1", "KDIR": "/linux", "MEMORY": "4G"}
        with mock.patch.dict("os.environ", env):
            status, given = self.run_with("5 passed, 0 failed\n")
        self.assertEqual(status, 0)
        said = [(one["command"], one.get("IMPL"), one.get("TESTS", "")[:6]) for one in given]
        expected = [("quick", impl, "pidns_") for impl in ("c", "rust")]
        self.assertEqual([(a, b, c.replace("nsprox", "pidns_")) for a, b, c in said[:2]], expected)
        self.assertEqual(said[2], ("models", None, ""))
        for name in ("KDIR", "MEMORY"):
            self.assertEqual([one.get(name) for one in given], [env[name], env[name], None])
        self.assertFalse([one for one in given if "SHORT" in one or "MINUTES" in one])
        self.assertTrue(self.shown().endswith("3 passed, 0 failed\n"))
        self.assertIn("2 of 3: race IMPL=rust: 5 passed, about", self.said.getvalue())

    def test_what_a_kept_outcome_comes_from(self) -> None:
        run = Harden(Options(), Cache(self.folder), [RACE, MODEL], False)
        with mock.patch.object(harden, "TOP", self.folder):
            self.write("pidns/a.rs", "one")
            before = run.key(RACE)
            self.write("pidns/.cache/b", "of a tool")
            self.write("README.md", "words")
            self.assertEqual(run.key(RACE), before)
            self.assertNotEqual(run.key(MODEL), before)
            self.write("pidns/a.rs", "two")
            changed = run.key(RACE)
            self.assertNotEqual(changed, before)
            (self.folder / "pidns/a.rs").rename(self.folder / "pidns/c.rs")
            self.assertNotEqual(run.key(RACE), changed)
            changed = run.key(RACE)
            for source, rustc in (("linux-7.3.5", "1.85"), ("linux-7.3.4", "1.86")):
                self.built_from(source, rustc)
                again = Harden(Options(), Cache(self.folder), [RACE, MODEL], False)
                self.assertNotEqual(again.key(RACE), changed)

    def test_a_run_that_fails(self) -> None:
        status, _ = self.run_with("BUG: so\n4 passed, 1 failed\n", 1)
        self.assertEqual(status, 1)
        self.assertTrue(self.shown().endswith("1 passed, 2 failed\n"))
        self.assertIn("BUG: so\n", self.said.getvalue())

    def test_a_run_goes_on(self) -> None:
        def commands(said: str, status: int, **more: Any) -> list[str]:
            return [one["command"] for one in self.run_with(said, status, short=False, **more)[1]]

        every = ["quick", "quick", "models"]
        self.assertEqual(commands("1 passed, 1 failed\n", 1), every)
        # The models were good; and all of them are asked for again.
        self.assertEqual(commands("1 passed, 1 failed\n", 1), ["quick", "quick"])
        self.assertEqual(commands("1 passed, 1 failed\n", 1, tests=("model",)), every)
        with mock.patch.object(Harden, "key", lambda _, job: f"another of {job}"):
            self.assertEqual(commands("1 passed, 1 failed\n", 1), every)
            self.assertEqual(commands("1 passed, 0 failed\n", 0), ["quick", "quick"])
            # That was all of it.
            self.assertEqual(commands("1 passed, 0 failed\n", 0), every)

    def test_a_command_of_its_own(self) -> None:
        job = Job("none", "nothing", "no-such-command", impls=("rust",))
        with mock.patch.dict("os.environ", {"PATH": os.environ["PATH"]}):
            run = Harden(Options(), Cache(self.folder), [job], False)
            run.logs.mkdir(parents=True)
            outcome = run.run(job, "rust")
        self.assertFalse(outcome.good)
        self.assertIn("invalid choice: 'no-such-command'", outcome.words)

    def test_bad_input(self) -> None:
        for words, env in (
            ("TESTS=nope is not known; there are: races", {"TESTS": "nope"}),
            ("TESTS=debug is not known; there are: races", {"TESTS": "debug", "SHORT": "1"}),
            ("SHORT=2 is not known", {"SHORT": "2"}),
        ):
            self.refuses(words, env)
        taken = set("IMPL KDIR MEMORY SHORT TESTS TIMEOUT".split())
        for name in set(NAMES.split()) - taken - {"DEBUG", "SEEDS", "SHORT"}:
            self.refuses(f"{name}=7 is not for harden", {name: "7"})

    def refuses(self, words: str, env: dict[str, str]) -> None:
        cache = Cache(self.folder)
        self.refused(words, lambda: harden.command(Options.read(env), cache, env, []))
