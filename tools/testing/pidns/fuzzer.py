# SPDX-License-Identifier: GPL-2.0
"""The differential fuzzer: a static program, and transcripts to compare."""

import base64
import binascii
import io
import shutil
import subprocess
import tarfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from . import process
from .cache import TOP, Cache, check_disk, replace_file
from .errors import Fault, note, show_end
from .toolchain import Toolchain, find_cargo

FOLDER = TOP / "tools/testing/fuzz"
TRIPLE = "x86_64-unknown-linux-gnu"
# Minutes.
LIMIT = 60


def program(cache: Cache, profile: str = "release") -> Path:
    """Where the program is once it is built."""
    return cache.root / f"fuzz/target/{TRIPLE}/{profile}/pidns-fuzz"


def cargo(
    cache: Cache, toolchain: Toolchain, command: str, *words: str, after: Sequence[str] = ()
) -> None:
    """Runs cargo on the crate, its products in the cache; what it says is shown if it fails."""
    folder = cache.root / "fuzz"
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "cargo.log"
    found = find_cargo()
    if not found:
        raise Fault("cargo is missing; run make setup")
    env = toolchain.env | {
        "CARGO": found,
        "RUSTC": str(toolchain.rustc),
        "CARGO_TARGET_DIR": str(folder / "target"),
        "RUSTFLAGS": "-C target-feature=+crt-static",
    }
    if command == "clippy":
        # By itself cargo may find that of another rustc.
        found = str(toolchain.beside("cargo-clippy"))
    asked = [found, command, "--locked", "--target", TRIPLE, *words, *(["--"] if after else [])]
    if process.limited(LIMIT, [*asked, *after], log=log, cwd=FOLDER, env=env) != 0:
        check_disk(log, cache.root)
        show_end(log, 30)
        raise Fault(f"cargo {command} fails on the fuzzer; look at the lines above")


def build(cache: Cache, toolchain: Toolchain) -> Path:
    """Builds the program and returns its path."""
    try:
        cargo(cache, toolchain, "build", "--release")
    except Fault:
        raise Fault(
            "the fuzzer does not build; look at the lines above, and at the network"
        ) from None
    return program(cache)


def name(seed: int) -> str:
    """The file of a seed's transcript."""
    return f"{seed:06}.txt"


def unpack(lines: Sequence[str], destination: Path) -> bool:
    """Unpacks the transcripts that a guest printed. False if there are none."""
    try:
        data = base64.b64decode("".join(lines), validate=True)
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
            destination.mkdir(parents=True, exist_ok=True)
            for member in archive.getmembers():
                content = archive.extractfile(member) if member.isfile() else None
                if content:
                    (destination / Path(member.name).name).write_bytes(content.read())
    except (binascii.Error, tarfile.TarError, zlib.error, EOFError, OSError):
        return False
    return any(destination.iterdir())


def difference(program: Path, one: Path, other: Path) -> list[str]:
    """The first step in which transcripts of two folders differ, in words."""
    said = subprocess.run(
        [program, "diff", one, other], capture_output=True, text=True, check=False, timeout=60
    )
    return said.stdout.splitlines()


class Transcripts:
    """C's transcripts, cached until its kernel or the fuzzer changes."""

    def __init__(self, cache: Cache, key: str) -> None:
        base = cache.root / "quick/transcripts"
        self.folder = base / key
        if base.is_dir():
            for old in sorted(base.iterdir(), key=lambda path: path.stat().st_mtime)[:-4]:
                if old != self.folder:
                    shutil.rmtree(old, ignore_errors=True)

    def has(self, seeds: str) -> bool:
        """Whether it has those of the seeds A..B."""
        first, end = map(int, seeds.split(".."))
        return all((self.folder / name(seed)).exists() for seed in range(first, end))

    def keep(self, folder: Path) -> None:
        """Adds those of a run that it lacks, if possible."""
        try:
            for path in folder.iterdir() if folder.is_dir() else ():
                if not (self.folder / path.name).exists():
                    replace_file(self.folder / path.name, path.read_bytes())
        except OSError as error:
            note(f"the fuzzer's transcripts could not be kept: {error}")
