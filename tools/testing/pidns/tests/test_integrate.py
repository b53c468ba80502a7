# SPDX-License-Identifier: GPL-2.0
"""What integrate lays over a tree, that remove leaves no trace of it, and what they refuse."""

import os
import shutil
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path
from unittest import mock

from .. import cli
from ..errors import Fault
from ..integrate import integrate, remove
from ..options import known_series
from ..overlay import MANIFEST, ROWS_PAGE, Overlay
from .kernel_tree import FolderTest, change, contents, git, in_child, make_overlay, make_tree, write

PATCH = "patches/0001-test.patch"
LAID = (
    "kernel/pidns/Kbuild",
    "kernel/pidns/Kconfig",
    "kernel/pidns/pidns/lib.rs",
    "kernel/pidns/nsproxy/lib.rs",
    "rust/kernel/ns/pid.rs",
    "samples/rust/pidns_inspect.rs",
    "tools/testing/selftests/pidns/a_test.c",
    "Documentation/pidns/index.rst",
)


def state(tree: Path) -> tuple[list[str], str, str]:
    """All that is in a tree, and what git says of it."""
    return contents(tree), git(tree, "status", "--porcelain", "--ignored"), git(tree, "diff")


def build(tree: Path) -> None:
    """Leaves what make leaves where it is run in an integrated tree."""
    sample = ["o", "ko", "mod", "mod.c", "mod.o"]
    commands = [".o.cmd", ".ko.cmd", ".mod.cmd", ".mod.o.cmd"]
    files = ["kernel/pidns/pidns/lib.o", "kernel/pidns/pidns/.lib.o.cmd"]
    files.append("tools/testing/selftests/pidns/a_test")
    files += [f"samples/rust/pidns_inspect.{ending}" for ending in sample]
    files += [f"samples/rust/.pidns_inspect{ending}" for ending in commands]
    write(tree, dict.fromkeys(files, ""))


class TreeTest(FolderTest):
    def setUp(self) -> None:
        super().setUp()
        self.tree = self.folder / "linux"
        make_tree(self.tree)
        self.root = self.folder / "overlay"
        make_overlay(self.root, self.tree)
        self.overlay = Overlay(self.root)
        self.before = state(self.tree)

    def integrate(self, update: bool = False) -> None:
        integrate(self.overlay, self.tree, update)

    def remove(self) -> None:
        remove(self.overlay, self.tree)

    def unchanged(self) -> None:
        """Checks that the tree is as it was in the beginning."""
        self.assertEqual(state(self.tree), self.before)

    def next_version(self) -> Overlay:
        """Another version of us: a file changes, one is renamed, and so does a patch."""
        fresh = self.folder / "next"
        shutil.copytree(self.root, fresh)
        change(fresh / "pidns/lib.rs", "pidns", "more")
        (fresh / "nsproxy/lib.rs").rename(fresh / "nsproxy/main.rs")
        change(fresh / PATCH, "kernel/pidns/Kconfig", "kernel/pidns/Kconfig.new")
        return Overlay(fresh)


class IntegrateTest(TreeTest):
    def test_there_and_back(self) -> None:
        self.remove()
        self.integrate()
        for file in LAID:
            self.assertTrue((self.tree / file).is_file(), file)
        self.assertIn("kernel/pidns/Kconfig", (self.tree / "init/Kconfig").read_text())
        build(self.tree)
        self.remove()
        self.unchanged()
        self.remove()
        self.unchanged()

    def test_twice_changes_nothing(self) -> None:
        self.integrate()
        files = [self.tree / "init/Kconfig", self.tree / "kernel/pidns/pidns/lib.rs"]
        for file in files:
            os.utime(file, (1, 1))
        laid = state(self.tree)
        self.integrate()
        self.assertEqual(state(self.tree), laid)
        self.assertEqual([file.stat().st_mtime for file in files], [1, 1])

    def test_a_tree_without_git(self) -> None:
        shutil.rmtree(self.tree / ".git")
        before = contents(self.tree)
        self.integrate()
        build(self.tree)
        theirs = self.tree / "samples/rust/pidns_inspect.patch"
        theirs.touch()
        self.remove()
        theirs.unlink()
        self.assertEqual(contents(self.tree), before)

    def test_another_version(self) -> None:
        self.integrate()
        self.overlay = self.next_version()
        self.refused("make remove KDIR=", self.integrate)
        self.integrate(update=True)
        self.assertFalse((self.tree / "kernel/pidns/nsproxy/lib.rs").exists())
        self.assertTrue((self.tree / "kernel/pidns/nsproxy/main.rs").exists())
        kconfig = (self.tree / "init/Kconfig").read_text()
        self.assertEqual((kconfig.count("Kconfig"), kconfig.count("Kconfig.new")), (1, 1))
        # By the manifest, whatever is checked out.
        shutil.rmtree(self.overlay.root / "patches")
        shutil.rmtree(self.overlay.root / "pidns")
        self.remove()
        self.unchanged()

    def test_the_page_of_rows(self) -> None:
        page = self.tree / ROWS_PAGE
        with mock.patch.object(Overlay, "rows_page", return_value="page"):
            self.integrate()
            self.assertEqual(page.read_text(), "page")
        with mock.patch.object(Overlay, "rows_page", return_value="other"):
            self.integrate(update=True)
            self.assertEqual(page.read_text(), "other")
            git(self.tree, "clean", "-qfdX")
            self.remove()
            self.unchanged()
            self.integrate()
        with mock.patch.object(Overlay, "rows_page", side_effect=Fault("why")):
            self.integrate(update=True)
        self.assertIn(f"{ROWS_PAGE} cannot be made (why) and is left out", self.said.getvalue())
        self.assertFalse(page.exists())
        self.remove()
        self.unchanged()
        self.assertIn("**A1**", Overlay().rows_page() or "")

    def test_a_file_of_the_kernels(self) -> None:
        write(self.root, {"rust/kernel/lib.rs": "// theirs\n"})
        self.refused("rust/kernel/lib.rs exists and is not ours", self.integrate)
        self.unchanged()

    def test_a_patch_that_does_not_apply(self) -> None:
        change(self.tree / "kernel/Makefile", "\n130\n", "\nother\n")
        self.refused("0001-test.patch does not apply", self.integrate)
        self.assertFalse((self.tree / "kernel/pidns").exists())

    def test_a_changed_file_of_ours(self) -> None:
        self.integrate()
        write(self.tree, {"kernel/pidns/pidns/lib.rs": "// mine\n"})
        changed = state(self.tree)
        self.refused("pidns/lib.rs was changed", self.remove)
        self.refused("pidns/lib.rs was changed", self.integrate)
        self.assertEqual(state(self.tree), changed)

    def test_the_users_change_of_a_file_that_we_patch_stays(self) -> None:
        self.integrate()
        change(self.tree / "kernel/Makefile", "101\n", "mine\n")
        self.remove()
        self.assertEqual(git(self.tree, "diff", "--numstat"), "1\t1\tkernel/Makefile\n")

    def test_another_series(self) -> None:
        git(self.tree, "checkout", "-q", "-b", "other")
        change(self.tree / "Makefile", "PATCHLEVEL = 3", "PATCHLEVEL = 4")
        change(self.tree / "kernel/Makefile", "\n12", "\nother 12")
        change(self.tree / "kernel/Makefile", "\n13", "\nother 13")
        write(self.tree, {"init/Kconfig": "1\n2\n"})
        git(self.tree, "commit", "-qam", "other")
        other = state(self.tree)
        git(self.tree, "checkout", "-q", "-")
        self.integrate()
        git(self.tree, "checkout", "-qf", "other")
        self.remove()
        self.assertEqual(state(self.tree), other)

    def test_without_patch(self) -> None:
        for action in (self.integrate, self.remove):
            with mock.patch.dict("os.environ", PATH="/nowhere"):
                self.refused("patch is missing; install it", action)
        self.unchanged()

    def test_kdir_that_will_not_do(self) -> None:
        (self.folder / "empty").mkdir()
        for folder, text in (("nowhere", "is not a folder"), ("empty", "not a kernel source tree")):
            for action in (integrate, remove):
                self.refused(text, lambda a=action, f=folder: a(self.overlay, self.folder / f))  # type: ignore[misc]
        change(self.tree / "Makefile", "PATCHLEVEL = 3", "PATCHLEVEL = 9")
        self.refused("is Linux 7.9, not ", self.integrate)
        git(self.tree, "checkout", "-q", "Makefile")
        write(self.tree, {"kernel/pidns/theirs": ""})
        self.refused("is not ours", self.integrate)

    def test_no_kdir(self) -> None:
        for command in ("integrate", "remove"):
            self.assertEqual(cli.main([command, ""]), 1)
            self.assertIn("pidns: error: which tree? give KDIR=", self.said.getvalue())

    def test_files_of_git_are_laid(self) -> None:
        git(self.root, "init", "-q")
        write(self.root, {".gitignore": "*.x\n", "pidns/new.rs": "", "pidns/built.x": ""})
        files = self.overlay.files()
        self.assertIn("pidns/new.rs", files)
        self.assertNotIn("pidns/built.x", files)
        shutil.rmtree(self.root / ".git")
        write(self.root, dict.fromkeys(["pidns/a.o", "pidns/.a.o.cmd", "pidns/a.rmeta"], ""))
        self.assertEqual(self.overlay.files(), sorted([*files, "pidns/built.x"]))


class GitTest(TreeTest):
    """Everyday git commands in an integrated tree."""

    def after(self, *command: str) -> None:
        """After a command both remove and integrate work."""
        self.integrate()
        laid = state(self.tree)
        git(self.tree, *command)
        self.remove()
        self.unchanged()
        self.integrate()
        git(self.tree, *command)
        self.integrate()
        self.assertEqual(state(self.tree), laid)
        self.remove()

    def test_git(self) -> None:
        self.after("checkout", ".")
        self.after("checkout", "init/Kconfig")
        self.after("reset", "--hard")
        self.after("stash")
        self.after("clean", "-fd")
        self.after("clean", "-fdx")

    def test_lost_manifest(self) -> None:
        self.integrate()
        git(self.tree, "clean", "-qfdX")
        self.refused("run make remove", self.integrate)
        self.remove()
        self.unchanged()

    def test_edits_alone(self) -> None:
        self.integrate()
        git(self.tree, "clean", "-qfdx")
        change(self.tree / "kernel/Makefile", "pidns/", "pidns/ mine")
        for action in (self.integrate, self.remove):
            self.refused("git checkout kernel/Makefile", action)
        change(self.tree / "kernel/Makefile", " mine", "")
        theirs = self.tree / "theirs.o"
        theirs.touch()
        self.remove()
        theirs.unlink()
        self.unchanged()


class KilledTest(TreeTest):
    """Killed at any of the renames."""

    def killed(self, number: int, action: Callable[[], object]) -> bool:
        """Whether there were that many renames."""
        replace = Path.replace
        renames = 0

        def counted(path: Path, target: Path) -> Path:
            nonlocal renames
            renames += 1
            if renames == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return replace(path, target)

        with mock.patch.object(Path, "replace", counted):
            status, said = in_child(action)
        self.assertIn(status, (0, -signal.SIGKILL), said)
        return status != 0

    def test_integrate(self) -> None:
        number = 1
        while self.killed(number, self.integrate):
            self.remove()
            self.unchanged()
            number += 1
        self.assertGreaterEqual(number, 10)
        self.assertTrue((self.tree / MANIFEST / "version").exists())
        laid = state(self.tree)
        self.remove()
        self.assertTrue(self.killed(6, self.integrate))
        self.integrate()
        self.assertEqual(state(self.tree), laid)

    def test_remove(self) -> None:
        number = 1
        self.integrate()
        while self.killed(number, self.remove):
            self.remove()
            self.unchanged()
            self.integrate()
            number += 1
        self.assertGreaterEqual(number, 3)
        self.unchanged()

    def test_update(self) -> None:
        fresh = self.next_version()
        self.integrate()
        laid = state(self.tree)
        number = 1
        while self.killed(number, lambda: integrate(fresh, self.tree, update=True)):
            self.integrate(update=True)
            self.assertEqual(state(self.tree), laid)
            number += 1
        self.assertGreaterEqual(number, 8)
        self.integrate(update=True)
        self.remove()
        self.unchanged()


class ForeignFoldersTest(TreeTest):
    """Folders of somebody else's: who is root may write to all of them."""

    def setUp(self) -> None:
        super().setUp()
        self.folder.chmod(0o711)
        if os.getuid() == 0:
            for path in [self.tree, *self.tree.rglob("*")]:
                os.chown(path, 65534, 65534)

    def as_user(self, action: Callable[[], object]) -> tuple[int, str]:
        # That user need not be let into the checkout.
        known_series()

        def act() -> None:
            if os.getuid() == 0:
                os.setgroups([])
                os.setresgid(65534, 65534, 65534)
                os.setresuid(65534, 65534, 65534)
            action()

        return in_child(act)

    def without_leave(self, action: Callable[[], object], *folders: str) -> None:
        for folder in folders:
            (self.tree / folder).chmod(0o555)
            before = contents(self.tree)
            status, said = self.as_user(action)
            self.assertEqual(status, 1)
            self.assertIn(f"{folder} cannot be written to", said)
            self.assertEqual(contents(self.tree), before)
            (self.tree / folder).chmod(0o755)

    def test_without_leave(self) -> None:
        if self.as_user(lambda: tempfile.TemporaryFile(dir=self.tree).close())[0]:
            self.skipTest(f"{self.tree} is closed to nobody")
        self.without_leave(self.integrate, "samples/rust", "rust/kernel", "kernel")
        self.assertEqual(self.as_user(self.integrate), (0, ""))
        folders = ("samples/rust", "rust/kernel/ns", "kernel/pidns/pidns", "kernel", "init")
        self.without_leave(self.remove, *folders)
        self.assertEqual(self.as_user(self.remove), (0, ""))
