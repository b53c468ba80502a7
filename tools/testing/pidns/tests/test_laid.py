# SPDX-License-Identifier: GPL-2.0
"""The copy of the sources has all mistakes and delays in it."""

import os

from .. import laid
from ..errors import Fault
from .kernel_tree import FolderTest, write
from .test_delays import DELAY
from .test_mutants import FILES, GOOD, OTHER, A, mutant

MORE = {
    "rust/kernel/ns.rs": "//! Ours.\n",
    "Kbuild": "obj-y += a.o\n",
    **dict.fromkeys(laid.ADDED.values(), ""),
}


class LaidTest(FolderTest):
    def setUp(self) -> None:
        super().setUp()
        self.top, self.laid = self.folder, self.folder / "laid"
        write(self.top, FILES | MORE)

    def lay(self, *lists: str) -> None:
        self.write("tools/testing/mutants/a.toml", "\n".join(lists))
        laid.lay(self.top, self.laid, ["Kbuild", "pidns/a.rs", "rust/kernel/ns.rs"])

    def test_laid(self) -> None:
        self.write("tools/testing/delays/a.toml", DELAY)
        self.lay(GOOD, OTHER)
        on = "kernel::ns::mutants::on"
        text = A.replace("one();", f"if !{on}(1) {{ one(); }}", 1).replace("u32", f"{on}(2)")
        text = text.replace("\n}\n", "\n    kernel::ns::delays::spin(1);\n}\n")
        self.assertEqual((self.laid / "pidns/a.rs").read_text(), text)
        for name in ("mutants", "delays"):
            self.assertIn(f"pub mod {name};", (self.laid / "rust/kernel/ns.rs").read_text())
            self.assertIn(f"pidns/{name}.o", (self.laid / "Kbuild").read_text())
            self.assertTrue((self.laid / f"pidns/{name}.c").is_file())
            self.assertTrue((self.laid / f"rust/kernel/ns/{name}.rs").is_file())

    def test_more_than_one_place(self) -> None:
        also = "[[good.also]]\nfile = 'pidns/a.rs'\nfind = '-> u32'\nwith = '-> MUTANT'\n"
        self.lay(GOOD, also)
        self.assertEqual((self.laid / "pidns/a.rs").read_text().count("on(1)"), 2)

    def test_laid_again(self) -> None:
        self.lay(GOOD)
        (self.laid / "pidns/old.rs").touch()
        os.utime(self.laid / "pidns/a.rs", (1, 1))
        self.lay(GOOD)
        self.assertEqual((self.laid / "pidns/a.rs").stat().st_mtime, 1)
        self.assertFalse((self.laid / "pidns/old.rs").exists())

    def test_with_a_fault_nothing_is_laid(self) -> None:
        with self.assertRaisesRegex(Fault, "occurs 0 times"):
            self.lay(mutant("b", "three();", "MUTANT"))
        self.assertFalse(self.laid.exists())
