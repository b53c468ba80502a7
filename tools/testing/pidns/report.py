# SPDX-License-Identifier: GPL-2.0
"""What is kept of results: KTAP, and JUnit XML, which services that run tests show."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

from .cache import replace_file
from .ktap import Outcome, Result, result_line

# What XML cannot hold.
CONTROL = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd]")


def lines_of(claims: Sequence[Result]) -> list[str]:
    """Results of the harness's own as KTAP."""
    lines = [
        result_line(number, claim.outcome is Outcome.PASS, claim.name, claim.why)
        for number, claim in enumerate(claims, 1)
    ]
    return ["KTAP version 1", f"1..{len(claims)}", *lines]


def keep(log: Path, lines: Iterable[str], claims: Sequence[Result], of: Iterable[Result]) -> Path:
    """Writes what a guest printed with the claims, and as XML all results, beside its log."""
    path = log.with_suffix(".ktap")
    path.write_text("\n".join([*lines, *lines_of(claims)]) + "\n", encoding="utf-8")
    write(log.with_suffix(".xml"), {log.stem: of})
    return path


def write(path: Path, runs: Mapping[str, Iterable[Result]]) -> None:
    """Writes results, by the name of their run."""
    root = ElementTree.Element("testsuites")
    for name, results in runs.items():
        suite = ElementTree.SubElement(root, "testsuite", name=name)
        for result in results:
            program, _, case = CONTROL.sub("?", result.name).partition(": ")
            about = {"classname": program, "name": case or program}
            test = ElementTree.SubElement(suite, "testcase", about)
            why = CONTROL.sub("?", result.why)
            if result.outcome is Outcome.FAIL:
                ElementTree.SubElement(test, "failure", message=why)
            elif result.outcome is not Outcome.PASS:
                # JUnit has no expected failure.
                ElementTree.SubElement(test, "skipped", message=f"{result.outcome.value}: {why}")
    ElementTree.indent(root)
    replace_file(path, ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))
