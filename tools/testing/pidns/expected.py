# SPDX-License-Identifier: GPL-2.0
"""Which results are expected not to pass, and how many there must be.

The lists are lists/expected.toml and lists/counts.toml. A test that is listed must do what
the list says, so that no entry outlives its reason.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .arch import ARCHES, X86_64, Arch
from .ktap import Outcome, Result
from .lists import load
from .options import SERIES, known_series

KINDS = {"tests", "usual", "uml", "upstream", "containers"}
FIELDS = {"test", "outcome", "why"}
MAY = {"impl", "debug", "arch", "series", "chance"}


@dataclass(frozen=True)
class Entry:
    """The expected outcome of a test, and in which runs."""

    test: str
    outcome: Outcome
    why: str
    impl: str | None = None
    debug: bool | None = None
    arch: str | None = None
    # Of the kernel's source.
    series: str | None = None
    chance: bool = False


def read_entries(data: dict[str, Any], *kinds: str) -> list[Entry]:
    """Reads some kinds of a list."""
    if unknown := data.keys() - KINDS:
        raise ValueError(f"{unknown.pop()} is none of {', '.join(sorted(KINDS))}")
    entries = []
    for kind, row in ((one, row) for one in kinds for row in data.get(one, [])):
        tests = row.get("test")
        wrong = FIELDS - row.keys() or row.keys() - FIELDS - MAY
        known = row.get("impl", "c") in ("c", "rust") and row.get("debug", True) in (True, False)
        known = known and row.get("chance", True) is True
        known = known and row.get("arch", X86_64.name) in ARCHES
        known = known and ("series" not in row or row["series"] in known_series())
        if wrong or not known or row["outcome"] not in ("fail", "skip", "xfail") or not row["why"]:
            raise ValueError(
                f"{kind}: {tests}: write test, outcome (fail, skip, xfail) and why, and, where it"
                ' depends on them, impl ("c", "rust"), debug (true, false), arch, series or chance'
                " (true)"
            )
        for test in [tests] if isinstance(tests, str) else tests:
            entries.append(Entry(**{**row, "test": test, "outcome": Outcome(row["outcome"])}))
    return entries


@dataclass(frozen=True)
class Kernel:
    """Properties of a run that entries can match."""

    impl: str
    debug: bool

    def meets(self, entry: Entry) -> bool:
        """Whether an entry applies to this run."""
        return entry.impl in (None, self.impl) and entry.debug in (None, self.debug)


@dataclass
class Verdict:
    """The counts of a run, and lines to print."""

    counts: Counter[Outcome]
    words: list[str]

    @property
    def good(self) -> bool:
        """Whether the run passed."""
        return not self.counts[Outcome.FAIL] and bool(self.counts[Outcome.PASS])

    def fault(self, words: str) -> None:
        """Adds a failure."""
        self.counts[Outcome.FAIL] += 1
        self.words.append(words)

    def need(self, least: int, have: int) -> None:
        """Fails if fewer tests ran."""
        if have < least:
            self.fault(f"failed: {have} tests ran; there must be {least}")

    def show(self) -> int:
        """Prints it; returns the exit status."""
        for words in self.words:
            print(words)
        print(self.last_line(), flush=True)
        return 0 if self.good else 1

    def last_line(self) -> str:
        """The counts."""
        counts = self.counts
        return f"{counts[Outcome.PASS]} passed, {counts[Outcome.FAIL]} failed, {counts[Outcome.SKIP]} skipped"


def judge(
    results: Sequence[Result], entries: Sequence[Entry], kernel: Kernel, whole: bool
) -> Verdict:
    """Compares results with the list. What is listed to fail or to skip counts as skipped; in a
    `whole` run all that is listed must be there."""
    listed = {entry.test: entry for entry in entries if kernel.meets(entry)}
    verdict = Verdict(Counter(), [])
    for result in results:
        entry = listed.pop(result.name, None)
        outcome, words = _judge(result, entry)
        verdict.counts[outcome] += 1
        if words:
            verdict.words.append(words)
    failed = {result.name.split(": ")[0] for result in results if result.outcome is Outcome.FAIL}
    for name in listed if whole else ():
        # A program that crashed may not have reached it.
        advice = "" if name.split(": ")[0] in failed else "; remove it from the list"
        verdict.fault(f"failed: {name} is listed but did not run{advice}")
    return verdict


def _judge(result: Result, entry: Entry | None) -> tuple[Outcome, str]:
    because = f": {result.why}" if result.why else ""
    if entry is None:
        if result.outcome is Outcome.PASS:
            return Outcome.PASS, ""
        if result.outcome is Outcome.FAIL:
            return Outcome.FAIL, f"failed: {result.name}{because}"
        how = "is skipped" if result.outcome is Outcome.SKIP else "reports XFAIL"
        return Outcome.FAIL, f"failed: {result.name} {how} but is not listed{because}"
    if result.outcome is entry.outcome:
        # A known bug of C is expected.
        outcome = Outcome.PASS if entry.outcome is Outcome.XFAIL else Outcome.SKIP
        return outcome, f"{entry.outcome.value}, as listed: {result.name}: {entry.why}"
    if result.outcome is Outcome.PASS:
        return Outcome.FAIL, f"failed: {result.name} passes; remove it from the list"
    return Outcome.FAIL, f"failed: {result.name} is listed to {entry.outcome.value}{because}"


def least(command: str, impl: str, series: str = SERIES, arch: Arch = X86_64) -> int:
    """How many results a whole run must have, on a series of the kernel and an architecture."""

    def read(counts: Mapping[str, Any]) -> int:
        of_arch = counts.get(arch.name, {}).get(command, counts[command])
        return int(counts.get(series, {}).get(command, of_arch)[impl])

    return load("counts.toml", read)


def known(*kinds: str, arch: Arch = X86_64, series: str = SERIES) -> list[Entry]:
    """Some kinds of lists/expected.toml, as far as they are of an architecture and of a series
    of the kernel."""
    entries = load("expected.toml", lambda data: read_entries(data, *kinds))
    return [
        entry
        for entry in entries
        if entry.arch in (None, arch.name) and entry.series in (None, series)
    ]
