# SPDX-License-Identifier: GPL-2.0
"""The points in tools/testing/delays/*.toml where a kernel can be told to be slow.

Documentation/pidns/testing.rst describes the lists.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from . import mutants, planted
from .cache import TOP
from .errors import Fault, show_faults
from .planted import Planted

FOLDER = "tools/testing/delays"
# race and holds, which operations meet there and what must hold, are for who reads the list.
FIELDS = {"what", "race", "holds", "tests", "us"}
MAY = {"sleeps", "every", "catches"}
# Microseconds: a spin with locks held stops the machine, a sleep only a task.
LONGEST = {False: 2_000, True: 50_000}


@dataclass(frozen=True)
class Delay(Planted):
    """One point. That a task is slow there must make no test fail."""

    FOLDER: ClassVar[str] = FOLDER
    WORD: ClassVar[str] = "DELAY"

    # How long it takes, in microseconds, and every how many passages.
    us: int
    every: int = 1
    # Whether the task may sleep there; else it spins.
    sleeps: bool = False
    # Mistakes that a test must notice while this point is slow.
    catches: tuple[str, ...] = ()

    def choice(self, crate: str) -> str:
        return f"{crate}::ns::delays::{'sleep' if self.sleeps else 'spin'}({self.number})"

    @property
    def digest(self) -> str:
        """What it does, and where."""
        return repr((self.us, self.every, self.sleeps, self.edits))

    @property
    def command(self) -> str:
        """What a guest is asked."""
        return f"delay {self.number} {self.us} {self.every}"


def _number(at: str, table: dict[str, Any], field: str, most: int) -> int:
    value = table.get(field, 1)
    if type(value) is not int or not 1 <= value <= most:
        raise Fault(f"{at}: {field} is not a number from 1 to {most}")
    return value


def parse(text: str, name: str, before: int = 0) -> list[Delay]:
    """The points of a list, numbered after those `before`."""
    path, found = f"{FOLDER}/{name}", []
    for number, (point, table) in enumerate(planted.tables(text, path, FIELDS, MAY), before + 1):
        at, sleeps = f"{path}: {point}", bool(table.get("sleeps", False))
        found.append(
            Delay(
                number,
                point,
                name,
                table["what"],
                tuple(table["tests"]),
                planted.edits(at, table),
                _number(at, table, "us", LONGEST[sleeps]),
                _number(at, table, "every", 1000),
                sleeps,
                tuple(table.get("catches", ())),
            )
        )
    return found


def read(top: Path = TOP) -> list[Delay]:
    """All points, in the order of their numbers."""
    found: list[Delay] = []
    for path in sorted((top / FOLDER).glob("*.toml")):
        found += parse(path.read_text(encoding="utf-8"), path.name, len(found))
    return found


def check(top: Path) -> list[str]:
    """What is wrong with the lists, also beside those of the mutants."""
    delays, mistakes = read(top), mutants.read(top)
    known = {mutant.name for mutant in mistakes}
    faults = planted.check(top, delays, mistakes)
    for delay in delays:
        if not delay.tests:
            faults.append(f"{delay.at}: no test races it")
        faults += [
            f"{delay.at}: there is no mutant {name}" for name in delay.catches if name not in known
        ]
    points = {delay.name for delay in delays}
    faults += [
        f"{mutant.at}: there is no delay {mutant.delay}"
        for mutant in mistakes
        if mutant.delay and mutant.delay not in points
    ]
    return faults


def main() -> int:
    """Prints what is wrong; returns the exit status."""
    return show_faults(lambda: check(TOP))
