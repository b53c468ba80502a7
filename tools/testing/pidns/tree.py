# SPDX-License-Identifier: GPL-2.0
"""A kernel: its source with our files laid over it, its configuration, its build tree."""

import hashlib
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import process
from .cache import Cache, check_disk
from .errors import Fault, note
from .overlay import MANIFEST
from .source import Source
from .toolchain import Toolchain

# Seconds for a build from scratch on a slow machine.
BUILD_LIMIT = 3 * 3600
STEP = re.compile(rb"^  [A-Z]", re.M)
FAULTS = re.compile(r"\b(?:error|ERROR)[:[]|undefined (?:symbol|reference)|\*\*\* ")


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


def read_config(text: str) -> dict[str, str]:
    """The symbols that a configuration, or a fragment of one, sets."""
    return dict(
        line.split("=", 1)
        for line in text.splitlines()
        if line.startswith("CONFIG_") and "=" in line
    )


def unhonoured(config: str, wanted: str) -> list[str]:
    """Wanted symbols that a configuration lacks."""
    have = read_config(config)
    return sorted(
        f"{name}={value}"
        for name, value in read_config(wanted).items()
        if have.get(name, "n") != value
    )


def implementation(impl: str) -> str:
    """The fragment that sets "rust" apart from "c", which is built without any Rust."""
    if impl == "c":
        return "CONFIG_PIDNS_C=y\n"
    symbols = (
        "RUST",
        "RUST_OVERFLOW_CHECKS",
        "RUST_KERNEL_DOCTESTS",
        "PIDNS_RUST",
        "PIDNS_KUNIT_TEST",
    )
    return "".join(f"CONFIG_{symbol}=y\n" for symbol in symbols)


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
            deadline = time.monotonic() + BUILD_LIMIT
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
                            f"{what} did not finish within {BUILD_LIMIT // 60} minutes; start it again,"
                            " it goes on from there"
                        )
                progress.done()
                status = building.returncode
        if status:
            check_disk(log, self.cache.root)
            print("\n".join(errors_of(log)), file=sys.stderr)
            raise Fault(f"{what} failed; the whole of its output is in {log}")

    def configure(self, fragments: Iterable[Path], extra: str) -> None:
        """Makes .config of allnoconfig and these fragments, unless it is there."""
        wanted = "".join(path.read_text(encoding="utf-8") for path in fragments) + extra
        # Kconfig tests the compilers.
        stamp = hashlib.sha256(
            "\0".join(
                (
                    wanted,
                    (self.source.path / "kernel/pidns/Kconfig").read_text(encoding="utf-8"),
                    (self.source.path / MANIFEST / "applied.diff").read_text(encoding="utf-8"),
                    self.toolchain.identity,
                )
            ).encode()
        ).hexdigest()
        config, stamp_file = self.build / ".config", self.build / ".pidns-config"
        if not self.source.own and config.exists() and _read(stamp_file) == stamp:
            return
        self.build.mkdir(parents=True, exist_ok=True)
        stamp_file.unlink(missing_ok=True)
        (self.build / "wanted").write_text(wanted, encoding="utf-8")
        fresh = self.build / ".config.new"
        goal = [
            f"KCONFIG_CONFIG={fresh}",
            f"KCONFIG_ALLCONFIG={self.build / 'wanted'}",
            "allnoconfig",
        ]
        self.run(self.log("config"), [*self.make, *goal], "the configuration")
        missing = unhonoured(fresh.read_text(encoding="utf-8"), wanted)
        if missing:
            raise Fault(
                f"Kconfig does not honour {' '.join(missing)}; look at what those symbols depend on"
            )
        # Keep the time of an unchanged file, so that nothing is rebuilt.
        if _read(config) != fresh.read_text(encoding="utf-8"):
            fresh.replace(config)
        stamp_file.write_text(stamp, encoding="utf-8")

    def kernel_key(self) -> str:
        """A hash of all that the kernel is built from."""
        config = _read(self.build / ".config")
        parts = (
            self.source.kernel_version("CONFIG_PIDNS_RUST=y" in config),
            config,
            self.toolchain.identity,
            " ".join(self.variables),
        )
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def build_kernel(self, goal: str, image: Path) -> bool:
        """Builds the kernel if anything has changed. False if it was up to date."""
        key = self.kernel_key()
        stamp = self.build / ".pidns-built"
        if not self.source.own and image.exists() and _read(stamp) == key:
            return False
        stamp.unlink(missing_ok=True)
        self.run(self.log("build"), [*self.make, f"-j{self.jobs}", goal], "the build")
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


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
