# SPDX-License-Identifier: GPL-2.0
"""The table from C functions to Rust functions and files, in the lib.rs of each crate.

usage: python3 -m pidns.functions check|write
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from .arch import X86_64
from .cache import TOP
from .kernel import wanted_symbols

CRATES = ("pidns", "nsproxy")
# The boundary's function in Rust, for what C calls by another name.
RENAMED = {
    "__x64_sys_pidfd_getfd": "pidns_pidfd_getfd",
    "__x64_sys_pidfd_open": "pidns_pidfd_open",
    "__x64_sys_setns": "pidns_setns",
}
# Static in C; here the table in raw names them.
STATIC = {"pid_table_root_permissions", "pid_table_root_set_ownership"}
BEGIN = "//! C functions, the Rust functions that they call, and their files:\n//!\n"
EXPORTED = re.compile(
    r'^pub\(crate\) unsafe extern "C" fn (\w+)\(.*?^\}$', re.MULTILINE | re.DOTALL
)
EXPORT = re.compile(r'#\[export\]\n(?:#\[.*\]\n)*pub\(crate\) unsafe extern "C" fn (\w+)')
ALIASED = re.compile(
    r'doc\(alias = "(\w+)"\)\](?:\s*#\[[^\]]*\]|\s*//[^\n]*)*\s*pub[^{;]*?fn (\w+)'
)


@dataclass(frozen=True)
class Row:
    """What a C function calls."""

    c: str
    rust: str
    file: str

    def __str__(self) -> str:
        return f"//! | `{self.c}()` | `{self.rust}()` | `{self.file}` |\n"


def modules(crate: Path, raw: bool) -> dict[str, str]:
    """The modules of the policy, or of raw, and their files."""
    found = {}
    for path in sorted(crate.rglob("*.rs")):
        inner = path.relative_to(crate).with_suffix("").parts
        if (
            inner not in (("lib",), ("raw",))
            and inner[0] != "abi"
            and (inner[0] == "raw") == raw
            and inner[-1] != "tests"
        ):
            found[inner[-1]] = str(path.relative_to(crate.parent))
    return found


def aliases(kernel: Path) -> dict[str, tuple[str, str]]:
    """The functions of the kernel crate that say which one of C they are, and their files."""
    return {
        alias: (name, str(path.relative_to(kernel.parent.parent)))
        for path in sorted(kernel.rglob("*.rs"))
        for alias, name in ALIASED.findall(path.read_text(encoding="utf-8"))
    }


def called(
    c: str, body: str, layers: list[dict[str, str]], known: dict[str, tuple[str, str]]
) -> Row | None:
    """What the boundary's function calls: policy, else raw, else the kernel crate."""
    for layer in layers:
        if layer and (call := re.search(rf"\b({'|'.join(layer)})::(\w+)\(", body)):
            return Row(c, f"{call[1]}::{call[2]}", layer[call[1]])
    return Row(c, *known[c]) if c in known else None


def rows(top: Path, crate: str) -> list[Row]:
    """The table of a crate, in the order of the files."""
    layers = [modules(top / crate, raw) for raw in (False, True)]
    known = aliases(top / "rust/kernel")
    wanted = wanted_symbols(X86_64)
    names = {rust: c for c, rust in RENAMED.items()}
    made = []
    for path in sorted([top / crate / "abi.rs", *(top / crate / "abi").rglob("*.rs")]):
        for function in EXPORTED.finditer(path.read_text(encoding="utf-8")):
            c = names.get(function[1], function[1])
            if c not in wanted:
                continue
            boundary = str(path.relative_to(top))
            made.append(called(c, function[0], layers, known) or Row(c, function[1], boundary))
    return made


def unlisted(top: Path, crate: str) -> list[str]:
    """What a crate exports that is not a function of C, except for those that glue.c calls."""
    found = [
        name
        for path in sorted([top / crate / "abi.rs", *(top / crate / "abi").rglob("*.rs")])
        for name in EXPORT.findall(path.read_text(encoding="utf-8"))
    ]
    known = {*wanted_symbols(X86_64), *STATIC}
    return [name for name in found if name not in known and not name.startswith("pidns_")]


def table(top: Path, crate: str) -> str:
    """The lines of lib.rs."""
    head = "//! | C | Rust | file |\n//! |---|---|---|\n"
    return (
        BEGIN + head + "".join(str(row).replace("__x64_sys_", "sys_") for row in rows(top, crate))
    )


def main(mode: str) -> int:
    """Checks or writes the tables; returns the exit status."""
    good = True
    for crate in CRATES:
        for name in unlisted(TOP, crate):
            print(f"{crate}: {name}() is exported, and tools/testing/symbols does not list it")
            good = False
        path = TOP / crate / "lib.rs"
        text = path.read_text(encoding="utf-8")
        start = text.find(BEGIN)
        if start < 0:
            print(f"{path.relative_to(TOP)}: there is no line {BEGIN.splitlines()[0]}")
            return 1
        end = re.compile(r"^(?!//! \||//!$)", re.MULTILINE).search(text, start + len(BEGIN))
        fresh = text[:start] + table(TOP, crate) + text[end.start() if end else len(text) :]
        if mode == "write":
            path.write_text(fresh, encoding="utf-8")
        elif fresh != text:
            print(f"{path.relative_to(TOP)}: the table is not what the code is;", end=" ")
            print("run: PYTHONPATH=tools/testing python3 -m pidns.functions write")
            good = False
    return 0 if good else 1


if __name__ == "__main__":
    if sys.argv[1:] not in (["check"], ["write"]):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
