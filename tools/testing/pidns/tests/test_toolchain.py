# SPDX-License-Identifier: GPL-2.0
"""Which compilers the kernel's make gets, and which will not do."""

import os
from pathlib import Path
from unittest import mock

from .. import toolchain
from ..cache import Cache
from ..options import Options
from ..toolchain import Toolchain, find_llvm, find_rustc, rust_fault
from .kernel_tree import FolderTest


class ToolchainTest(FolderTest):
    def setUp(self) -> None:
        super().setUp()
        # Another rustc, as of rustup, is first in the PATH.
        for name in ("bin/rustc", "ours/rustc", "a b/rustc"):
            self.program(f"../{name}", "#!/bin/sh\necho 'LLVM version: 1'\n")
        os.environ["PATH"] = f"{self.folder}/bin:{os.environ['PATH']}"

    def find(self, rustc: str = "", gcc: bool = False) -> Toolchain:
        with (
            mock.patch.object(toolchain, "find_llvm", return_value=19),
            mock.patch.object(toolchain, "find_bindgen", return_value=Path("/usr/bin/bindgen")),
        ):
            return Toolchain.find(Options(rustc=rustc), Cache(self.folder), gcc=gcc)

    def test_the_callers_flags_are_not_used(self) -> None:
        flags = {"LLVM": "1", "KCFLAGS": "-g", "USERCFLAGS": "-g", "MAKEFLAGS": "n", "LANG": "C"}
        # tools/lib/subcmd would be built without optimisation.
        flags |= {"DEBUG": "1", "KDIR": "/linux"}
        with mock.patch.dict("os.environ", flags):
            gcc, clang = (self.find(f"{self.folder}/ours/rustc", gcc=gcc) for gcc in (True, False))
        self.assertEqual(flags.keys() & gcc.env.keys(), {"LANG"})
        self.assertIn("LLVM=", gcc.make("um"))
        self.assertIn("LLVM=-19", clang.make("um"))

    def test_rustc(self) -> None:
        (self.folder / "links").mkdir()
        (self.folder / "links/rustc").symlink_to("../ours/rustc")
        self.assertEqual(find_rustc(""), Path("/usr/bin/rustc"))
        relative = os.path.relpath(self.folder)
        for asked, folder in (
            (f"{self.folder}/ours/rustc", "ours"),
            (f"{relative}/bin/../ours/rustc", "ours"),
            (f"{self.folder}/links/rustc", "links"),
            ("rustc", "bin"),
        ):
            self.assertEqual(find_rustc(asked), self.folder / folder / "rustc")
        make = self.find(f"{self.folder}/ours/rustc").make("x86_64")
        for name in ("rustc", "rustdoc", "rustfmt", "clippy-driver"):
            path = self.folder / "ours" / name
            self.assertIn(f"{name.upper().replace('-', '_')}={path}", make)
        self.assertIn(f"HOSTRUSTC={self.folder}/ours/rustc", make)

    def test_a_missing_rustc(self) -> None:
        self.refused("does not run; run make setup", lambda: self.find("/nowhere/rustc"))

    def test_llvm_must_be_whole(self) -> None:
        os.environ["PATH"] = str(self.folder / "bin")
        rustc = self.folder / "ours/rustc"
        with mock.patch.object(toolchain, "rust_llvm", return_value=1):
            self.assertIsNone(find_llvm(rustc))
            have = "clang-19 clang-18 clang-17 ld.lld-18 ld.lld-17 llvm-nm-20 llvm-nm-17"
            for name in have.split():
                self.program(name, "")
            self.assertEqual(find_llvm(rustc), 17)
            for name in ("clang-1", "ld.lld-1", "llvm-nm-1"):
                self.program(name, "")
            # rustc's own before it.
            self.assertEqual(find_llvm(rustc), 1)
            for name in ("ld.lld-17", "clang-1"):
                (self.folder / "bin" / name).unlink()
            self.assertIsNone(find_llvm(rustc))

    def test_a_rustc_that_will_not_do(self) -> None:
        self.assertIn("does not run", rust_fault(Path("/nowhere/rustc")))
        for version, fault in (
            ("1.60.0", "is version 1.60.0; the kernel needs 1.85"),
            ("1.99.0", "has no library source in"),
        ):
            path = self.program(
                "../a b/rustc",
                f'#!/bin/sh\ncase $1 in --version) echo "rustc {version} (fake)" ;;'
                f' *) echo "{self.folder}/sysroot" ;; esac\n',
            )
            self.assertIn(fault, rust_fault(path))
        library = self.folder / "sysroot/lib/rustlib/src/rust/library/core/src"
        library.mkdir(parents=True)
        (library / "lib.rs").touch()
        self.assertEqual(rust_fault(path), "")

    def test_versions(self) -> None:
        self.assertTrue(toolchain.at_least("1.100.0", "1.85"))
        self.assertFalse(toolchain.at_least("bindgen 0.70.9", "0.71.1"))
