# SPDX-License-Identifier: GPL-2.0
"""Our programs in Rust, built and checked by cargo."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from . import process
from .cache import TOP, Cache, check_disk
from .errors import Fault, show_end
from .toolchain import Toolchain, find_cargo

TRIPLE = "x86_64-unknown-linux-gnu"
# Minutes.
LIMIT = 60


@dataclass(frozen=True)
class Crate:
    """A program."""

    name: str
    folder: Path
    # What messages call it, and where it is built in the cache.
    called: str
    key: str


FUZZER = Crate("pidns-fuzz", TOP / "tools/testing/fuzz", "the fuzzer", "fuzz")
LSPIDNS = Crate("lspidns", TOP / "tools/pidns/lspidns", "lspidns", "lspidns")
CRATES = (FUZZER, LSPIDNS)


def program(cache: Cache, profile: str = "release", crate: Crate = FUZZER) -> Path:
    """Where a program is once it is built."""
    return cache.root / f"{crate.key}/target/{TRIPLE}/{profile}/{crate.name}"


def cargo(
    cache: Cache,
    toolchain: Toolchain,
    command: str,
    *words: str,
    after: Sequence[str] = (),
    crate: Crate = FUZZER,
) -> None:
    """Runs cargo on a crate, its products in the cache; what it says is shown if it fails."""
    folder = cache.root / crate.key
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
    if process.limited(LIMIT, [*asked, *after], log=log, cwd=crate.folder, env=env) != 0:
        check_disk(log, cache.root)
        show_end(log, 30)
        raise Fault(f"cargo {command} fails on {crate.called}; look at the lines above")


def build(cache: Cache, toolchain: Toolchain, crate: Crate = FUZZER) -> Path:
    """Builds a program and returns its path."""
    try:
        cargo(cache, toolchain, "build", "--release", crate=crate)
    except Fault:
        raise Fault(
            f"{crate.called} does not build; look at the lines above, and at the network"
        ) from None
    return program(cache, crate=crate)
