# SPDX-License-Identifier: GPL-2.0
"""The project's kselftests: which there are, and how they are built."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from . import cargo
from .arch import ARCHES, X86_64
from .cache import TOP
from .tree import Tree

SUITE = "pidns"
FOLDER = TOP / "tools/testing/selftests" / SUITE


def names() -> list[str]:
    """All of them."""
    return sorted(path.stem for path in FOLDER.glob("*_test.c"))


def build(tree: Tree, destination: Path, suites: Sequence[str] = (SUITE,), flags: str = "") -> None:
    """Builds suites, by gcc or Debian's cross compiler, and installs them below a folder. For
    another architecture they are static: its guests need no library then. With ours is the sample
    that it runs."""
    tree.build_headers()
    cross = ARCHES[tree.arch].cross if tree.arch in ARCHES else ""
    command = [
        "make",
        "-C",
        str(tree.source.path / "tools/testing/selftests"),
        *([f"ARCH={tree.arch}"] if tree.arch != X86_64.name else []),
        *([f"CROSS_COMPILE={cross}", "USERLDFLAGS=-static"] if cross else []),
        f"-j{tree.jobs}",
        f"O={tree.build}",
        f"TARGETS={' '.join(suites)}",
        "FORCE_TARGETS=1",
        *([f"USERCFLAGS={flags}"] if flags else []),
        f"INSTALL_PATH={destination}",
        "install",
    ]
    tree.run(tree.log("kselftest"), command, "the build of the kselftests")
    if SUITE in suites:
        arch = ARCHES.get(tree.arch, X86_64)
        program = cargo.build(tree.cache, tree.toolchain, arch, cargo.MINICONTAINER)
        shutil.copy(program, destination / SUITE)
