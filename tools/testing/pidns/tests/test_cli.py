# SPDX-License-Identifier: GPL-2.0
import errno
import subprocess
from unittest import mock

from .. import cli
from .kernel_tree import FolderTest


class CliTest(FolderTest):
    def test_errors_of_the_system(self) -> None:
        for error in (OSError(errno.EACCES, "no"), OSError(errno.ENOSPC, "full")):
            with mock.patch.dict(cli.COMMANDS, quick=mock.Mock(side_effect=error)):
                self.assertEqual(cli.main(["quick"]), 1)
        said = "pidns: error: [Errno 13] no\npidns: error: [Errno 28] full; free some space"
        self.assertTrue(self.said.getvalue().startswith(said))

    def test_programs_that_fail(self) -> None:
        for error, words in (
            (subprocess.CalledProcessError(1, ["a"]), "returned non-zero exit status 1.; run make"),
            (subprocess.TimeoutExpired(["a"], 60), "timed out after 60 seconds\n"),
        ):
            with mock.patch.dict(cli.COMMANDS, quick=mock.Mock(side_effect=error)):
                self.assertEqual(cli.main(["quick"]), 1)
            self.assertIn(words, self.said.getvalue())

    def test_what_is_for_this_machine_alone(self) -> None:
        for arch, words in (
            ("arm64", "ARCH=arm64 is not for quick; leave it out"),
            ("m68k", "ARCH=m68k is not known; use ARCH=x86_64, ARCH=arm64, ARCH=riscv"),
            ("x86_64", "[Errno 13] no"),
        ):
            error = OSError(errno.EACCES, "no")
            with (
                mock.patch.dict("os.environ", ARCH=arch),
                mock.patch.dict(cli.COMMANDS, quick=mock.Mock(side_effect=error)),
            ):
                self.assertEqual(cli.main(["quick"]), 1)
            self.assertTrue(self.said.getvalue().endswith(f"pidns: error: {words}\n"))
