# SPDX-License-Identifier: GPL-2.0
"""make bench-growth: how what operations cost grows with what is alive, on both implementations.

Both kernels of make bench run tools/testing/bench/growth.c on a processor that counts
instructions, with few processes, namespaces and levels and with many. The table is shown, kept
as CSV, and drawn.
"""

import contextlib
import csv
import re
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from . import bench, plot, process, uml
from .bench import IMPLS, Row, shown
from .cache import TOP, Cache, claimed
from .errors import Fault, note
from .kept import Progress
from .kernel import built
from .options import Options, choose, refuse_all_but

PROGRAM = TOP / "tools/testing/bench/growth.c"
# What there is to look at, and how much of it is made.
SIZES = {
    "tasks": (10, 100, 1_000, 10_000, 100_000),
    "namespaces": (1, 10, 100, 1_000, 10_000),
    "numbers": (1_000,),
    "levels": (10,),
    "death": (1_000, 20_000, 100_000),
    "memory": (10_000, 100_000),
}
MOST = 1_000_000
# Bytes for the guest itself, and for a process with its kernel stack; and how many processes the
# program creates per unit of a size, where it is not one.
OWN, PROCESS = 512 << 20, 40 << 10
PROCESSES = {"levels": 32}
LIMIT = 4 * 3600
# What Rust may grow more than C without a word.
SLACK = 1.02
KINDS = ("dense", "sparse", "high", "wrap")
COLUMNS = (
    *("operation", "size", "c", "rust", "ratio", "c median", "rust median"),
    *("c growth", "rust growth"),
)
LAST_WORDS = (
    "(instructions an operation, or for each process where it is of all: the least of all rounds;",
    " x: times that of the smallest size; +: grows more in Rust than in C. memory: bytes of slab",
    " caches, a process or namespace; own: of those for pids, namespaces and proxies; kept: of the",
    " same in all, when they are gone. By level, as in process-08.)",
)


class Growth(NamedTuple):
    """A figure, and how much more it is than that of the smallest size; None where that is 0."""

    row: Row
    c: float | None
    rust: float | None

    @property
    def worse(self) -> bool:
        """Whether it grows more in Rust."""
        return self.c is not None and self.rust is not None and self.rust > self.c * SLACK


def grown(rows: Iterable[Row]) -> list[Growth]:
    """Rows in their order, the sizes of an operation from the smallest."""
    smallest: dict[str, Row] = {}
    found = []
    for row in rows:
        first = smallest.setdefault(row.name, row)
        c, rust = (
            value / least if least > 0 else None
            for value, least in ((row.c, first.c), (row.rust, first.rust))
        )
        found.append(Growth(row, c, rust))
    return found


def times(value: float | None) -> str:
    """Growth as text."""
    return "-" if value is None else f"{value:.2f}"


def table(found: Iterable[Growth]) -> list[str]:
    """What is shown."""
    lines = [
        f"{'operation':<26} {'size':>7} {'C':>13} {'Rust':>13} {'Rust/C':>7} {'C x':>8} {'Rust x':>8}"
    ]
    for one in found:
        row = one.row
        lines.append(
            f"{row.name:<26} {row.level:>7} {row.c:>13.1f} {row.rust:>13.1f}"
            f" {shown(row.c, row.rust):>7} {times(one.c):>8} {times(one.rust):>8}"
            f"{' +' if one.worse else ''}"
        )
    return lines


def place_of(row: Row) -> tuple[str, str]:
    """The plot that a figure is in, and its place on the x axis."""
    if found := re.fullmatch(r"memory:(\S+)-(\d+)", row.name):
        return f"memory: {found[1]}, {row.level}, by level", str(int(found[2]))
    kind, _, operation = row.name.partition(":")
    if kind in KINDS:
        return f"{operation}, {row.level} numbers", kind
    return row.name, str(row.level)


def plots(rows: Iterable[Row]) -> list[plot.Plot]:
    """All that has several places."""
    of: dict[str, dict[str, Row]] = {}
    for row in rows:
        title, place = place_of(row)
        of.setdefault(title, {})[place] = row

    def order(place: str) -> int:
        return int(place) if place.isdigit() else KINDS.index(place)

    drawn = []
    for title, places in of.items():
        names = sorted(places, key=order)
        lines = [
            plot.Line(name, [plot.Point(number, value, value, value) for number, value in points])
            for name, points in (
                ("C", [(number, places[one].c) for number, one in enumerate(names)]),
                ("Rust", [(number, places[one].rust) for number, one in enumerate(names)]),
            )
        ]
        if len(names) > 1:
            drawn.append(plot.Plot(title, names, lines))
    return drawn


def show(said: Mapping[str, str], path: Path) -> None:
    """Prints the table of what both kernels said, writes it as CSV, and the drawing."""
    found = grown(bench.rows_of(bench.figures(said["c"]), bench.figures(said["rust"])))
    print("\n".join([*table(found), *LAST_WORDS]), flush=True)
    with open(path.with_suffix(".csv"), "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(COLUMNS)
        for row, c, rust in found:
            least = (row.name, row.level, row.c, row.rust, shown(row.c, row.rust))
            out.writerow((*least, row.c_median, row.rust_median, times(c), times(rust)))
    title = "Instructions an operation, or bytes, by how much there is"
    drawn = plot.svg(title, plots(one.row for one in found))
    path.with_suffix(".svg").write_text(drawn, encoding="utf-8")


def sizes_of(asked: str, chosen: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """What is made for each of those that were chosen: that of SIZES=, or the usual."""
    words = asked.replace(",", " ").split()
    for word in words:
        if not re.fullmatch("[1-9][0-9]{0,6}", word) or int(word) > MOST:
            raise Fault(f'SIZES={word} is not from 1 to {MOST}; give some as in SIZES="10 1000"')
    sizes = tuple(sorted({int(word) for word in words}))
    return {name: sizes or SIZES[name] for name in chosen}


def check_memory(memory: str, wanted: Mapping[str, Sequence[int]]) -> None:
    """Raises a Fault for sizes that have no room in the guest."""
    for name, sizes in wanted.items():
        need = OWN + max(sizes) * PROCESSES.get(name, 1) * PROCESS >> 20
        if need > uml.megabytes(memory):
            raise Fault(
                f"OP={name} with {max(sizes)} needs a guest of {need} MB; give it as in"
                f" MEMORY={need // 1024 + 1}G, or smaller SIZES="
            )


def wait_all(running: Iterable["subprocess.Popen[bytes]"], seconds: float) -> bool:
    """Waits for programs; False if they take longer."""
    deadline = time.monotonic() + seconds
    try:
        for one in running:
            one.wait(timeout=max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return False
    return True


class Run:
    """One run of the command."""

    def __init__(
        self, options: Options, cache: Cache, folder: Path, wanted: Mapping[str, Sequence[int]]
    ) -> None:
        self.options, self.cache, self.folder, self.wanted = options, cache, folder, wanted
        self.logs = cache.log / "growth"
        self.seconds = options.timeout or LIMIT

    def build(self) -> None:
        """Builds both kernels, and copies what guests need."""
        for impl in IMPLS:
            (self.folder / impl).mkdir()
            with built(self.options.with_impl(impl), self.cache) as tree:
                bench.stage(tree, self.folder / impl, PROGRAM)

    def together(self) -> Iterator[Sequence[str]]:
        """The kernels that run at the same time: what is counted does not depend on that."""
        yield from [IMPLS] if self.options.jobs > 1 else [(impl,) for impl in IMPLS]

    def count(self, name: str, impls: Sequence[str]) -> dict[str, str]:
        """Counts on guests that have just booted, at once; returns what they say."""
        sizes = ",".join(map(str, self.wanted[name]))
        paths = {impl: self.logs / f"{name}-{impl}.txt" for impl in impls}
        with contextlib.ExitStack() as stack:
            guests = []
            for impl, path in paths.items():
                said = stack.enter_context(open(path, "wb"))
                command = bench.guest(
                    self.folder / impl, f"BENCH_{name.upper()}={sizes}", self.options.memory
                )
                started = process.started(command, stdout=said, stderr=subprocess.STDOUT)
                guests.append(stack.enter_context(started))
            if not wait_all(guests, self.seconds):
                raise Fault(
                    f"OP={name} was not done within {self.seconds} s and was stopped; what was said"
                    f" is in {self.logs}; give more as in TIMEOUT={2 * self.seconds}, or smaller SIZES="
                )
        return {impl: bench.said_in(path) for impl, path in paths.items()}

    def __call__(self) -> int:
        """Builds, counts, and shows; returns the exit status."""
        self.build()
        said = dict.fromkeys(IMPLS, "")
        progress = Progress(len(self.wanted))
        with claimed(self.logs):
            for name, sizes in self.wanted.items():
                note(f"counting {name}: {' '.join(map(str, sizes))}")
                for impls in self.together():
                    for impl, text in self.count(name, impls).items():
                        said[impl] += text
                progress.tell(name)
        path = self.cache.log / "bench-growth"
        show(said, path)
        note(f"the figures are in {path}.csv, and drawn in {path}.svg")
        return 0


def command(
    options: Options, cache: Cache, env: Mapping[str, str], arguments: Sequence[str]
) -> int:
    """The command "bench-growth [OPERATIONS [SIZES]]"; returns the exit status."""
    refuse_all_but(env, "bench-growth", "KDIR MEMORY OP SIZES TIMEOUT")
    asked, sizes, *_ = *arguments, "", ""
    wanted = sizes_of(sizes, choose("OP", asked.split(), SIZES))
    check_memory(options.memory, wanted)
    with cache.temporary() as folder:
        return Run(options, cache, folder, wanted)()
