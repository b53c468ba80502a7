# SPDX-License-Identifier: GPL-2.0
"""Our programs in Rust, built and checked by cargo."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from . import process
from .arch import X86_64, Arch
from .cache import TOP, Cache, check_disk
from .errors import Fault, show_end
from .process import output
from .toolchain import Toolchain, find_cargo

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
    # That of the folder of products: "release" or "debug".
    native: str = "release"

    def profile(self, arch: Arch) -> str:
        """That for an architecture. A standard library of our own knows panic=abort only."""
        return "release" if arch.foreign else self.native


FUZZER = Crate("pidns-fuzz", TOP / "tools/testing/fuzz", "the fuzzer", "fuzz")
LSPIDNS = Crate("lspidns", TOP / "tools/pidns/lspidns", "lspidns", "lspidns")
MINICONTAINER = Crate(
    "minicontainer",
    TOP / "samples/minicontainer",
    "the sample minicontainer",
    "minicontainer",
    # Its tests need that, too, and to optimise it takes minutes.
    "debug",
)
CRATES = (FUZZER, LSPIDNS, MINICONTAINER)


def program(
    cache: Cache, profile: str | None = None, arch: Arch = X86_64, crate: Crate = FUZZER
) -> Path:
    """Where a program is once it is built."""
    folder = cache.root / crate.key / "target" / arch.triple
    return folder / (profile or crate.profile(arch)) / crate.name


def build_std(toolchain: Toolchain, arch: Arch) -> list[str]:
    """What makes cargo build the standard library, too, where rustc has none for a target."""
    sysroot = Path(output(toolchain.rustc, "--print", "sysroot").strip())
    if any((sysroot / f"lib/rustlib/{arch.triple}/lib").glob("libstd-*.rlib")):
        return []
    return ["-Zbuild-std=std,panic_abort"]


def cargo(
    cache: Cache,
    toolchain: Toolchain,
    command: str,
    *words: str,
    after: Sequence[str] = (),
    arch: Arch = X86_64,
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
    if arch.foreign:
        linker = f"CARGO_TARGET_{arch.triple.upper().replace('-', '_')}_LINKER"
        # The library's source asks for what only a nightly has otherwise.
        env |= {linker: f"{arch.cross}gcc", "RUSTC_BOOTSTRAP": "1"}
        words += tuple(build_std(toolchain, arch))
    if command == "clippy":
        # By itself cargo may find that of another rustc.
        found = str(toolchain.beside("cargo-clippy"))
    asked = [found, command, "--locked", "--target", arch.triple, *words]
    asked += ["--"] if after else []
    if process.limited(LIMIT, [*asked, *after], log=log, cwd=crate.folder, env=env) != 0:
        check_disk(log, cache.root)
        show_end(log, 30)
        network = ", and at the network" if command == "build" else ""
        raise Fault(f"cargo {command} fails on {crate.called}; look at the lines above{network}")


def build(cache: Cache, toolchain: Toolchain, arch: Arch = X86_64, crate: Crate = FUZZER) -> Path:
    """Builds a program and returns its path."""
    optimised = ["--release"] if crate.profile(arch) == "release" else []
    cargo(cache, toolchain, "build", *optimised, arch=arch, crate=crate)
    return program(cache, arch=arch, crate=crate)
