# SPDX-License-Identifier: GPL-2.0
"""The deliberate mistakes in tools/testing/mutants/*.toml, and the sources with all of them.

Documentation/pidns/testing.rst describes the lists.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from . import planted
from .cache import TOP
from .errors import show_faults
from .lists import load
from .planted import Planted

FOLDER = "tools/testing/mutants"
ROWS = "rows.toml"


@dataclass(frozen=True)
class Mutant(Planted):
    """One mistake. No tests are named if no kselftest can notice it."""

    FOLDER: ClassVar[str] = FOLDER
    WORD: ClassVar[str] = "MUTANT"

    rows: tuple[str, ...]
    # What User Mode Linux lacks, if no test can notice it there.
    uml: str = ""
    # The point that is slow meanwhile, where a test would rarely notice it otherwise.
    delay: str = ""

    @property
    def digest(self) -> str:
        """A hash of what it changes and of its tests."""
        return hashlib.sha256(repr((self.tests, self.edits)).encode()).hexdigest()

    def choice(self, crate: str) -> str:
        return f"{crate}::ns::mutants::on({self.number})"


def parse(text: str, name: str, before: int = 0) -> list[Mutant]:
    """The mistakes of a list, numbered after those `before`."""
    path = f"{FOLDER}/{name}"
    tables = planted.tables(text, path, {"what", "rows", "tests"}, {"uml", "delay"})
    return [
        Mutant(
            number,
            mutant,
            name,
            table["what"],
            tuple(table["tests"]),
            planted.edits(f"{path}: {mutant}", table),
            tuple(table["rows"]),
            table.get("uml", ""),
            table.get("delay", ""),
        )
        for number, (mutant, table) in enumerate(tables, before + 1)
    ]


def read(top: Path = TOP) -> list[Mutant]:
    """All mistakes, in the order of their numbers."""
    found: list[Mutant] = []
    for path in sorted((top / FOLDER).glob("*.toml")):
        found += parse(path.read_text(encoding="utf-8"), path.name, len(found))
    return found


def _rows(table: dict[str, Any]) -> tuple[dict[str, tuple[set[str], str]], set[str]]:
    """The rows, each with the programs and suites that test it and the reason why it has no mistake;
    and the programs whose cases are of no row, since they do not test the kernel."""
    rows = {
        name: (set(row.get("cases", ())), row.get("no_mutant", ""))
        for name, row in table["row"].items()
    }
    return rows, {case.partition(".")[0] for case in table.get("other", ())}


def _check_rows(
    mutants: list[Mutant], rows: dict[str, tuple[set[str], str]], programs: list[str]
) -> list[str]:
    faults = []
    for row, (named, reason) in rows.items():
        tried = [set(mutant.tests) for mutant in mutants if row in mutant.rows]
        own = named.intersection(programs)
        if not tried and not reason:
            faults.append(f"{ROWS}: {row} has no mutant, and no reason why not")
        elif tried and reason:
            faults.append(f"{ROWS}: {row} has a mutant, and a reason why not")
        elif tried and own and not any(own & tests for tests in tried):
            faults.append(f"{ROWS}: {row} has mutants, but none with one of its own tests")
    return faults


def check(top: Path, least: int) -> list[str]:
    """What is wrong with the lists: each text must be there once, names be unique, each row have a
    mistake or a reason, and each kselftest be tried with one; and there must be enough."""
    mutants, programs = read(top), planted.programs(top)
    rows, other = load(ROWS, _rows)
    faults = [
        f"{mutant.at}: there is no row {row}"
        for mutant in mutants
        for row in mutant.rows
        if row not in rows
    ]
    faults += planted.check(top, mutants)
    faults += _check_rows(mutants, rows, programs)
    named = {test for mutant in mutants for test in mutant.tests} | other
    faults += [
        f"{FOLDER}: no mutant is tried with {program}, so nothing shows that it can fail"
        for program in programs
        if program.endswith("_test") and program not in named
    ]
    if len(mutants) < least:
        faults.append(f"{FOLDER}: {len(mutants)} mistakes; lists/counts.toml says {least}")
    return faults


def main() -> int:
    """Prints what is wrong; returns the exit status."""

    def faults() -> list[str]:
        return check(TOP, load("counts.toml", lambda counts: int(counts["mutants"]["rust"])))

    return show_faults(faults)
