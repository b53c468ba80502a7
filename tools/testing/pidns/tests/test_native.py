# SPDX-License-Identifier: GPL-2.0
"""What is made of rates; the guests are stand-ins."""

import re
from functools import partial
from unittest import mock

from .. import native, uml
from ..cache import Cache
from ..guest import Answer, End
from ..native import Figure, Native, Row, rate_of
from ..options import NAMES, Options
from .kernel_tree import FolderTest

VFORK = Figure("vfork", 2, 4)
SAID = "rate vfork 4 2 1000.0"
TABLE = """operation    CPUs depth           C        Rust  Rust/C  quartiles
vfork           2     4       100.0       120.0   1.200  1.150 to 1.300
kill0           1     0        50.0        50.0   1.000  0.950 to 1.050 ~
"""


def rows() -> list[Row]:
    return [
        Row(VFORK, [100.0, 100.0, 100.0], [110.0, 120.0, 140.0]),
        Row(Figure("kill0", 1, 0), [50.0, 50.0, 50.0], [45.0, 50.0, 55.0]),
    ]


class FiguresTest(FolderTest):
    def test_what_is_measured(self) -> None:
        self.assertEqual(
            native.figures(["a", "b"], [0, 8], [1, 2])[:5],
            [*(Figure(name, 1, depth) for name in "ab" for depth in (0, 8)), Figure("a", 2, 0)],
        )
        self.assertEqual(VFORK.command, f"script program.sh native vfork 4 2 {native.MILLISECONDS}")

    def test_operations_are_those_of_the_program(self) -> None:
        text = native.PROGRAM.read_text(encoding="utf-8")
        self.assertEqual(tuple(re.findall(r'\t\{ "([a-z0-9_-]+)", op_', text)), native.OPERATIONS)
        self.assertIn(f"#define DEEPEST {native.DEEPEST}\t", text)

    def test_what_a_guest_says(self) -> None:
        self.assertEqual(rate_of(VFORK, Answer(End.DONE, ["x", SAID], 0)), 1000.0)
        for answer, words in (
            (Answer(End.HANG, [SAID], None, "timed out after 9 s"), "timed out after 9 s"),
            (Answer(End.DONE, ["bench: fork: No memory"], 1), "status 1, it said: bench: fork"),
            (Answer(End.DONE, [], 0), "it said: nothing"),
            (Answer(End.DONE, [SAID, SAID], 0), "status 0"),
            (Answer(End.DONE, ["rate vfork 8 2 1000.0"], 0), "depth 4 was not measured"),
        ):
            self.refused(words, partial(rate_of, VFORK, answer))


class TableTest(FolderTest):
    def test_a_table(self) -> None:
        native.show(rows(), self.folder / "native")
        self.assertTrue(self.printed.getvalue().startswith(TABLE))
        self.assertIn("no inlined helpers", self.printed.getvalue())
        lines = (self.folder / "native.csv").read_text(encoding="utf-8").splitlines()
        self.assertEqual(lines[1], "vfork,4,2,3,100.0,120.0,1.200,1.150,1.300")
        pairs = (self.folder / "native-pairs.csv").read_text(encoding="utf-8").splitlines()
        self.assertEqual((len(pairs), pairs[1]), (7, "vfork,4,2,100.0,110.0"))
        drawn = (self.folder / "native.svg").read_text(encoding="utf-8")
        self.assertEqual(drawn.count("<circle"), 2)

    def test_one_pair(self) -> None:
        self.assertEqual(Row(VFORK, [2.0], [3.0]).spread, (1.5, 1.5))

    def test_rounds(self) -> None:
        with mock.patch("time.monotonic", return_value=130.0):
            self.assertEqual(native.rounds(None, 100.0), native.ROUNDS)
            self.assertEqual(native.rounds(1, 100.0), native.ROUNDS)
            self.assertEqual(native.rounds(10, 100.0), 20)
            # C is first as often as Rust.
            self.assertEqual(native.rounds(10, 101.0), 20)

    def test_settle(self) -> None:
        guest = mock.Mock()
        with mock.patch("time.sleep") as sleep:
            with mock.patch.object(native, "processor_time", side_effect=[0, 9, 18, 19]):
                native.settle(guest)
            self.assertEqual(sleep.call_count, 3)
        self.assertGreater(native.processor_time(mock.Mock(process=mock.Mock(pid=1))), 0)
        self.assertEqual(native.processor_time(mock.Mock(process=None)), 0)


class RunTest(FolderTest):
    def run_with(self, said: str) -> tuple[int, list[str]]:
        asked: list[str] = []

        def guest(impl: str) -> mock.Mock:
            def ask(command: str, _limit: float) -> Answer:
                asked.append(f"{impl} {command.split()[5]}")
                return Answer(End.DONE, [said.replace("CPUS", command.split()[5])], 0)

            return mock.Mock(ask=ask, log="the log")

        cache = Cache(self.folder)
        wanted = native.figures(["vfork"], [4], [1, 2])
        run = Native(Options(), cache, self.folder, wanted)
        pair = {impl: guest(impl) for impl in native.IMPLS}
        with (
            mock.patch.object(run, "build"),
            mock.patch.object(run, "guests") as guests,
        ):
            guests.return_value.__enter__.return_value = pair
            return run(), asked

    def test_in_turn(self) -> None:
        status, asked = self.run_with("rate vfork 4 CPUS 7.0")
        self.assertEqual(status, 0)
        self.assertEqual(
            asked[:8], ["c 1", "rust 1", "c 2", "rust 2", "rust 1", "c 1", "rust 2", "c 2"]
        )
        self.assertEqual(len(asked), 4 * native.ROUNDS)
        self.assertIn("1 of 12: pair 1, 1 CPU, about", self.said.getvalue())

    def test_a_guest_that_fails(self) -> None:
        self.refused(
            "IMPL=c: vfork at depth 4 was not measured: status 0, it said: bench: fork: no;"
            " its kernel's log is the log",
            partial(self.run_with, "bench: fork: no"),
        )


class OptionsTest(FolderTest):
    def refuses(self, words: str, *given: str, **env: str) -> None:
        options = Options.read(env)
        self.refused(words, partial(native.command, options, Cache(self.folder), env, given))

    def test_bad_input(self) -> None:
        self.refuses("OP=nope is not known; there are: vfork", "nope")
        self.refuses("LEVEL=32 is not from 0 to 31", "vfork", "0 32")
        self.refuses("LEVEL=x is not from 0", "", "x")
        self.refuses("CPUS=9 is not a number from 1 to 8", CPUS="9")
        self.refuses("IMPL=c is not for bench-native", IMPL="c")
        with mock.patch("os.sched_getaffinity", return_value={0}):
            self.refuses("CPUS=2 is more than this machine has", CPUS="2")
        with mock.patch.object(uml, "room", return_value=1):
            self.refuses("no room for two guests of MEMORY=1G")
        taken = set("CPUS KDIR LEVEL MEMORY MINUTES OP TIMEOUT".split())
        for name in set(NAMES.split()) - taken - {"DEBUG", "IMPL", "SEEDS", "SHORT"}:
            self.refuses(f"{name}=7 is not for bench-native", **{name: "7"})

    def test_processors(self) -> None:
        self.assertEqual(native.processors(Options(cpus=4)), [1, 4])
        self.assertEqual(native.processors(Options(cpus=1)), [1])
        with mock.patch("os.sched_getaffinity", return_value=set(range(64))):
            self.assertEqual(native.processors(Options()), [1, uml.MOST_CPUS])
        self.assertEqual(native.depths_of("8 0 8"), [0, 8])
