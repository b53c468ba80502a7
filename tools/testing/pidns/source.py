# SPDX-License-Identifier: GPL-2.0
"""The kernel's source: the user's tree, or Debian's in the cache."""

import hashlib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from .archive import Apt, Archive
from .cache import Cache, check_disk
from .errors import Fault, note
from .integrate import integrate
from .options import SERIES, Options, check_kdir
from .overlay import MANIFEST, Overlay
from .process import limited, output

PACKAGE = f"linux-source-{SERIES}"
SUITES = ("trixie-backports", "forky", "sid", "experimental")
ADVICE = f"give KDIR=, a Linux {SERIES} source tree"


def cached(cache: Cache) -> Path | None:
    """The newest source in the cache."""
    found = (cache.root / "src").glob(f"linux-{SERIES}.*")
    numbers = {path: list(map(int, re.findall(r"\d+", path.name))) for path in found}
    return max(numbers, key=lambda path: numbers[path], default=None)


def fetch(cache: Cache) -> Path:
    """Fetches Debian's source package by apt, which checks the archive's signature."""
    if not shutil.which("apt-get"):
        raise Fault(
            f"the kernel's source comes from Debian's archive by apt, which is not here; {ADVICE}"
        )
    cache.need_space(2500, "the kernel's source")
    archive = Archive.find(", or give KDIR=")
    with cache.temporary() as work:
        deb = Apt(archive, work, cache).download_from(SUITES, PACKAGE, ADVICE)
        version = output("dpkg-deb", "-f", deb, "Version").strip()
        note(f"unpacking Linux {version}")
        tree, log = work / "tree", work / "log"
        tree.mkdir()
        tar = work / f"deb/usr/src/{PACKAGE}.tar.xz"
        for command in (
            f"dpkg -x {deb} {work}/deb",
            f"tar -C {tree} --strip-components=1 -xf {tar}",
        ):
            if limited(60, command.split(), log=log) != 0:
                check_disk(log, cache.root)
                said = log.read_text(encoding="utf-8", errors="replace").partition("\n")[0]
                raise Fault(f"the source package cannot be unpacked: {said}")
        check_kdir(tree)
        final = cache.root / "src" / re.sub(r"[^A-Za-z0-9.-]", "_", f"linux-{version}")
        final.parent.mkdir(exist_ok=True)
        return tree.replace(final)


@dataclass(frozen=True)
class Source:
    """A kernel's source tree."""

    path: Path
    name: str
    # Whether it is the user's, and may change at any time.
    own: bool = False

    @classmethod
    def find(cls, options: Options, cache: Cache) -> "Source":
        """The user's tree, or Debian's in the cache, fetched if it is not there."""
        if options.kdir is None:
            path = cached(cache)
            if path is None:
                with cache.lock():
                    path = cached(cache) or fetch(cache)
            return cls(path, path.name)
        check_kdir(options.kdir)
        path = options.kdir.resolve()
        if (path / ".config").exists() or (path / "include/config").is_dir():
            raise Fault(
                f"KDIR={path} was configured or built in place;"
                " run make mrproper there, or give a clean git worktree of it"
            )
        return cls(path, "kdir-" + hashlib.sha256(str(path).encode()).hexdigest()[:8], own=True)

    def lay_over(self) -> None:
        """Lays the checkout's files over it."""
        integrate(Overlay(), self.path, update=not self.own)

    def kernel_version(self, rust: bool) -> str:
        """A hash of those files laid over it that are built."""
        lines = (self.path / MANIFEST / "files").read_text(encoding="utf-8").splitlines()
        others = r"\S+  (?:tools|Documentation)/" if rust else r"(?!.*Kconfig$)"
        ours = [line for line in lines if not re.match(others, line)]
        applied = (self.path / MANIFEST / "applied.diff").read_text(encoding="utf-8")
        return hashlib.sha256("\n".join([str(self.path), *ours, applied]).encode()).hexdigest()
