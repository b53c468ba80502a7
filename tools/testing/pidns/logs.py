# SPDX-License-Identifier: GPL-2.0
"""Compares the kernel's logs of both implementations: neither may have lines of its own."""

import re

from . import kselftests
from .cache import TOP, Cache
from .errors import note
from .kept import key_of
from .ktap import Outcome, Result
from .lists import load
from .options import IMPLEMENTATIONS, Options

# Added to a line by the console, and by printk.
COLOUR = re.compile(r"\x1b\[[0-9;]*m|\r")
TIME = re.compile(r"^\[ *\d+\.\d+\](\[ *[TC]\d+\])? ?", re.M)
# KUnit has tests of Rust alone: drop what the kernel crate's say, but not ours; and all results.
SUITE = re.compile(
    r"^ *# Subtest: (?!pidns_|nsproxy_)(\S+)\n(?:(?!Linux version ).*\n)*?(?:not )?ok \d+ \1\b.*\n",
    re.M,
)
RESULT = re.compile(r"^ *(?:# |ok \d|not ok \d|KTAP version|\d+\.\.\d+$)")
# Numbers, addresses and hashes differ between boots; and a message that is printed once names
# whichever task came first.
VARIABLE = re.compile(r"0x[0-9a-f]+|\b[0-9a-f]{8,}\b|\d+")
PROCESS = re.compile(r"^\S+\[N\]: ")


def listed(kind: str) -> list[re.Pattern[str]]:
    """The expressions of one kind in the list."""
    return load("log.toml", lambda data: [re.compile(entry["line"]) for entry in data[kind]])


def normalised(log: str) -> dict[str, str]:
    """The lines, keyed by what is the same in each boot."""
    lines: dict[str, str] = {}
    ignored, exact, once = listed("may_be_missing"), listed("exact"), listed("once")
    plain = TIME.sub("", COLOUR.sub("", log))
    for line in SUITE.sub("", plain).splitlines():
        if line.strip() and not RESULT.match(line) and not any(p.search(line) for p in ignored):
            same = any(p.search(line) for p in exact)
            key = line if same else VARIABLE.sub("N", line)
            if any(p.search(line) for p in once):
                key = PROCESS.sub("", key)
            lines.setdefault(key.strip(), line.strip())
    return lines


def differences(one: tuple[str, str], other: tuple[str, str]) -> list[str]:
    """The lines that only one of two logs has. Each is a name and its text."""
    sides = [(name, normalised(text)) for name, text in (one, other)]
    found = []
    for (name, lines), (_, theirs) in (sides, sides[::-1]):
        found += [f"only {name}: {lines[key]}" for key in lines if key not in theirs]
    return found


class Whole:
    """The kernel's logs of whole runs of a command, one for each implementation."""

    def __init__(self, command: str, options: Options, cache: Cache) -> None:
        self.options = options
        runs = {impl: options.with_impl(impl).run for impl in IMPLEMENTATIONS}
        self.paths = {impl: cache.log / f"whole-{command}-{run}" for impl, run in runs.items()}

    @property
    def key(self) -> str:
        """Changes when anything does that a log depends on besides the implementation."""
        folders = [
            (TOP / "configs", "*.config"),
            (TOP / "patches", "*"),
            (kselftests.FOLDER, "**/*"),
        ]
        tools = TOP / "tools/testing"
        folders += [
            (tools / "pidns", "*.py"),
            (tools / "pidns/guest", "*"),
            (tools / "fuzz/src", "**/*.rs"),
        ]
        files = [path for folder, names in folders for path in sorted(folder.glob(names))]
        asked = self.options
        given = f"{asked.kdir} {asked.cpus} {asked.memory} {asked.full}"
        return key_of([given, *(path for path in files if path.is_file())])

    def forget(self, impl: str) -> None:
        """Forgets that of an implementation."""
        for suffix in (".log", ".key"):
            self.paths[impl].with_suffix(suffix).unlink(missing_ok=True)

    def keep(self, text: str) -> list[Result]:
        """Keeps the log of a run, and compares it with that of the other implementation."""
        path = self.paths[self.options.impl]
        path.with_suffix(".log").write_text(text, encoding="utf-8")
        path.with_suffix(".key").write_text(self.key, encoding="utf-8")
        keys = [path.with_suffix(".key") for path in self.paths.values()]
        if not all(path.exists() for path in keys) or len({path.read_text() for path in keys}) > 1:
            other = "rust" if self.options.impl == "c" else "c"
            note(f"the kernel's log is compared with that of IMPL={other} once that has run, too")
            return []
        found = self.differences()
        for line in found:
            print(f"# {line}")
        outcome = Outcome.FAIL if found else Outcome.PASS
        name = "the kernel's log has the same lines with C and with Rust"
        return [Result(name, outcome, found[0] if found else "")]

    def differences(self) -> list[str]:
        """The lines that only one of them has."""
        c, rust = (
            self.paths[impl].with_suffix(".log").read_text(encoding="utf-8", errors="replace")
            for impl in ("c", "rust")
        )
        return differences(("C", c), ("Rust", rust))
