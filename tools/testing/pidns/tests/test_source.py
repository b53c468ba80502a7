# SPDX-License-Identifier: GPL-2.0
"""The kernel's source: apt that finds nothing, that breaks off or is interrupted, and an archive
that is not signed."""

import email.utils
import hashlib
import os
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

from ..cache import TOP, Cache
from ..options import Options
from ..source import Source, cached
from .kernel_tree import FolderTest, make_tree, write

STUB = """#!/bin/sh
. /etc/os-release
names="s|\\$(ORIGIN)|Debian|; s|\\$(RELEASE)|oldstable|; s|\\$(CODENAME)|$VERSION_CODENAME|"
[ "$1" != indextargets ] || { echo "$3" | sed "$names; s|\\$(REPO_URI)|$ARCHIVE|"; exit; }
"""
# Its lists are good.
LISTS = """for arg; do case $arg in Dir::State::Lists=*) lists=${arg#*=} ;; esac; done
case $* in *update) touch "$lists/a_Packages"; exit ;; esac
"""
PACKAGE = "Package: linux-source-7.3\nVersion: 7.3.4\nArchitecture: all\n"


class SourceTest(FolderTest):
    def setUp(self) -> None:
        super().setUp()
        self.cache = Cache(self.folder / "cache/pidns")
        os.environ["ARCHIVE"] = "http://a.invalid/debian/"

    def apt(self, text: str) -> None:
        """An apt-get that knows of an archive, by another name than its codename, and then does
        this."""
        self.program("apt-get", f"{STUB}{text}\n")

    def find(self) -> Path:
        return Source.find(Options(), self.cache).path

    def fails(self, text: str) -> None:
        self.refused(text, self.find)
        self.clean()

    def clean(self) -> None:
        """No source, and nothing half done."""
        for name in ("tmp", "src"):
            self.assertEqual(list((self.cache.root / name).glob("*")), [])

    def package(self) -> str:
        """A package that would do; how it is copied to where apt puts it."""
        make_tree(self.folder / "linux")
        archive = f"{self.folder}/package/usr/src/linux-source-7.3.tar.xz"
        control = f"{PACKAGE}Maintainer: a <a@a.invalid>\nDescription: a\n"
        write(self.folder / "package", {"DEBIAN/control": control, "usr/src/x": ""})
        deb = self.folder / "whole.deb"
        subprocess.run(f"tar -C {self.folder} -cJf {archive} linux".split(), check=True)
        build = f"dpkg-deb --build {self.folder}/package {deb}".split()
        subprocess.run(build, check=True, capture_output=True)
        return f"cp {deb} linux-source-7.3_1_all.deb"

    def test_no_network(self) -> None:
        self.apt("echo 'W: Could not resolve a.invalid'; exit 100")
        self.fails("cannot be reached (Could not resolve a.invalid)")

    def test_no_package(self) -> None:
        self.apt("echo 'E: The repository does not have a Release file.'; exit 100")
        self.fails("no longer in the Debian archive")

    def test_a_bad_signature(self) -> None:
        self.apt(
            "echo 'Ign:2 http://a.invalid/debian forky Release.gpg 404 Not Found';"
            "echo 'W: GPG error: http://a.invalid/debian forky InRelease: BADSIG'; exit 100"
        )
        self.fails("signature is not good (GPG error: http://a.invalid")

    @unittest.skipUnless(Path("/usr/bin/apt-get").exists(), "no apt")
    def test_no_signature(self) -> None:
        """Of an archive without any, for an apt whose configuration lets it take that."""
        folder = "archive/dists/trixie-backports"
        name = "main/binary-amd64/Packages"
        packages = f"{PACKAGE}Filename: linux.deb\nSize: 4\nSHA256: {_hash('deb')}\n"
        release = (
            "Suite: trixie-backports\nCodename: trixie-backports\nComponents: main\n"
            f"Architectures: amd64\nDate: {email.utils.formatdate()}\n"
            f"SHA256:\n {_hash(packages)} {len(packages)} {name}\n"
        )
        files = {"archive/linux.deb": "deb", f"{folder}/{name}": packages}
        write(self.folder, files | {f"{folder}/Release": release})
        allow = ("Acquire::AllowInsecureRepositories", "Acquire::AllowWeakRepositories")
        lines = [f'{name} "true";\n' for name in (*allow, "APT::Get::AllowUnauthenticated")]
        write(self.folder, {"apt.conf": "".join(lines)})
        os.environ["ARCHIVE"] = f"file:{self.folder}/archive"
        os.environ["APT_CONFIG"] = f"{self.folder}/apt.conf"
        self.apt('exec /usr/bin/apt-get "$@"')
        self.fails("signature is not good (The repository")

    def test_a_download_that_breaks_off(self) -> None:
        copy = self.package()
        self.apt(f"{LISTS}{copy}; echo 'E: Failed to fetch'; exit 100")
        self.fails("cannot be reached (Failed to fetch)")
        self.apt(
            f'{LISTS}grep -q sid "$PWD/sources.list" || {{ {copy}; exit 100; }}\n'
            'echo "E: Unable to locate package"; exit 100'
        )
        self.fails("cannot be reached")

    def test_a_download_that_succeeds(self) -> None:
        self.apt(f"{LISTS}{self.package()}")
        self.assertEqual(self.find(), self.cache.root / "src/linux-7.3.4")
        self.apt("exit 1")
        self.assertEqual(self.find(), self.cache.root / "src/linux-7.3.4")
        (self.cache.root / "src/linux-7.3.10").mkdir()
        self.assertEqual(cached(self.cache), self.cache.root / "src/linux-7.3.10")

    def test_a_signal(self) -> None:
        child = self.folder / "child"
        self.apt(f"{LISTS}echo $$ >{child}; exec sleep 1000")
        code = (
            "import os; from pidns import cache, process, source; process.raise_on_signals()\n"
            "source.fetch(cache.Cache.find(os.environ))"
        )
        command = [sys.executable, "-c", code]
        env = os.environ | {"PYTHONPATH": str(TOP / "tools/testing")}
        with subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL) as running:
            for _ in range(600):
                if child.exists() and child.read_text():
                    break
                time.sleep(0.1)
            running.send_signal(signal.SIGTERM)
            self.assertEqual(running.wait(), 128 + signal.SIGTERM)
        self.assertFalse(Path("/proc", child.read_text().strip(), "exe").exists())
        self.clean()

    def test_a_tree_that_was_built_in_place(self) -> None:
        make_tree(self.folder / "linux")
        (self.folder / "linux/.config").touch()
        options = Options(kdir=self.folder / "linux")
        self.refused("make mrproper", lambda: Source.find(options, self.cache))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
