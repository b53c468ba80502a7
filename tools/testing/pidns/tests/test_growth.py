# SPDX-License-Identifier: GPL-2.0
"""What is made of figures; the guests that count are stand-ins."""

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from unittest import mock

from .. import bench, growth
from ..cache import Cache
from ..growth import Run, place_of
from ..options import NAMES, Options
from .kernel_tree import FolderTest

C = """bench tasks:vfork 10 100.0 110.0
bench tasks:vfork 1000 100.0 110.0
bench dense:list 5 7.0 7.0
bench wrap:list 5 8.0 8.0
bench memory:process-00 9 50.0 50.0
bench memory:process-08 9 60.0 60.0
bench memory:process-kept-08 9 0.0 0.0
bench: done
"""
RUST = C.replace("1000 100.0", "1000 150.0").replace("10 100.0", "10 90.0")
TABLE = """operation                     size             C          Rust  Rust/C      C x   Rust x
dense:list                       5           7.0           7.0   1.000     1.00     1.00
memory:process-00                9          50.0          50.0   1.000     1.00     1.00
memory:process-08                9          60.0          60.0   1.000     1.00     1.00
memory:process-kept-08           9           0.0           0.0       -        -        -
tasks:vfork                     10         100.0          90.0   0.900     1.00     1.00
tasks:vfork                   1000         100.0         150.0   1.500     1.00     1.67 +
wrap:list                        5           8.0           8.0   1.000     1.00     1.00
"""


def row(name: str, size: int) -> bench.Row:
    return bench.Row(name, size, 1.0, 1.0, 1.0, 1.0)


class TableTest(FolderTest):
    def test_a_table(self) -> None:
        growth.show({"c": C, "rust": RUST}, self.folder / "growth")
        self.assertTrue(self.printed.getvalue().startswith(TABLE), self.printed.getvalue())
        lines = (self.folder / "growth.csv").read_text(encoding="utf-8").splitlines()
        self.assertEqual(lines[6], "tasks:vfork,1000,100.0,150.0,1.500,110.0,110.0,1.00,1.67")
        drawn = (self.folder / "growth.svg").read_text(encoding="utf-8")
        for title in ("tasks:vfork", "list, 5 numbers", "memory: process, 9, by level"):
            self.assertIn(f">{title}</text>", drawn)
        # One place alone is no growth.
        self.assertNotIn("process-kept", drawn)
        self.assertEqual(drawn.count("<circle"), 3 * 4)

    def test_places(self) -> None:
        self.assertEqual(place_of(row("death", 100)), ("death", "100"))
        self.assertEqual(place_of(row("sparse:vfork", 7)), ("vfork, 7 numbers", "sparse"))
        where = "memory: namespace-own, 10, by level"
        self.assertEqual(place_of(row("memory:namespace-own-04", 10)), (where, "4"))

    def test_places_are_in_order(self) -> None:
        rows = [row("tasks:vfork", size) for size in (1000, 20, 100)]
        rows += [row(f"{kind}:vfork", 5) for kind in ("high", "wrap", "dense")]
        drawn = growth.plots(rows)
        self.assertEqual(drawn[0].places, ["20", "100", "1000"])
        self.assertEqual(drawn[1].places, ["dense", "high", "wrap"])


class SizesTest(FolderTest):
    def refuses(self, words: str, *given: str, **env: str) -> None:
        options = Options.read(env, "8G")
        self.refused(words, partial(growth.command, options, Cache(self.folder), env, given))

    def test_sizes(self) -> None:
        self.assertEqual(growth.sizes_of("100 10,20", ["death"]), {"death": (10, 20, 100)})
        self.assertEqual(growth.sizes_of("", growth.SIZES), growth.SIZES)

    def test_bad_input(self) -> None:
        self.refuses("OP=nope is not known; there are: tasks", "nope")
        for size in ("0", "x", "-1", "1000001", "1e3"):
            self.refuses(f"SIZES={size} is not from 1 to 1000000", "", f"10 {size}")
        self.refuses(
            "OP=levels with 10000 needs a guest of 13012 MB; give it as in MEMORY=13G",
            "levels",
            "10000",
        )
        self.refuses("OP=tasks with 100000 needs a guest of", MEMORY="2G")
        self.refuses("IMPL=c is not for bench-growth", IMPL="c")
        taken = set("KDIR MEMORY OP SIZES TIMEOUT".split())
        for name in set(NAMES.split()) - taken - {"DEBUG", "IMPL", "SEEDS", "SHORT"}:
            self.refuses(f"{name}=7 is not for bench-growth", **{name: "7"})

    def test_what_is_usual_has_room(self) -> None:
        growth.check_memory("8G", growth.SIZES)

    def test_the_program_knows_all(self) -> None:
        text = growth.PROGRAM.read_text(encoding="utf-8")
        names = re.findall(r'run\("BENCH_([A-Z]+)", ', text)
        self.assertEqual([name.lower() for name in names], list(growth.SIZES))
        for kind in growth.KINDS:
            self.assertIn(f'"{kind}"', text)


class RunTest(FolderTest):
    def run_with(self, command: Sequence[str], **given: int) -> int:
        wanted = {"tasks": (10, 1000), "death": (5,)}
        run = Run(
            Options(jobs=2, timeout=given.get("timeout")), Cache(self.folder), self.folder, wanted
        )
        with (
            mock.patch.object(run, "build"),
            mock.patch.object(bench, "guest", return_value=command) as guest,
        ):
            status = run()
        self.guests = [call.args for call in guest.call_args_list]
        return status

    def test_a_run(self) -> None:
        self.assertEqual(self.run_with(["printf", "%s", C]), 0)
        self.assertEqual(self.guests[0], (self.folder / "c", "BENCH_TASKS=10,1000", "1G"))
        self.assertEqual(self.guests[3], (self.folder / "rust", "BENCH_DEATH=5", "1G"))
        self.assertIn("pidns: counting tasks: 10 1000\n", self.said.getvalue())
        self.assertIn("pidns: 2 of 2: death\n", self.said.getvalue())

    def test_guests_that_fail(self) -> None:
        self.refused(
            "did not come to its end; all that it said is in",
            partial(self.run_with, ["printf", "bench: clone: No memory\n"]),
        )
        self.refused(
            "OP=tasks was not done within 1 s and was stopped",
            partial(self.run_with, ["sleep", "1000"], timeout=1),
        )

    def test_one_after_the_other(self) -> None:
        run = Run(Options(jobs=1), Cache(Path()), Path(), {})
        self.assertEqual(list(run.together()), [("c",), ("rust",)])
