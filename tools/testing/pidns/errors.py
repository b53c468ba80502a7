# SPDX-License-Identifier: GPL-2.0
"""Messages to the user."""

import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path


class Fault(Exception):
    """An error of one line: what is wrong, and what to do about it."""


def show_faults(find: Callable[[], Iterable[str]]) -> int:
    """Prints the faults that a check finds; returns the exit status."""
    try:
        faults = list(find())
    except Fault as fault:
        faults = [str(fault)]
    print("".join(f"{fault}\n" for fault in faults), end="")
    return 1 if faults else 0


def note(text: str) -> None:
    """Prints a line of progress."""
    print(f"pidns: {text}", file=sys.stderr, flush=True)


def show_end(log: Path, lines: int) -> None:
    """Shows the end of a log."""
    text = log.read_text(encoding="utf-8", errors="replace")
    print("\n".join(text.splitlines()[-lines:]), file=sys.stderr)


def elapsed(start: float) -> str:
    """The time since then, by time.monotonic()."""
    minutes, seconds = divmod(int(time.monotonic() - start), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
