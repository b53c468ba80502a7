# SPDX-License-Identifier: GPL-2.0
import subprocess
import sys

from ..cache import Cache, pid_namespace
from ..clean import command
from ..options import Options
from .kernel_tree import FolderTest, write


class CleanTest(FolderTest):
    def setUp(self) -> None:
        super().setUp()
        self.cache = Cache(self.folder / "pidns")

    def clean(self, *arguments: str) -> None:
        self.assertEqual(command(Options(), self.cache, {}, arguments), 0)

    def left(self) -> list[str]:
        return sorted(path.name for path in self.cache.root.glob("*"))

    def test_nothing(self) -> None:
        self.clean("all")

    def test_parts(self) -> None:
        write(self.cache.root, dict.fromkeys(("build/a/b", "log/a", "tools/a", "kvm"), ""))
        self.clean("build")
        self.assertEqual(self.left(), ["kvm", "lock", "tools"])
        self.assertIn(f"deleting {self.cache.build} (", self.said.getvalue())
        self.clean("all")
        self.assertFalse(self.cache.root.exists())

    def test_what_a_run_works_in(self) -> None:
        code = "import time; print(flush=True); time.sleep(1000)"
        command = [sys.executable, "-c", code, "-m", "pidns", "quick"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as running:
            assert running.stdout
            running.stdout.readline()
            folder = f"{running.pid}.{pid_namespace()}.abc"
            write(self.cache.root, {f"tmp/{folder}/a": "", "build/a": ""})
            try:
                self.refused(f"process {running.pid} works in", lambda: self.clean("build"))
                self.assertTrue(self.cache.build.exists())
            finally:
                running.kill()
        # What was left by one that is no more.
        self.clean("build")
        self.assertFalse(self.cache.build.exists())
        # Nobody knows whether one in another PID namespace is.
        write(self.cache.root, {f"tmp/{running.pid}.1.abc/a": ""})
        self.refused("a run in another container may work in", lambda: self.clean("build"))
