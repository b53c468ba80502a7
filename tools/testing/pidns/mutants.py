# SPDX-License-Identifier: GPL-2.0
"""The deliberate mistakes in tools/testing/mutants/*.toml, and the sources with all of them.

usage: python3 -m pidns.mutants check

Documentation/pidns/testing.rst describes the lists.
"""

import hashlib
import itertools
import re
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .cache import TOP, update_file
from .errors import Fault, show_faults
from .lists import load

FOLDER = "tools/testing/mutants"
ROWS = "tools/testing/pidns/lists/rows.toml"
SELFTESTS = "tools/testing/selftests/pidns"
EDIT = {"file", "find", "with"}
FIELDS = EDIT | {"what", "rows", "tests"}
MAY = {"also", "uml"}
# Where the mistakes may be, and how the choice is called there.
CHOICE = {
    "pidns/": "kernel::ns::mutants::on",
    "nsproxy/": "kernel::ns::mutants::on",
    "rust/kernel/": "crate::ns::mutants::on",
}
# The choice itself: what is added to the sources.
ADDED = {"pidns/mutants.c": "mutants.c", "rust/kernel/ns/mutants.rs": "mutants.rs"}
APPENDED = {"Kbuild": "obj-y += pidns/mutants.o\n", "rust/kernel/ns.rs": "pub mod mutants;\n"}


@dataclass(frozen=True)
class Edit:
    """What a mistake changes in a file."""

    file: str
    find: str
    replace: str


@dataclass(frozen=True)
class Mutant:
    """One mistake. Its number is what the kernel is told to make it."""

    number: int
    name: str
    # The list that it is in.
    list: str
    what: str
    rows: tuple[str, ...]
    # The kselftests that must notice it; none if no kselftest can.
    tests: tuple[str, ...]
    edits: tuple[Edit, ...]
    # What User Mode Linux lacks, if no test can notice it there.
    uml: str = ""

    @property
    def at(self) -> str:
        """Where it is, for messages."""
        return f"{FOLDER}/{self.list}: {self.name}"

    @property
    def digest(self) -> str:
        """A hash of what it changes and of its tests."""
        return hashlib.sha256(repr((self.tests, self.edits)).encode()).hexdigest()


def choice(file: str) -> str | None:
    """How the choice is called in a file; None if no mistakes may be there."""
    return next((call for folder, call in CHOICE.items() if file.startswith(folder)), None)


def _edits(at: str, table: dict[str, Any]) -> tuple[Edit, ...]:
    edits = []
    for one in (table, *table.get("also", ())):
        edit = Edit(str(one.get("file", "")), str(one.get("find", "")), str(one.get("with", "")))
        if choice(edit.file) is None:
            raise Fault(f"{at}: no mistake may be in {edit.file or 'no file'}")
        if not edit.find:
            raise Fault(f"{at}: find is empty")
        edits.append(edit)
    return tuple(edits)


def parse(text: str, name: str, before: int = 0) -> list[Mutant]:
    """The mistakes of a list, numbered after those `before`."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Fault(f"{FOLDER}/{name}: {error}") from None
    found = []
    for number, (mutant, table) in enumerate(tables.items(), before + 1):
        at = f"{FOLDER}/{name}: {mutant}"
        if not isinstance(table, dict):
            raise Fault(f"{at} is no mistake; write [NAME], and below it what it is")
        wrong = FIELDS ^ (table.keys() - MAY)
        wrong |= {key for one in table.get("also", ()) for key in EDIT ^ one.keys()}
        if wrong:
            raise Fault(f"{at}: {', '.join(sorted(wrong))} is missing, or not understood")
        if not re.fullmatch(r"[a-z0-9-]+", mutant):
            raise Fault(f"{at}: a name is made of small letters, digits and -")
        rows, tests = (tuple(table[key]) for key in ("rows", "tests"))
        edits, uml = _edits(at, table), table.get("uml", "")
        found.append(Mutant(number, mutant, name, table["what"], rows, tests, edits, uml))
    return found


def read(top: Path = TOP) -> list[Mutant]:
    """All mistakes, in the order of their numbers."""
    found: list[Mutant] = []
    for path in sorted((top / FOLDER).glob("*.toml")):
        found += parse(path.read_text(encoding="utf-8"), path.name, len(found))
    return found


def mutated(text: str, file: str, mutants: Iterable[Mutant]) -> tuple[str, list[str]]:
    """The text of a file with all that the mistakes change in it, and what is wrong with them."""
    places, faults = [], []
    for mutant, edit in ((one, edit) for one in mutants for edit in one.edits if edit.file == file):
        count = text.count(edit.find)
        if count != 1:
            faults.append(f"{mutant.at}: occurs {count} times in {file}: {edit.find.strip()}")
            continue
        if "MUTANT" not in edit.replace:
            faults.append(f"{mutant.at}: with does not say MUTANT")
        start = text.index(edit.find)
        replace = edit.replace.replace("MUTANT", f"{choice(file)}({mutant.number})")
        places.append((start, start + len(edit.find), replace, mutant.name))
    text, clashes = replaced(text, places)
    return text, faults + [f"{FOLDER}: {clash} change the same place" for clash in clashes]


def replaced(text: str, places: list[tuple[int, int, str, str]]) -> tuple[str, list[str]]:
    """The text with other texts in some places, each from here to there and by somebody; and who
    change the same place."""
    places = sorted(places, reverse=True)
    clashes = [f"{b[3]} and {a[3]}" for a, b in itertools.pairwise(places) if b[1] > a[0]]
    for start, end, new, _ in places:
        text = text[:start] + new + text[end:]
    return text, clashes


def lay(top: Path, folder: Path, files: Iterable[str]) -> None:
    """Copies files to a folder, with all mistakes in them, each made only if it is chosen. What is
    the same there is left alone, and what is no more is deleted."""
    mutants = read(top)
    texts = {file: (top / file).read_bytes() for file in files}
    for file, content in texts.items():
        if choice(file) and file.endswith(".rs"):
            text, faults = mutated(content.decode(), file, mutants)
            if faults:
                raise Fault("\n".join(faults))
            texts[file] = text.encode()
    for file, source in ADDED.items():
        texts[file] = (top / FOLDER / source).read_bytes()
    for file, line in APPENDED.items():
        texts[file] += line.encode()
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        if str(path.relative_to(folder)) not in texts:
            path.unlink()
    for file, content in texts.items():
        update_file(folder / file, content)


def _rows(top: Path) -> dict[str, tuple[set[str], str]]:
    """The rows, each with the programs and suites that test it and the reason why it has no mistake."""
    rows = tomllib.loads((top / ROWS).read_text(encoding="utf-8"))["row"]
    return {
        name: (set(row.get("cases", ())), row.get("no_mutant", "")) for name, row in rows.items()
    }


def _of_no_row(top: Path) -> set[str]:
    """The programs whose cases are of no row, since they do not test the kernel."""
    other = tomllib.loads((top / ROWS).read_text(encoding="utf-8")).get("other", ())
    return {case.partition(".")[0] for case in other}


def _check_names(mutants: list[Mutant], rows: Iterable[str], programs: list[str]) -> list[str]:
    faults = []
    lists: dict[str, str] = {}
    for mutant in mutants:
        if mutant.name in lists:
            faults.append(f"{mutant.at}: there is another one in {lists[mutant.name]}")
        lists[mutant.name] = mutant.list
        faults += [f"{mutant.at}: there is no row {row}" for row in mutant.rows if row not in rows]
        faults += [
            f"{mutant.at}: there is no test {test}" for test in mutant.tests if test not in programs
        ]
    return faults


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
    mutants, rows = read(top), _rows(top)
    programs = (top / SELFTESTS / "Makefile").read_text(encoding="utf-8").split()
    faults = _check_names(mutants, rows, programs)
    for file in sorted({edit.file for mutant in mutants for edit in mutant.edits}):
        path = top / file
        if path.is_file():
            faults += mutated(path.read_text(encoding="utf-8"), file, mutants)[1]
        else:
            faults.append(f"{FOLDER}: there is no file {file}")
    faults += _check_rows(mutants, rows, programs)
    named = {test for mutant in mutants for test in mutant.tests} | _of_no_row(top)
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


if __name__ == "__main__":
    if sys.argv[1:] != ["check"]:
        sys.exit(__doc__)
    sys.exit(main())
