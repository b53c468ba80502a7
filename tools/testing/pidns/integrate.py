# SPDX-License-Identifier: GPL-2.0
"""Lays the project over a Linux tree, and takes it out again.

All is prepared aside and checked first; then a row of renames puts it in place, so that a
signal can wait until it is done.
"""

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import stage
from .cache import Cache
from .errors import Fault, note
from .options import Options, check_kdir, trees
from .overlay import (
    MANIFEST,
    ROWS_PAGE,
    Manifest,
    Overlay,
    as_text,
    files_below,
    git_files,
    in_git,
    line_of,
    need_programs,
    ordered,
    path_in,
)
from .process import uninterrupted

# Folders that are ours alone.
OURS = ("kernel/pidns", "tools/testing/selftests/pidns", "Documentation/pidns")
BUILT = re.compile(r".*\.(?:o|cmd|rmeta|a)|modules\.order")
# What is built of a sample, beside its .cmd files.
SAMPLE = (".o", ".ko", ".mod", ".mod.c", ".mod.o", ".i", ".s", ".ll", ".rsi")


@dataclass
class Laying:
    """Laying the project over one tree. The stage has the kernel's files to edit as they
    were (a) and as our patches make them (b), and our own files (new)."""

    overlay: Overlay
    tree: Path
    stage: Path

    def edit(self, manifest: Manifest) -> None:
        """Prepares a and b."""
        patches = self.overlay.patches()
        diff = b"".join(patch.read_bytes() for patch in patches)
        for file in stage.targets(diff):
            if not (self.tree / file).is_file():
                raise Fault(
                    f"the patches edit {file}, which {self.tree} lacks; give a {trees()} tree"
                )
        before, after = self.stage / "a", self.stage / "b"
        before.mkdir()
        applied = manifest.applied(self.overlay)
        stage.stage_targets(self.tree, before, diff + applied)
        stage.unpatch(applied, before)
        shutil.copytree(before, after)
        for patch in patches:
            fault = stage.try_patch(after, patch.read_bytes())
            if fault is not None:
                raise Fault(
                    f"{patch.name} does not apply to {self.tree} ({fault.splitlines()[0]});"
                    f" give an unchanged {trees()} tree"
                )

    def copy(self, manifest: Manifest) -> list[str]:
        """Prepares new; returns the lines of the list."""
        known = {path_in(line) for line in manifest.lines()}
        lines = []
        files = {path: self.overlay.root / file for file, path in self.overlay.map().items()}
        if page := self.rows_page():
            files[ROWS_PAGE] = page
        for path, source in files.items():
            if path.startswith("samples/rust/") and not (self.tree / "samples/rust").is_dir():
                continue
            if (self.tree / path).exists() and path not in known:
                raise Fault(f"{self.tree / path} exists and is not ours; move it away")
            stage.copy(source, self.stage / "new" / path)
            lines.append(line_of(self.stage / "new", path))
        return ordered(lines)

    def rows_page(self) -> Path | None:
        """Makes the page of rows, if that is possible."""
        try:
            text = self.overlay.rows_page()
        except (Fault, OSError) as fault:
            note(f"{ROWS_PAGE} cannot be made ({fault}) and is left out")
            text = None
        if text is None:
            return None
        page = self.stage / "page"
        page.write_text(text, encoding="utf-8")
        return page

    def differences(self) -> bytes:
        """What is applied, as exact differences (without times): the way back whatever is
        checked out by then."""
        said = subprocess.run(
            ["diff", "-ru", "a", "b"], cwd=self.stage, capture_output=True, check=False
        )
        if said.returncode > 1:
            raise Fault(f"diff fails: {said.stderr.decode(errors='replace').strip()}")
        return re.sub(
            rb"^(diff -ru .*\n--- [^\t\n]*).*(\n\+\+\+ [^\t\n]*).*$",
            rb"\1\2",
            said.stdout,
            flags=re.M,
        )

    def put(self, manifest: Manifest, lines: list[str], version: str) -> None:
        """Puts all in place. The manifest comes first: what is in when we are killed, or fail,
        can be taken out by it. An edit changes by way of the kernel's own file, so that the
        old manifest or the new one can take it out."""
        new, tree = self.stage / "new", self.tree
        fresh = new / MANIFEST
        fresh.mkdir(parents=True)
        paths = [path_in(line) for line in lines]
        old = manifest.lines()
        vanished = sorted({path_in(line) for line in old} - set(paths))
        # Until all is in place, what was ours and what will be is ours.
        (fresh / "files").write_text(as_text(ordered([*lines, *old])), encoding="utf-8")
        (fresh / "applied.diff").write_bytes(self.differences())
        (fresh / "version").write_text(f"{version}\n", encoding="utf-8")
        last = self.stage / "files"
        last.write_text(as_text(lines), encoding="utf-8")
        edited = stage.differing(self.stage / "b", tree)
        stage.need_writable(tree, [*stage.differing(new, tree), *edited, *vanished])
        with uninterrupted():
            for file in edited:
                stage.replace(self.stage / "a" / file, tree / file)
            if manifest.folder.is_dir():
                for name in ("files", "applied.diff", "version"):
                    stage.replace(fresh / name, manifest.folder / name)
            else:
                whole = self.stage / "pidns"
                whole.mkdir()
                fresh.replace(whole / MANIFEST.name)
                # An empty folder may be there.
                whole.replace(manifest.folder.parent)
            for path in paths:
                (tree / path).parent.mkdir(parents=True, exist_ok=True)
                stage.replace(new / path, tree / path)
            for file in stage.differing(self.stage / "b", tree):
                stage.replace(self.stage / "b" / file, tree / file)
            for file in vanished:
                (tree / file).unlink(missing_ok=True)
            stage.replace(last, manifest.folder / "files")


def integrate(overlay: Overlay, kdir: Path, update: bool = False) -> None:
    """Copies our files into a tree and applies our patches. With `update` (the cached tree)
    another version of us is replaced."""
    check_kdir(kdir)
    need_programs()
    tree = kdir.resolve()
    manifest = Manifest(tree)
    laid, version = manifest.version(), overlay.version()
    ours = tree / "kernel/pidns"
    if laid is None:
        if ours.is_dir() and any(ours.iterdir()):
            raise Fault(
                f"{ours} exists and is not ours, or the list of our files is lost;"
                f" run make remove KDIR={tree}, or move it away"
            )
    elif not update:
        if laid != version:
            raise Fault(f"{tree} has our files from another version; run: make remove KDIR={tree}")
        manifest.refuse_edited()
    with stage.stage(tree, "give a tree of your own") as folder:
        laying = Laying(overlay, tree, folder)
        laying.edit(manifest)
        lines = laying.copy(manifest)
        laying.put(manifest, lines, version)
    if not update:
        note(
            f"version {version} is in {tree} ({len(lines)} files, {len(overlay.patches())} patches)"
        )


def built_from(tree: Path, files: list[str]) -> list[str]:
    """What was built in a tree from our files, in folders that are ours alone and beside them.
    In a git tree that is what git ignores there, as long as our .gitignore is in place."""
    ours = [
        folder
        for folder in OURS
        if (tree / folder).is_dir() and any(file.startswith(f"{folder}/") for file in files)
    ]
    built: list[str] = []
    # Without a folder, git would list the whole tree.
    if ours and in_git(tree, "--git-dir") is not None:
        built = git_files(tree, "--others", "--ignored", "--exclude-standard", "--", *ours)
    elif ours:
        built = [
            file for file in files_below(tree, *ours) if BUILT.fullmatch(file.rpartition("/")[2])
        ]
    built = [file for file in built if not file.startswith(f"{MANIFEST}/")]
    # What has no ending to know it by, and what is built among the kernel's samples.
    for file in map(Path, files):
        if file.suffix == ".c" and file.is_relative_to("tools/testing/selftests"):
            built.append(str(file.with_suffix("")))
        if file.suffix == ".rs" and file.is_relative_to("samples/rust"):
            built += [str(file.with_suffix(ending)) for ending in SAMPLE]
            commands = (tree / file.parent).glob(f".{file.stem}.*.cmd")
            built += [str(path.relative_to(tree)) for path in commands]
    return [file for file in built if (tree / file).is_file()]


def remove(overlay: Overlay, kdir: Path) -> None:
    """Takes out of a tree what was laid over it, by the tree's own manifest: whatever version
    of us is checked out now. Where git clean deleted it, by what is checked out."""
    # Not check_kdir: the tree may have gone on to another series since.
    if not kdir.is_dir():
        raise Fault(
            f"KDIR={kdir} is not a folder; give the path of the tree to take our files out of"
        )
    if not (kdir / "Makefile").is_file() or not (kdir / "init/Kconfig").is_file():
        raise Fault(
            f"KDIR={kdir} is not a kernel source tree; give the one to take our files out of"
        )
    if not os.access(kdir, os.W_OK):
        raise Fault(f"KDIR={kdir} cannot be written to; give a tree of your own")
    need_programs()
    tree = kdir.resolve()
    manifest = Manifest(tree)
    version = manifest.version()
    if version is not None:
        manifest.refuse_edited()
        files = [path_in(line) for line in manifest.lines()]
    else:
        # Ours is what is the same as in the checkout.
        files = [
            path
            for source, path in overlay.map().items()
            if stage.same(overlay.root / source, tree / path)
        ]
        with contextlib.suppress(Fault, OSError):
            if overlay.rows_page() == (tree / ROWS_PAGE).read_text(encoding="utf-8"):
                files.append(ROWS_PAGE)
    with stage.stage(tree, "nothing was removed") as folder:
        applied = manifest.applied(overlay)
        kernel = folder / "a"
        kernel.mkdir()
        stage.stage_targets(tree, kernel, applied)
        stage.unpatch(applied, kernel)
        edited = stage.differing(kernel, tree)
        if version is None and not files and not edited:
            note(f"none of our files are in {tree}")
            return
        gone = [*files, *built_from(tree, files)]
        there = [file for file in gone if (tree / file).exists()]
        lists = [f"{MANIFEST}/files"] if manifest.folder.is_dir() else []
        stage.need_writable(tree, [*there, *edited, *lists])
        with uninterrupted():
            for file in edited:
                stage.replace(kernel / file, tree / file)
            for file in gone:
                stage.remove_file(tree, file)
            if lists:
                manifest.folder.replace(folder / "manifest")
            stage.remove_folders(tree, tree / "kernel/pidns")
    what = f"version {version}" if version else "what is of the version that is checked out"
    note(f"{what} is out of {tree}")


def remove_command(_o: Options, _c: Cache, _e: Mapping[str, str], arguments: Sequence[str]) -> int:
    """The command "remove TREE"."""
    if not arguments or not arguments[0]:
        raise Fault("which tree? give KDIR=, the path of the tree to take our files out of")
    remove(Overlay(), Path(arguments[0]))
    return 0
