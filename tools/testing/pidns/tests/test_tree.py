# SPDX-License-Identifier: GPL-2.0
import os
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from .. import tree


class SetupTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "scripts").mkdir()

    def set_up(self, text: str) -> None:
        path = self.folder / "scripts/setup.sh"
        path.write_text(f"#!{sys.executable}\n{text}", encoding="utf-8")
        path.chmod(0o700)
        with mock.patch.object(tree, "TOP", self.folder):
            tree.setup()

    def test_it_can_ask_at_the_terminal(self) -> None:
        said = self.folder / "said"
        self.set_up(f"import os; open({str(said)!r}, 'w').write(str(os.getsid(0)))")
        self.assertEqual(int(said.read_text(encoding="utf-8")), os.getsid(0))

    def test_it_fails(self) -> None:
        with self.assertRaisesRegex(SystemExit, "7"):
            self.set_up("raise SystemExit(7)")


if __name__ == "__main__":
    unittest.main()
