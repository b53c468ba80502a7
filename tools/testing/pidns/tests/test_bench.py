# SPDX-License-Identifier: GPL-2.0
"""What is made of figures; the guests that count are stand-ins."""

from functools import partial
from pathlib import Path
from unittest import mock

from .. import bench
from ..cache import Cache
from ..options import Options
from .kernel_tree import FolderTest

C = """Booting
bench vfork 1 100.0 110.0
bench vfork 8 240.0 250.0
bench newpid 1 130.0 150.0
bench slab-pid 0 0.0 0.0
bench: done
"""
RUST = C.replace("100.0", "90.0").replace("slab-pid 0 0.0", "slab-pid 0 8.0")
TABLE = """operation                      level            C         Rust  Rust/C  median
newpid                             1        130.0        130.0   1.000   1.000
slab-pid                           0          0.0          8.0       -       -
vfork                              1        100.0         90.0   0.900   1.000
vfork                              8        240.0        240.0   1.000   1.000
one level more, 1 to 8                       20.0         21.4   1.071   1.000
a namespace (newpid - vfork)       1         30.0         40.0   1.333   1.000
"""
NM = """0000000000000001 0000000000000010 T alloc_pid
0000000000000011 0000000000000005 t free_pid
0000000000000016 0000000000000007 D init_pid_ns
0000000000000023 0000000000000009 t _RNvNtCs_5tests4case
0000000000000032 0000000000000009 T kunit_run_tests
0000000000000041 A end
"""


class BenchTest(FolderTest):
    def test_a_table(self) -> None:
        bench.show(C, RUST, self.folder / "bench")
        self.assertTrue(self.printed.getvalue().startswith(TABLE))
        lines = (self.folder / "bench.csv").read_text(encoding="utf-8").splitlines()
        self.assertEqual(lines[0].split(",")[-1], "median ratio")
        self.assertEqual(lines[3], "vfork,1,100.0,90.0,0.900,110.0,110.0,1.000")
        drawn = (self.folder / "bench.svg").read_text(encoding="utf-8")
        # What C has none of has no bar.
        self.assertEqual(drawn.count("<rect"), 1 + 5)

    def test_figures_that_are_missing(self) -> None:
        for c, rust in (("", ""), (C, RUST.replace("bench vfork 8", "bench vfork 9"))):
            self.refused("not counted the same", partial(bench.show, c, rust, self.folder / "a"))

    def test_size(self) -> None:
        self.assertEqual(bench.text_size(NM), 15)

    def count(self, said: str) -> str:
        tree = mock.MagicMock()
        cache = Cache(self.folder)
        cache.log.mkdir(exist_ok=True)
        with (
            mock.patch.object(bench, "built", return_value=tree),
            mock.patch.object(bench, "stage"),
            mock.patch.object(bench, "symbols", return_value=NM),
            mock.patch.object(bench, "guest", return_value=["printf", "%s", said]),
        ):
            return bench.count_on(Options(impl="c"), cache)

    def test_a_guest(self) -> None:
        self.assertEqual(self.count(C), f"{C}bench text 0 15 15\n")
        self.assertEqual(self.said.getvalue(), "pidns: counting (IMPL=c)\n")
        self.assertEqual((self.folder / "log/bench-c.txt").read_text(encoding="utf-8"), C)

    def test_a_guest_that_fails(self) -> None:
        for said in ("Kernel panic\n", f"{C}bench: vfork: No space\n"):
            self.refused(
                "did not come to its end; all that it said is in", partial(self.count, said)
            )
        self.assertIn("Kernel panic\n", self.said.getvalue())
        self.assertIn("\nbench: vfork: No space\n", self.said.getvalue())

    def test_two_runs_at_once(self) -> None:
        one, other = Cache(self.folder), Cache(self.folder)
        again = partial(bench.command, Options(), other, {}, [])
        with mock.patch.object(bench, "count_on", side_effect=lambda *_: again()):
            self.refused("another run writes", partial(bench.command, Options(), one, {}, []))

    def test_options(self) -> None:
        for name, value in (("IMPL", "c"), ("DEBUG", "1")):
            self.refused(
                f"{name}={value} is not for bench",
                partial(bench.command, Options(), Cache(Path()), {name: value}, []),
            )
