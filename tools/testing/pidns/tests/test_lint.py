# SPDX-License-Identifier: GPL-2.0
"""What the checks of lint look at."""

import unittest
from pathlib import Path
from unittest import mock

from .. import lint
from ..cache import TOP, Cache
from ..lint import SAMPLE, Lint, warnings
from .kernel_tree import FolderTest, git, write

# One that tells what it is given.
CHECKPATCH = 'print map { "$_\\n" } grep { -f } @ARGV;'
WARNING = "warning: wrong\n  --> samples/rust/pidns_inspect.rs:7:1\n"
LAID = "samples/rust/pidns_inspect.rs"


class LintTest(FolderTest):
    def setUp(self) -> None:
        super().setUp()
        self.tree = mock.Mock(build=self.folder / "build", jobs=1, make=["make"])
        self.tree.source.path = self.folder / "src"
        self.tree.toolchain.env = {"PATH": "/usr/bin:/bin"}
        self.tree.log = lambda name: self.folder / name
        self.lint = Lint(Cache(self.folder), self.tree)

    @unittest.skipUnless((TOP / ".git").exists(), "no git")
    def test_checkpatch_sees_each_file_once(self) -> None:
        write(self.folder, {"src/scripts/checkpatch.pl": CHECKPATCH})
        seen: list[str] = []

        def run(command: list[object], **_: object) -> bool:
            words = list(map(str, command))
            seen.extend(words[words.index("-f") + 1 :] if "-f" in words else [])
            return True

        with mock.patch.object(self.lint, "run", run):
            self.assertTrue(self.lint.checkpatch())
        excluded = (":!LICENSE", ":!patches", ":!*.dmesg", ":!*.lock")
        self.assertEqual(sorted(seen), lint.ours(*excluded))

    def clippy(self, config: str) -> tuple[bool, str, list[str]]:
        """Whether all is well, what is said, and the goals of a build that has a warning on the
        sample."""
        goals: list[str] = []

        def build(log: Path, command: list[str], _: str) -> None:
            goals.append(" ".join(command))
            log.write_text(WARNING, encoding="utf-8")

        self.tree.run = build
        files = {"build/.config": config, "src/kernel/pidns/.manifest/files": f"0  {LAID}\n"}
        write(self.folder, files)
        return self.lint.clippy(), self.shown(), goals

    def test_clippy(self) -> None:
        clean, sample = self.folder / "build/.clippy-clean", self.folder / "build" / SAMPLE
        write(self.folder, {f"build/{SAMPLE}": "", "build/.clippy-clean": ""})
        good, said, goals = self.clippy("CONFIG_SAMPLE_PIDNS_INSPECT=m\n")
        self.assertFalse(good)
        self.assertIn(f"{LAID}:7:1: warning: wrong\n", said)
        self.assertRegex(goals[-1], f"CLIPPY=1 .* kernel/pidns/ {SAMPLE}$")
        self.assertTrue(sample.exists())
        self.assertFalse(clean.exists())
        # And again after a fault.
        self.clippy("CONFIG_SAMPLE_PIDNS_INSPECT=m\n")
        self.assertFalse(sample.exists())
        _, _, goals = self.clippy("# CONFIG_SAMPLE_PIDNS_INSPECT is not set\n")
        self.assertNotIn("samples", goals[-1])

    def test_warnings(self) -> None:
        source = Path("/cache/src/linux-7.3.4")
        for path in (LAID, f"../../src/linux-7.3.4/{LAID}", f"{source}/{LAID}", f"../../{LAID}"):
            log = f"x\nerror[E1]: no\n   --> {path}:7:1\n"
            self.assertEqual(warnings(log, {LAID}, source), [f"{LAID}:7:1: error[E1]: no"])
        self.assertEqual(warnings(WARNING, {"rust/kernel/pid.rs"}, source), [])

    def test_git(self) -> None:
        (self.folder / "top").mkdir()
        with mock.patch.object(lint, "TOP", self.folder / "top"):
            self.refused(
                "lint asks git which files are ours, and git says: fatal: ", lint.check_git
            )
            git(self.folder, "init", "-q")
            self.refused(f"git says: {self.folder}; run it as", lint.check_git)
            git(self.folder / "top", "init", "-q")
            lint.check_git()

    def test_a_check_that_fails_ends_only_itself(self) -> None:
        self.assertTrue(lint.passes(lambda: True))
        self.assertFalse(lint.passes(mock.Mock(side_effect=OSError("no"))))
        self.assertFalse(lint.passes(mock.Mock(side_effect=KeyError("why"))))
        self.assertIn("KeyError: 'why'", self.said.getvalue())
        self.assertFalse(self.lint.run(["sh", "-c", "exit 3"], cwd=self.folder))
        self.assertTrue(self.lint.run(["grep", "-q", "a"], text="a\n"))
