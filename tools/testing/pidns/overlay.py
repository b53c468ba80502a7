# SPDX-License-Identifier: GPL-2.0
"""What the project lays over a kernel tree: which file goes where, and what is laid in one."""

import hashlib
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from . import rows
from .cache import TOP
from .errors import Fault
from .kept import key_of
from .lists import load

# A page that is made when our files are laid: which tests prove which row of the contract.
ROWS_PAGE = "Documentation/pidns/rows.rst"
MANIFEST = Path("kernel/pidns/.manifest")
# The checkout's parts that are laid over a tree.
PARTS = (
    "Kbuild",
    "Kconfig",
    "pidns",
    "nsproxy",
    "rust",
    "include",
    "samples/pidns_inspect.rs",
    "tools/testing/selftests",
    "Documentation/pidns",
)
BUILT = re.compile(r".*\.(?:o|rmeta)|\..*\.cmd")


def need_programs() -> None:
    """Raises a Fault if what takes patches in and out is missing, which setup may not have seen."""
    for tool in ("patch", "diff"):
        if not shutil.which(tool):
            raise Fault(f"{tool} is missing; install it, then try again")


def in_git(folder: Path, question: str) -> str | None:
    """What git rev-parse answers in a folder."""
    try:
        asked = subprocess.run(
            ["git", "-C", folder, "rev-parse", question], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return asked.stdout.strip()


def git_files(folder: Path, *arguments: str) -> list[str]:
    """The files that git ls-files lists there, sorted."""
    listed = subprocess.run(
        ["git", "-C", folder, "ls-files", "-z", *arguments], capture_output=True, check=True
    )
    return sorted(set(filter(None, listed.stdout.decode().split("\0"))))


def files_below(folder: Path, *parts: str) -> list[str]:
    """All files below some folders in a folder, or that they are."""
    found = [
        path
        for part in parts
        for path in ((folder / part).rglob("*") if (folder / part).is_dir() else [folder / part])
    ]
    return [str(path.relative_to(folder)) for path in found if path.is_file()]


class Overlay:
    """The checkout, as far as it is laid over a tree."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or TOP

    def files(self) -> list[str]:
        """Its own files, without what was built there."""
        if in_git(self.root, "--show-toplevel") == str(self.root):
            files = git_files(self.root, "--cached", "--others", "--exclude-standard", "--", *PARTS)
            return [file for file in files if (self.root / file).is_file()]
        files = files_below(self.root, *PARTS)
        return sorted(file for file in files if not BUILT.fullmatch(Path(file).name))

    def map(self) -> dict[str, str]:
        """Its files, and their paths in a kernel tree."""
        return {file: target(file) for file in self.files()}

    def patches(self) -> list[Path]:
        """The patches of the kernel's own files, in the order in which they apply."""
        return sorted((self.root / "patches").rglob("*.patch"))

    def rows_page(self) -> str | None:
        """The text of that page, if the checkout has all that it needs."""
        if not (self.root / "tools/testing/pidns/rows.py").is_file():
            return None
        return rows.report(load(rows.LIST, rows.read_table), rows.Tests(self.root))

    def version(self) -> str:
        """A hash of all that is laid over and patched."""
        files = self.map().items()
        parts = (part for file, path in files for part in (file, path, self.root / file))
        return key_of([*parts, *self.patches()])


def target(file: str) -> str:
    """Where a file goes in a kernel tree."""
    if file.startswith("samples/"):
        return f"samples/rust/{file.removeprefix('samples/')}"
    if file.split("/")[0] in ("rust", "include", "tools", "Documentation"):
        return file
    return f"kernel/pidns/{file}"


def line_of(folder: Path, file: str) -> str:
    """A file's hash and path, as sha256sum prints them."""
    return f"{hashlib.sha256((folder / file).read_bytes()).hexdigest()}  {file}"


def path_in(line: str) -> str:
    """The path in such a line."""
    return line[66:]


def ordered(lines: Iterable[str]) -> list[str]:
    """Such lines, each once, by their paths."""
    return sorted(set(lines), key=lambda line: (path_in(line), line))


def as_text(lines: Iterable[str]) -> str:
    """The lines of a file."""
    return "".join(f"{line}\n" for line in lines)


class Manifest:
    """What is laid over a tree, by its own list."""

    def __init__(self, tree: Path) -> None:
        self.tree = tree
        self.folder = tree / MANIFEST

    def version(self) -> str | None:
        """The version of the project, or None: it is not there, or the list is lost."""
        try:
            return (self.folder / "version").read_text(encoding="utf-8").strip()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def lines(self) -> list[str]:
        """Hash and path of each file. Of a step that was killed both before and after."""
        try:
            return (self.folder / "files").read_text(encoding="utf-8").splitlines()
        except (FileNotFoundError, NotADirectoryError):
            return []

    def applied(self, overlay: Overlay) -> bytes:
        """How our edits differ from the kernel's files. git clean -x deletes the manifest and
        leaves the edits: they are then our patches, and the last one is to come out first."""
        if self.version() is not None:
            return (self.folder / "applied.diff").read_bytes()
        return b"".join(path.read_bytes() for path in reversed(overlay.patches()))

    def refuse_edited(self) -> None:
        """Raises a Fault if a file that was laid there was changed since."""
        lines = self.lines()
        for path in map(path_in, lines):
            if (self.tree / path).is_file() and line_of(self.tree, path) not in lines:
                raise Fault(
                    f"{self.tree / path} was changed after it was laid there;"
                    " save that change elsewhere and delete the file, then try again"
                )
