# SPDX-License-Identifier: GPL-2.0
"""make lspidns: the tool that lists PID namespaces; guests have it in their PATH."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import cargo
from .arch import X86_64, Arch
from .cache import Cache
from .errors import note
from .options import Options
from .setup import setup
from .toolchain import Toolchain

# Of the stage folder; in guests it is in the PATH.
FOLDER = "bin"


def stage(cache: Cache, toolchain: Toolchain, folder: Path, arch: Arch = X86_64) -> None:
    """Puts it into a stage folder, for a guest of this architecture."""
    (folder / FOLDER).mkdir(exist_ok=True)
    shutil.copy(cargo.build(cache, toolchain, arch, cargo.LSPIDNS), folder / FOLDER)


def command(options: Options, cache: Cache, _: Mapping[str, str], _a: Sequence[str]) -> int:
    """The command: builds it, and prints where it is."""
    setup(options, cache)
    note("building lspidns")
    with cache.lock():
        print(cargo.build(cache, Toolchain.find(options, cache), options.arch, cargo.LSPIDNS))
    return 0
