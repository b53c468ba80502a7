# SPDX-License-Identifier: GPL-2.0
"""Debuggers and tracers that know a kernel of today: pahole, bpftrace and perf of Debian 13, crash
of Debian 14, and drgn from PyPI.

They are unpacked, not installed, and so run with libraries of their own on this system as well.
"""

import hashlib
import shutil
from pathlib import Path

from . import rootfs, setup
from .cache import Cache
from .errors import note

# Of a release its packages, and the programs that are used of them. Debian 13's crash does not
# know the #VC stack, and gives up on a dump for it.
FROM = {
    "trixie": (("dwarves", "bpftrace", "linux-perf"), ("pahole", "pfunct", "bpftrace", "perf")),
    "forky": (("crash",), ("crash",)),
}
DRGN = "drgn==0.3.0"
PROGRAM = """#!/bin/sh
exec '{root}/usr/lib64/ld-linux-x86-64.so.2' --library-path \\
	'{root}/usr/lib/x86_64-linux-gnu' '{root}/usr/bin/{program}' "$@"
"""
# The mirror may lag behind; the signatures are checked.
EXTRACT = ("--variant=extract", '--aptopt=Acquire::Check-Valid-Until "false"')


def folder(cache: Cache) -> Path:
    """Where they are, in bin."""
    recipe = hashlib.sha256(repr((FROM, DRGN, PROGRAM)).encode()).hexdigest()[:16]
    path = cache.tools / f"distro-{recipe}"
    complete = path / ".complete"
    if not complete.exists():
        with cache.lock():
            if not complete.exists():
                make(cache, path)
                complete.touch()
    return path


def make(cache: Cache, path: Path) -> None:
    """Fetches them."""
    cache.need_space(1000, "debuggers and tracers")
    shutil.rmtree(path, ignore_errors=True)
    (path / "bin").mkdir(parents=True)
    for release, (packages, programs) in FROM.items():
        root = path / release
        note(f"fetching {','.join(packages)} of Debian {release}")
        with cache.temporary() as work:
            rootfs.mmdebstrap(cache, "fetch them", release, packages, work / "root", *EXTRACT)
            shutil.rmtree(work / "root/var", ignore_errors=True)
            (work / "root").replace(root)
        for program in programs:
            wrapper = path / "bin" / program
            wrapper.write_text(PROGRAM.format(root=root, program=program), encoding="utf-8")
            wrapper.chmod(0o755)
    with cache.temporary() as work:
        setup.make_venv(cache, path / "venv", work / "log", DRGN)
    (path / "bin/drgn").symlink_to("../venv/bin/drgn")
