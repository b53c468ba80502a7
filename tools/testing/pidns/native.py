# SPDX-License-Identifier: GPL-2.0
"""make bench-native: how many operations a second both implementations do, on this machine itself.

Both kernels run tools/testing/bench/native.c on User Mode Linux, one right after the other, again
and again: on one processor, and on as many as there are. They are those of make quick, but
optimised for speed. The table has the rates, their ratio, and how far the pairs are apart; they are
kept as CSV, and the ratios drawn.
"""

import contextlib
import csv
import itertools
import os
import re
import statistics
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from . import plot, uml
from .cache import TOP, Cache, claimed
from .errors import Fault, note
from .guest import Answer, End
from .kept import Progress
from .options import Options, choose, refuse_all_but
from .quick import Built, Quick
from .setup import setup
from .source import Source

PROGRAM = TOP / "tools/testing/bench/native.c"
IMPLS = ("c", "rust")
# Those of the program.
OPERATIONS = (
    "vfork",
    "fork",
    "newpid",
    "container",
    "setns-file",
    "pidfd_open",
    "kill0",
    "list-100",
)
DEPTHS = (0, 1, 4, 8)
DEEPEST = 31
# Pairs of each figure, at least; an even number, since which kernel is first alternates.
ROUNDS = 6
# For one figure of one kernel.
MILLISECONDS, LIMIT = 400, 120
# Seconds for a guest to become idle, between two looks, and the ticks in between that count as idle.
SETTLE_LIMIT, SETTLE_STEP, SETTLED = 30.0, 0.1, 1
SAID = re.compile(r"rate (\S+) (\d+) (\d+) ([\d.]+)")
COLUMNS = ("operation", "depth", "cpus", "pairs", "c", "rust", "ratio", "lower", "upper")
CAVEATS = (
    "(operations a second of all processors, the medians; of the ratios of pairs the median and the",
    " quartiles, more is better. ~: 1 is between the quartiles, so the two may be the same. User Mode",
    " Linux has no inlined helpers: there Rust calls C's inline functions.)",
)


@dataclass(frozen=True)
class Figure:
    """What is measured."""

    operation: str
    cpus: int
    depth: int

    @property
    def command(self) -> str:
        """The command for a guest, which has so many processors."""
        return f"script program.sh native {self.operation} {self.depth} {self.cpus} {MILLISECONDS}"


@dataclass
class Row:
    """The rates of a figure, pair by pair."""

    figure: Figure
    c: list[float] = field(default_factory=list)
    rust: list[float] = field(default_factory=list)

    def add(self, impl: str, rate: float) -> None:
        """Adds a rate."""
        (self.c if impl == "c" else self.rust).append(rate)

    @property
    def medians(self) -> tuple[float, float]:
        """Of C and of Rust."""
        return statistics.median(self.c), statistics.median(self.rust)

    @property
    def ratios(self) -> list[float]:
        """Rust to C, pair by pair."""
        return [rust / c for c, rust in zip(self.c, self.rust, strict=True)]

    @property
    def ratio(self) -> float:
        """Their median."""
        return statistics.median(self.ratios)

    @property
    def spread(self) -> tuple[float, float]:
        """Their quartiles."""
        if len(self.ratios) < 2:
            return self.ratio, self.ratio
        low, _, high = statistics.quantiles(self.ratios, n=4, method="inclusive")
        return low, high

    @property
    def unsure(self) -> bool:
        """Whether the spread leaves open which is faster."""
        low, high = self.spread
        return low <= 1 <= high


def figures(operations: Sequence[str], depths: Sequence[int], cpus: Sequence[int]) -> list[Figure]:
    """All that are measured; those of the same guest one after the other."""
    return [
        Figure(operation, number, depth)
        for number in cpus
        for operation in operations
        for depth in depths
    ]


def rate_of(figure: Figure, answer: Answer) -> float:
    """The rate that a guest tells."""
    said = [found for line in answer.lines if (found := SAID.fullmatch(line))]
    wanted = (figure.operation, str(figure.depth), str(figure.cpus))
    if (
        answer.end is not End.DONE
        or answer.status
        or len(said) != 1
        or said[0].groups()[:3] != wanted
    ):
        last = next(reversed(answer.lines), "nothing")
        why = answer.why or f"status {answer.status}, it said: {last}"
        raise Fault(f"{figure.operation} at depth {figure.depth} was not measured: {why}")
    return float(said[0][4])


def table(rows: Iterable[Row]) -> list[str]:
    """What is shown."""
    lines = [
        f"{'operation':<12} {'CPUs':>4} {'depth':>5} {'C':>11} {'Rust':>11} {'Rust/C':>7}  quartiles"
    ]
    for row in rows:
        c, rust = row.medians
        low, high = row.spread
        lines.append(
            f"{row.figure.operation:<12} {row.figure.cpus:>4} {row.figure.depth:>5} {c:>11.1f}"
            f" {rust:>11.1f} {row.ratio:>7.3f}  {low:.3f} to {high:.3f}{' ~' if row.unsure else ''}"
        )
    return lines


def plots(rows: Sequence[Row]) -> list[plot.Plot]:
    """The ratios of each operation by depth, a line for each number of processors."""
    depths = sorted({row.figure.depth for row in rows})
    drawn = []
    for operation in dict.fromkeys(row.figure.operation for row in rows):
        lines = []
        for cpus in dict.fromkeys(row.figure.cpus for row in rows):
            points = [
                plot.Point(depths.index(row.figure.depth), row.ratio, *row.spread)
                for row in rows
                if (row.figure.operation, row.figure.cpus) == (operation, cpus)
            ]
            lines.append(plot.Line(f"{cpus} CPU{'s' if cpus > 1 else ''}", points))
        drawn.append(plot.Plot(operation, [str(depth) for depth in depths], lines))
    return drawn


def show(rows: Sequence[Row], path: Path) -> None:
    """Prints the table, and writes the CSV, the single rates as well, and the drawing."""
    print("\n".join([*table(rows), *CAVEATS]), flush=True)
    with (
        open(path.with_suffix(".csv"), "w", newline="", encoding="utf-8") as file,
        open(f"{path}-pairs.csv", "w", newline="", encoding="utf-8") as every,
    ):
        out, pairs = csv.writer(file), csv.writer(every)
        out.writerow(COLUMNS)
        pairs.writerow(("operation", "depth", "cpus", "c", "rust"))
        for row in rows:
            of = (row.figure.operation, row.figure.depth, row.figure.cpus)
            c, rust = row.medians
            shown = [f"{value:.3f}" for value in (row.ratio, *row.spread)]
            out.writerow((*of, len(row.c), f"{c:.1f}", f"{rust:.1f}", *shown))
            pairs.writerows((*of, *pair) for pair in zip(row.c, row.rust, strict=True))
    title = "Rust / C, operations a second by depth (more is better; bars: quartiles of the pairs)"
    path.with_suffix(".svg").write_text(plot.svg(title, plots(rows), base=1.0), encoding="utf-8")


class Native:
    """One run of the command."""

    def __init__(
        self, options: Options, cache: Cache, folder: Path, wanted: Sequence[Figure]
    ) -> None:
        self.options, self.cache, self.folder = options, cache, folder
        self.rows = {figure: Row(figure) for figure in wanted}
        self.logs = cache.log / "native"
        self.built: dict[str, Built] = {}

    def build(self) -> None:
        """Builds both kernels, and the program."""
        builder = Quick(replace(self.options, tests=()), self.cache, self.folder, variant="speed")
        with self.cache.lock():
            source = Source.find(self.options, self.cache)
            source.lay_over()
            for impl in IMPLS:
                self.built[impl] = builder.build(self.options.with_impl(impl), source, [])
        flags = ["-Wall", "-Werror", "-O2", "-static"]
        for built in self.built.values():
            if subprocess.call(["cc", *flags, "-o", built.stage / "native", PROGRAM]):
                raise Fault(f"{PROGRAM.name} does not build")

    @contextlib.contextmanager
    def guests(self, cpus: int) -> Iterator[dict[str, uml.Uml]]:
        """A fresh guest of each kernel."""
        machine = uml.Machine(cpus, self.options.memory, pinned=True)
        with contextlib.ExitStack() as stack:
            pair = {}
            for impl, built in self.built.items():
                work = Path(stack.enter_context(self.cache.temporary()))
                log = self.logs / f"{impl}-{cpus}.log"
                log.unlink(missing_ok=True)
                pair[impl] = uml.Uml(built.image, built.stage, work, log, machine)
                stack.callback(pair[impl].close)
            yield pair
            for guest in pair.values():
                guest.finish()

    def one_round(self, cpus: int, order: Sequence[str]) -> None:
        """Measures each figure on both kernels, one right after the other."""
        with self.guests(cpus) as pair:
            for figure, row in self.rows.items():
                if figure.cpus != cpus:
                    continue
                for impl in order:
                    answer = pair[impl].ask(figure.command, self.options.timeout or LIMIT)
                    settle(pair[impl])
                    try:
                        row.add(impl, rate_of(figure, answer))
                    except Fault as fault:
                        log = pair[impl].log
                        raise Fault(f"IMPL={impl}: {fault}; its kernel's log is {log}") from None

    def __call__(self) -> int:
        """Builds, measures, and shows; returns the exit status."""
        self.build()
        numbers = list(dict.fromkeys(figure.cpus for figure in self.rows))
        progress = Progress(ROUNDS * len(numbers))
        with claimed(self.logs):
            for number in itertools.count(1):
                # Each is first as often as the other.
                order = IMPLS if number % 2 else IMPLS[::-1]
                for cpus in numbers:
                    self.one_round(cpus, order)
                    progress.tell(f"pair {number}, {cpus} CPU{'s' if cpus > 1 else ''}")
                if number == 1:
                    progress.count = len(numbers) * rounds(self.options.minutes, progress.begun)
                if progress.done >= progress.count:
                    break
        path = self.cache.log / "bench-native"
        show(list(self.rows.values()), path)
        note(f"the figures are in {path}.csv and {path}-pairs.csv, and drawn in {path}.svg")
        return 0


def processor_time(guest: uml.Uml) -> int:
    """The ticks that a guest's kernel has run, or 0 if it runs no more."""
    if guest.process is None:
        return 0
    try:
        text = Path(f"/proc/{guest.process.pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return 0
    user, system = text.rpartition(")")[2].split()[11:13]
    return int(user) + int(system)


def settle(guest: uml.Uml) -> None:
    """Waits until a guest is idle: what it still frees, such as network namespaces, would slow down
    the other, and itself."""
    deadline = time.monotonic() + SETTLE_LIMIT
    before = processor_time(guest)
    while time.monotonic() < deadline:
        time.sleep(SETTLE_STEP)
        now = processor_time(guest)
        if now - before <= SETTLED:
            return
        before = now


def rounds(minutes: int | None, begun: float) -> int:
    """How many rounds the time is enough for, if the first one has just ended."""
    took = time.monotonic() - begun
    return max(ROUNDS, int((minutes or 0) * 60 / took) // 2 * 2)


def processors(options: Options) -> list[int]:
    """One, and all, or as many as were asked for."""
    most = options.cpus or min(len(os.sched_getaffinity(0)), uml.MOST_CPUS)
    return sorted({1, most})


def depths_of(text: str) -> list[int]:
    """Those of LEVEL=, or the usual ones."""
    words = text.split() or [str(depth) for depth in DEPTHS]
    for word in words:
        if not re.fullmatch("[0-9]{1,2}", word) or int(word) > DEEPEST:
            raise Fault(f'LEVEL={word} is not from 0 to {DEEPEST}; give some as in LEVEL="0 8"')
    return sorted({int(word) for word in words})


def command(
    options: Options, cache: Cache, env: Mapping[str, str], arguments: Sequence[str]
) -> int:
    """The command "bench-native [OPERATIONS [LEVELS]]"; returns the exit status."""
    uml.leave_no_core()
    refuse_all_but(env, "bench-native", "CPUS KDIR LEVEL MEMORY MINUTES OP TIMEOUT")
    operations, levels, *_ = *arguments, "", ""
    wanted = figures(
        choose("OP", operations.split(), OPERATIONS), depths_of(levels), processors(options)
    )
    uml.check_machine(options.memory, options.cpus)
    if options.cpus and options.cpus > len(os.sched_getaffinity(0)):
        raise Fault(f"CPUS={options.cpus} is more than this machine has; give fewer")
    if uml.room(options.memory) < len(IMPLS):
        raise Fault(
            f"{uml.MEMORY_FOLDER} has no room for two guests of MEMORY={options.memory}; mount it"
            " larger, or give less, as in MEMORY=512M"
        )
    setup(options, cache)
    with cache.temporary() as folder:
        return Native(options, cache, folder, wanted)()
