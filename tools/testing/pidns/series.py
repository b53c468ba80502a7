# SPDX-License-Identifier: GPL-2.0
"""Which patch of a series has what of the project: lists/series.toml.

Most files come with one patch. A file that several need grows with them: the list says which of
the lines that it gains belong to which patch.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import Fault

LIST = "series.toml"
# What belongs to the lines below it: attributes, comments, and the type of a function.
ABOVE = re.compile(r"#!?\[|//|/\*| \*|__rust_helper .*[^;})]$")
# What belongs to the line above it.
BELOW = re.compile(r"[ \t{})]")
# What a new file begins with.
HEAD = re.compile(r"//|/\*| \*|#($| )")


@dataclass(frozen=True)
class Step:
    """One patch: its message, the files that it brings, and its pieces of others'."""

    subject: str
    message: str
    # Paths in a kernel tree, or the folders with all that is below them; "!" takes one out again.
    files: tuple[str, ...] = ()
    # Of files that grow: the first and the last piece of each range.
    pieces: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    # What checkpatch says wrongly of it.
    ignore: tuple[str, ...] = ()

    def has(self, file: str) -> bool:
        """Whether it brings a file."""
        taken = any(_matches(pattern, file) for pattern in self.files if pattern[0] != "!")
        return taken and not any(
            _matches(pattern[1:], file) for pattern in self.files if pattern[0] == "!"
        )


@dataclass(frozen=True)
class Series:
    """The patches, and the letter before them."""

    subject: str
    message: str
    steps: tuple[Step, ...]


def _matches(pattern: str, file: str) -> bool:
    if pattern.endswith("/"):
        return file.startswith(pattern)
    return re.fullmatch(re.escape(pattern).replace(r"\*", "[^/]*"), file) is not None


def mail_of(patch: Path) -> tuple[str, str, tuple[str, ...]]:
    """Subject and message of a patch of ours, and the files that it edits."""
    head, _, diff = patch.read_text(encoding="utf-8").partition("\n---\n")
    subject, _, message = head.partition("\n\n")
    files = re.findall(r"^\+\+\+ b/(\S+)", diff, re.M)
    return re.sub(r"\s+", " ", subject).removeprefix("Subject: [PATCH] "), message, tuple(files)


def _pieces(asked: Mapping[str, Sequence[str | list[str]]]) -> dict[str, Any]:
    found = {}
    for file, pieces in asked.items():
        ranges = [(piece, piece) if isinstance(piece, str) else tuple(piece) for piece in pieces]
        if any(len(one) != 2 for one in ranges):
            raise ValueError(f"{file}: a range has a first and a last piece")
        found[file] = tuple(ranges)
    return found


def read(patches: Path, table: Mapping[str, Any]) -> Series:
    """The list. Some messages are those of our patches, which are in a folder."""
    steps = []
    for entry in table["patch"]:
        if "from" in entry:
            subject, message, files = mail_of(patches / entry["from"])
        else:
            subject, message, files = entry["subject"], entry["message"].strip(), ()
        files += tuple(entry.get("files", ()))
        pieces = _pieces(entry.get("pieces", {}))
        if not files and not pieces:
            raise ValueError(f"{subject}: it has no file")
        steps.append(Step(subject, message, files, pieces, tuple(entry.get("ignore", ()))))
    cover = table["cover"]
    return Series(cover["subject"], cover["message"].strip(), tuple(steps))


def owner(steps: Sequence[Step], file: str) -> int | None:
    """Which patch brings a file, but for the pieces of others."""
    found = [number for number, step in enumerate(steps) if step.has(file)]
    if len(found) > 1:
        names = " and in ".join(f'"{steps[number].subject}"' for number in found)
        raise Fault(f"{file} is in {names}; let lists/{LIST} have it once")
    if found:
        return found[0]
    if any(file in step.pieces for step in steps):
        return None
    raise Fault(f"{file} is in no patch; add it to lists/{LIST}")


def unused(steps: Sequence[Step], files: Sequence[str]) -> Iterator[str]:
    """What the list names and nothing matches."""
    for step in steps:
        for pattern in (*step.files, *step.pieces):
            if not any(_matches(pattern.removeprefix("!"), file) for file in files):
                yield f'{pattern} of "{step.subject}" in lists/{LIST} is no file that we have'


def gained(file: str, before: Sequence[str], after: Sequence[str]) -> list[bool]:
    """Which lines of `after` are not in `before`, of which it has all."""
    new, at = [], 0
    for line in after:
        old = at < len(before) and line == before[at]
        at += old
        new.append(not old)
    if at < len(before):
        raise Fault(f"{file} loses lines, so it cannot grow; let one patch of lists/{LIST} have it")
    return new


@dataclass
class Growth:
    """The lines that a file gains, and whose they are."""

    file: str
    lines: Sequence[str]
    new: Sequence[bool]
    owners: list[int | None] = field(init=False)

    def __post_init__(self) -> None:
        self.owners = [None] * len(self.lines)

    def find(self, text: str) -> int:
        """The line of a piece: the one that ends so, else the one that has it."""
        new = [n for n, is_new in enumerate(self.new) if is_new]
        found = [n for n in new if self.lines[n].rstrip().endswith(text)]
        found = found or [n for n in new if text in self.lines[n]]
        if len(found) != 1:
            raise Fault(
                f'{self.file}: {len(found)} lines that we add have "{text}";'
                f" lists/{LIST} must name one"
            )
        return found[0]

    def start(self, line: int) -> int:
        """The first line of the piece, with what is above it and belongs to it."""
        while line and self.new[line - 1] and ABOVE.match(self.lines[line - 1]):
            line -= 1
        return line

    def end(self, line: int) -> int:
        """One behind the last line of the piece: what is indented belongs to it."""
        line += 1
        while line < len(self.lines) and self.new[line]:
            text = self.lines[line]
            following = self.lines[line + 1] if line + 1 < len(self.lines) else ""
            if not BELOW.match(text if text.strip() else following):
                break
            line += 1
        return line

    def claim(self, first: str, last: str, number: int, steps: Sequence[Step]) -> None:
        """Gives a range of pieces to a patch."""
        for line in range(self.start(self.find(first)), self.end(self.find(last))):
            held = self.owners[line]
            if held is not None and held != number:
                raise Fault(
                    f'{self.file}: "{self.lines[line].strip()}" is in "{steps[held].subject}"'
                    f' and in "{steps[number].subject}"; let lists/{LIST} have it once'
                )
            if self.new[line]:
                self.owners[line] = number

    def _rest(self, default: int | None) -> None:
        """What nobody claims is of the patch that brings the file. The conditions of the
        preprocessor are of the first patch with something between them."""
        conditions: list[tuple[int, list[int]]] = []
        for line, text in enumerate(self.lines):
            if not self.new[line] or not text.strip():
                continue
            if text.startswith("#if"):
                conditions.append((line, [line]))
            elif conditions and text.startswith(("#else", "#elif", "#endif")):
                conditions[-1][1].append(line)
                if text.startswith("#endif"):
                    start, marks = conditions.pop()
                    within = [one for one in self.owners[start:line] if one is not None]
                    for mark in marks:
                        self.owners[mark] = min(within, default=default)
            elif self.owners[line] is None:
                self.owners[line] = default

    def _head(self) -> None:
        """A new file begins with its first piece."""
        first = min((one for one in self.owners if one is not None), default=None)
        for line, text in enumerate(self.lines):
            if text.strip():
                if not HEAD.match(text):
                    break
                self.owners[line] = first

    def _earliest(self, lines: Iterable[int]) -> int | None:
        """The first patch that has one of these lines, up to one that was there."""
        found = []
        for line in lines:
            if not self.new[line]:
                break
            if self.lines[line].strip():
                found.append(self.owners[line])
        return min((one for one in found if one is not None), default=None)

    def _paragraph(self, line: int) -> Iterator[int]:
        """The lines below an empty one, up to the next."""
        for below in range(line + 1, len(self.lines)):
            if not self.lines[below].strip():
                return
            if not self.lines[below].startswith("#e"):
                yield below

    def _blanks(self) -> None:
        """An empty line comes when there is something on both sides."""
        for line, text in enumerate(self.lines):
            if self.new[line] and not text.strip() and self.owners[line] is None:
                # What a condition begins with needs no empty line below it.
                upwards = range(line - 1, -1, -1)
                above = self._earliest(n for n in upwards if not self.lines[n].startswith("#if"))
                below = self._earliest(self._paragraph(line))
                known = [one for one in (above, below) if one is not None]
                self.owners[line] = max(known, default=None)

    def settle(self, steps: Sequence[Step], default: int | None) -> list[int | None]:
        """Whose each line is, None for those that were there."""
        for number, step in enumerate(steps):
            for first, last in step.pieces.get(self.file, ()):
                self.claim(first, last, number, steps)
        self._rest(default)
        if all(self.new):
            self._head()
        self._blanks()
        for line, text in enumerate(self.lines):
            if self.new[line] and self.owners[line] is None:
                raise Fault(f'{self.file}: "{text.strip()}" is in no patch; add it to lists/{LIST}')
        return self.owners


def growth(steps: Sequence[Step], file: str, before: str | None, after: str) -> dict[int, str]:
    """The text of a file after each patch that adds to it."""
    lines = after.splitlines(keepends=True)
    new = gained(file, (before or "").splitlines(keepends=True), lines)
    owners = Growth(file, lines, new).settle(steps, owner(steps, file))
    return {
        number: "".join(
            line for line, of in zip(lines, owners, strict=True) if of is None or of <= number
        )
        for number in sorted({of for of in owners if of is not None})
    }
