# SPDX-License-Identifier: GPL-2.0
"""Which mistakes are tried, what is kept of them, and what is told."""

from functools import partial
from pathlib import Path
from unittest import mock

from .. import cargo, mutation
from ..cache import TOP, Cache
from ..kept import Kept, key_of
from ..laid import chosen
from ..mutants import parse
from ..mutation import Mutation, command, judge
from ..options import Options
from ..run import Job
from ..toolchain import Toolchain
from ..trials import Finding, Suite, Trial
from .kernel_tree import FolderTest
from .test_mutants import GOOD, OTHER, mutant

EVERY = parse(f"{GOOD}{OTHER}", "a.toml")
UNABLE = parse(mutant("c", "x", "MUTANT") + 'uml = "no clock"\n', "b.toml", 2)
SKIPPED = "c: not tried, User Mode Linux has no clock"
PASSED, CAUGHT = Finding("passed"), Finding("caught", "y")


class ChosenTest(FolderTest):
    def test_all_or_some(self) -> None:
        self.assertEqual(chosen(EVERY, "MUTANTS", []), EVERY)
        self.assertEqual(chosen(EVERY, "MUTANTS", ["b", "b"]), EVERY[1:])
        text = "MUTANTS=c is not known; they are in tools/testing"
        self.refused(text, lambda: chosen(EVERY, "MUTANTS", ["b", "c"]))

    def test_foreign_options(self) -> None:
        for name, value in (("KDIR", "/x"), ("IMPL", "c"), ("DEBUG", "1"), ("TIMEOUT", "5")):
            asked = partial(command, Options(), Cache(self.folder), {name: value}, [])
            self.refused(f"{name}={value} is not for mutants", asked)


class KeptTest(FolderTest):
    def test_kept(self) -> None:
        kept = Kept(self.folder / "new")
        self.assertIsNone(kept.get("one", "key"))
        kept.put("one", "key", {"a": 1})
        self.assertEqual(kept.get("one", "key"), {"a": 1})
        self.assertIsNone(kept.get("one", "other"))
        (self.folder / "new/one.json").write_text("{", encoding="utf-8")
        self.assertIsNone(kept.get("one", "key"))

    def test_key(self) -> None:
        file = self.folder / "file"
        file.write_text("a", encoding="utf-8")
        self.assertEqual(key_of(["a", "b"]), key_of([b"a", "b"]))
        self.assertEqual(key_of([file, "b"]), key_of(["a", "b"]))
        self.assertNotEqual(key_of(["ab"]), key_of(["a", "b"]))


class KeyTest(FolderTest):
    def test_what_results_come_from(self) -> None:
        def parts(options: Options) -> list[str]:
            run = Mutation(options, Cache(self.folder), self.folder, [])
            run.source, run.files = mock.Mock(path="/linux"), ["pidns/lib.rs"]
            with (
                mock.patch.object(run, "find_sources"),
                mock.patch.object(cargo, "build", return_value=Path("/fuzz")),
                mock.patch.object(mutation, "key_of") as keyed,
            ):
                run.prepare()
            return [str(part) for part in keyed.call_args.args[0]]

        with mock.patch.object(Toolchain, "find", return_value=mock.Mock(env={}, identity="cc")):
            usual, larger = parts(Options()), parts(Options(memory="2G"))
        names = [Path(part).name for part in usual if part.startswith("/")]
        for name in "run.py fuzzer.py Makefile expected.toml splats.toml worker.sh main.rs".split():
            self.assertIn(name, names)
        self.assertTrue(all(Path(part).exists() for part in usual if part.startswith(str(TOP))))
        self.assertTrue([part for part in usual if "CONFIG_PIDNS_KUNIT_TEST=y" in part])
        self.assertEqual(len(set(usual) - set(larger)), 1)

    def test_only_good_results_are_kept(self) -> None:
        run = mock.Mock(folder=self.folder, kept=Kept(self.folder), options=Options())
        run.each = lambda trials, _most, _lab, work: [work(trial) for trial in trials]
        trials = [Trial(one.name, one.number, [], {"fuzz": CAUGHT}) for one in EVERY]
        trials[1].found["fuzz"] = PASSED
        Mutation.find(run, dict.fromkeys(trials, "key"), mock.Mock(), None)
        kept = [run.kept.get(trial.name, "key") is not None for trial in trials]
        self.assertEqual(kept, [True, False])


class JudgeTest(FolderTest):
    def judged(self, *found: tuple[Finding, Finding, Finding]) -> tuple[int, list[str]]:
        kinds = {"kunit": "kunit", "a1_test": "kselftest", "fuzz": "fuzz"}
        suites = [Suite(name, (Job(kind, name),)) for name, kind in kinds.items()]
        trials = [
            Trial(mutant.name, mutant.number, suites, dict(zip(kinds, three, strict=True)))
            for mutant, three in zip(EVERY, found, strict=True)
        ]
        status = judge(trials, {mutant.name: mutant for mutant in EVERY + UNABLE})
        return status, self.shown().splitlines()

    def test_all_are_caught(self) -> None:
        status, said = self.judged((CAUGHT, CAUGHT, PASSED), (PASSED, CAUGHT, CAUGHT))
        self.assertEqual(status, 0)
        self.assertEqual(
            said[2].split(), "good A1 caught 1 of 1 passed kunit: y; a1_test: y".split()
        )
        counts = ["kunit caught 1 of 2", "fuzz caught 1 of 2"]
        self.assertEqual(said[-4:], [*counts, SKIPPED, "2 passed, 0 failed, 1 skipped"])

    def test_some_are_not(self) -> None:
        status, said = self.judged((CAUGHT, PASSED, CAUGHT), (PASSED, PASSED, PASSED))
        self.assertEqual(status, 1)
        last = ["good: MISSED by a1_test", "b: SURVIVES", SKIPPED, "0 passed, 2 failed, 1 skipped"]
        self.assertEqual(said[-4:], last)
