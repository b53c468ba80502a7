# SPDX-License-Identifier: GPL-2.0
"""Compares the kernel's logs of both implementations: neither may have lines of its own."""

import re

from .lists import load

# Added to a line by the console, and by printk.
COLOUR = re.compile(r"\x1b\[[0-9;]*m|\r")
TIME = re.compile(r"^\[ *\d+\.\d+\](\[ *[TC]\d+\])? ?", re.M)
# Results of KUnit, which has tests of Rust alone.
RESULT = re.compile(r"^ *(?:# |ok \d|not ok \d|KTAP version|\d+\.\.\d+$)")
# Numbers, addresses and hashes differ between boots.
VARIABLE = re.compile(r"0x[0-9a-f]+|\b[0-9a-f]{8,}\b|\d+")


def listed(kind: str) -> list[re.Pattern[str]]:
    """The expressions of one kind in the list."""
    return load("log.toml", lambda data: [re.compile(entry["line"]) for entry in data[kind]])


def normalised(log: str) -> dict[str, str]:
    """The lines, keyed by what is the same in each boot."""
    lines: dict[str, str] = {}
    ignored, exact = listed("may_be_missing"), listed("exact")
    for line in TIME.sub("", COLOUR.sub("", log)).splitlines():
        if line.strip() and not RESULT.match(line) and not any(p.search(line) for p in ignored):
            same = any(p.search(line) for p in exact)
            lines.setdefault(
                line.strip() if same else VARIABLE.sub("N", line).strip(), line.strip()
            )
    return lines


def differences(one: tuple[str, str], other: tuple[str, str]) -> list[str]:
    """The lines that only one of two logs has. Each is a name and its text."""
    sides = [(name, normalised(text)) for name, text in (one, other)]
    found = []
    for (name, lines), (_, theirs) in (sides, sides[::-1]):
        found += [f"only {name}: {lines[key]}" for key in lines if key not in theirs]
    return found
