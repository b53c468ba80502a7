# SPDX-License-Identifier: GPL-2.0
"""A git repository in the cache that has the kernel's source as it was imported, and with our files."""

import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from . import stage
from .errors import Fault
from .overlay import MANIFEST, Manifest, Overlay, path_in

# The same import has the same hash on every machine.
WHO = "pidns <pidns@localhost>"
WHEN = "1767225600 +0000"
SETTINGS = {
    "core.abbrev": "12",
    "core.autocrlf": "false",
    "core.looseCompression": "1",
    "diff.renames": "false",
    "gc.auto": "0",
    "advice.detachedHead": "false",
    "advice.updateSparsePath": "false",
    "commit.gpgSign": "false",
    "user.name": "pidns",
    "user.email": "pidns@localhost",
}
NO_FILE = "0" * 40


@dataclass(frozen=True)
class Change:
    """A file that differs between two trees: what it becomes, and what it was, if it was there."""

    file: str
    mode: str
    blob: str
    before: str | None


def identity(name: str, mail: str, date: str) -> dict[str, str]:
    """The environment of a commit."""
    return {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", name), ("EMAIL", mail), ("DATE", date))
    }


class Repository:
    """Without a work tree of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def git(
        self,
        *words: str | Path,
        env: Mapping[str, str] | None = None,
        given: bytes | None = None,
        cwd: Path | None = None,
    ) -> str:
        """Runs git on it; what it prints."""
        # Neither the user's configuration nor the environment of a git that called us.
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        clean |= {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
        place = [] if cwd else [f"--git-dir={self.folder}"]
        said = subprocess.run(
            ["git", *place, *words],
            input=given,
            cwd=cwd,
            env=clean | dict(env or {}),
            capture_output=True,
            check=False,
        )
        if said.returncode != 0:
            why = said.stderr.decode(errors="replace").strip().splitlines()
            raise Fault(f"git {words[0]} fails: {why[0] if why else said.returncode}")
        return said.stdout.decode()

    def prepare(self) -> None:
        """Makes it, if it is not there."""
        if not (self.folder / "HEAD").is_file():
            self.folder.mkdir(parents=True, exist_ok=True)
            self.git("init", "-q", "--bare", f"{self.folder}")
        # Each a process: only what differs.
        have = dict(line.partition("=")[::2] for line in self.git("config", "--list").splitlines())
        for name, value in SETTINGS.items():
            if have.get(name.lower()) != value:
                self.git("config", name, value)

    def _index(self, name: str) -> dict[str, str]:
        return {"GIT_INDEX_FILE": str(self.folder / f"index.{name}")}

    def tree_of(self, folder: Path) -> str:
        """The git tree of all files in a folder, but for our list of what we laid there."""
        index = self._index("whole")
        files = set(_files(folder))
        known = set(self.git("ls-files", "-z", env=index).split("\0")) - {""}
        place = f"--work-tree={folder}"
        for names, options in ((known - files, ["--force-remove"]), (files, ["--add"])):
            listed = "".join(f"{name}\0" for name in sorted(names)).encode()
            self.git(place, "update-index", *options, "-z", "--stdin", env=index, given=listed)
        return self.git("write-tree", env=index).strip()

    def with_files(self, tree: str, files: Iterable[tuple[str, str, str]]) -> str:
        """A tree with other files in it: mode, blob and path of each, NO_FILE for none."""
        index = self._index("step")
        self.git("read-tree", tree, env=index)
        lines = "".join(f"{mode} {blob}\t{file}\0" for mode, blob, file in files).encode()
        self.git("update-index", "-z", "--index-info", env=index, given=lines)
        return self.git("write-tree", env=index).strip()

    def blob(self, data: bytes) -> str:
        """Stores a file's contents."""
        return self.git("hash-object", "-w", "--stdin", given=data).strip()

    def read(self, blob: str) -> str:
        """A file's contents."""
        return self.git("cat-file", "blob", blob)

    def commit(self, tree: str, message: str, env: Mapping[str, str], *parents: str) -> str:
        """Makes a commit."""
        above = [word for parent in parents for word in ("-p", parent)]
        return self.git("commit-tree", tree, *above, env=env, given=message.encode()).strip()

    def changes(self, one: str, other: str) -> list[Change]:
        """The files that differ."""
        words = self.git("diff-tree", "-r", "-z", "--no-renames", one, other).split("\0")
        found = []
        for head, file in zip(words[::2], words[1::2], strict=False):
            _, mode, before, blob, kind = head.removeprefix(":").split()
            if kind == "D":
                raise Fault(f"{file} is deleted; the series cannot do that")
            found.append(Change(file, mode, blob, before if kind == "M" else None))
        return found

    def imported(self, tree: Path, overlay: Overlay) -> tuple[str, str]:
        """A tree with our files laid over it: the git trees without them, and with them."""
        manifest = Manifest(tree)
        whole = self.tree_of(tree)
        ours = [("0", NO_FILE, path_in(line)) for line in manifest.lines()]
        with stage.stage(tree, "give a tree of your own") as folder:
            applied = manifest.applied(overlay)
            stage.stage_targets(tree, folder, applied)
            stage.unpatch(applied, folder)
            for file in stage.targets(applied):
                mode = "100755" if os.access(folder / file, os.X_OK) else "100644"
                ours.append((mode, self.blob((folder / file).read_bytes()), file))
        return self.with_files(whole, ours), whole


def _files(folder: Path) -> Iterable[str]:
    """The files and links below a folder that are the kernel's or ours."""
    top = str(folder)
    for where, folders, files in os.walk(top):
        below = os.path.relpath(where, top)
        start = "" if below == "." else f"{below}/"
        links = [name for name in folders if Path(where, name).is_symlink()]
        folders[:] = [
            name
            for name in folders
            if name not in links
            and name != ".git"
            and not name.startswith(stage.PREFIX)
            and f"{start}{name}" != str(MANIFEST)
        ]
        for name in (*files, *links):
            # What checkpatch leaves where it is run.
            if start or (name != ".git" and not name.startswith(".checkpatch-")):
                yield f"{start}{name}"
