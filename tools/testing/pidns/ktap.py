# SPDX-License-Identifier: GPL-2.0
"""Test results, read by the kernel tree's own kunit_parser."""

import enum
import importlib
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

XFAIL = re.compile(r"^\s*ok \d+ (?:- )?(?P<name>[^#]*?) # XFAIL ?(?P<why>.*)$")

# Reasons of failures that no test reported.
MISSING = "it did not report"
NONE = "it printed no results"


class Outcome(enum.Enum):
    """The outcome of a test."""

    PASS = "pass"
    FAIL = "fail"
    SKIP = "skip"
    XFAIL = "xfail"


@dataclass(frozen=True)
class Result:
    """The result of an innermost test."""

    name: str
    outcome: Outcome
    why: str = ""


class Parser:
    """kunit_parser, of a kernel tree."""

    def __init__(self, source: Path) -> None:
        folder = str(source / "tools/testing/kunit")
        if folder not in sys.path:
            sys.path.insert(0, folder)
        sys.dont_write_bytecode = True
        self._parser: Any = importlib.import_module("kunit_parser")
        self._printer: Any = importlib.import_module("kunit_printer").null_printer

    def results(self, name: str, lines: Sequence[str]) -> list[Result]:
        """The innermost results of one program or suite called `name`."""
        expected = {found["name"]: found["why"] for found in map(XFAIL.match, lines) if found}
        test = self._parser.parse_run_tests(lines, self._printer)
        status = self._parser.TestStatus
        if test.status is status.FAILURE_TO_PARSE_TESTS:
            return [Result(name, Outcome.FAIL, NONE)]
        results = [
            self._result(path, leaf, expected, status)
            for path, leaf in _leaves((name,), test.subtests)
        ]
        counts = test.counts
        # A suite may fail as a whole.
        bad = counts.errors or counts.failed or counts.crashed
        if bad and not any(result.outcome is Outcome.FAIL for result in results):
            results.append(Result(name, Outcome.FAIL, "failed, though no test in it did"))
        return results

    @staticmethod
    def _result(path: tuple[str, ...], test: Any, expected: dict[str, str], status: Any) -> Result:
        name = ": ".join(path)
        if test.status is status.SKIPPED:
            return Result(name, Outcome.SKIP, test.skip_reason)
        if test.status is not status.SUCCESS:
            why = MISSING if test.status is status.TEST_CRASHED else ""
            return Result(name, Outcome.FAIL, why)
        if test.name in expected:
            return Result(name, Outcome.XFAIL, expected[test.name])
        return Result(name, Outcome.PASS)


def _leaves(path: tuple[str, ...], tests: Iterable[Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for number, test in enumerate(tests, 1):
        name = test.name.strip() or f"#{number}"
        # A suite's only result repeats the suite's name.
        inner = path if name == path[-1] else (*path, name)
        if test.subtests:
            yield from _leaves(inner, test.subtests)
        else:
            yield inner, test


def nested(lines: Iterable[str]) -> list[str]:
    """Indents lines as results within a test."""
    return [f"    {line}".rstrip() for line in lines]


def result_line(number: int, ok: bool, name: str, comment: str = "") -> str:
    """The result of a test."""
    return f"{'ok' if ok else 'not ok'} {number} {name}{f' # {comment}' if comment else ''}"
