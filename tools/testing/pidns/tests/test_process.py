# SPDX-License-Identifier: GPL-2.0
"""What hangs, or is interrupted, is stopped with all that it started."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from ..cache import TOP, Cache
from ..process import limited, uninterrupted
from .kernel_tree import FolderTest

STEP = """
import pathlib, signal, sys
from pidns import process
from pidns.cache import Cache
for number in process.SIGNALS:
    signal.signal(number, signal.SIG_DFL)
process.raise_on_signals()
with Cache(pathlib.Path(sys.argv[1])).temporary():
    process.run([sys.argv[2]], limit=1000)
"""


def ended(path: Path) -> bool:
    """Whether what wrote its number there has ended, or does so at once."""
    for _ in range(100):
        try:
            state = Path("/proc", path.read_text().strip(), "stat").read_text().split()[2]
        except FileNotFoundError:
            return path.exists()
        if state in "ZX":
            return True
        time.sleep(0.1)
    return False


class ProcessTest(FolderTest):
    def setUp(self) -> None:
        super().setUp()
        self.child = self.folder / "child"
        # It does not end, nor does what it starts.
        self.hang = self.program("hang", f"#!/bin/sh\nsleep 1000 & echo $! >{self.child}\nwait\n")

    def test_a_program_that_hangs(self) -> None:
        self.assertIsNone(limited(0.02, [self.hang], log=self.folder / "log"))
        said = "hang did not finish within 0.02 minutes and was stopped"
        self.assertIn(said, self.said.getvalue())
        self.assertTrue(ended(self.child))

    def test_one_that_fails(self) -> None:
        log = self.folder / "log"
        self.assertEqual(limited(1, ["sh", "-c", "echo why; exit 3"], log=log), 3)
        self.assertEqual((log.read_text(), self.said.getvalue()), ("why\n", ""))

    def test_signals(self) -> None:
        cache = Cache(self.folder / "cache")
        env = os.environ | {"PYTHONPATH": str(TOP / "tools/testing")}
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self.child.unlink(missing_ok=True)
            command = [sys.executable, "-c", STEP, str(cache.root), str(self.hang)]
            with subprocess.Popen(command, env=env) as step:
                while not (self.child.exists() and self.child.read_text()):
                    self.assertIsNone(step.poll())
                    time.sleep(0.1)
                step.send_signal(number)
                self.assertEqual(step.wait(), 128 + number)
            self.assertTrue(ended(self.child))
            self.assertEqual(list((cache.root / "tmp").iterdir()), [])

    def test_signals_can_wait(self) -> None:
        came = []
        old = signal.signal(signal.SIGHUP, lambda number, _: came.append(number))
        try:
            with uninterrupted():
                os.kill(os.getpid(), signal.SIGHUP)
                self.assertEqual(came, [])
            self.assertEqual(came, [signal.SIGHUP])
        finally:
            signal.signal(signal.SIGHUP, old)
