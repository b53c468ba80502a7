# SPDX-License-Identifier: GPL-2.0
"""The project's kselftests: which there are, and how they are built."""

from pathlib import Path

from .cache import TOP
from .tree import Tree

FOLDER = TOP / "tools/testing/selftests/pidns"


def names() -> list[str]:
    """All of them."""
    return sorted(path.stem for path in FOLDER.glob("*_test.c"))


def build(tree: Tree, destination: Path) -> None:
    """Builds them for this machine, with its own compiler, and installs them below a folder."""
    tree.build_headers()
    command = [
        "make",
        "-C",
        str(tree.source.path / "tools/testing/selftests"),
        f"ARCH={tree.arch}",
        f"-j{tree.jobs}",
        f"O={tree.build}",
        "TARGETS=pidns",
        "FORCE_TARGETS=1",
        # A quarter of the time that the Makefile's own -O2 takes.
        "USERCFLAGS=-O0",
        f"INSTALL_PATH={destination}",
        "install",
    ]
    tree.run(tree.log("kselftest"), command, "the build of the kselftests")
