# SPDX-License-Identifier: GPL-2.0
import unittest
from functools import partial
from pathlib import Path
from unittest import mock

from .. import models, process
from ..cache import TOP, Cache
from ..errors import Fault
from ..models import (
    CRATE,
    INCLUDED,
    Check,
    Models,
    Verdict,
    checks,
    choose,
    lay,
    loom_verdict,
    pan_verdict,
    planted,
)
from ..options import Options
from ..planted import Edit
from .kernel_tree import FolderTest

FULL = "State-vector 8 byte, depth reached 9, errors: 0\n    1234 states, stored\n"


def check(mistake: str, *edits: Edit) -> Check:
    return Check("table", "grow", mistake=mistake, edits=edits)


class ListTest(FolderTest):
    def test_the_list(self) -> None:
        every = checks()
        self.assertTrue(all(one.what for one in every if one.mistake))
        names = [(one.model, one.mistake) for one in every if one.mistake]
        self.assertEqual(len(set(names)), len(names))
        # Each scenario is shown to be able to fail.
        right = {(one.model, one.scenario) for one in every if not one.mistake}
        wrong = {(one.model, one.scenario) for one in every if one.mistake}
        self.assertEqual(right - wrong, set())

    def test_macros_are_in_the_model(self) -> None:
        text = models.PROTOCOL.read_text(encoding="utf-8")
        for one in checks():
            for macro in one.macros:
                self.assertRegex(text, rf"\b{macro.split('=')[0]}\b")

    def test_scenarios_are_in_the_model(self) -> None:
        text = (TOP / CRATE / "src/scenarios.rs").read_text(encoding="utf-8")
        for one in checks():
            if one.model == "table":
                self.assertIn(f'("{one.scenario}", {one.scenario})', text)

    def test_unknown_names(self) -> None:
        path = self.folder / "models.toml"
        text = models.LIST.read_text(encoding="utf-8")
        for old, new, word in (
            ("disable-late", "disable-early", "no mutant disable-early"),
            ('scenario = "thread"', 'scenario = "bread"', "no scenario bread"),
        ):
            path.write_text(text.replace(old, new), encoding="utf-8")
            with self.assertRaisesRegex(Fault, word):
                checks(path)

    def test_bad_lists(self) -> None:
        for text, words in (("[protocol", "is invalid"), ("[table]", "'protocol' is missing")):
            path = self.write("models.toml", text)
            self.refused(words, partial(checks, path))

    def test_choose(self) -> None:
        every = checks()
        self.assertEqual(choose(every, ()), every)
        self.assertEqual({one.model for one in choose(every, ("table",))}, {"table"})
        self.assertEqual(
            [str(one) for one in choose(every, ("kept",))],
            ["table kept", "table kept kept-leaf-not-freed"],
        )
        one = choose(every, ("disable-late",))
        self.assertEqual([str(found) for found in one], ["protocol nested disable-late"])
        with self.assertRaisesRegex(Fault, "TESTS=nothing is not known"):
            choose(every, ("nothing",))


class MistakesTest(FolderTest):
    def test_planted(self) -> None:
        edits = (check("a", Edit("f", "one", "MUTANT(1)")), check("b", Edit("f", "two", "2")))
        self.assertEqual(planted("one two", "f", edits), 'crate::planted("a")(1) 2')
        self.assertEqual(planted("one two", "g", edits), "one two")

    def test_faults(self) -> None:
        with self.assertRaisesRegex(Fault, "a: this is not found once in f: one"):
            planted("one one", "f", [check("a", Edit("f", "one", "MUTANT"))])
        with self.assertRaisesRegex(Fault, "b and a change the same place"):
            planted(
                "one two",
                "f",
                [check("a", Edit("f", "e t", "1")), check("b", Edit("f", "one", "2"))],
            )

    def test_all_places_are_found(self) -> None:
        lay(self.folder, checks(), "other")
        for file in INCLUDED:
            text = (self.folder / file).read_text(encoding="utf-8")
            self.assertIn("crate::planted(", text)
            self.assertNotIn("MUTANT", text)
        for manifest in ("Cargo.toml", "Cargo.lock"):
            text = (self.folder / CRATE / manifest).read_text(encoding="utf-8")
            self.assertEqual(text.count('name = "other"'), 1)

    def test_the_code_is_copied_as_it_is(self) -> None:
        lay(self.folder, (), "other")
        for file in INCLUDED:
            self.assertEqual((self.folder / file).read_bytes(), (TOP / file).read_bytes())
        path = self.folder / INCLUDED[0]
        before = path.stat().st_mtime_ns
        lay(self.folder, (), "other")
        self.assertEqual(path.stat().st_mtime_ns, before)


class VerdictTest(unittest.TestCase):
    def test_spin(self) -> None:
        self.assertEqual(pan_verdict(FULL), Verdict(False, "1,234 states"))
        said = "pan:1: assertion violated  !(a) (at depth 7)\nx, errors: 1\n 5 states, stored\n"
        self.assertEqual(pan_verdict(said), Verdict(True, "assertion violated  !(a)"))
        for said in (
            "pan: reached -DMEMLIM bound\n" + FULL,
            "error: max search depth too small\n" + FULL,
            "Killed",
        ):
            self.assertIsNone(pan_verdict(said).failed)

    def test_loom(self) -> None:
        self.assertEqual(loom_verdict(0, ""), Verdict(False, ""))
        said = "\nthread 'main' (9) panicked at src/a.rs:1:2:\n a word \nnote: run\n"
        self.assertEqual(loom_verdict(101, said), Verdict(True, "a word"))
        self.assertIsNone(loom_verdict(2, "there is no such scenario").failed)
        self.assertIsNone(loom_verdict(-9, "").failed)


class RunTest(FolderTest):
    def ran(self, one: Check, verdict: Verdict) -> tuple[bool, str]:
        run = Models(Options(), Cache(self.folder))
        with (
            mock.patch.object(run, "run_table", return_value=verdict),
            mock.patch.object(run, "run_protocol", return_value=verdict),
        ):
            return run.run(one, self.folder / "work")

    def test_lines(self) -> None:
        right, wrong = Check("protocol", "first"), Check("table", "grow", (), "late", "it is late")
        good, line = self.ran(right, Verdict(False, "7 states"))
        self.assertTrue(good)
        self.assertRegex(line, r"^ok      protocol first .* s  7 states$")
        self.assertEqual(self.ran(wrong, Verdict(True, "lost"))[0], True)
        for one, verdict in (
            (right, Verdict(True, "x")),
            (right, Verdict(None, "x")),
            (wrong, Verdict(None, "x")),
        ):
            good, line = self.ran(one, verdict)
            self.assertFalse(good)
            self.assertRegex(line, "^FAILED .*x$")
        good, line = self.ran(wrong, Verdict(False, ""))
        self.assertFalse(good)
        self.assertIn("not noticed: it is late", line)

    def test_an_interruption(self) -> None:
        """What runs is ended at once, and the rest is not begun."""
        run = Models(Options(jobs=2), Cache(self.folder))
        run.chosen = [Check("table", scenario) for scenario in ("short", "long", "later", "last")]
        begun = []

        def program(one: Check, _: Path) -> tuple[bool, str]:
            begun.append(one.scenario)
            seconds = "0" if one.scenario == "short" else "1000"
            return process.run(["sleep", seconds], limit=1000) == 0, one.scenario

        with mock.patch.object(run, "run", program):
            results = run.results(self.folder)
            self.assertEqual(next(results), (True, "short"))
            results.close()
        self.assertNotIn("last", begun)
        self.assertEqual(process.RUNNING, set())

    def test_options_of_other_commands(self) -> None:
        for name, value in (("SEEDS", "1..2"), ("IMPL", "c")):
            text = f"{name}={value} is not for models"
            asked = partial(models.command, Options(), Cache(Path()), {name: value}, [])
            self.refused(text, asked)
