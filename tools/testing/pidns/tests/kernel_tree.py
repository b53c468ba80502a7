# SPDX-License-Identifier: GPL-2.0
"""Stand-ins for a kernel tree and for the checkout, and what tests of them share."""

import contextlib
import hashlib
import io
import os
import shutil
import subprocess
import tempfile
import unittest
from collections.abc import Callable, Mapping
from pathlib import Path
from unittest import mock

from ..errors import Fault

TREE = {
    "Makefile": "# SPDX\nVERSION = 7\nPATCHLEVEL = 3\nSUBLEVEL = 4\n",
    "init/Kconfig": "".join(f"{line}\n" for line in range(1, 61)),
    "kernel/Makefile": "".join(f"{line}\n" for line in range(101, 161)),
    "kernel/nsproxy.c": "int nsproxy;\n",
    "rust/kernel/lib.rs": "//! lib\n",
    "samples/rust/Makefile": "all:\n",
    "tools/testing/selftests/core/Makefile": "",
    "Documentation/index.rst": "",
    ".gitignore": ".*\n!.gitignore\n*.o\n",
}
OVERLAY = {
    "Kbuild": "obj-y += pidns/lib.o\n",
    "Kconfig": "config PIDNS\n",
    "pidns/lib.rs": "// pidns\n",
    "nsproxy/lib.rs": "// nsproxy\n",
    "rust/kernel/ns/pid.rs": "// ns\n",
    "samples/pidns_inspect.rs": "// sample\n",
    "tools/testing/selftests/pidns/a_test.c": "int main;\n",
    "tools/testing/selftests/pidns/.gitignore": "a_test\n",
    "Documentation/pidns/index.rst": "text\n",
}


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Writes files below a folder."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def change(path: Path, old: str, new: str) -> None:
    """Replaces a text in a file."""
    text = path.read_text(encoding="utf-8")
    assert old in text, (path, old)
    path.write_text(text.replace(old, new), encoding="utf-8")


def git(tree: Path, *words: str) -> str:
    """Runs git on a tree; what it says."""
    user = ["-c", "user.name=t", "-c", "user.email=t@t"]
    return subprocess.run(
        ["git", "-C", tree, *user, *words], check=True, capture_output=True, text=True
    ).stdout


def make_tree(tree: Path) -> None:
    """Makes a git tree with what integrate looks at."""
    write(tree, TREE)
    git(tree, "init", "-q")
    git(tree, "add", "-A")
    git(tree, "commit", "-qm", "tree")


def make_overlay(overlay: Path, tree: Path) -> None:
    """Makes our files, and a patch against the tree."""
    write(overlay, OVERLAY)
    edited = overlay.with_name("edited")
    shutil.copytree(tree, edited)
    change(edited / "init/Kconfig", "\n30\n", '\n30\nsource "kernel/pidns/Kconfig"\n')
    change(edited / "kernel/Makefile", "\n130\n", "\nobj-y += pidns/\n")
    write(overlay, {"patches/0001-test.patch": git(edited, "diff")})
    shutil.rmtree(edited)


def contents(tree: Path) -> list[str]:
    """All files and folders but git's own, their modes, and what is in them."""
    found = []
    for path in sorted(tree.rglob("*")):
        if ".git" not in path.relative_to(tree).parts:
            data = path.read_bytes() if path.is_file() else b""
            found.append(f"{path} {path.stat().st_mode:o} {hashlib.sha256(data).hexdigest()}")
    return found


def in_child(action: Callable[[], object]) -> tuple[int, str]:
    """Does something in a child process: its status, or minus the signal that ended it, and the
    message of a Fault."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            action()
            os._exit(0)
        except Fault as fault:
            os.write(writer, str(fault).encode())
            os._exit(1)
        finally:
            os._exit(2)
    os.close(writer)
    with open(reader, encoding="utf-8") as said:
        text = said.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), text


class FolderTest(unittest.TestCase):
    """A test with a folder of its own, a git without configuration, and what is said kept."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()
        env = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
        env |= {"XDG_CACHE_HOME": str(self.folder / "cache"), "HOME": str(self.folder)}
        self.enterContext(mock.patch.dict("os.environ", env))
        self.printed = self.enterContext(contextlib.redirect_stdout(io.StringIO()))
        self.said = self.enterContext(contextlib.redirect_stderr(io.StringIO()))

    def write(self, name: str, text: str) -> Path:
        """Writes a file of the folder; returns its path."""
        write(self.folder, {name: text})
        return self.folder / name

    def shown(self) -> str:
        """What was printed since this was asked for last."""
        text = self.printed.getvalue()
        self.printed.seek(0)
        self.printed.truncate()
        return text

    def program(self, name: str, text: str) -> Path:
        """Makes a program, the first of its name in the PATH; returns its path."""
        path = self.folder / "bin" / name
        write(path.parent, {name: text})
        path.chmod(0o755)
        if not os.environ["PATH"].startswith(f"{path.parent}:"):
            os.environ["PATH"] = f"{path.parent}:{os.environ['PATH']}"
        return path

    def refused(self, text: str, action: Callable[[], object]) -> None:
        """Checks that it raises a Fault of one line that says this."""
        with self.assertRaises(Fault) as raised:
            action()
        self.assertIn(text, str(raised.exception))
        self.assertNotIn("\n", str(raised.exception))
