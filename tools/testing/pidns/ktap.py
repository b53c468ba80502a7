# SPDX-License-Identifier: GPL-2.0
"""Test results, read by the kernel tree's own kunit_parser."""

import enum
import importlib
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

XFAIL = re.compile(r"^\s*ok \d+ (?:- )?(?P<name>[^#]*?) # XFAIL ?(?P<why>.*)$")
VERSION = re.compile(r"K?TAP version \d+$")
PLAN = re.compile(r"1\.\.(\d+)")
RESULT = re.compile(r"(?P<not>not )?ok \d+ (?:- )?(?P<name>.*?)(?:\s+# (?P<why>.*))?$")
# How the kselftest runner calls a program, and guest/upstream.sh one that it runs again.
PROGRAM = re.compile(
    r"(?:# |(?:not )?ok \d+ )?(?P<kind>selftests|again): (?P<suite>\S+): (?P<program>\S+)"
)

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
    # Whether the test was run once more.
    again: bool = False


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
        test, results = self._parse((name,), lines)
        if test.status is self._parser.TestStatus.FAILURE_TO_PARSE_TESTS:
            return [Result(name, Outcome.FAIL, NONE)]
        counts = test.counts
        # A suite may fail as a whole.
        bad = counts.errors or counts.failed or counts.crashed
        if bad and not _failed(results):
            results.append(Result(name, Outcome.FAIL, "failed, though no test in it did"))
        return results

    def run(self, lines: Sequence[str]) -> list[Result]:
        """The innermost results of all that a guest printed: streams of KTAP, one after the
        other, each of the kselftest runner, which nests results by "# ", or of another."""
        streams: list[list[str]] = [[]]
        for line in lines:
            if VERSION.match(line):
                streams.append([])
            streams[-1].append(line)
        return [result for stream in streams[1:] for result in self._stream(stream)]

    def _stream(self, lines: list[str]) -> list[Result]:
        if not any(map(PROGRAM.match, lines)):
            test, results = self._parse((), lines)
            bad = test.counts.failed or test.counts.crashed
            whole = [Result("the run", Outcome.FAIL, NONE)] if bad or not results else []
            return results if _failed(results) else results + whole
        results, said, seen = [], list[str](), 0
        for line in lines[1:]:
            found = RESULT.match(line)
            if found:
                results += self._program(said, found)
                said, seen = [], seen + 1
            else:
                said.append(line)
        planned = next((int(found[1]) for found in map(PLAN.match, lines) if found), 0)
        if seen < planned:
            results += self._program(said, None) if any(map(PROGRAM.match, said)) else []
            why = f"planned {planned} results, gave {seen}"
            results.append(Result("the run", Outcome.FAIL, why))
        return results

    def _program(self, said: list[str], found: re.Match[str] | None) -> list[Result]:
        """The results of a program under the kselftest runner, whose own result on it is `found`."""
        called = PROGRAM.match(found[0]) if found else None
        called = called or next(filter(None, map(PROGRAM.match, reversed(said))), None)
        name = (
            f"{called['suite']}:{called['program']}" if called else found["name"] if found else ""
        )
        inner = [line.removeprefix("# ") for line in said if line.startswith("# ")]
        # It may lack a header, or print one in each process.
        inner = ["TAP version 13", *(line for line in inner if not VERSION.match(line))]
        _, results = self._parse((name,), inner)
        why = (found["why"] if found else MISSING) or ""
        directive, _, reason = why.partition(" ")
        if not results and found and not found["not"] and directive in ("SKIP", "XFAIL"):
            results = [Result(name, Outcome[directive], reason)]
        elif not results and found and not found["not"]:
            results = [Result(name, Outcome.PASS)]
        elif (not found or found["not"]) and not _failed(results):
            results.append(Result(name, Outcome.FAIL, why))
        again = called is not None and called["kind"] == "again"
        return [replace(result, again=again) for result in results]

    def _parse(self, path: tuple[str, ...], lines: Sequence[str]) -> tuple[Any, list[Result]]:
        expected = {found["name"]: found["why"] for found in map(XFAIL.match, lines) if found}
        test = self._parser.parse_run_tests(_plan_first(lines), self._printer)
        status = self._parser.TestStatus
        leaves = _leaves(path, test.subtests)
        return test, [self._result(inner, leaf, expected, status) for inner, leaf in leaves]

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
        inner = path if path[-1:] == (name,) else (*path, name)
        if test.subtests:
            yield from _leaves(inner, test.subtests)
        else:
            yield inner, test


def _plan_first(lines: Sequence[str]) -> Sequence[str]:
    """The lines, with a plan that comes last before the results: kunit_parser wants it there."""
    plan = next((number for number, line in enumerate(lines) if PLAN.match(line)), 0)
    result = next((number for number, line in enumerate(lines) if RESULT.match(line)), plan)
    if result >= plan:
        return lines
    return [*lines[:result], lines[plan], *lines[result:plan], *lines[plan + 1 :]]


def _failed(results: Iterable[Result]) -> bool:
    return any(result.outcome is Outcome.FAIL for result in results)


def nested(lines: Iterable[str]) -> list[str]:
    """Indents lines as results within a test."""
    return [f"    {line}".rstrip() for line in lines]


def result_line(number: int, ok: bool, name: str, comment: str = "") -> str:
    """The result of a test."""
    return f"{'ok' if ok else 'not ok'} {number} {name}{f' # {comment}' if comment else ''}"
