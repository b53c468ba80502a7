# SPDX-License-Identifier: GPL-2.0
"""Messages to the user."""

import sys
import time


class Fault(Exception):
    """An error of one line: what is wrong, and what to do about it."""


def note(text: str) -> None:
    """Prints a line of progress."""
    print(f"pidns: {text}", file=sys.stderr, flush=True)


def elapsed(start: float) -> str:
    """The time since then, by time.monotonic()."""
    minutes, seconds = divmod(int(time.monotonic() - start), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
