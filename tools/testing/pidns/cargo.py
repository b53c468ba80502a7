# SPDX-License-Identifier: GPL-2.0
"""The fuzzer's program, built and checked by cargo."""

from collections.abc import Sequence
from pathlib import Path

from . import process
from .cache import TOP, Cache, check_disk
from .errors import Fault, show_end
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
