# SPDX-License-Identifier: GPL-2.0
"""The series that make patches makes of a stand-in for the kernel's source."""

import os
import shutil
from pathlib import Path
from unittest import mock

from .. import cli, overlay, patchbuild, patches, series
from ..cache import Cache
from ..config import for_patches
from ..errors import Fault
from ..integrate import integrate
from ..lists import load
from ..options import Options
from ..overlay import MANIFEST, Overlay
from ..patches import Sender, apply, signed
from ..repository import Repository
from ..series import Series, Step
from ..source import Source
from ..toolchain import Toolchain
from .kernel_tree import FolderTest, change, git, make_overlay, make_tree, write

SENDER = Sender("A Person", "a@b.example", "1700000000 +0000")
# Says what the kernel's says of a long line.
CHECKPATCH = 'open F, $ARGV[-1]; while (<F>) { if (/LONG/) { print "a: LONG_LINE\\n"; exit 1 } }\n'
SCRIPTS = {f"scripts/{name}": CHECKPATCH for name in patches.SCRIPTS}
CRATE = "pub mod a;\npub mod ns;\npub mod pid;\n"


def one(*names: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, name) for name in names)


STEPS = (
    Step("init: choose", 'Why.\n\nFixes: 123456789012 ("x")', ("init/Kconfig", "kernel/Makefile")),
    Step("rust: ns: add", "Why.", ("rust/kernel/ns/",), {"rust/helpers/x.c": one("two(")}),
    Step("pidns: add", "Why.", ("kernel/", "!kernel/Makefile", "rust/helpers/", "include/")),
    Step("others: add", "Why.", ("samples/", "tools/", "Documentation/")),
)


class PatchesTest(FolderTest):
    def setUp(self) -> None:
        super().setUp()
        self.cache = Cache(self.folder / "cache/pidns")
        tree = self.cache.root / "src/linux-7.3.4"
        make_tree(tree)
        self.root = self.folder / "overlay"
        make_overlay(self.root, tree)
        shutil.rmtree(tree / ".git")
        write(tree, {**SCRIPTS, "run.sh": "#!/bin/sh\n"})
        (tree / "run.sh").chmod(0o755)
        (tree / "link").symlink_to("Makefile")
        self.source = Source(tree, tree.name)
        write(self.root, {"rust/helpers/x.c": "// SPDX\n\nint one(void);\n\nint two(void);\n"})
        self.plan = Series("all of it", "Why.\n\nMore.", STEPS)
        self.out = self.folder / "out"
        self.enterContext(mock.patch.object(patches, "load", lambda *_: self.plan))
        self.enterContext(mock.patch.object(Sender, "find", lambda: SENDER))
        self.enterContext(mock.patch.object(overlay, "TOP", self.root))

    def make(self) -> tuple[Repository, list[str]]:
        self.source.lay_over()
        return patches.make(self.cache, self.source, self.out)

    def written(self) -> dict[str, str]:
        return {path.name: path.read_text() for path in sorted(self.out.iterdir())}

    def test_the_series(self) -> None:
        repository, commits = self.make()
        files = self.written()
        names = ["0000-cover-letter", "0001-init-choose", "0002-rust-ns-add", "0003-pidns-add"]
        self.assertEqual(list(files), [f"{name}.patch" for name in [*names, "0004-others-add"]])
        letter = files["0000-cover-letter.patch"]
        self.assertIn("Subject: [PATCH 0/4] all of it\n", letter)
        self.assertIn("\nWhy.\n\nMore.\n", letter)
        self.assertIn("  pidns: add\n", letter)
        first = files["0001-init-choose.patch"]
        self.assertIn('("x")\nSigned-off-by: A Person <a@b.example>\n---\n', first)
        self.assertIn("Why.\n\nSigned-off-by", files["0002-rust-ns-add.patch"])
        self.assertIn("+int two(void);\n", files["0002-rust-ns-add.patch"])
        self.assertIn("\n+int one(void);\n", files["0003-pidns-add.patch"])
        # As who gets them applies them, the letter with them.
        tree = self.folder / "theirs"
        make_tree(tree)
        write(tree, SCRIPTS)
        git(tree, "am", "--empty=drop", *(str(path) for path in sorted(self.out.iterdir())))
        laid = self.source.path
        for path in (path for path in laid.rglob("*") if path.is_file() and not path.is_symlink()):
            file = path.relative_to(laid)
            if not file.is_relative_to(MANIFEST) and file.name != "run.sh":
                self.assertEqual((tree / file).read_bytes(), path.read_bytes(), file)
        listed = repository.git("ls-tree", commits[-1])
        self.assertRegex(listed, r"100755 blob \w+\srun.sh")
        self.assertRegex(listed, r"120000 blob \w+\slink")

    def test_the_same_again(self) -> None:
        _, commits = self.make()
        files = self.written()
        shutil.rmtree(self.cache.root / "series")
        (self.source.path / "Makefile").touch()
        self.assertEqual(self.make()[1], commits)
        self.assertEqual(self.written(), files)

    def test_what_changes_and_goes(self) -> None:
        _, before = self.make()
        change(self.root / "pidns/lib.rs", "pidns", "more")
        (self.root / "nsproxy/lib.rs").unlink()
        _, after = self.make()
        self.assertEqual(
            [a == b for a, b in zip(before, after, strict=True)], [True] * 3 + [False] * 2
        )

    def test_a_file_in_no_patch(self) -> None:
        self.plan = Series("s", "m", STEPS[:-1])
        self.refused("Documentation/pidns/index.rst is in no patch", self.make)
        self.plan = Series("s", "m", (*STEPS, Step("a", "", ("nothing",))))
        self.refused('nothing of "a" in lists/series.toml is no file', self.make)

    def test_words_of_checkpatch(self) -> None:
        change(self.root / "pidns/lib.rs", "pidns", "LONG")
        self.refused("checkpatch.pl has 1 words", self.make)
        self.assertEqual(self.shown(), "a: LONG_LINE\n")
        self.assertEqual(len(self.written()), 5)
        # They are remembered, as long as what they come from is the same.
        with mock.patch.object(patches, "checkpatch", return_value=[]) as asked:
            self.refused("checkpatch.pl has 1 words", self.make)
            asked.assert_not_called()
            write(self.source.path, {"scripts/spelling.txt": "noone||no one\n"})
            self.make()
            self.assertEqual(asked.call_count, len(STEPS))
            with mock.patch.object(patches, "CHECKPATCH", ["--terse"]):
                self.make()
            self.assertEqual(asked.call_count, 2 * len(STEPS))

    def test_a_tree_of_the_user(self) -> None:
        tree = self.folder / "mine"
        make_tree(tree)
        write(tree, SCRIPTS)
        integrate(Overlay(self.root), tree)
        repository, commits = patches.make(self.cache, Source(tree, "mine", own=True), self.out)
        listed = repository.git("ls-tree", "-r", "--name-only", commits[0])
        self.assertNotIn("pidns", listed)
        self.assertEqual(git(tree, "status", "--porcelain", "-uno").count("\n"), 2)

    def test_what_git_am_refuses(self) -> None:
        repository, commits = self.make()
        path = next(self.out.glob("0002*"))
        change(path, "+int two(void);", "+int two(void);  ")
        with self.cache.temporary() as work:
            self.refused("git am fails", lambda: apply(repository, commits[1], [path], work))

    def test_signatures(self) -> None:
        self.assertEqual(signed("a: b", "S: c"), "a: b\n\nS: c\n")
        self.assertEqual(signed("a\n\nWhy: this\nis", "S: c"), "a\n\nWhy: this\nis\n\nS: c\n")


class RealListTest(FolderTest):
    def test_messages(self) -> None:
        folder = Overlay().root / "patches"
        plan = load(series.LIST, lambda table: series.read(folder, table))
        for step in plan.steps:
            self.assertLessEqual(len(step.subject), 72, step.subject)
            lines = [line for line in step.message.splitlines() if not line.startswith("Fixes: ")]
            self.assertEqual([line for line in lines if len(line) > 75], [], step.subject)
        files = Overlay().map().values()
        for file in files:
            series.owner(plan.steps, file)

    def test_invalid(self) -> None:
        cover = {"subject": "s", "message": "m"}
        for entry in ({"subject": "a", "message": "b"}, {"subject": "a"}):
            with self.assertRaises((ValueError, KeyError)):
                series.read(Path(), {"cover": cover, "patch": [entry]})


class SenderTest(FolderTest):
    def test_unknown(self) -> None:
        hidden = {name: "" for name in os.environ if name.startswith("GIT_")}
        with mock.patch.dict("os.environ", hidden), mock.patch.object(patches, "TOP", self.folder):
            git(self.folder, "init", "-q")
            for name in hidden:
                del os.environ[name]
            os.environ |= {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
            self.refused("set user.name and user.email", Sender.find)
            git(self.folder, "config", "user.name", "A B")
            git(self.folder, "config", "user.email", "a@b")
            write(self.folder, {"f": ""})
            git(self.folder, "add", "f")
            git(self.folder, "commit", "-qm", "m")
            self.assertEqual(Sender.find().signature, "Signed-off-by: A B <a@b>")


class BuildTest(FolderTest):
    def test_what_is_built(self) -> None:
        names = [build.name for build in patchbuild.builds(False, ("all",))]
        self.assertEqual(names, ["c", "rust", "crate"])
        self.assertEqual([build.name for build in patchbuild.builds(True, ("all",))], names[:2])
        write(self.folder, {"kernel/pidns/Kconfig": "config A\n\tbool\nconfig PIDNS_RUST\n"})
        write(self.folder, {"samples/rust/Kconfig": "config SAMPLE\n"})
        self.assertEqual(patchbuild.symbols(self.folder), {"A", "PIDNS_RUST", "SAMPLE"})
        self.assertIn("PIDNS_RUST=y", for_patches(True, {"PIDNS_RUST"}).wanted)
        self.assertNotIn("PIDNS", for_patches(True, set()).extra)
        self.assertIn("CONFIG_RUST=n\n", for_patches(False, set()).extra)

    def test_resume(self) -> None:
        repository = mock.Mock()
        repository.git.side_effect = lambda *words, **_: (
            "" if words[0] == "ls-tree" and words[1] == "one" else " ".join(map(str, words))
        )
        toolchain = mock.Mock(identity="x")
        with mock.patch.object(Toolchain, "find", lambda *_: toolchain):
            builder = patchbuild.Builder(Options(), Cache(self.folder), repository)
        built: list[str] = []

        def build(one: patchbuild.Build) -> None:
            if len(built) == 3:
                raise Fault("no")
            built.append(one.name)

        with mock.patch.object(builder, "build", build):
            self.refused('two" (0002-c): no', lambda: builder.run(["one", "two"]))
            self.assertEqual(built, ["c", "rust", "crate"])
            built.clear()
            builder.run(["one", "two"])
            self.assertEqual(built, ["c", "rust"])
            built.clear()
            builder.run(["one", "two"])
            self.assertEqual(built, [])

    def test_options(self) -> None:
        with mock.patch.dict("os.environ", BUILD="2"):
            self.assertEqual(cli.main(["patches"]), 1)
        self.assertIn("BUILD=2 is not known", self.said.getvalue())
