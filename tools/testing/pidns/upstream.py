# SPDX-License-Identifier: GPL-2.0
"""make upstream-tests: the kernel tree's own kselftests, compared case by case."""

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import expected, kernel, ktap, qemu, report, table
from .cache import Cache
from .errors import note
from .ktap import Result
from .lists import load
from .options import Options, choose

# Seconds for all but the suites.
BOOT = 120
SHOWN = re.compile(r"(?:not )?ok |.*did not finish")


@dataclass(frozen=True)
class Suite:
    """A suite, the seconds that it may take, and those programs of it that are run, or all."""

    name: str
    seconds: int
    programs: tuple[str, ...] = ()

    def words(self) -> str:
        """What guest/upstream.sh is told."""
        return f"{self.name} {self.seconds} {','.join(self.programs) or 'all'}"


def suites() -> list[Suite]:
    """All that are listed."""
    return load(
        "upstream.toml",
        lambda data: [
            Suite(name, int(row["seconds"]), tuple(row.get("programs", ())))
            for name, row in data["suites"].items()
        ],
    )


def chosen(tests: Sequence[str]) -> list[Suite]:
    """Those that were asked for, or all."""
    every = {suite.name: suite for suite in suites()}
    return [every[name] for name in choose("TESTS", tests, every)]


def again(entries: Sequence[expected.Entry]) -> str:
    """For guest/upstream.sh: the cases that may fail by chance, as SUITE PROGRAM CASE."""
    return "".join(
        f"{' '.join(entry.test.replace(':', ' ', 1).split(': ', 1))}\n"
        for entry in entries
        if entry.chance
    )


def run(options: Options, cache: Cache) -> list[Result]:
    """Runs them on an implementation."""
    asked = chosen(options.tests)
    impl = options.impl
    with cache.temporary() as folder, cache.log_of(f"upstream-{options.run}") as log:
        with kernel.built(options, cache) as tree:
            kernel.stage(tree, folder, [suite.name for suite in asked])
        entries = expected.known("upstream", arch=options.arch, series=options.series)
        Path(folder, "again").write_text(again(entries), encoding="utf-8")
        seconds = BOOT + sum(suite.seconds for suite in asked)
        note(f"booting it (IMPL={impl}); the suites may take {seconds // 60} minutes")
        machine = qemu.Machine.of(options, cache)
        guest = qemu.Qemu(cache, machine, folder, log, options.timeout or seconds)
        guest.show = lambda line: (
            print(f"{impl}: {line}", file=sys.stderr, flush=True) if SHOWN.match(line) else None
        )
        answer = guest.run(" ".join(["script upstream.sh", *(suite.words() for suite in asked)]))
        claims = guest.claims(answer)
        results = ktap.Parser(tree.source.path).run(answer.lines) + claims
        report.keep(log, answer.lines, claims, results)
    return results


def command(options: Options, cache: Cache, _env: Mapping[str, str], _: Sequence[str]) -> int:
    """The command; returns the exit status."""
    chosen(options.tests)
    runs = {impl: run(options.with_impl(impl), cache) for impl in options.impls}
    whole = not options.tests
    least = expected.least("upstream", options.impl, options.series) if whole else 1
    print()
    listed = expected.known("upstream", arch=options.arch, series=options.series)
    return table.compare(runs, listed, least, whole).show()
