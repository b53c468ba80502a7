# SPDX-License-Identifier: GPL-2.0
"""make clean, make distclean: delete the build trees and logs, or the whole cache."""

import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from .cache import Cache, pid_namespace
from .errors import Fault, note
from .options import Options
from .process import output

OURS = re.compile(r"-m pidns ")


def refuse_running(cache: Cache) -> None:
    """Raises a Fault if a run of ours works in the cache."""
    for stage in (cache.root / "tmp").glob("*"):
        number, namespace, *_ = f"{stage.name}..".split(".")
        if namespace != pid_namespace():
            raise Fault(
                f"a run in another container may work in {stage}; let it end, or delete that"
                " folder if there is none, then try again"
            )
        try:
            command = Path("/proc", number, "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if OURS.search(command):
            raise Fault(f"process {number} works in {stage}; let it end, then try again")


def command(_: Options, cache: Cache, env: Mapping[str, str], arguments: Sequence[str]) -> int:
    """The command "clean build|all"."""
    if not cache.root.is_dir():
        return 0
    whole = list(arguments) == ["all"]
    with cache.lock():
        refuse_running(cache)
        for target in sorted(cache.root.iterdir()) if whole else (cache.build, cache.log):
            if target.exists():
                note(f"deleting {target} ({output('du', '-sh', target).split()[0]})")
                shutil.rmtree(target) if target.is_dir() else target.unlink()
    if whole:
        cache.root.rmdir()
    return 0
