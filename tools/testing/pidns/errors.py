# SPDX-License-Identifier: GPL-2.0
"""Messages to the user."""

import sys


class Fault(Exception):
    """An error of one line: what is wrong, and what to do about it."""


def note(text: str) -> None:
    """Prints a line of progress."""
    print(f"pidns: {text}", file=sys.stderr, flush=True)
