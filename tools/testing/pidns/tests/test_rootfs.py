# SPDX-License-Identifier: GPL-2.0
"""A root file system as root, by sudo, and on a full disk; all programs are stand-ins."""

import contextlib
import os
import shutil
from pathlib import Path
from unittest import mock

from .. import rootfs
from ..arch import ARM64, RISCV, Arch
from ..archive import Archive
from ..cache import Cache
from ..errors import Fault
from .kernel_tree import FolderTest

ARCHIVE = Archive("http://a.invalid", Path("/keys"))
MMDEBSTRAP = """cd "$TMPDIR" && mkdir -p root/etc/systemd/system
echo 'I: installing packages...' && echo "$TMPDIR $MINE" >environment
for arg; do case $arg in --*-hook=*) exec "${arg#*=}" "$PWD/root" ;; esac; done
"""


class RootfsTest(FolderTest):
    def setUp(self) -> None:
        super().setUp()
        self.cache = Cache(self.folder / "cache")
        self.calls = self.folder / "calls"
        for name in ("chroot", "mount", "umount", "chown"):
            self.stub(name, f'echo {name} "$*" >>{self.calls}')
        self.stub("du", 'printf "100\\troot\\n"')
        self.stub("mke2fs", 'while [ $# -gt 1 ]; do last=$1; shift; done; echo made >"$last"')
        self.stub("mmdebstrap", MMDEBSTRAP)
        # As sudo does, without the caller's environment.
        self.stub("sudo", f'echo sudo >>{self.calls}; exec env -i "PATH=$PATH" "$@"')
        self.enterContext(mock.patch.dict(os.environ, TMPDIR=str(self.folder), MINE="mine"))
        self.enterContext(mock.patch.object(Archive, "find", return_value=ARCHIVE))

    def stub(self, name: str, text: str) -> None:
        self.program(name, f"#!/bin/sh\n{text}\n")

    def words(self, arch: Arch) -> str:
        """What mmdebstrap is told for a plain one."""
        self.stub("mmdebstrap", f'echo "$*" >{self.folder}/words; exit 1')
        with contextlib.suppress(Fault):
            rootfs.plain(self.cache, arch)
        return (self.folder / "words").read_text(encoding="utf-8")

    def image(self, user: int) -> Path:
        self.calls.write_text("", encoding="utf-8")
        with mock.patch("os.geteuid", return_value=user):
            path = rootfs.image(self.cache, ["crun"])
        self.assertIn("pidns: installing packages\n", self.said.getvalue())
        return path

    def test_it_is_made_once(self) -> None:
        path = self.image(0)
        self.assertEqual(path.read_text(encoding="utf-8"), "made\n")
        self.assertNotIn("sudo", self.calls.read_text(encoding="utf-8"))
        self.assertEqual(list((self.cache.root / "tmp").iterdir()), [])
        self.assertEqual(rootfs.image(self.cache, ["crun"]), path)

    def test_another_architecture(self) -> None:
        """Nothing of its packages is run."""
        words, other = self.words(ARM64), self.words(RISCV)
        self.assertIn("--variant=extract --architectures=arm64 ", words)
        self.assertIn("--extract-hook=", words)
        self.assertIn("--architectures=riscv64 ", other)

    def test_a_user(self) -> None:
        """By sudo, where TMPDIR= says, whatever sudo takes away."""
        self.image(1000)
        calls = self.calls.read_text(encoding="utf-8")
        self.assertIn("sudo\n", calls)
        self.assertRegex(calls, "chown --reference=.*/cache/tmp/.* .*/image")
        environment = (self.folder / "environment").read_text(encoding="utf-8")
        self.assertEqual(environment, f"{self.folder} \n")

    def test_no_sudo(self) -> None:
        found = shutil.which

        def which(name: str, path: str) -> str | None:
            return None if name == "sudo" else found(name, path=path)

        with (
            mock.patch("shutil.which", side_effect=which),
            self.assertRaisesRegex(Fault, "there is no sudo here"),
        ):
            self.image(1000)

    def test_a_failure(self) -> None:
        """Nothing is left mounted."""
        self.stub("mke2fs", 'echo "mke2fs: an error"; exit 1')
        with self.assertRaisesRegex(Fault, "mmdebstrap could not make it"):
            self.image(0)
        self.assertRegex(self.calls.read_text(encoding="utf-8"), "umount .*/root")

    def test_a_full_disk(self) -> None:
        self.stub("mmdebstrap", 'echo "tar: write error: No space left on device"; exit 1')
        with self.assertRaisesRegex(
            Fault, f"the disk of {self.cache.root} or of {self.folder} is full"
        ):
            self.image(0)
