# SPDX-License-Identifier: GPL-2.0
"""The differential fuzzer: a static program, and transcripts to compare."""

import base64
import binascii
import io
import re
import shutil
import subprocess
import sys
import tarfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from . import cargo, kernel, qemu
from .cache import Cache, replace_file
from .errors import note
from .guest import End
from .ktap import Outcome
from .options import Options
from .setup import setup
from .toolchain import Toolchain

# From this seed on programs are hostile: of tasks without rights, and with garbage in them.
HOSTILE = 1_000_000
# Seconds to compare transcripts.
DIFFERENCE_LIMIT = 900


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


def payload(lines: Iterable[str]) -> list[str]:
    """Those lines of a guest's that are an archive of transcripts."""
    return [line for line in lines if re.fullmatch(r"[A-Za-z0-9+/=]+", line)]


def difference(program: Path, one: Path, other: Path) -> list[str]:
    """The first step in which transcripts of two folders differ, in words."""
    command: list[str | Path] = [program, "diff", one, other]
    try:
        said = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=DIFFERENCE_LIMIT
        )
    except subprocess.TimeoutExpired:
        return ["# the difference could not be shown in time"]
    return said.stdout.splitlines()


def prepare(options: Options, cache: Cache) -> Path:
    """Builds the program, for this machine as well, and returns this machine's."""
    setup(options, cache)
    note("building the fuzzer")
    toolchain = Toolchain.find(options, cache)
    if options.arch.foreign:
        cargo.build(cache, toolchain, options.arch)
    return cargo.build(cache, toolchain)


def stage(options: Options, cache: Cache, folder: Path) -> None:
    """Fills a stage folder with a kernel and the program."""
    with kernel.built(options, cache) as tree:
        kernel.stage(tree, folder)
    shutil.copy(cargo.program(cache, arch=options.arch), folder / "pidns-fuzz")


def in_guest(guest: qemu.Qemu, arguments: str, out: Path) -> bool:
    """Runs the fuzzer; its transcripts are put into `out`. False if the guest did not come to its
    end, if a program did not, or if the kernel's log has a complaint."""
    guest.show = lambda line: (
        print(line, file=sys.stderr, flush=True) if line.startswith("pidns-fuzz: ") else None
    )
    answer = guest.run(f"fuzz {arguments}")
    shutil.rmtree(out, ignore_errors=True)
    if not unpack(payload(answer.lines), out):
        note(f"error: no transcripts came out of the guest; the kernel's log is in {guest.log}")
        return False
    good = all(result.outcome is Outcome.PASS for result in guest.claims(answer))
    return good and answer.end is End.DONE and answer.status == 0


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
