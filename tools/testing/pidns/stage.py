# SPDX-License-Identifier: GPL-2.0
"""A change of a kernel tree, prepared in a folder of the tree and then put in place by renames."""

import contextlib
import filecmp
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from .cache import is_left, owner
from .errors import Fault

PREFIX = ".pidns-stage."


@contextlib.contextmanager
def stage(tree: Path, advice: str) -> Iterator[Path]:
    """A fresh folder in the tree, from where a rename is atomic. Also removes those of runs that
    were killed."""
    for old in tree.glob(f"{PREFIX}*"):
        if is_left(old.name.removeprefix(PREFIX)):
            shutil.rmtree(old, ignore_errors=True)
    try:
        folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{owner()}", dir=tree))
    except OSError:
        raise Fault(f"cannot write to {tree}; {advice}") from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def same(one: Path, other: Path) -> bool:
    """Whether two files are there, with the same contents."""
    try:
        return filecmp.cmp(one, other, shallow=False)
    except FileNotFoundError:
        return False


def differing(folder: Path, tree: Path) -> list[str]:
    """Which files in a folder are not the same in the tree."""
    paths = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return [str(path) for path in paths if not same(folder / path, tree / path)]


def replace(staged: Path, path: Path) -> None:
    """Puts a file in place, but not where nothing differs, so that a build sees only true changes."""
    if not same(staged, path):
        staged.replace(path)


def copy(source: Path, destination: Path) -> None:
    """Copies a file, but not its time: make must see a change to what is an older file."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    mode = source.stat().st_mode & 0o777
    with open(os.open(destination, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "wb") as file:
        file.write(source.read_bytes())


def need_writable(tree: Path, files: Iterable[str]) -> None:
    """Raises a Fault if one of these files, there or not, cannot come or go."""
    for folder in sorted({(tree / file).parent for file in files}):
        path = folder
        while not path.exists():
            path = path.parent
        if not os.access(path, os.W_OK):
            raise Fault(
                f"{path} cannot be written to; nothing was changed;"
                f" do it as its owner, {path.owner()}"
            )


def targets(diff: bytes) -> list[str]:
    """The kernel's files that a patch edits."""
    return sorted({path.decode() for path in re.findall(rb"^\+\+\+ [^/]*/(\S*)", diff, re.M)})


def stage_targets(tree: Path, folder: Path, diff: bytes) -> None:
    """Copies the files to edit, as far as the tree has them."""
    for file in targets(diff):
        if (tree / file).is_file():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(tree / file, folder / file)


def try_patch(folder: Path, diff: bytes, *options: str) -> str | None:
    """Applies a patch, without a question or files of its own. Returns why it does not."""
    asked = ["-p1", "-s", "-f", "--no-backup-if-mismatch", "-r", "-", *options]
    said = subprocess.run(
        ["patch", "-d", folder, *asked],
        input=diff,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return said.stdout.decode(errors="replace") if said.returncode else None


def part_of(diff: bytes, file: str) -> bytes:
    """The parts of a patch that are about one file."""
    parts = re.split(rb"^(?=diff )", diff, flags=re.M)
    return b"".join(part for part in parts if part.split(b"\n")[0].endswith(b" b/" + file.encode()))


def unpatch(diff: bytes, folder: Path) -> None:
    """Takes a patch out of the files in a folder. It need not be in all of them: git checkout,
    reset and stash take it out, too."""
    stuck = []
    for file in targets(diff):
        if not (folder / file).is_file():
            continue
        part = part_of(diff, file)
        if try_patch(folder, part, "-R", "--dry-run") is None:
            try_patch(folder, part, "-R")
        # What would apply is not in. Nor is it where another series has other
        # lines, and none that name us.
        elif (
            try_patch(folder, part, "--dry-run") is not None
            and b"pidns" in (folder / file).read_bytes().lower()
        ):
            stuck.append(file)
    if stuck:
        raise Fault(
            f"our edits cannot be taken out of {' '.join(stuck)}: those lines were changed since;"
            f" undo that change (with git: git checkout {' '.join(stuck)}), then try again"
        )


def remove_file(tree: Path, file: str) -> None:
    """Deletes a file, and the folders that this leaves empty: the kernel has no empty ones."""
    (tree / file).unlink(missing_ok=True)
    remove_folders(tree, (tree / file).parent)


def remove_folders(tree: Path, folder: Path) -> None:
    """Deletes a folder and those above it in the tree, as far as they are empty."""
    while folder != tree:
        try:
            folder.rmdir()
        except FileNotFoundError:
            pass
        except OSError:
            return
        folder = folder.parent
