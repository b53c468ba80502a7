# SPDX-License-Identifier: GPL-2.0
"""A kernel: its source with our files laid over it, its configuration, its build tree."""

import hashlib
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from . import process
from .cache import Cache, check_disk
from .config import Config, merged, unhonoured
from .errors import Fault, note
from .options import check_kdir
from .overlay import MANIFEST
from .source import Source
from .toolchain import Toolchain

# Seconds for a build from scratch on a slow machine.
BUILD_LIMIT = 3 * 3600
# The only symbol that may be lacking.
INLINE = "CONFIG_RUST_INLINE_HELPERS=y"
STEP = re.compile(rb"^  [A-Z]", re.M)
FAULTS = re.compile(r"\b(?:error|ERROR)[:[]|undefined (?:symbol|reference)|\*\*\* ")


class Unhonoured(Fault):
    """A configuration that cannot be."""


def errors_of(log: Path) -> list[str]:
    """The lines of a build's log that say why it failed."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    shown: list[str] = []
    until = 0
    for number, line in enumerate(lines):
        if FAULTS.search(line):
            until = number + 13
        if number < until:
            shown.append(line)
    return shown[:60] or lines[-20:]


class Progress:
    """Shows how far a build is, by the steps in its log."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.start = time.monotonic()
        self.shown = 0
        self.terminal = sys.stderr.isatty()

    def show(self) -> None:
        """Prints the progress; to be called once a second."""
        text = self.log.read_bytes()
        steps = len(STEP.findall(text))
        if self.terminal:
            last = text.rstrip().rpartition(b"\n")[2].decode(errors="replace")
            print(f"\r\033[K  {steps:5}  {last:.64}", end="", file=sys.stderr, flush=True)
        elif steps >= self.shown + 500:
            self.shown = steps
            print(
                f"  {steps:5}  {time.monotonic() - self.start:.0f} s", file=sys.stderr, flush=True
            )

    def done(self) -> None:
        """Clears the progress line."""
        if self.terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


@dataclass
class Tree:
    """A build tree."""

    arch: str
    source: Source
    build: Path
    key: str
    toolchain: Toolchain
    cache: Cache
    jobs: int
    # Further variables for the kernel's make.
    variables: tuple[str, ...] = ()
    # Seconds for a step, if not the usual ones.
    limit: float | None = None

    @property
    def make(self) -> list[str]:
        """The kernel's make on this tree."""
        return [
            *self.toolchain.make(self.arch),
            *self.variables,
            "-C",
            str(self.source.path),
            f"O={self.build}",
        ]

    def log(self, name: str) -> Path:
        """Where the log of a step is."""
        self.cache.log.mkdir(parents=True, exist_ok=True)
        return self.cache.log / f"{name}-{self.key}.log"

    def run(self, log: Path, command: Sequence[str | Path], what: str) -> None:
        """Runs a step of the build, and shows its progress."""
        with open(log, "wb") as file:
            progress = Progress(log)
            limit = self.limit or BUILD_LIMIT
            deadline = time.monotonic() + limit
            with process.started(
                command, stdout=file, stderr=subprocess.STDOUT, env=self.toolchain.env
            ) as building:
                while building.poll() is None:
                    try:
                        building.wait(timeout=1)
                    except subprocess.TimeoutExpired:
                        progress.show()
                    if time.monotonic() > deadline:
                        raise Fault(
                            f"{what} did not finish within {limit / 60:.0f} minutes; start it again,"
                            " it goes on from there"
                        )
                progress.done()
                status = building.returncode
        if status:
            check_disk(log, self.cache.root)
            print("\n".join(errors_of(log)), file=sys.stderr)
            raise Fault(f"{what} failed; the whole of its output is in {log}")

    def configure(self, config: Config) -> None:
        """Makes .config, unless it is there."""
        config = config.of_series(check_kdir(self.source.path))
        wanted = config.wanted
        # Kconfig tests the compilers.
        stamp = hashlib.sha256(
            "\0".join(
                (
                    config.goal,
                    wanted,
                    # A patch of the series has neither of them.
                    _read(self.source.path / "kernel/pidns/Kconfig"),
                    _read(self.source.path / MANIFEST / "applied.diff"),
                    self.toolchain.identity,
                )
            ).encode()
        ).hexdigest()
        path, stamp_file = self.build / ".config", self.build / ".pidns-config"
        if not self.source.own and path.exists() and _read(stamp_file) == stamp:
            return
        self.build.mkdir(parents=True, exist_ok=True)
        stamp_file.unlink(missing_ok=True)
        fresh = self._make_config(config, wanted)
        must = wanted if config.must is None else config.must
        missing = unhonoured(fresh.read_text(encoding="utf-8"), must)
        if INLINE in missing:
            missing.remove(INLINE)
            note(f"{INLINE[:-2]} is off: rustc and clang are not of one LLVM version")
        if missing:
            raise Unhonoured(
                f"Kconfig does not honour {' '.join(missing)}; look at what those symbols depend on"
            )
        # Keep the time of an unchanged file, so that nothing is rebuilt.
        if _read(path) != fresh.read_text(encoding="utf-8"):
            fresh.replace(path)
        stamp_file.write_text(stamp, encoding="utf-8")

    def _make_config(self, config: Config, wanted: str) -> Path:
        """The configuration that Kconfig makes of what is wanted."""
        fresh, given = self.build / ".config.new", self.build / "wanted"
        log, what = self.log("config"), "the configuration"
        if not config.goal:
            given.write_text(wanted, encoding="utf-8")
            goal = [f"KCONFIG_CONFIG={fresh}", f"KCONFIG_ALLCONFIG={given}", "allnoconfig"]
            self.run(log, [*self.make, *goal], what)
            return fresh
        self.run(log, [*self.make, f"KCONFIG_CONFIG={given}", config.goal], what)
        fresh.write_text(merged(given.read_text(encoding="utf-8"), wanted), encoding="utf-8")
        self.run(log, [*self.make, f"KCONFIG_CONFIG={fresh}", "olddefconfig"], what)
        return fresh

    def kernel_key(self) -> str:
        """A hash of all that the kernel is built from."""
        config = _read(self.build / ".config")
        parts = (
            self.source.kernel_version("CONFIG_RUST=y" in config),
            config,
            self.toolchain.identity,
            " ".join(self.variables),
        )
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def build_kernel(self, goal: str, image: Path, *more: str) -> bool:
        """Builds the kernel if anything has changed. False if it was up to date."""
        key = self.kernel_key()
        stamp = self.build / ".pidns-built"
        if not self.source.own and image.exists() and _read(stamp) == key:
            return False
        stamp.unlink(missing_ok=True)
        self.run(self.log("build"), [*self.make, f"-j{self.jobs}", goal, *more], "the build")
        stamp.write_text(key, encoding="utf-8")
        return True

    def build_headers(self) -> None:
        """Builds the headers for userspace, which our files do not change."""
        stamp = self.build / ".pidns-headers"
        applied = (self.source.path / MANIFEST / "applied.diff").read_text(encoding="utf-8")
        if (
            not self.source.own
            and _read(stamp) == applied
            and (self.build / "usr/include/linux").is_dir()
        ):
            return
        self.run(
            self.log("headers"),
            [*self.make, f"-j{self.jobs}", "headers"],
            "the build of the headers",
        )
        stamp.write_text(applied, encoding="utf-8")

    def copy_from(self, other: "Tree") -> None:
        """Starts from a copy of another build tree, so that only differences are rebuilt."""
        note(f"starting from a copy of {other.build}")
        self.build.mkdir(parents=True, exist_ok=True)
        for stamp in self.build.glob(".pidns-*"):
            stamp.unlink()
        copied = process.run(
            ["rsync", "-a", "--delete", "--exclude=/.pidns-*", f"{other.build}/", f"{self.build}/"],
            limit=BUILD_LIMIT,
            env=self.toolchain.env,
        )
        if copied != 0:
            raise Fault(f"{other.build} cannot be copied to {self.build}; look at the lines above")
        # The tools' commands have their tree's path in them, and all objects hang on objtool.
        for path in (self.build / "tools").rglob(".*.cmd"):
            text = path.read_text(encoding="utf-8")
            path.write_text(text.replace(f"{other.build}/", f"{self.build}/"), encoding="utf-8")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
