# SPDX-License-Identifier: GPL-2.0
"""Finds complaints in a kernel's log."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from .lists import load

# One expression a line.
PATTERNS = r"""
WARNING:
\bBUG:
\bBUG \S+ \(.*\):
kernel BUG at
\bOops\b
Kernel panic
general protection fault
KASAN:
KFENCE:
UBSAN:
ODEBUG:
DEBUG_LOCKS_WARN_ON
refcount_t:
Call Trace:
possible (recursive|circular|irq|unsafe|deadlock|bad)
possible reason: unannotated irqs
suspicious RCU usage
inconsistent lock state
held lock freed
bad unlock balance
lock held (when returning|at task exit)
still has locks held
sleeping function called
scheduling while atomic
INFO: task .* blocked
rcu.*(detected stalls|self-detected stall|detected expedited stalls)
soft lockup|hard LOCKUP
unreferenced object
kmemleak: .*suspected memory leak
list_(add|del) corruption
[Bb]ad page (state|map)
page allocation failure
[Ss]lab .*(corrupt|overwritten|still has objects)
Objects remaining
unregister_netdevice: waiting
rust_kernel: panicked
panicked at
"""

SPLAT = re.compile("|".join(f"(?:{line})" for line in PATTERNS.split("\n") if line))
# The command line may hold any word, and the guest's first process writes to the log
# what it misses in the root file system that it was given.
NOT_THE_KERNEL = re.compile(r"ommand line: |^(\[[ .0-9]+\] )?virtme-ng-init: ")
FOLLOWING = 40
FRAME = re.compile(r"\[<[0-9a-f]+>\]")


def known(debug: bool) -> list[re.Pattern[str]]:
    """Lines of complaints that are User Mode Linux's own fault."""

    def read(data: dict[str, Any]) -> list[re.Pattern[str]]:
        return [
            re.compile(entry["line"])
            for entry in data["known"]
            if entry.get("debug", debug) == debug
        ]

    return load("splats.toml", read)


def end_of(lines: list[str], start: int) -> int:
    """The line after a complaint: after its stack, or before the next complaint."""
    traced = False
    for number in range(start, min(start + 2 * FOLLOWING, len(lines))):
        line = lines[number]
        if traced and not FRAME.search(line):
            return number
        if line.strip() == "Call Trace:":
            traced = True
        elif number > start and not traced and SPLAT.search(line):
            return number
    return start + 1


def find(log: Iterable[str], excused: Iterable[re.Pattern[str]] = ()) -> Iterator[str]:
    """Each complaint that is not excused, with the lines that follow it."""
    lines = [line.rstrip() for line in log]
    excused = list(excused)
    shown_to = excused_to = 0
    for number, line in enumerate(lines):
        if number < excused_to or NOT_THE_KERNEL.search(line) or not SPLAT.search(line):
            continue
        end = end_of(lines, number)
        if any(pattern.search(one) for one in lines[number:end] for pattern in excused):
            excused_to = end
            continue
        yield from lines[max(number, shown_to) : number + FOLLOWING]
        shown_to = max(shown_to, min(number + FOLLOWING, len(lines)))
