# SPDX-License-Identifier: GPL-2.0
import tempfile
import unittest
from collections.abc import Callable
from pathlib import Path
from unittest import mock

from .. import expected, lists, logs, splats
from ..errors import Fault


class ListsTest(unittest.TestCase):
    def test_invalid_lists(self) -> None:
        cases: tuple[tuple[str, str, Callable[[], object]], ...] = (
            ("expected.toml", "[[tests]]\ntest = ", lambda: expected.known("tests")),
            ("expected.toml", "[[test]]", lambda: expected.known("tests")),
            ("expected.toml", "tests = [1]", lambda: expected.known("tests")),
            ("expected.toml", "[[tests]]", lambda: expected.known("tests")),
            ("counts.toml", "[quick]", lambda: expected.least("quick", "c")),
            ("counts.toml", "quick.c = 'x'", lambda: expected.least("quick", "c")),
            ("counts.toml", "quick = 1", lambda: expected.least("quick", "c")),
            ("splats.toml", "known = 1", lambda: splats.known(True)),
            ("splats.toml", "[[known]]\nline = '('", lambda: splats.known(True)),
            ("log.toml", "[[exact]]", lambda: logs.listed("exact")),
        )
        for name, text, read in cases:
            with self.subTest(name=name, text=text), tempfile.TemporaryDirectory() as folder:
                path = Path(folder, name)
                path.write_text(text, encoding="utf-8")
                with (
                    mock.patch.object(lists, "LISTS", Path(folder)),
                    self.assertRaises(Fault) as raised,
                ):
                    read()
                self.assertTrue(str(raised.exception).startswith(f"{path} is invalid: "))
                self.assertNotIn("\n", str(raised.exception))
