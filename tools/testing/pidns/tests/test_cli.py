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
