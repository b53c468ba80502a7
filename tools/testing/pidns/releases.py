# SPDX-License-Identifier: GPL-2.0
"""The source releases that we are made for, lists/releases.toml: the files of each that ours replace
or rely on, by git's hashes of their contents.

usage: python3 -m pidns.releases check|write TREE
"""

import hashlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import stage
from .cache import replace_file
from .errors import Fault, show_faults
from .lists import LISTS, load
from .overlay import Manifest, Overlay

LIST = "releases.toml"
# What ours is built instead of.
REPLACED = ("kernel/pid.c", "kernel/pid_namespace.c", "kernel/nsproxy.c")
# What the writer of the IDR does as well, and who calls us or reads our structures.
KNOWN = (
    *("lib/idr.c", "lib/radix-tree.c", "lib/radix-tree.h"),
    *("fs/nsfs.c", "fs/pidfs.c", "fs/proc/namespaces.c", "kernel/exit.c", "kernel/fork.c"),
    *("include/linux/pid_types.h", "kernel/pid_sysctl.h"),
)
LINK = re.compile(r"\(srctree/((?:include|kernel|lib|fs)/[\w./-]+\.[ch])\)")
INCLUDE = re.compile(r"^#include <((?!asm/|generated/)[\w./-]+)>$", re.M)
HEAD = """# SPDX-License-Identifier: GPL-2.0
#
# The source releases that we are made for, the last being the one that make setup fetches, and
# git's hashes of the files in each that ours replace or rely on. Written by
# PYTHONPATH=tools/testing python3 -m pidns.releases write TREE
"""


@dataclass(frozen=True)
class Release:
    """A release of the kernel's source."""

    series: str
    # As its packages or its Makefile call it.
    version: str
    # The hash of each file.
    files: Mapping[str, str]


def read(table: Mapping[str, Any]) -> list[Release]:
    """The list."""
    found = [Release(one["series"], one["version"], one["files"]) for one in table["release"]]
    if not found:
        raise ValueError("there is no release")
    return found


def supported() -> list[Release]:
    """All that we are made for."""
    return load(LIST, read)


def relied_on(overlay: Overlay) -> list[str]:
    """The kernel's files that ours replace or rely on: headers that we include, and what the
    documentation of our modules names."""
    files = overlay.map()
    found = {*REPLACED, *KNOWN}
    for file, path in files.items():
        if path.startswith(("kernel/pidns/", "rust/", "include/")):
            text = (overlay.root / file).read_text(encoding="utf-8")
            found.update(LINK.findall(text))
            found.update(f"include/{header}" for header in INCLUDE.findall(text))
    return sorted(found - set(files.values()))


def hash_of(data: bytes) -> str:
    """A file's hash, as git ls-tree shows it."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def version_of(tree: Path) -> str:
    """What the Makefile of a tree says: such as 7.3.4."""
    head = (tree / "Makefile").read_text(encoding="utf-8", errors="replace")
    numbers = [
        re.search(rf"^{name} *= *(\S*)$", head, re.M)
        for name in ("VERSION", "PATCHLEVEL", "SUBLEVEL")
    ]
    return ".".join(found[1] for found in numbers if found and found[1])


def series_of(version: str) -> str:
    """The series of a version."""
    return ".".join(version.split(".")[:2])


def kernel_files(tree: Path, overlay: Overlay, files: Iterable[str]) -> dict[str, bytes]:
    """The kernel's own text of files, whether ours are laid over the tree or not. Those that it
    lacks are left out."""
    applied = Manifest(tree).applied(overlay)
    with tempfile.TemporaryDirectory(prefix="pidns.") as work:
        folder = Path(work)
        stage.stage_targets(tree, folder, applied)
        stage.unpatch(applied, folder)
        found = {}
        for file in files:
            path = folder / file if (folder / file).is_file() else tree / file
            if path.is_file():
                found[file] = path.read_bytes()
        return found


@dataclass(frozen=True)
class Differing:
    """A file of a tree that is not as in the release. None where there is no such file, and
    where the text of the release is not known."""

    file: str
    before: str | None
    after: str | None


def text_of_release(file: str, blob: str, tree: Path, sources: Mapping[str, bytes]) -> str | None:
    """The text that a file had, from the cached source or the git of a tree."""
    data = sources.get(file, b"")
    if hash_of(data) != blob:
        asked = subprocess.run(
            ["git", "-C", tree, "cat-file", "blob", blob], capture_output=True, check=False
        )
        if asked.returncode != 0:
            return None
        data = asked.stdout
    return data.decode(errors="replace")


def differing(
    release: Release, tree: Path, overlay: Overlay, cached: Path | None
) -> Iterator[Differing]:
    """The files of a tree that are not as in a release."""
    now = kernel_files(tree, overlay, release.files)
    wrong = [file for file, blob in release.files.items() if hash_of(now.get(file, b"")) != blob]
    before = kernel_files(cached, overlay, wrong) if cached and wrong else {}
    for file in wrong:
        after = now[file].decode(errors="replace") if file in now else None
        yield Differing(file, text_of_release(file, release.files[file], tree, before), after)


def _faults(overlay: Overlay) -> Iterator[str]:
    wanted = relied_on(overlay)
    for release in supported():
        name = f"lists/{LIST}: {release.version}"
        for file in wanted:
            if file not in release.files:
                yield f"{name}: {file} is missing; run python3 -m pidns.releases write TREE"
        for file in release.files:
            if file not in wanted:
                yield f"{name}: {file} is not relied on; run python3 -m pidns.releases write TREE"


def write(tree: Path, overlay: Overlay, version: str) -> None:
    """Adds a tree's release to the list, or writes its hashes anew."""
    series = series_of(version_of(tree))
    data = kernel_files(tree, overlay, relied_on(overlay))
    fresh = Release(series, version, {file: hash_of(text) for file, text in data.items()})
    others = (
        [one for one in supported() if one.series != series] if (LISTS / LIST).is_file() else []
    )
    releases = sorted([*others, fresh], key=lambda one: [int(n) for n in one.series.split(".")])
    text = HEAD
    for one in releases:
        text += f'\n[[release]]\nseries = "{one.series}"\nversion = "{one.version}"\n\n'
        text += "[release.files]\n"
        text += "".join(f'"{file}" = "{blob}"\n' for file, blob in sorted(one.files.items()))
    replace_file(LISTS / LIST, text.encode())


def main(words: list[str]) -> int:
    """Checks the list against the code, or writes it; returns the exit status."""
    overlay = Overlay()
    if words == ["check"]:
        return show_faults(lambda: _faults(overlay))
    tree = Path(words[1]).resolve()
    lacking = set(relied_on(overlay)) - set(kernel_files(tree, overlay, relied_on(overlay)))
    for file in sorted(lacking):
        print(f"{tree} has no {file}")
    # Debian's sources are called after their packages.
    write(
        tree,
        overlay,
        tree.name.removeprefix("linux-") if "linux-" in tree.name else version_of(tree),
    )
    return 1 if lacking else 0


if __name__ == "__main__":
    if sys.argv[1:2] not in (["check"], ["write"]) or len(sys.argv) != 2 + (sys.argv[1] == "write"):
        sys.exit(__doc__)
    try:
        sys.exit(main(sys.argv[1:]))
    except Fault as fault:
        sys.exit(f"pidns: error: {fault}")
