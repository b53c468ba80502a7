# SPDX-License-Identifier: GPL-2.0
import unittest

from ..arch import ARM64
from ..config import FOLDER, for_matrix, for_qemu, for_uml, merged, read_config, unhonoured
from ..options import SERIES


class ConfigTest(unittest.TestCase):
    def test_fragments(self) -> None:
        for config, names in (
            (for_qemu("c", False), "base guest test"),
            (for_qemu("rust", True), "base guest test debug"),
            (for_qemu("rust", False, "distribution"), "base guest test distribution"),
            (for_qemu("rust", True, "gdb"), "base guest test debug gdb"),
            (for_qemu("rust", False, "locks"), "guest lean locks"),
            (for_qemu("rust", False, "rt"), "guest lean rt"),
            (for_qemu("rust", False, arch=ARM64), "guest lean test emulated arm64"),
            (for_qemu("rust", True, arch=ARM64), "guest lean test debug emulated arm64"),
            (for_uml("rust", True), "um um-debug"),
            (for_uml("rust", False, "speed"), "um um-speed"),
            (for_matrix("", "CONFIG_NET=n\n"), "guest lean"),
            (for_matrix("x86_64_defconfig", ""), "base guest test"),
        ):
            self.assertEqual(
                config.fragments, tuple(FOLDER / f"{name}.config" for name in names.split())
            )
            self.assertEqual(bool(config.goal), "base" in names)
        self.assertIn("CONFIG_PIDNS_C=y", for_qemu("c", False).wanted)
        self.assertIn("CONFIG_PIDNS_RUST=y", for_uml("rust", False).wanted)
        self.assertEqual(for_matrix("", "CONFIG_NET=n\n").must, "CONFIG_NET=n\n")

    def test_the_last_word_counts(self) -> None:
        base = "# a comment\nCONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C=y\n"
        text = merged(base, "CONFIG_B=y\nCONFIG_A=m\n# CONFIG_C is not set\nCONFIG_A=n\n")
        self.assertEqual(
            [line for line in text.splitlines() if line],
            ["# a comment", "CONFIG_B=y", "# CONFIG_C is not set", "CONFIG_A=n"],
        )
        self.assertEqual(read_config(text), {"CONFIG_B": "y", "CONFIG_A": "n"})

    def test_what_kconfig_does_not_honour(self) -> None:
        wanted = "CONFIG_A=y\nCONFIG_B=n\nCONFIG_C=y\nCONFIG_D=n\n# CONFIG_E=y\n"
        config = "CONFIG_A=y\nCONFIG_B=y\n# CONFIG_C is not set\n"
        self.assertEqual(unhonoured(config, wanted), ["CONFIG_B=n", "CONFIG_C=y"])

    def test_a_series(self) -> None:
        config = for_uml("c", False)
        self.assertEqual(config.of_series(SERIES), config)
        older = config.of_series("7.2")
        self.assertEqual(older.fragments[:-1], config.fragments)
        self.assertNotIn("CONFIG_PROC_SYSCTL", read_config(config.wanted))
        self.assertEqual(read_config(older.wanted)["CONFIG_PROC_SYSCTL"], "y")
        self.assertEqual(read_config(older.wanted)["CONFIG_PIDNS_C"], "y")
