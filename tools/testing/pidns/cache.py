# SPDX-License-Identifier: GPL-2.0
"""Where sources, build trees, tools and logs are kept, outside the checkout."""

import contextlib
import fcntl
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from .errors import Fault, note

TOP = Path(__file__).resolve().parents[3]


def replace_file(path: Path, data: bytes) -> None:
    """Writes a file such that others see all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not by mkstemp(), whose files are the user's alone.
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        fresh.write_bytes(data)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def update_file(path: Path, data: bytes) -> None:
    """Writes a file, but leaves alone what is the same, so that it is not built again."""
    if not path.is_file() or path.read_bytes() != data:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def check_disk(log: Path, folder: Path) -> None:
    """Raises a Fault if the log shows a full disk."""
    if "No space left on device" in log.read_text(encoding="utf-8", errors="replace"):
        raise Fault(
            f"the disk of {folder} is full; free some space, or set XDG_CACHE_HOME to a folder on a larger disk"
        )


def pid_namespace() -> str:
    """The number of ours: a pid says nothing in another one, as of a container."""
    return str(Path("/proc/self/ns/pid").stat().st_ino)


def owner() -> str:
    """How the name of a temporary folder of this run begins."""
    return f"{os.getpid()}.{pid_namespace()}."


def is_left(name: str) -> bool:
    """Whether the run that a temporary folder is named after was killed; False if that cannot be
    known."""
    pid, namespace, *_ = f"{name}..".split(".")
    return namespace == pid_namespace() and not Path("/proc", pid).exists()


@contextlib.contextmanager
def _locked(lock: Path, what: Path) -> Iterator[Path]:
    """Locks a file; raises a Fault if another run writes what it is about."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Fault(f"another run writes {what}; wait until it has ended") from None
        yield what


def claimed(logs: Path) -> contextlib.AbstractContextManager[Path]:
    """A folder of logs, which is made and where no other run writes meanwhile."""
    return _locked(logs / "lock", logs)


class Cache:
    """The cache folder and its fixed parts."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.log = root / "log"
        self.build = root / "build"
        self.tools = root / "tools"
        self._held = False

    @classmethod
    def find(cls, env: Mapping[str, str]) -> "Cache":
        """The user's cache, by XDG_CACHE_HOME and HOME."""
        base = env.get("XDG_CACHE_HOME") or (env.get("HOME") and f"{env['HOME']}/.cache")
        if not base:
            raise Fault("HOME is not set; set it, or XDG_CACHE_HOME")
        root = Path(base) / "pidns"
        if not re.fullmatch(r"/[^\s:]*", str(root)):
            raise Fault(
                f"{root} cannot be the cache: the kernel's make wants an absolute path"
                " without blanks or colons; set XDG_CACHE_HOME to such a one"
            )
        return cls(root)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Locks the cache against others."""
        if self._held:
            yield
            return
        self.root.mkdir(parents=True, exist_ok=True)
        with open(self.root / "lock", "w", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                note(f"another build uses {self.root}; waiting for it")
                fcntl.flock(file, fcntl.LOCK_EX)
            self._held = True
            try:
                yield
            finally:
                self._held = False

    def log_of(self, name: str) -> contextlib.AbstractContextManager[Path]:
        """The log of a run, which no other run writes meanwhile, nor what goes with it."""
        return _locked(self.log / f"{name}.log.lock", self.log / f"{name}.log")

    @contextlib.contextmanager
    def temporary(self) -> Iterator[Path]:
        """A temporary folder. Also removes those of runs that were killed."""
        base = self.root / "tmp"
        base.mkdir(parents=True, exist_ok=True)
        for old in base.iterdir():
            if is_left(old.name):
                shutil.rmtree(old, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=owner(), dir=base))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def need_space(self, megabytes: int, what: str) -> None:
        """Raises a Fault if the disk has less than that."""
        self.root.mkdir(parents=True, exist_ok=True)
        have = shutil.disk_usage(self.root).free // (1 << 20)
        if have < megabytes:
            raise Fault(
                f"{what} needs {megabytes} MB in {self.root} and the disk has {have} MB;"
                " free some, or set XDG_CACHE_HOME to a folder on a larger disk"
            )
