# SPDX-License-Identifier: GPL-2.0
import contextlib
import errno
import io
import unittest
from unittest import mock

from .. import cli


class CliTest(unittest.TestCase):
    def said(self, error: OSError) -> str:
        text = io.StringIO()
        with (
            mock.patch.dict("os.environ", HOME="/nowhere"),
            mock.patch.dict(cli.COMMANDS, quick=mock.Mock(side_effect=error)),
            contextlib.redirect_stderr(text),
        ):
            self.assertEqual(cli.main(["quick"]), 1)
        return text.getvalue()

    def test_errors_of_the_system(self) -> None:
        self.assertEqual(self.said(OSError(errno.EACCES, "no")), "pidns: error: [Errno 13] no\n")
        self.assertIn("; free some space", self.said(OSError(errno.ENOSPC, "full")))

    def test_what_is_for_this_machine_alone(self) -> None:
        for arch, words in (
            ("arm64", "ARCH=arm64 is not for quick; leave it out"),
            ("m68k", "ARCH=m68k is not known; use ARCH=x86_64, ARCH=arm64, ARCH=riscv"),
            ("x86_64", "[Errno 13] no"),
        ):
            with mock.patch.dict("os.environ", ARCH=arch):
                self.assertEqual(self.said(OSError(errno.EACCES, "no")), f"pidns: error: {words}\n")


if __name__ == "__main__":
    unittest.main()
