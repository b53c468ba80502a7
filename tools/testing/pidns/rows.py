# SPDX-License-Identifier: GPL-2.0
"""Which tests prove which row of the contract: lists/rows.toml, checked, and as a page for
Documentation/pidns.

Wrong is a row without a test, a test that does not exist, a kselftest's case or a KUnit suite that
is in no row.
"""

import re
import shlex
import textwrap
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .cache import TOP
from .errors import show_faults
from .lists import load
from .mutants import read
from .options import known_series

LIST = "rows.toml"
SELFTESTS = "tools/testing/selftests/pidns"
# The harness's default limit of a case is too short for a slow machine.
DEFAULT_LIMIT = re.compile(r"^(?:TEST|TEST_F|TEST_SIGNAL|TEST_F_SIGNAL)\(", re.MULTILINE)
CASE = re.compile(r"^TEST_F_TIMEOUT\(\w+,\s*(\w+)", re.MULTILINE)
SUITE = re.compile(r"^\s*#\[(?:\w+::)*kunit_tests\((\w+)\)\]", re.MULTILINE)
KUNIT_TEST = re.compile(r"^    #\[test\]\n(?:    (?:#\[|//).*\n)*    fn (\w+)", re.MULTILINE)
RUST = ("pidns", "nsproxy", "rust/kernel")
FIELDS = {"title", "since", "cases", "commands", "no_mutant"}

HEAD = """.. SPDX-License-Identifier: GPL-2.0
.. Made from tools/testing/pidns/lists/rows.toml.

====================
What is tested where
====================

A row is something that must hold, with the C files as with ours: ``A`` is PID namespaces and ``B``
a task's set of namespaces, as userspace sees them; ``C`` is what the rest of the kernel relies on;
``D`` is bugs that this code has had, and ``E`` those that the C files have: a test of these may
fail there, as ``XFAIL``. ``F`` is what debuggers and tracers see, and what a clone sees of other
clones. ``G`` is what the C files do not tell of a namespace: these tests skip there, but those of
nsfs, which is the same for both. Below each row are its kselftests with their cases, its KUnit suites, and the commands
that test it.

The last item says how many of the deliberate mistakes in ``tools/testing/mutants`` break the row,
or why none does; see :doc:`testing`.
"""


@dataclass(frozen=True)
class Row:
    """Something that must hold."""

    name: str
    title: str
    cases: tuple[str, ...]
    no_mutant: str = ""
    # The first series of the kernel that does so, if not all that we are made for.
    since: str = ""


@dataclass(frozen=True)
class Table:
    """The list."""

    rows: tuple[Row, ...]
    # Cases that belong to no row.
    other: tuple[str, ...]


def read_table(data: dict[str, Any]) -> Table:
    """Reads the list."""
    rows = []
    for name, row in data["row"].items():
        wrong = row.keys() - FIELDS or not row["title"] or not row.keys() & {"cases", "commands"}
        if wrong or ("since" in row and row["since"] not in known_series()):
            raise ValueError(
                f"row {name}: write title, cases, commands, if there is no mutant, no_mutant, and"
                " since, if an older series does not do so"
            )
        groups = row.get("cases", {}).items()
        cases = [f"{group}.{case}" for group, named in groups for case in named]
        cases += [group for group, named in groups if not named]
        commands = row.get("commands", ())
        more = (row.get("no_mutant", ""), row.get("since", ""))
        rows.append(Row(name, row["title"], (*cases, *commands), *more))
    return Table(tuple(rows), tuple(data["other"]))


def kselftests(top: Path) -> dict[str, list[str]]:
    """The programs that are built, and their cases."""
    folder = top / SELFTESTS
    makefile = (folder / "Makefile").read_text(encoding="utf-8")
    return {
        program: CASE.findall((folder / f"{program}.c").read_text(encoding="utf-8"))
        for program in re.findall(r"\b\w+_test\b", makefile)
    }


def kunit(top: Path) -> dict[str, list[str]]:
    """The KUnit suites of our sources, and their tests."""
    suites: dict[str, list[str]] = {}
    for folder in RUST:
        for path in sorted((top / folder).rglob("*.rs")):
            # Text, then a suite's name and what follows it, again and again.
            parts = SUITE.split(path.read_text(encoding="utf-8"))[1:]
            suites |= {
                name: KUNIT_TEST.findall(text)
                for name, text in zip(parts[::2], parts[1::2], strict=True)
            }
    return suites


class Tests:
    """All that a row can name."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.kselftests = kselftests(top)
        self.kunit = kunit(top)
        makefile = (top / "Makefile").read_text(encoding="utf-8")
        self.targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))

    def have(self, name: str) -> bool:
        """Whether a case exists."""
        if name.startswith("make "):
            _, target, *options = shlex.split(name)
            return target in self.targets and all(map(self._have_checks, options))
        group, _, test = name.partition(".")
        if group in self.kselftests:
            return test in self.kselftests[group]
        return group in self.kunit and (not test or test in self.kunit[group])

    def _have_checks(self, option: str) -> bool:
        key, _, words = option.partition("=")
        folder = self.top / "tools/testing/pidns/guest/distro"
        return key != "CHECKS" or all((folder / f"{word}.sh").is_file() for word in words.split())

    def faults(self) -> Iterator[str]:
        """What is wrong with the kselftests themselves."""
        for path in sorted((self.top / SELFTESTS).glob("*_test.c")):
            at = f"{SELFTESTS}/{path.name}"
            if path.stem not in self.kselftests:
                yield f"{at} is not built; add {path.stem} to the Makefile there"
                continue
            if DEFAULT_LIMIT.search(path.read_text(encoding="utf-8")):
                yield f"{at}: a case has the harness's default limit; write TEST_F_TIMEOUT"
            counts = Counter(self.kselftests[path.stem])
            if not counts:
                yield f"{at}: no case found"
            yield from (f"{at}: two cases are {case}" for case, n in counts.items() if n > 1)


def faults(table: Table, tests: Tests) -> Iterator[str]:
    """What is wrong with the list."""
    yield from tests.faults()
    used = {"other": table.other, **{row.name: row.cases for row in table.rows}}
    for row, cases in used.items():
        if not cases and row != "other":
            yield f"{LIST}: {row} has no case"
        for case, count in Counter(cases).items():
            if not tests.have(case):
                yield f"{LIST}: {row}: there is no {case}"
            elif count > 1:
                yield f"{LIST}: {row} has {case} twice"
    named = {case for cases in used.values() for case in cases}
    for case in table.other:
        yield from (
            f"{LIST}: {case} is in other and in {r.name}" for r in table.rows if case in r.cases
        )
    every = [f"{program}.{case}" for program, cases in tests.kselftests.items() for case in cases]
    for case in every:
        if case not in named:
            yield f"{LIST}: {case} is in no row; add it to one, or to other"
    for suite in tests.kunit.keys() - {case.partition(".")[0] for case in named}:
        yield f"{LIST}: {suite} is in no row"


def mutants(top: Path) -> Counter[str]:
    """How many mistakes break each row."""
    return Counter(row for mutant in read(top) for row in mutant.rows)


def item(text: str) -> str:
    """An item of a list."""
    return textwrap.fill(
        text, 80, initial_indent="  * ", subsequent_indent="    ", break_on_hyphens=False
    )


def items(row: Row, tests: Tests) -> Iterator[str]:
    """The tests of a row."""
    cases: dict[str, list[str]] = {}
    for name in row.cases:
        group, _, case = (name, "", "") if name.startswith("make ") else name.partition(".")
        cases.setdefault(group, []).append(case)
    for group, names in cases.items():
        if group in tests.kselftests:
            yield f"``{group}``: {', '.join(names)}"
        elif group in tests.kunit:
            count = len(tests.kunit[group])
            whole = f"{count} test{'' if count == 1 else 's'}"
            yield f"KUnit ``{group}``: {whole if '' in names else ', '.join(names)}"
        else:
            yield f"``{group}``"


def report(table: Table, tests: Tests) -> str:
    """The list as a page, with what is known of the tests and of mutants."""
    counts = mutants(tests.top)
    text = [HEAD]
    for row in table.rows:
        since = f" (since Linux {row.since}, see :doc:`porting`)" if row.since else ""
        text.append(f"**{row.name}**: {row.title}{since}\n")
        text += map(item, items(row, tests))
        text.append(item(f"mutants: {counts[row.name] or f'none: {row.no_mutant}'}") + "\n")
    return "\n".join(text)


def main(top: Path = TOP) -> int:
    """Prints what is wrong; returns the exit status."""
    return show_faults(lambda: faults(load(LIST, read_table), Tests(top)))
