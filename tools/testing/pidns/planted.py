# SPDX-License-Identifier: GPL-2.0
"""What is planted in our sources, for one kernel only: mistakes (mutants) and delays.

A list says for each which text of which file it replaces. All are in the kernel at once, and each
does nothing unless it is chosen, by its number.
"""

import itertools
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from .errors import Fault

EDIT = {"file", "find", "with"}
SELFTESTS = "tools/testing/selftests/pidns"
# Where something may be planted, and how the kernel crate is called there.
CRATES = {"pidns/": "kernel", "nsproxy/": "kernel", "rust/kernel/": "crate"}


@dataclass(frozen=True)
class Edit:
    """What is changed in a file."""

    file: str
    find: str
    replace: str


@dataclass(frozen=True)
class Planted:
    """One of them. Its number is what the kernel is told to choose it."""

    # Where its list is, and the word of the new text that stands for the choice.
    FOLDER: ClassVar[str]
    WORD: ClassVar[str]

    number: int
    name: str
    # The list that it is in.
    list: str
    what: str
    # The kselftests that are run when it is chosen.
    tests: tuple[str, ...]
    edits: tuple[Edit, ...]

    @property
    def at(self) -> str:
        """Where it is, for messages."""
        return f"{self.FOLDER}/{self.list}: {self.name}"

    def choice(self, crate: str) -> str:
        """What the word is replaced by, where the kernel crate is called so."""
        raise NotImplementedError


def crate(file: str) -> str | None:
    """How the kernel crate is called in a file; None if nothing may be planted there."""
    return next((name for folder, name in CRATES.items() if file.startswith(folder)), None)


def edits(at: str, table: dict[str, Any]) -> tuple[Edit, ...]:
    """What an entry of a list changes."""
    found = []
    for one in (table, *table.get("also", ())):
        edit = Edit(str(one.get("file", "")), str(one.get("find", "")), str(one.get("with", "")))
        if crate(edit.file) is None:
            raise Fault(f"{at}: nothing may be planted in {edit.file or 'no file'}")
        if not edit.find:
            raise Fault(f"{at}: find is empty")
        found.append(edit)
    return tuple(found)


def tables(
    text: str, path: str, fields: set[str], may: set[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The entries of a list, each with its name. They have these fields and may have those."""
    try:
        entries = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Fault(f"{path}: {error}") from None
    for name, table in entries.items():
        at = f"{path}: {name}"
        if not isinstance(table, dict):
            raise Fault(f"{at} is no entry; write [NAME], and below it what it is")
        wrong = (fields | EDIT) ^ (table.keys() - may - {"also"})
        wrong |= {key for one in table.get("also", ()) for key in EDIT ^ one.keys()}
        if wrong:
            raise Fault(f"{at}: {', '.join(sorted(wrong))} is missing, or not understood")
        if not re.fullmatch(r"[a-z0-9-]+", name):
            raise Fault(f"{at}: a name is made of small letters, digits and -")
        yield name, table


def planted(text: str, file: str, every: Iterable[Planted]) -> tuple[str, list[str]]:
    """The text of a file with all that is planted in it, and what is wrong with that."""
    places, faults = [], []
    here = ((one, edit) for one in every for edit in one.edits if edit.file == file)
    for one, edit in here:
        count = text.count(edit.find)
        if count != 1:
            faults.append(f"{one.at}: occurs {count} times in {file}: {edit.find.strip()}")
            continue
        if one.WORD not in edit.replace:
            faults.append(f"{one.at}: with does not say {one.WORD}")
        start = text.index(edit.find)
        replace = edit.replace.replace(one.WORD, one.choice(crate(file) or ""))
        places.append((start, start + len(edit.find), replace, one.at))
    text, clashes = replaced(text, places)
    return text, faults + [f"{clash} change the same place" for clash in clashes]


def replaced(text: str, places: list[tuple[int, int, str, str]]) -> tuple[str, list[str]]:
    """The text with these ranges replaced, and the pairs of owners whose ranges overlap."""
    places = sorted(places, reverse=True)
    clashes = [f"{b[3]} and {a[3]}" for a, b in itertools.pairwise(places) if b[1] > a[0]]
    for start, end, new, _ in places:
        text = text[:start] + new + text[end:]
    return text, clashes


def programs(top: Path) -> list[str]:
    """The words of the kselftests' Makefile, their names among them."""
    return (top / SELFTESTS / "Makefile").read_text(encoding="utf-8").split()


def check(top: Path, every: Iterable[Planted], others: Iterable[Planted] = ()) -> list[str]:
    """What is wrong with a list: names must be unique, tests exist, and each text be there once,
    also beside the `others`."""
    every, others, faults = list(every), list(others), []
    lists: dict[str, str] = {}
    known = programs(top)
    for one in every:
        if one.name in lists:
            faults.append(f"{one.at}: there is another one in {lists[one.name]}")
        lists[one.name] = one.list
        faults += [f"{one.at}: there is no test {test}" for test in one.tests if test not in known]
    for file in sorted({edit.file for one in every for edit in one.edits}):
        path = top / file
        if path.is_file():
            faults += planted(path.read_text(encoding="utf-8"), file, every + others)[1]
        else:
            faults.append(f"{every[0].FOLDER}: there is no file {file}")
    return faults
