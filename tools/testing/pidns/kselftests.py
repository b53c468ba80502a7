# SPDX-License-Identifier: GPL-2.0
"""The project's kselftests: which there are, and how they are built."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from . import cargo
from .cache import TOP
from .tree import Tree

SUITE = "pidns"
FOLDER = TOP / "tools/testing/selftests" / SUITE


def names() -> list[str]:
    """All of them."""
    return sorted(path.stem for path in FOLDER.glob("*_test.c"))


def build(tree: Tree, destination: Path, suites: Sequence[str] = (SUITE,), flags: str = "") -> None:
    """Builds suites for this machine, with its own compiler, and installs them below a folder,
    ours with the sample that it runs."""
    tree.build_headers()
    command = [
        "make",
        "-C",
        str(tree.source.path / "tools/testing/selftests"),
        *([f"ARCH={tree.arch}"] if tree.arch == "um" else []),
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
        shutil.copy(
            cargo.build(tree.cache, tree.toolchain, cargo.MINICONTAINER), destination / SUITE
        )
