# SPDX-License-Identifier: GPL-2.0
"""configs/asked: each option that is asked for is configured, or it says why not."""

import re
import unittest

from ..cache import TOP

FOLDER = TOP / "configs"
LINE = re.compile(r"([A-Z0-9_ ]+): [a-z]+(?: ! (.+))?")


def read(name: str) -> list[str]:
    return (FOLDER / name).read_text(encoding="utf-8").splitlines()


def configured() -> set[str]:
    lines = [line for name in ("base", "guest", "test") for line in read(f"{name}.config")]
    return {line[len("CONFIG_") : -len("=y")] for line in lines if line.endswith("=y")}


def faults(lines: list[str]) -> list[str]:
    """What is neither configured nor explained, or both, or not understood."""
    found, have = [], configured()
    for line in lines:
        if not line or line[0] == "#":
            continue
        words = LINE.fullmatch(line)
        if not words:
            found.append(line)
            continue
        for symbol in words[1].split():
            if symbol in have and words[2]:
                found.append(f"{symbol} is configured; it says why not: {words[2]}")
            elif symbol not in have and not words[2]:
                found.append(f"{symbol} is not configured")
    return found


class AskedTest(unittest.TestCase):
    def test_all_that_is_asked_for(self) -> None:
        self.assertEqual(faults(read("asked")), [])
        asked = [words[1].split() for words in map(LINE.fullmatch, read("asked")) if words]
        self.assertGreater(sum(map(len, asked)), 100)

    def test_faults(self) -> None:
        for line, fault in (
            ("NO_SUCH_OPTION: moby", "NO_SUCH_OPTION is not configured"),
            (
                "PID_NS: moby ! nobody needs it",
                "PID_NS is configured; it says why not: nobody needs it",
            ),
            ("PID_NS moby", "PID_NS moby"),
        ):
            self.assertEqual(faults([line]), [fault])
