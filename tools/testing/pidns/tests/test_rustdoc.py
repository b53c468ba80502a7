# SPDX-License-Identifier: GPL-2.0
"""Tests of rustdoc with kbuild's flags."""

from ..errors import Fault
from ..rustdoc import OUTPUT, command, link, workarounds
from .kernel_tree import FolderTest

SAVED = (
    "savedcmd_kernel/pidns/pidns/lib.o := OBJTREE=/b RUST_MODFILE=kernel/pidns/lib /usr/bin/rustc"
    " --edition=2021 --remap-path-scope=macro -Zcrate-attr='feature(a,b)' --extern kernel"
    " --crate-type rlib --out-dir kernel/pidns/pidns/ --emit=dep-info=x.d --emit=llvm-bc=x.bc /s/lib.rs"
    " ;llvm-link -o x\n\nsource_kernel/pidns/pidns/lib.o := /s/lib.rs\n"
)


class RustdocTest(FolderTest):
    def test_command(self) -> None:
        env, words = command(SAVED, "/usr/bin/rustdoc")
        self.assertEqual(env["OBJTREE"], "/b")
        self.assertEqual(env["RUST_MODFILE"], "kernel/pidns/lib")
        self.assertEqual(words[:2], ["/usr/bin/rustdoc", "--edition=2021"])
        self.assertEqual(
            words[2:],
            ["-Zcrate-attr=feature(a,b)", "--extern", "kernel", "--crate-type", "rlib"]
            + ["/s/lib.rs", "--output", OUTPUT],
        )

    def test_command_is_no_rustc(self) -> None:
        for saved in ("savedcmd_x.o := clang -c x.c\n", "savedcmd_x.o :=\n"):
            with self.assertRaises(Fault):
                command(saved, "rustdoc")

    def test_workarounds(self) -> None:
        self.assertEqual(workarounds("rustdoc 1.85.0 (4d91de4e4 2025-02-17)"), [])
        self.assertEqual(
            workarounds("rustdoc 1.88.0 (x)"), ["-Cunsafe-allow-abi-mismatch=fixed-x18"]
        )

    def test_link(self) -> None:
        src, pages = self.folder / "src", self.folder / "doc"
        pages.mkdir()
        (src / "include").mkdir(parents=True)
        (src / "include/pid.h").touch()
        page = pages / "index.html"
        page.write_text('<a href="srctree/include/pid.h"><a href="srctree/no.h">')
        warnings = list(link(pages, src))
        self.assertEqual(warnings, ["warning: srctree/ link to no.h does not exist"])
        self.assertIn(f'"{src}/include/pid.h"', page.read_text())
