# SPDX-License-Identifier: GPL-2.0
"""What our modules of the kernel crate let a module do, checked against lists/api.toml."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .cache import TOP
from .errors import show_faults
from .lists import LISTS, load

FOLDER = "rust/kernel"
LIST = (LISTS / "api.toml").relative_to(TOP)
# Comments, with doctests, and literals: their text could look like code.
NO_CODE = re.compile(r'//[^\n]*|b?c?"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])\'', re.DOTALL)
TOKEN = re.compile(
    r"(?P<impl>\bimpl\b[^{};]*)\{"
    r"|\bpub\s+(?P<unsafe_trait>unsafe\s+)?trait\s+(?P<trait>\w+)[^{;]*\{"
    r"|(?P<pub>\bpub\s+)?(?:const\s+)?(?P<unsafe>\bunsafe\s+)?(?:extern\s+)?\bfn\s+(?P<fn>\w+)"
    r"|(?P<open>\{)|(?P<close>\})"
)


@dataclass(frozen=True)
class Item:
    """A function, an implementation of a trait with functions, or a trait."""

    file: str
    name: str

    def __str__(self) -> str:
        return f"{FOLDER}/{self.file}: {self.name}"


# Each item, and whether it is unsafe.
Items = dict[Item, bool]


def without_generics(text: str) -> str:
    """The text without generic arguments."""
    while (shorter := re.sub(r"<[^<>]*>", "", text)) != text:
        text = shorter
    return text


def implemented(header: str) -> tuple[str, str]:
    """The trait, or an empty string, and the type of an impl."""
    header = re.sub(r"\bwhere\b.*", "", header, flags=re.DOTALL).removeprefix("impl").strip()
    if header.startswith("<"):
        depth = 0
        for at, letter in enumerate(header):
            depth += {"<": 1, ">": -1}.get(letter, 0)
            if depth == 0:
                header = header[at + 1 :]
                break
    trait, _, kind = header.rpartition(" for ")
    # The trait keeps its arguments: a type may have several From.
    trait = re.sub(r"(?:\$?\w+::)+|'\w+\s*", "", trait)
    return trait.strip(), without_generics(kind).strip()


def items_of(file: str, text: str) -> Iterator[tuple[Item, bool]]:
    """The public items in the text of a file."""
    # For each open brace, the trait and the type of its impl, or empty strings.
    around: list[tuple[str, str]] = []
    for token in TOKEN.finditer(NO_CODE.sub("", text)):
        if token["impl"]:
            around.append(implemented(token["impl"]))
        elif token["trait"]:
            yield Item(file, f"trait {token['trait']}"), bool(token["unsafe_trait"])
            around.append(("", ""))
        elif token["fn"]:
            trait, kind = next((pair for pair in reversed(around) if pair[1]), ("", ""))
            if trait:
                yield Item(file, f"{trait} for {kind}"), False
            elif token["pub"]:
                name = f"{kind}::{token['fn']}" if kind else token["fn"]
                yield Item(file, name), bool(token["unsafe"])
        elif token["open"]:
            around.append(("", ""))
        elif around:
            around.pop()


def found(top: Path) -> Items:
    """The public items of our modules in the kernel crate."""
    folder = top / FOLDER
    return {
        item: unsafe
        for path in sorted(folder.rglob("*.rs"))
        for item, unsafe in items_of(
            str(path.relative_to(folder)), path.read_text(encoding="utf-8")
        )
    }


def listed(lists: Mapping[str, Any]) -> Items:
    """The items of the list."""
    items = {}
    for file, entries in lists.items():
        for name, text in entries.items():
            if not isinstance(text, str) or not text:
                raise ValueError(f"{file}: {name}: the text is missing")
            item = Item(file, name.removeprefix("unsafe "))
            if item in items:
                raise ValueError(f"{item} is listed twice")
            items[item] = name.startswith("unsafe ")
    return items


def faults(code: Items, known: Items) -> Iterator[str]:
    """Where the code and the list differ."""
    for item, unsafe in code.items():
        if item not in known:
            kind = "unsafe" if unsafe else "safe"
            yield f"{item}: {kind}, but not in {LIST}: review what it lets a module do, and add it"
        elif unsafe != known[item]:
            now, then = ("unsafe", "safe") if unsafe else ("safe", "unsafe")
            yield f"{item}: {now}, but {then} in {LIST}: review what it lets a module do"
    for item in known:
        if item not in code:
            yield f"{item}: in {LIST}, but not public or not in the code: remove it"


def main() -> int:
    """Prints what is wrong; returns the exit status."""
    return show_faults(lambda: faults(found(TOP), load(LIST.name, listed)))
