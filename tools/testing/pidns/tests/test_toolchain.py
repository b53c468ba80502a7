# SPDX-License-Identifier: GPL-2.0
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from .. import toolchain
from ..cache import Cache
from ..options import Options
from ..toolchain import Toolchain


class ToolchainTest(unittest.TestCase):
    def test_the_callers_flags_are_not_used(self) -> None:
        flags = {"LLVM": "1", "KCFLAGS": "-g", "USERCFLAGS": "-g", "MAKEFLAGS": "n", "LANG": "C"}
        with (
            tempfile.TemporaryDirectory() as folder,
            mock.patch.dict("os.environ", flags),
            mock.patch.object(toolchain, "find_rustc", return_value=Path("/usr/bin/rustc")),
            mock.patch.object(toolchain, "find_llvm", return_value=19),
            mock.patch.object(toolchain, "find_bindgen", return_value=Path("/usr/bin/bindgen")),
        ):
            gcc, clang = (
                Toolchain.find(Options(), Cache(Path(folder)), gcc=gcc) for gcc in (True, False)
            )
        self.assertEqual(flags.keys() & gcc.env.keys(), {"LANG"})
        self.assertIn("LLVM=", gcc.make("um"))
        self.assertIn("LLVM=-19", clang.make("um"))


if __name__ == "__main__":
    unittest.main()
