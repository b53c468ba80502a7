# SPDX-License-Identifier: GPL-2.0
"""Reads KTAP, however it is nested: the kselftest runner does it by "# ", KUnit
by four spaces.

leaves() gives the innermost results, each under the names of the tests that it
is part of. A test that has results within it is no result itself, unless it
failed and they do not tell (it died or ran out of time), or it planned more of
them than came.
"""

import re
from typing import NamedTuple

NESTED = re.compile(r"^(?:# (?! )|    )")
PLAN = re.compile(r"^1\.\.(\d+)\b")
RESULT = re.compile(r"^(ok|not ok)\b(?:\s+(\d+))?(?:\s+-)?\s*(.*)")
VERSION = re.compile(r"^K?TAP version \d+")
DIRECTIVE = re.compile(r"(?:^|\s+)#\s*(.*)$")


class Leaf(NamedTuple):
    """One result. The path begins with the outermost test."""

    path: tuple
    outcome: str  # "pass", "fail", "skip", or "xfail" for an expected failure
    why: str


class Level:
    """The results at one depth, below one test."""

    def __init__(self):
        self.planned = None
        self.seen = 0
        self.failed = False
        self.leaves = []

    def missing(self):
        """How many of the planned results did not come."""
        return max(0, (self.planned or 0) - self.seen)

    def why_missing(self):
        """Says so."""
        return f"planned {self.planned} results, gave {self.seen}"


class Reader:
    """Takes KTAP line by line."""

    def __init__(self):
        self.levels = [Level()]
        self.leaves = []

    def deepen(self, depth):
        while len(self.levels) < depth + 1:
            self.levels.append(Level())

    def close(self, depth, name):
        """Ends what is deeper than depth. Says if there was a result, and a failed one."""
        seen, failed = False, False
        while len(self.levels) > depth + 1:
            level = self.levels.pop()
            seen = seen or level.seen > 0 or bool(level.planned)
            if level.missing():
                level.leaves.append(Leaf((), "fail", level.why_missing()))
                failed = True
            failed = failed or level.failed
            under = (name,) if len(self.levels) == depth + 1 else ()
            self.levels[-1].leaves += [
                Leaf(under + leaf.path, leaf.outcome, leaf.why) for leaf in level.leaves
            ]
        return seen, failed

    def result(self, depth, ok, number, text):
        self.deepen(depth)
        directive = DIRECTIVE.search(text)
        why = directive.group(1) if directive else ""
        name = DIRECTIVE.sub("", text) or f"#{number}"
        inner, inner_failed = self.close(depth, name)
        level = self.levels[depth]
        level.seen += 1
        if not ok and not inner_failed:
            level.leaves.append(Leaf((name,), "fail", why))
        elif not inner and (special := re.match(r"(SKIP|XFAIL)\b", why, re.I)):
            outcome = special.group(1).lower()
            level.leaves.append(Leaf((name,), outcome, why[special.end():].strip()))
        elif not inner and ok:
            level.leaves.append(Leaf((name,), "pass", why))
        level.failed = level.failed or not ok or inner_failed

    def line(self, text):
        depth = 0
        while NESTED.match(text):
            text = NESTED.sub("", text, count=1)
            depth += 1
        if VERSION.match(text):
            if depth == 0:
                self.end()
            return
        plan, result = PLAN.match(text), RESULT.match(text)
        if plan:
            self.deepen(depth)
            if self.levels[depth].planned is None:
                self.levels[depth].planned = int(plan.group(1))
        elif result:
            self.result(depth, result.group(1) == "ok", *result.groups()[1:])

    def end(self):
        """Ends one stream of KTAP."""
        self.close(0, "the last test")
        top = self.levels[0]
        if top.missing():
            top.leaves.append(Leaf(("the run",), "fail", top.why_missing()))
        self.leaves += top.leaves
        self.levels = [Level()]


def leaves(path):
    """All results in a file."""
    reader = Reader()
    with open(path, encoding="utf-8", errors="replace") as ktap:
        for line in ktap:
            reader.line(line.rstrip("\r\n"))
    reader.end()
    return reader.leaves
