# SPDX-License-Identifier: GPL-2.0
"""Setup without a network, on a full disk and on another distribution."""

import os
from pathlib import Path
from unittest import mock

from .. import cargo, setup, toolchain
from ..arch import ARCHES
from ..cache import Cache
from ..lists import load
from ..options import Options
from ..setup import Setup, missing_packages
from .kernel_tree import FolderTest

FULL = "No space left on device"
NETWORK = "look at the lines above, and at the network"
LLVM = f"{toolchain.LLVM_NEEDED}, and its libclang"
RUST = "rustc 1.85 or later with library source, rustfmt and clippy"


class SetupTest(FolderTest):
    def setUp(self) -> None:
        super().setUp()
        self.cache = Cache(self.folder / "cache/pidns")
        # Who is not root asks sudo.
        self.program("sudo", '#!/bin/sh\nexec "$@"\n')
        rustc = self.program("../rust/rustc", "#!/bin/sh\necho 'LLVM version: 22'\n")
        for name in ("rustfmt", "clippy-driver"):
            self.program(f"../rust/{name}", "")
        with mock.patch.object(toolchain, "rust_fault", return_value=""):
            self.setup = Setup(Options(), self.cache, self.folder)
        self.setup.rustc, self.setup.distribution = rustc, "debian-12"
        self.program("cargo", "#!/bin/sh\n")
        self.patch(toolchain, "find_cargo", return_value=str(self.folder / "bin/cargo"))

    def patch(self, target: object, name: str, **how: object) -> None:
        self.enterContext(mock.patch.object(target, name, **how))  # type: ignore[call-overload]

    def says(self, name: str, text: str, status: int = 100) -> None:
        self.program(name, f'#!/bin/sh\necho "{text}"\nexit {status}\n')

    def test_apt_without_a_network(self) -> None:
        self.says("apt-get", "E: Could not resolve a.invalid")
        self.refused(NETWORK, lambda: self.setup.apt("bison"))
        self.assertIn("\nE: Could not resolve a.invalid\n", self.said.getvalue())

    def test_apt_on_a_full_disk(self) -> None:
        self.says("apt-get", f"E: Write error - write (28: {FULL})")
        self.refused("the disk of / or of /var is full", lambda: self.setup.apt("bison"))

    def test_apt_after_an_install_that_was_interrupted(self) -> None:
        """It refuses until dpkg has set up what that left."""
        whole = self.folder / "whole"
        words = "E: dpkg was interrupted, you must manually run 'dpkg --configure -a'"
        self.program("apt-get", f'#!/bin/sh\n[ -e {whole} ] || {{ echo "{words}"; exit 100; }}\n')
        self.program("dpkg", f'#!/bin/sh\n[ "$*" = "--configure -a" ] && touch {whole}\n')
        self.setup.apt("bison")
        self.assertTrue(whole.exists())

    def test_apt_that_takes_too_long(self) -> None:
        self.says("apt-get", "", 124)
        self.refused("try by hand: apt-get install bison", lambda: self.setup.apt("bison"))

    def test_no_root(self) -> None:
        self.patch(os, "getuid", return_value=1000)
        self.patch(setup, "which", return_value=None)
        self.refused("neither root nor has it sudo; have installed: bison", self.apt_bison)

    def apt_bison(self) -> None:
        self.setup.apt("bison")

    def test_cargo(self) -> None:
        self.says("cargo", "error: Could not resolve host: a.invalid", 101)
        self.refused(NETWORK, self.setup.install_bindgen)
        self.says("cargo", f"error: {FULL} (os error 28)", 101)
        self.refused(f"the disk of {self.cache.root} is full", self.setup.install_bindgen)

    def test_pip_without_a_network(self) -> None:
        self.venv('echo "could not fetch"; exit 1')
        self.refused(NETWORK, self.make_venv)
        self.assertEqual(list(self.cache.tools.iterdir()), [])

    def test_pip_keeps_none_of_its_own(self) -> None:
        self.venv('case " $* " in *" install "*" --no-cache-dir a==1 "*) ;; *) exit 1 ;; esac')
        self.make_venv()
        self.assertTrue(self.setup.is_complete("a-1"))

    def make_venv(self) -> None:
        setup.make_venv(self.cache, self.cache.tools / "a-1", self.folder / "log", "a==1")

    def venv(self, pip: str) -> None:
        """A Python whose venvs have such a pip."""
        made = self.program("made", f"#!/bin/sh\n{pip}\n")
        python = self.program("python", f'#!/bin/sh\nmkdir -p "$3/bin"; cp {made} "$3/bin/pip"\n')
        self.patch(setup, "PYTHON", new=str(python))

    def test_elsewhere(self) -> None:
        self.patch(setup, "has", new=lambda check: check not in ("cmd:bison", "hdr:gelf.h"))
        self.patch(toolchain, "find_llvm", return_value=18)
        self.assertEqual(self.setup.missing_elsewhere(), ["bison", "libelf-dev"])
        self.patch(setup, "has", return_value=True)
        self.assertEqual(self.setup.missing_elsewhere(), [])
        self.setup.fault = "why"
        self.patch(toolchain, "find_cargo", return_value=None)
        self.assertEqual(self.setup.missing_elsewhere(), [f"{RUST} (why)", "cargo", LLVM])

    def test_elsewhere_without_rustfmt(self) -> None:
        self.patch(setup, "has", return_value=True)
        self.patch(toolchain, "find_llvm", return_value=18)
        (self.folder / "rust/rustfmt").unlink()
        self.assertEqual(self.setup.missing_elsewhere(), [RUST])
        # A rustc of the user's need not have it.
        self.setup.own_rust = True
        self.assertEqual(self.setup.missing_elsewhere(), [])

    def test_how_that_is_said(self) -> None:
        self.setup.distribution = "other-1"
        self.refused(
            "missing: bison, cargo; on this system (other-1) install them by hand",
            lambda: self.setup.stop_elsewhere("bison", "cargo"),
        )
        # A clang that is not of rustc will do.
        self.patch(toolchain, "find_llvm", return_value=18)
        self.setup.install_llvm()
        self.assertTrue(self.setup.has_llvm())

    def test_checks(self) -> None:
        for check, there in (
            ("cmd:sh", True),
            ("cmd:no-such-program", False),
            ("py:json", True),
            ("py:no_such_module", False),
            ("hdr:no/such.h", False),
        ):
            self.assertEqual(setup.has(check), there, check)
        lists = load("packages.toml", lambda data: data)
        kinds = {check.split(":")[0] for check in lists["every"].values()}
        self.assertEqual(kinds, {"cmd", "hdr", "py"})
        self.assertEqual({name.split()[0] for name in lists} - {"every"}, {*ARCHES, "debs"})

    def test_a_header_without_a_compiler(self) -> None:
        """A bare system has none: then no header is known to be there."""
        with mock.patch.dict(os.environ, {"PATH": str(self.folder)}):
            self.assertFalse(setup.has("hdr:no/such.h"))

    def test_what_another_architecture_needs(self) -> None:
        """Nobody else installs it."""
        self.patch(setup, "has", new=lambda check: "aarch64" not in check)
        self.assertEqual(
            missing_packages("arm64", "debian-12"),
            ["qemu-system-arm", "gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross"],
        )
        self.assertEqual(missing_packages("x86_64", "debian-12"), [])

    def test_names_of_packages(self) -> None:
        self.patch(setup, "has", new=lambda check: "qemu" not in check)
        for distribution, package in (
            ("debian-12", "qemu-system-misc"),
            ("debian-13", "qemu-system-riscv"),
            ("other-1", "qemu-system-riscv"),
        ):
            self.assertEqual(missing_packages("riscv", distribution), [package])

    def test_nothing_is_missing(self) -> None:
        self.patch(setup, "has", return_value=True)
        self.patch(toolchain, "find_llvm", return_value=22)
        self.patch(toolchain, "find_bindgen", return_value=Path("bindgen"))
        self.patch(cargo, "program", return_value=self.folder)
        self.assertFalse(self.setup.has_all())
        for name in setup.FROM_PYPI:
            (self.cache.tools / name).mkdir(parents=True)
            (self.cache.tools / name / ".complete").touch()
        self.assertTrue(self.setup.has_all())
