# SPDX-License-Identifier: GPL-2.0
"""A step of a build that hangs, that fails, and on a full disk."""

import os
from unittest import mock

from .. import tree
from ..cache import Cache
from ..toolchain import Toolchain
from ..tree import Tree
from .kernel_tree import FolderTest


class BuildTest(FolderTest):
    def build(self, text: str) -> None:
        toolchain = Toolchain(self.folder, 1, self.folder, dict(os.environ))
        cache = Cache(self.folder)
        made = Tree("um", mock.Mock(), self.folder, "key", toolchain, cache, 1)
        made.run(self.folder / "log", ["sh", "-c", text], "the build")

    def test_it_hangs(self) -> None:
        with mock.patch.object(tree, "BUILD_LIMIT", 0):
            self.refused("did not finish within", lambda: self.build("sleep 1000"))

    def test_a_full_disk(self) -> None:
        said = "echo 'cc: No space left on device'; exit 1"
        self.refused(f"the disk of {self.folder} is full", lambda: self.build(said))

    def test_it_fails_otherwise(self) -> None:
        self.refused("the build failed; the whole", lambda: self.build("echo error: x; exit 1"))
        self.assertIn("error: x\n", self.said.getvalue())
        self.assertNotIn("full", self.said.getvalue())
