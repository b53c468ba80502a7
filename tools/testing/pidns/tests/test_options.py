# SPDX-License-Identifier: GPL-2.0

from ..errors import Fault
from ..options import SERIES, Options, known_series, refuse
from .kernel_tree import FolderTest


class OptionsTest(FolderTest):
    def bad(self, word: str, **env: str) -> None:
        self.refused(word, lambda: Options.read(env))

    def test_nothing_asked_for(self) -> None:
        options = Options.read({})
        self.assertEqual((options.impl, options.debug, options.tests), ("rust", False, ()))
        self.assertEqual((options.cpus, options.memory, options.seeds), (None, "1G", None))

    def test_empty_is_as_left_out(self) -> None:
        names = "ARCH IMPL DEBUG KDIR TESTS SEEDS JOBS CPUS MEMORY TIMEOUT RUSTC MINUTES".split()
        self.assertEqual(Options.read(dict.fromkeys(names, "")), Options.read({}))

    def test_values(self) -> None:
        options = Options.read(
            {"IMPL": "c", "DEBUG": "1", "TESTS": "a  b", "SEEDS": "3..7", "MEMORY": "512"}
        )
        self.assertEqual((options.impl, options.debug, options.tests), ("c", True, ("a", "b")))
        self.assertEqual((options.seeds, options.memory), (range(3, 7), "512M"))

    def test_bad_values(self) -> None:
        self.bad("use IMPL=rust or IMPL=c", IMPL="java")
        self.bad("ARCH=ia64 is not known; use ARCH=x86_64, ARCH=arm64, ARCH=riscv", ARCH="ia64")
        self.bad("DEBUG=yes is not known", DEBUG="yes")
        self.bad("CPUS=0 is not a number from 1", CPUS="0")
        self.bad("JOBS=x is not a number from 1", JOBS="x")
        self.bad("TIMEOUT=-1 is not a number of seconds", TIMEOUT="-1")
        self.bad("MINUTES=1.5 is not a number of minutes", MINUTES="1.5")
        self.bad("MEMORY=2GB is not an amount of memory", MEMORY="2GB")
        self.bad("is not a number of seconds", TIMEOUT="100000000000")
        self.bad("is not a number from 1", JOBS="9" * 5000)
        self.bad("is not an amount of memory", MEMORY="9" * 5000)
        for seeds in ("20..0", "5..5", "5", "a..b", "1...3"):
            self.bad(f"SEEDS={seeds} is not a range", SEEDS=seeds)

    def test_implementations(self) -> None:
        self.assertEqual(Options.read({}).impls, ("c", "rust"))
        self.assertEqual(Options.read({"IMPL": "rust"}).impls, ("rust",))
        self.assertEqual(Options(impl="c", debug=True).run, "c-debug")

    def test_architectures(self) -> None:
        """What is of this machine's has the names that it has always had."""
        for name, run, words in (
            ("", "c-debug", "IMPL=c DEBUG=1"),
            ("x86_64", "c-debug", "IMPL=c DEBUG=1"),
            ("arm64", "arm64-c-debug", "IMPL=c ARCH=arm64 DEBUG=1"),
        ):
            options = Options.read({"ARCH": name, "IMPL": "c", "DEBUG": "1"})
            self.assertEqual((options.run, options.words), (run, words))

    def test_options_of_other_commands(self) -> None:
        refuse({"OP": "", "DEBUG": "0"}, "quick", "OP", "DEBUG")
        for name in ("OP", "DEBUG"):
            with self.assertRaisesRegex(Fault, f"{name}=1 is not for quick; leave it out"):
                refuse({name: "1"}, "quick", "OP", "DEBUG")

    def test_kernel_trees(self) -> None:
        tree = self.folder / "linux"
        self.bad("is not a folder", KDIR=str(tree))
        for name in ("Makefile", "init/Kconfig", "kernel/nsproxy.c"):
            self.bad("is not a ", KDIR=str(tree))
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text("VERSION = 7\nPATCHLEVEL = 3\n", encoding="utf-8")
        self.assertEqual(Options.read({"KDIR": str(tree)}).kdir, tree)
        self.assertEqual(Options.read({}).series, SERIES)
        for series in known_series():
            text = "VERSION = {}\nPATCHLEVEL = {}\n".format(*series.split("."))
            (tree / "Makefile").write_text(text, encoding="utf-8")
            self.assertEqual(Options.read({"KDIR": str(tree)}).series, series)
        for text, version in (("VERSION = 7\nPATCHLEVEL = 9\n", "7.9"), ("", "of no version")):
            (tree / "Makefile").write_text(text, encoding="utf-8")
            self.bad(f"is Linux {version}, not {' or '.join(known_series())}; ", KDIR=str(tree))
