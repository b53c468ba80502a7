# SPDX-License-Identifier: GPL-2.0
"""How programs for the guests of an architecture are built."""

from pathlib import Path
from unittest import main, mock

from .. import cargo, kselftests, process
from ..arch import ARM64, RISCV, X86_64, Arch
from ..cache import Cache
from ..toolchain import Toolchain
from .kernel_tree import FolderTest


class ProgramsTest(FolderTest):
    def kselftests(self, arch: str) -> str:
        tree = mock.Mock(arch=arch, jobs=1, source=mock.Mock(path=Path("/linux")))
        with (
            mock.patch.object(cargo, "build", return_value=Path("minicontainer")) as build,
            mock.patch("shutil.copy") as copy,
        ):
            kselftests.build(tree, Path("/stage"))
        # The sample lies beside the tests.
        self.assertEqual(build.call_args.args[-1], cargo.MINICONTAINER)
        self.assertEqual(copy.call_args.args, (Path("minicontainer"), Path("/stage/pidns")))
        return " ".join(tree.run.call_args.args[1])

    def test_kselftests(self) -> None:
        """By the host's gcc, or by the cross compiler, and then static."""
        words = self.kselftests("x86_64")
        self.assertFalse("ARCH=" in words or "CROSS_COMPILE" in words or "-static" in words)
        words = self.kselftests("um")
        self.assertTrue("ARCH=um" in words and "CROSS_COMPILE" not in words)
        words = self.kselftests("arm64")
        for word in ("ARCH=arm64", "CROSS_COMPILE=aarch64-linux-gnu-", "USERLDFLAGS=-static"):
            self.assertIn(word, words)

    def fuzzer(self, arch: Arch) -> tuple[str, dict[str, str]]:
        toolchain = Toolchain(Path("rustc"), 1, self.folder, {})
        with (
            mock.patch.object(cargo, "find_cargo", return_value="cargo"),
            mock.patch.object(cargo, "output", return_value=f"{self.folder}\n"),
            mock.patch.object(process, "limited", return_value=0) as limited,
        ):
            program = cargo.build(Cache(self.folder / "cache"), toolchain, arch)
        self.assertIn(f"/{arch.triple}/release/", str(program))
        return " ".join(limited.call_args.args[1]), limited.call_args.kwargs["env"]

    def test_the_fuzzer(self) -> None:
        words, env = self.fuzzer(X86_64)
        self.assertEqual(words, "cargo build --locked --target x86_64-unknown-linux-gnu --release")
        self.assertNotIn("RUSTC_BOOTSTRAP", env)
        words, env = self.fuzzer(RISCV)
        self.assertIn("--target riscv64gc-unknown-linux-gnu --release -Zbuild-std=", words)
        linker = "CARGO_TARGET_RISCV64GC_UNKNOWN_LINUX_GNU_LINKER"
        self.assertEqual(env[linker], "riscv64-linux-gnu-gcc")
        # A rustc that has the library.
        library = self.folder / f"lib/rustlib/{ARM64.triple}/lib/libstd-1.rlib"
        library.parent.mkdir(parents=True)
        library.touch()
        self.assertNotIn("build-std", self.fuzzer(ARM64)[0])

    def test_a_build_that_fails(self) -> None:
        toolchain = Toolchain(Path("rustc"), 1, self.folder, {"PATH": "/usr/bin:/bin"})
        cache = Cache(self.folder / "cache")
        cargo_program = self.program("cargo", "#!/bin/sh\necho 'No space left on device'; exit 1\n")
        for found, words in ((None, "cargo is missing"), (str(cargo_program), "the disk of ")):
            with mock.patch.object(cargo, "find_cargo", return_value=found):
                self.refused(words, lambda: cargo.build(cache, toolchain))
        self.program("cargo", "#!/bin/sh\nexit 1\n")
        with mock.patch.object(cargo, "find_cargo", return_value=str(cargo_program)):
            words = "cargo build fails on the fuzzer; look at the lines above, and at the network"
            self.refused(words, lambda: cargo.build(cache, toolchain))


if __name__ == "__main__":
    main()
