# SPDX-License-Identifier: GPL-2.0
"""The results of several implementations in one table: whether each test gave the same."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from .expected import Entry, Kernel, Verdict
from .ktap import Outcome, Result

# From the best to the worst.
ORDER = (Outcome.PASS, Outcome.XFAIL, Outcome.SKIP, Outcome.FAIL)
# Numbers in a name may be of processes: the place among those alike tells.
VARIABLE = re.compile(r"0x[0-9a-f]+|\d+")
WIDEST = 100

Key = tuple[str, int]
Column = dict[Key, Result]


def column(results: Iterable[Result], listed: Mapping[str, Entry]) -> Column:
    """Results by a key that is the same in another run. Of a test that was run again the best
    counts if it is listed to be so by chance, else the worst; and the worst if it failed where
    it may only skip."""
    found: Column = {}
    alike: Counter[tuple[str, bool]] = Counter()
    for result in results:
        key = VARIABLE.sub("0", result.name)
        alike[key, result.again] += 1
        place = key, 1 if result.again else alike[key, result.again]
        if result.again and place in found:
            either = (found[place], result)
            entry = listed.get(result.name)
            lucky = entry is not None and entry.chance
            if entry and entry.outcome is Outcome.SKIP:
                lucky = lucky and all(one.outcome is not Outcome.FAIL for one in either)
            better = min if lucky else max
            result = better(either, key=lambda one: ORDER.index(one.outcome))
        found[place] = result
    return found


def verdict(
    impls: Sequence[str], outcomes: Sequence[Outcome | None], entry: Entry | None
) -> tuple[str, bool]:
    """What to say of a row, and whether that is a fault."""
    if entry and entry.chance:
        passed = all(outcome is Outcome.PASS for outcome in outcomes)
        return ("same", False) if passed else ("never passes", True)
    if entry and entry.impl:
        expected = [
            entry.outcome if Kernel(impl, False).meets(entry) else Outcome.PASS for impl in impls
        ]
        if list(outcomes) == expected:
            return f"{entry.impl.capitalize()} errs, known", False
    if len(set(outcomes)) > 1:
        return "DIFFERS", True
    if entry and not entry.impl and outcomes[0] is entry.outcome:
        return "same, known", False
    if entry:
        return f"listed to {entry.outcome.value}: take it off the list", True
    if outcomes[0] is Outcome.PASS:
        return "same", False
    return "same, and not on the list", True


def compare(
    runs: Mapping[str, Iterable[Result]], entries: Iterable[Entry], least: int, whole: bool
) -> Verdict:
    """The table, and below it what did not pass. In a `whole` run all that is listed must be
    there."""
    listed = {entry.test: entry for entry in entries}
    impls = list(runs)
    columns = [column(results, listed) for results in runs.values()]
    rows, notes = [("test", *impls, "same")], []
    counts: Counter[Outcome] = Counter()
    unused = set(listed)
    for key in dict.fromkeys(key for one in columns for key in one):
        found = [one.get(key) for one in columns]
        name = next(result.name for result in found if result)
        unused.discard(name)
        outcomes = [result.outcome if result else None for result in found]
        words, fault = verdict(impls, outcomes, listed.get(name))
        said = [outcome.value if outcome else "-" for outcome in outcomes]
        rows.append((name, *said, words))
        counts[Outcome.FAIL if fault else _counted(outcomes[-1])] += 1
        if fault or any(outcome is not Outcome.PASS for outcome in outcomes):
            for impl, result, outcome in zip(impls, found, said, strict=True):
                why = f": {result.why}" if result and result.why else ""
                notes.append(f"{impl}: {name}: {outcome}{why}")
    widths = [min(WIDEST, max(len(row[i]) for row in rows)) for i in range(len(rows[0]))]
    table = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    judged = Verdict(counts, [*table, "", *notes])
    if len(rows) - 1 < least:
        judged.fault(f"{len(rows) - 1} tests ran; there must be {least}")
    for name in sorted(unused) if whole else ():
        judged.fault(f"{name} is on the list, and no test; take it off")
    return judged


def _counted(outcome: Outcome | None) -> Outcome:
    return Outcome.PASS if outcome is Outcome.PASS else Outcome.SKIP
